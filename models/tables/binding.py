"""What a target holds for our objects."""

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.tables.columns import instant, refers


class UserBinding(SQLModel, table=True):
    __tablename__ = "user_bindings"
    __table_args__ = (Index("ix_user_bindings_remote", "target_id", "remote_id"),)
    target_id: int = refers("targets", primary_key=True)
    user_id: int = refers("users", primary_key=True, index=True)
    remote_id: str = Field(max_length=256)
    ownership: str = Field(max_length=8)
    active: bool = True
    digest: str = Field(default="", max_length=32)
    """Of the profile it holds, as we last wrote or saw it."""
    updated_at: int = instant()


class GroupBinding(SQLModel, table=True):
    __tablename__ = "group_bindings"
    __table_args__ = (Index("ix_group_bindings_remote", "target_id", "remote_id"),)
    target_id: int = refers("targets", primary_key=True)
    group_id: int = refers("groups", primary_key=True, index=True)
    remote_id: str = Field(max_length=256)
    ownership: str = Field(max_length=8)
    digest: str = Field(default="", max_length=32)
    updated_at: int = instant()


class MemberBinding(SQLModel, table=True):
    """That a target holds this membership."""

    __tablename__ = "member_bindings"
    __table_args__ = {"sqlite_with_rowid": False}
    target_id: int = refers("targets", primary_key=True)
    group_id: int = refers("groups", primary_key=True)
    user_id: int = refers("users", primary_key=True, index=True)

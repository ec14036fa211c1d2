"""Users: what each channel said of them, and what was decided."""

from typing import Any

from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from models.tables.columns import document, instant, key, maybe_instant, public_id, refers


class User(SQLModel, table=True):
    """One row a user, the three channels side by side."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("connection_id", "scim_name_key"),
        Index("ix_users_connection", "connection_id", "id", "scim_created"),
        Index("ix_users_scim_external_id", "connection_id", "scim_external_id"),
        Index("ix_users_user_name", "connection_id", "user_name"),
        Index(
            "ix_users_pull_cover",
            "connection_id",
            "pull_cover",
            sqlite_where=text("pull_cover > 0"),
            postgresql_where=text("pull_cover > 0"),
        ),
    )
    id: int | None = key()
    public_id: str = public_id()
    connection_id: int = refers("connections")

    push_yes: int = instant()
    push_no: int = instant()
    pull_yes: int = instant()
    pull_no: int = instant()
    login_yes: int = instant()
    push_active_yes: int = instant()
    push_active_no: int = instant()
    pull_active_yes: int = instant()
    pull_active_no: int = instant()
    push_said: dict[str, Any] = document()
    """Attribute → [value, as of], as in `pull_said` and `login_said`."""
    pull_said: dict[str, Any] = document()
    login_said: dict[str, Any] = document()
    pull_known: bool = False
    """The directory has a name for this user, so a read that does not list it denies it."""
    pull_digest: str = Field(default="", max_length=32)
    pull_cover: int = instant()
    """When a point read last listed all groups."""
    login_cover: int = instant()

    scim: dict[str, Any] | None = document(default=None, nullable=True)
    """The resource as pushed; none once deleted by push, or never pushed."""
    scim_name_key: str | None = Field(default=None, max_length=512)
    scim_external_id: str | None = Field(default=None, max_length=512)
    scim_version: int = Field(default=0)
    scim_created: int = instant()
    scim_modified: int = instant()

    user_name: str | None = Field(default=None, max_length=512)
    email: str | None = Field(default=None, sa_type=Text)
    first_name: str | None = Field(default=None, sa_type=Text)
    last_name: str | None = Field(default=None, sa_type=Text)
    display_name: str | None = Field(default=None, sa_type=Text)
    active: bool = True
    wanted: bool = False
    """The last verdict on existence that was not a hold."""
    created_at: int = instant()
    updated_at: int = instant()


class UserAlias(SQLModel, table=True):
    """An outside identifier of a user, and for how long it was one."""

    __tablename__ = "user_aliases"
    __table_args__ = (
        Index(
            "ux_user_aliases_valid",
            "connection_id",
            "namespace",
            "value",
            unique=True,
            sqlite_where=text("valid_to IS NULL"),
            postgresql_where=text("valid_to IS NULL"),
        ),
        Index(
            "ix_user_aliases_former",
            "connection_id",
            "namespace",
            "value",
            sqlite_where=text("valid_to IS NOT NULL"),
            postgresql_where=text("valid_to IS NOT NULL"),
        ),
    )
    id: int | None = key()
    connection_id: int = refers("connections")
    user_id: int = refers("users", index=True)
    namespace: str = Field(max_length=32)
    value: str = Field(max_length=1024)
    valid_from: int = instant()
    valid_to: int | None = maybe_instant()
    proof: str = Field(max_length=64)

"""Groups, their outside identifiers, and members that have not arrived yet."""

from typing import Any

from sqlalchemy import BigInteger, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from models.tables.columns import (
    document,
    instant,
    key,
    maybe_instant,
    public_id,
    refers,
    set_from_the_start,
)


class Group(SQLModel, table=True):
    """One row a group, the three channels side by side."""

    __tablename__ = "groups"
    __table_args__ = (
        UniqueConstraint("connection_id", "scim_name_key"),
        Index("ix_groups_connection", "connection_id", "id"),
        Index("ix_groups_name", "connection_id", "name"),
    )
    id: int | None = key()
    public_id: str = public_id()
    connection_id: int = refers("connections")

    push_yes: int = instant()
    push_no: int = instant()
    pull_yes: int = instant()
    pull_no: int = instant()
    login_yes: int = instant()
    push_name: str | None = Field(default=None, sa_type=Text)
    push_name_at: int = instant()
    pull_name: str | None = Field(default=None, sa_type=Text)
    pull_name_at: int = instant()
    push_cover: int = instant()
    """When the push last listed all members."""
    pull_known: bool = False
    login_known: bool = False
    pull_digest: int | None = Field(default=None, sa_type=BigInteger)
    """Of the members that the last full read listed; none once anything else spoke of them."""
    merged_into: int | None = Field(default=None, sa_type=BigInteger)
    """The group that it turned out to be."""

    scim: dict[str, Any] | None = document(default=None, nullable=True)
    """The resource as pushed, without its members."""
    scim_name_key: str | None = Field(default=None, max_length=512)
    scim_external_id: str | None = Field(default=None, max_length=512)
    scim_version: int = Field(default=0)
    scim_created: int = instant()
    scim_modified: int = instant()

    name: str = Field(sa_type=Text)
    wanted: bool = False
    let_in: bool = set_from_the_start()
    """Whether the policy had room for it when it was last decided."""
    removed_at: int = instant()
    """When an administrator removed it; 0 when not, or restored."""
    created_at: int = instant()
    updated_at: int = instant()


class GroupAlias(SQLModel, table=True):
    """An outside identifier of a group, and for how long it was one."""

    __tablename__ = "group_aliases"
    __table_args__ = (
        Index(
            "ux_group_aliases_valid",
            "connection_id",
            "namespace",
            "value",
            unique=True,
            sqlite_where=text("valid_to IS NULL"),
            postgresql_where=text("valid_to IS NULL"),
        ),
    )
    id: int | None = key()
    connection_id: int = refers("connections")
    group_id: int = refers("groups", index=True)
    namespace: str = Field(max_length=32)
    value: str = Field(max_length=1024)
    valid_from: int = instant()
    valid_to: int | None = maybe_instant()
    proof: str = Field(max_length=64)


class Nesting(SQLModel, table=True):
    """That a group is member of a group, as push and pull say."""

    __tablename__ = "nestings"
    parent_id: int = refers("groups", primary_key=True)
    child_id: int = refers("groups", primary_key=True, index=True)
    push_yes: int = instant()
    push_no: int = instant()
    pull_yes: int = instant()
    pull_no: int = instant()


class IndirectMember(SQLModel, table=True):
    """That a user is pushed into a group only by way of a group inside it."""

    __tablename__ = "indirect_members"
    group_id: int = refers("groups", primary_key=True)
    user_id: int = refers("users", primary_key=True, index=True)


class Proposal(SQLModel, table=True):
    """That two groups are one under two identifiers; an administrator decides."""

    __tablename__ = "proposals"
    __table_args__ = (UniqueConstraint("former_id", "later_id"),)
    id: int | None = key()
    public_id: str = public_id()
    connection_id: int = refers("connections", index=True)
    former_id: int = refers("groups")
    later_id: int = refers("groups")
    state: str = Field(max_length=10)
    """open, accepted, refused, split or outdated."""
    numbers: dict[str, Any] = document()
    """What speaks for it."""
    moved: dict[str, Any] | None = document(default=None, nullable=True)
    """What joining them moved, so that they can be split again."""
    decided_by: str | None = Field(default=None, max_length=256)
    created_at: int = instant()
    updated_at: int = instant()


class ParkedMember(SQLModel, table=True):
    """A pushed member that is not known yet. It joins when it arrives."""

    __tablename__ = "parked_members"
    __table_args__ = (Index("ix_parked_members_value", "connection_id", "value"),)
    group_id: int = refers("groups", primary_key=True)
    value: str = Field(primary_key=True, max_length=512)
    connection_id: int = refers("connections")
    as_of: int = instant()

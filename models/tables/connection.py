"""An organization's link to one identity provider, with up to three channels."""

from typing import Any

from sqlalchemy import LargeBinary, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.tables.columns import (
    document,
    instant,
    key,
    maybe_instant,
    public_id,
    refers,
    unset_from_the_start,
)


class Connection(SQLModel, table=True):
    __tablename__ = "connections"
    __table_args__ = (UniqueConstraint("organization_id", "slug"),)
    id: int | None = key()
    public_id: str = public_id()
    organization_id: int = refers("organizations", index=True)
    slug: str = Field(max_length=64)
    provider: str = Field(max_length=16)
    push: bool
    pull: dict[str, Any] | None = document(default=None, nullable=True)
    login: dict[str, Any] | None = document(default=None, nullable=True)
    policy: dict[str, Any] = document()
    extensions: list[Any] | None = document(default=None, nullable=True)
    """The schemas that extend pushed users and groups, as an administrator declared them."""
    secrets: bytes | None = Field(default=None, sa_type=LargeBinary, nullable=True)
    """The secret parts of `pull` and `login`, encrypted."""
    pull_cover_yes: int = instant()
    pull_cover_no: int = instant()
    pull_read_no: int = instant()
    """As of when the newest full read denied what it did not list; rounds carry covers on."""
    pull_cursor: str | None = Field(default=None, sa_type=Text)
    """Where the next round of changes begins; none when only a full read can follow."""
    claims_suspended_at: int = instant()
    """Since when the denials of tokens count for nothing (their identifiers changed form)."""
    claims_resumed_at: int = instant()
    """When an administrator last said that they count."""
    pull_users: int = Field(default=0)
    """How many users and groups the newest complete read listed."""
    pull_groups: int = Field(default=0)
    nests: bool = unset_from_the_start()
    """Whether a group was ever pushed into another."""
    scoped_at: int = instant()
    """Since when reads look where they look now: what they said before that admits nobody."""
    scheduled_at: int = instant()
    """The newest slot of the schedule that a run was started for."""
    delta_scheduled_at: int = instant()
    """The same of the schedule of delta rounds."""
    created_at: int = instant()
    updated_at: int = instant()


class ScimToken(SQLModel, table=True):
    """A bearer token for the push channel. Only its hash is kept."""

    __tablename__ = "scim_tokens"
    id: int | None = key()
    public_id: str = public_id()
    connection_id: int = refers("connections", index=True)
    hash: str = Field(unique=True, max_length=64)
    created_at: int = instant()
    updated_at: int = instant()
    last_used_at: int | None = maybe_instant()
    expires_at: int | None = maybe_instant()
    revoked_at: int | None = maybe_instant()

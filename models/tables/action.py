"""The queue of operations, and the plans that the guard stopped."""

from typing import Any

from sqlalchemy import Index, Text, text
from sqlmodel import Field, SQLModel

from models.tables.columns import document, instant, key, maybe_instant, public_id, refers

_WAITING = "state IN ('ready', 'retrying')"
_BEGUN = "state IN ('queued', 'running')"
_DRAWS = "draws_on IS NOT NULL"
_DRAWN = "drawn_at IS NOT NULL"
_HELD = "hold_id IS NOT NULL"


class Action(SQLModel, table=True):
    """One operation on one object. The row is the truth; a message carries its id."""

    __tablename__ = "actions"
    __table_args__ = (
        Index(
            "ux_actions_waiting",
            "target_id",
            "object_key",
            unique=True,
            sqlite_where=text(_WAITING),
            postgresql_where=text(_WAITING),
        ),
        Index(
            "ix_actions_due",
            "target_id",
            "run_at",
            "id",
            sqlite_where=text(_WAITING),
            postgresql_where=text(_WAITING),
        ),
        Index(
            "ix_actions_begun",
            "target_id",
            "object_key",
            "state",
            sqlite_where=text(_BEGUN),
            postgresql_where=text(_BEGUN),
        ),
        Index("ix_actions_object", "target_id", "object_key", "id"),
        Index(
            "ix_actions_drawn",
            "target_id",
            "draws_on",
            "drawn_at",
            sqlite_where=text(_DRAWS),
            postgresql_where=text(_DRAWS),
        ),
        Index(
            "ix_actions_drawn_in_group",
            "target_id",
            "group_id",
            "drawn_at",
            sqlite_where=text(_DRAWN),
            postgresql_where=text(_DRAWN),
        ),
        Index(
            "ix_actions_hold_id",
            "hold_id",
            sqlite_where=text(_HELD),
            postgresql_where=text(_HELD),
        ),
    )
    id: int | None = key()
    public_id: str = public_id()
    target_id: int = refers("targets")
    operation: str = Field(max_length=24)
    object_key: str = Field(max_length=64)
    user_id: int | None = refers("users", default=None, nullable=True)
    group_id: int | None = refers("groups", default=None, nullable=True)
    fingerprint: str = Field(max_length=32)
    because: dict[str, Any] = document()
    state: str = Field(max_length=12)
    run_at: int = instant()
    attempts: int = 0
    """How often it was begun."""
    failures: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How often the target answered that it should come again."""
    owner: str | None = Field(default=None, max_length=64)
    lease_until: int | None = maybe_instant()
    error: str | None = Field(default=None, sa_type=Text)
    draws_on: str | None = Field(default=None, max_length=24)
    """The guard's budget it draws on; none for what removes nothing."""
    takes_along: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How many memberships go with a deleted group: they are drawn as well."""
    drawn_at: int | None = maybe_instant()
    """By the guard's clock; none for what draws on nothing, and for what never began."""
    hold_id: int | None = refers("holds", default=None, nullable=True)
    created_at: int = instant()
    updated_at: int = instant()


class Hold(SQLModel, table=True):
    __tablename__ = "holds"
    id: int | None = key()
    public_id: str = public_id()
    target_id: int = refers("targets", index=True)
    state: str = Field(max_length=12)
    """open, approved, refused or expired."""
    kind: str = Field(
        default="memberships", max_length=12, sa_column_kwargs={"server_default": "mixed"}
    )
    """users, groups, memberships or protected; mixed where it is older than this column."""
    why: str = Field(sa_type=Text)
    decided_by: str | None = Field(default=None, max_length=256)
    expires_at: int = instant()
    created_at: int = instant()
    updated_at: int = instant()

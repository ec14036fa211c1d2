"""The queue of operations, and the plans that the guard stopped."""

from typing import Any

from sqlalchemy import Index, Text, text
from sqlmodel import Field, SQLModel

from models.tables.columns import document, instant, key, maybe_instant, public_id, refers

_WAITING = "state IN ('ready', 'retrying')"
_UNFINISHED = "state IN ('ready', 'queued', 'running', 'retrying')"


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
            "ix_actions_unfinished",
            "target_id",
            "run_at",
            sqlite_where=text(_UNFINISHED),
            postgresql_where=text(_UNFINISHED),
        ),
        Index("ix_actions_object", "target_id", "object_key", "id"),
        Index("ix_actions_drawn", "target_id", "draws_on", "drawn_at"),
    )
    id: int | None = key()
    public_id: str = public_id()
    target_id: int = refers("targets")
    operation: str = Field(max_length=24)
    object_key: str = Field(max_length=64)
    user_id: int | None = refers("users", default=None, nullable=True)
    group_id: int | None = refers("groups", default=None, nullable=True)
    fingerprint: str = Field(max_length=32, index=True)
    because: dict[str, Any] = document()
    state: str = Field(max_length=12)
    run_at: int = instant()
    attempts: int = 0
    owner: str | None = Field(default=None, max_length=64)
    lease_until: int | None = maybe_instant()
    error: str | None = Field(default=None, sa_type=Text)
    draws_on: str | None = Field(default=None, max_length=24)
    """The guard's budget it draws on; none for what removes nothing."""
    drawn_at: int | None = maybe_instant()
    hold_id: int | None = refers("holds", default=None, nullable=True, index=True)
    created_at: int = instant()
    updated_at: int = instant()


class Hold(SQLModel, table=True):
    __tablename__ = "holds"
    id: int | None = key()
    public_id: str = public_id()
    target_id: int = refers("targets", index=True)
    state: str = Field(max_length=12)
    """open, approved, refused or expired."""
    why: str = Field(sa_type=Text)
    decided_by: str | None = Field(default=None, max_length=256)
    expires_at: int = instant()
    created_at: int = instant()
    updated_at: int = instant()

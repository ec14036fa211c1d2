"""Runs: reads of a directory, point reads, reconciliations."""

from typing import Any

from sqlalchemy import Index, Text, text
from sqlmodel import Field, SQLModel

from models.tables.columns import document, instant, key, maybe_instant, public_id, refers


class Run(SQLModel, table=True):
    __tablename__ = "runs"
    __table_args__ = (
        Index(
            "ux_runs_waiting",
            "work_key",
            unique=True,
            sqlite_where=text("state IN ('ready', 'queued')"),
            postgresql_where=text("state IN ('ready', 'queued')"),
        ),
        Index("ix_runs_state", "state", "run_at"),
    )
    id: int | None = key()
    public_id: str = public_id()
    connection_id: int = refers("connections", index=True)
    kind: str = Field(max_length=16)
    """pull, point_read or reconcile."""
    work_key: str = Field(max_length=64)
    """One waiting run a key, one running run a connection."""
    slot: str | None = Field(default=None, unique=True, max_length=64)
    """`schedule:time`, so that two schedulers start one run."""
    user_id: int | None = refers("users", default=None, nullable=True)
    dry_run: bool = False
    state: str = Field(max_length=16)
    """ready, queued, running, complete, incomplete or failed."""
    run_at: int = instant()
    owner: str | None = Field(default=None, max_length=64)
    lease_until: int | None = maybe_instant()
    attempts: int = 0
    started_at: int | None = maybe_instant()
    ended_at: int | None = maybe_instant()
    certificate: dict[str, Any] | None = document(default=None, nullable=True)
    counts: dict[str, Any] = document()
    plan: dict[str, Any] | None = document(default=None, nullable=True)
    problem: str | None = Field(default=None, sa_type=Text)
    created_at: int = instant()
    updated_at: int = instant()


class PullMissing(SQLModel, table=True):
    """What a running read has not listed. Denied only when the read proves complete."""

    __tablename__ = "pull_missing"
    __table_args__ = {"sqlite_with_rowid": False}
    run_id: int = refers("runs", primary_key=True)
    group_id: int = refers("groups", primary_key=True)
    user_id: int = refers("users", primary_key=True)

"""Standing disagreements, and the reports that list them."""

from typing import Any

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from models.tables.columns import document, instant, key, maybe_instant, public_id, refers


class Finding(SQLModel, table=True):
    __tablename__ = "findings"
    id: int | None = key()
    public_id: str = public_id()
    subject: str = Field(unique=True, max_length=512)
    """Kind, connection, target, user, group and detail: what makes it the same finding."""
    kind: str = Field(max_length=40, index=True)
    severity: str = Field(max_length=8)
    state: str = Field(max_length=10)
    """open, accepted, healed or resolved."""
    connection_id: int = refers("connections", index=True)
    target_id: int | None = refers("targets", default=None, nullable=True)
    user_id: int | None = refers("users", default=None, nullable=True, index=True)
    group_id: int | None = refers("groups", default=None, nullable=True)
    summary: str = Field(sa_type=Text)
    evidence: list[Any] = document()
    suggestion: str = Field(sa_type=Text)
    first_seen: int = instant()
    last_seen: int = instant()
    flips: int = 0
    accepted_until: int | None = maybe_instant()
    created_at: int = instant()
    updated_at: int = instant()


class Report(SQLModel, table=True):
    """All findings at one reconciliation, kept."""

    __tablename__ = "reports"
    id: int | None = key()
    public_id: str = public_id()
    connection_id: int = refers("connections", index=True)
    run_id: int = refers("runs")
    counts: dict[str, Any] = document()
    items: list[Any] = document()
    created_at: int = instant()
    updated_at: int = instant()

"""Standing disagreements, and the reports that list them."""

from typing import Any

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field, SQLModel

from models.instant import FOREVER
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
    sides: str = Field(default="", max_length=32, sa_column_kwargs={"server_default": ""})
    """Digest of who says what, without the times: an accepted one opens again when it changes."""
    action: dict[str, Any] | None = document(default=None, nullable=True)
    """The operation that mends it, with its fingerprint."""
    first_seen: int = instant()
    last_seen: int = instant()
    flips: int = 0
    accepted_until: int | None = maybe_instant()
    accepted_by: str | None = Field(default=None, max_length=256)
    note: str | None = Field(default=None, sa_type=Text)
    created_at: int = instant()
    updated_at: int = instant()


class FindingSpell(SQLModel, table=True):
    """For how long a finding stood in one and the same way. A report is a look at one time.

    The words are those of the finding while the spell lasts, and are copied here at its end.
    """

    __tablename__ = "finding_spells"
    __table_args__ = (
        Index("ix_finding_spells_connection", "connection_id", "id"),
        Index("ix_finding_spells_finding", "finding_id", "ended_at"),
    )
    id: int | None = key()
    finding_id: int = refers("findings")
    connection_id: int = refers("connections")
    state: str = Field(max_length=10)
    """open or accepted."""
    severity: str = Field(max_length=8)
    has_returned: bool = False
    """It begins with a flip: the finding had healed, and is back."""
    summary: str | None = Field(default=None, sa_type=Text)
    suggestion: str | None = Field(default=None, sa_type=Text)
    evidence: list[Any] | None = document(default=None, nullable=True)
    began_at: int = instant()
    ended_at: int = Field(default=FOREVER, sa_type=BigInteger)


class Report(SQLModel, table=True):
    """That a reconciliation looked. What stood at that time, the spells of the findings tell."""

    __tablename__ = "reports"
    __table_args__ = (Index("ix_reports_connection", "connection_id", "created_at"),)
    id: int | None = key()
    public_id: str = public_id()
    connection_id: int = refers("connections")
    run_id: int = refers("runs")
    counts: dict[str, Any] = document()
    """Findings by kind."""
    unseen: list[Any] | None = document(default=None, nullable=True)
    """The targets that could not be looked at, each with the reason."""
    created_at: int = instant()
    updated_at: int = instant()

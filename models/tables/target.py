"""Downstream systems."""

from typing import Any

from sqlalchemy import BigInteger, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.tables.columns import document, instant, key, maybe_instant, public_id, refers


class Target(SQLModel, table=True):
    __tablename__ = "targets"
    __table_args__ = (UniqueConstraint("organization_id", "slug"),)
    id: int | None = key()
    public_id: str = public_id()
    organization_id: int = refers("organizations", index=True)
    slug: str = Field(max_length=64)
    kind: str = Field(max_length=16)
    config: dict[str, Any] = document()
    secrets: bytes | None = Field(default=None, sa_type=LargeBinary, nullable=True)
    guard: dict[str, Any] = document()
    mapping: dict[str, Any] = document()
    state: str = Field(default="active", max_length=16)
    """active; quarantined until a probe succeeds; or suspended until somebody mends it."""
    problem: str | None = Field(default=None, sa_type=Text)
    failures: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How often it failed in a row; enough of them quarantine it."""
    retry_at: int = instant()
    """While quarantined: when one action may probe whether it is well again."""
    probe: int | None = Field(default=None, sa_type=BigInteger, nullable=True)
    """The one action that may be sent to it while it is quarantined."""
    observed_at: int | None = maybe_instant()
    created_at: int = instant()
    updated_at: int = instant()


class TargetConnection(SQLModel, table=True):
    __tablename__ = "target_connections"
    target_id: int = refers("targets", primary_key=True)
    connection_id: int = refers("connections", primary_key=True, index=True)

"""What came to a connection's SCIM door: request by request for some days, and counted for ever."""

from typing import Any

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field, SQLModel

from models.tables.columns import document, instant, key, public_id, refers


class ScimRequest(SQLModel, table=True):
    """One request of an identity provider, without its secrets, and what became of it."""

    __tablename__ = "scim_requests"
    __table_args__ = (Index("ix_scim_requests_connection", "connection_id", "created_at", "id"),)
    id: int | None = key()
    public_id: str = public_id()
    connection_id: int = refers("connections")
    part_of: str | None = Field(default=None, max_length=64)
    """The public id of the bulk request that it came in."""
    method: str = Field(max_length=16)
    path: str = Field(sa_type=Text)
    """Below the address of the connection, with the query."""
    conditions: dict[str, Any] | None = document(default=None, nullable=True)
    """If-Match and If-None-Match, where they were sent."""
    resource: str | None = Field(default=None, max_length=64)
    """The id of the user or group that it was about."""
    status: int
    scim_type: str | None = Field(default=None, max_length=16)
    detail: str | None = Field(default=None, sa_type=Text)
    """Why it was refused, in the sentence that was answered."""
    changes: list[dict[str, Any]] | None = document(default=None, nullable=True)
    """What was taken in, word by word; none when nothing was changed."""
    tolerances: str | None = Field(default=None, sa_type=Text)
    """The names of those it needed, with blanks between."""
    body: str | None = Field(default=None, sa_type=Text)
    body_size: int = Field(default=0)
    """In bytes, as it came."""
    took: int = Field(default=0, sa_type=BigInteger)
    """Microseconds."""
    created_at: int = instant()


class ScimTally(SQLModel, table=True):
    """How often something was seen at a connection's door: a tolerance in use, a wrong token."""

    __tablename__ = "scim_tallies"
    connection_id: int = refers("connections", primary_key=True)
    name: str = Field(primary_key=True, max_length=64)
    count: int = Field(default=0, sa_type=BigInteger)
    first_at: int = instant()
    last_at: int = instant()

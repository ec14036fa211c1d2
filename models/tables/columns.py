"""The few kinds of column that all tables are made of."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Integer, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

BIG = BigInteger().with_variant(Integer, "sqlite")
DOCUMENT = JSON().with_variant(JSONB, "postgresql")


def key() -> Any:
    """A surrogate key: small, sequential, never shown outside."""
    return Field(default=None, primary_key=True, sa_type=BIG)


def refers(table: str, **options: Any) -> Any:
    return Field(foreign_key=f"{table}.id", sa_type=BIG, **options)


def public_id() -> Any:
    """The opaque string by which the outside names this row."""
    return Field(unique=True, max_length=64)


def instant(**options: Any) -> Any:
    """Microseconds since 1970 (models.clock.Instant); 0 is never."""
    return Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"}, **options)


def maybe_instant() -> Any:
    return Field(default=None, sa_type=BigInteger, nullable=True)


def document(**options: Any) -> Any:
    """A JSON object."""
    return Field(sa_type=DOCUMENT, **options)


def set_from_the_start() -> Any:
    """True unless it is said otherwise, also for rows that stood before the column came."""
    return Field(default=True, sa_column_kwargs={"server_default": text("true")})


def unset_from_the_start() -> Any:
    """False unless it is said otherwise, also for rows that stood before the column came."""
    return Field(default=False, sa_column_kwargs={"server_default": text("false")})

"""Times as numbers: one kind for every stored time and every as-of."""

from datetime import UTC, datetime
from functools import lru_cache

Instant = int
"""Microseconds since 1970-01-01T00:00:00Z."""

SECOND: Instant = 1_000_000
MINUTE: Instant = 60 * SECOND
HOUR: Instant = 60 * MINUTE
DAY: Instant = 24 * HOUR
FOREVER: Instant = 2**62
"""The end of what has not ended."""


def to_text(instant: Instant) -> str:
    """RFC 3339 in UTC, to the millisecond, as the API prints it."""
    return f"{_to_second(instant // SECOND)}.{instant % SECOND // 1000:03}Z"


@lru_cache(maxsize=4096)
def _to_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def from_text(text: str) -> Instant:
    """Read an RFC 3339 time. Raises ValueError when it is none, or names no zone."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError("a time needs a zone, such as 2026-01-31T08:00:00Z")
    return round(moment.timestamp() * SECOND)

"""Do it again when the database chose us to give way to another transaction."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import OperationalError

T = TypeVar("T")

ATTEMPTS = 5
GAVE_WAY = frozenset({"40P01", "40001"})
"""PostgreSQL's states for a deadlock and for a failure to serialize."""


def again(work: Callable[[], T]) -> T:
    """Of the one that was refused nothing is left, so it can be done once more as a whole."""
    for _ in range(ATTEMPTS - 1):
        try:
            return work()
        except OperationalError as trouble:
            if getattr(trouble.orig, "sqlstate", None) not in GAVE_WAY:
                raise
    return work()

"""Which tolerances a request needed: whoever forgives says so, whoever answers has it noted."""

from collections.abc import Iterator, Set
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from sync.tolerances import USUAL, Tolerance


@dataclass(frozen=True, slots=True)
class _Note:
    names: set[str]
    allowed: Set[str]


_NOTE: ContextVar[_Note | None] = ContextVar("note", default=None)


@contextmanager
def noting(names: set[str], allowed: Set[str] = USUAL) -> Iterator[None]:
    """Within this, the names of tolerances in use are added to `names`.

    `allowed` are those in force among those that a connection may set.
    """
    token = _NOTE.set(_Note(names, allowed))
    try:
        yield
    finally:
        _NOTE.reset(token)


def forgive(tolerance: Tolerance) -> None:
    """It is needed here, and cannot do harm."""
    note = _NOTE.get()
    if note is not None:
        note.names.add(tolerance.name)


def forgives(tolerance: Tolerance) -> bool:
    """Whether this connection wants one that could do harm; if so, it is needed here."""
    note = _NOTE.get()
    is_allowed = tolerance.name in (USUAL if note is None else note.allowed)
    if is_allowed:
        forgive(tolerance)
    return is_allowed

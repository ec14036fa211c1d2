"""Which tolerances a request needed: whoever forgives says so, whoever answers has it noted."""

from collections.abc import Set
from contextvars import ContextVar
from dataclasses import dataclass

from sync.pushing.tolerances import USUAL, Tolerance


@dataclass(frozen=True, slots=True)
class _Note:
    names: set[str]
    allowed: Set[str]


_NOTE: ContextVar[_Note | None] = ContextVar("note", default=None)


class noting:
    """Within this, the names of tolerances in use are added to `names`.

    `allowed` are those in force among those that a connection may set.
    """

    __slots__ = ("_note", "_token")

    def __init__(self, names: set[str], allowed: Set[str] = USUAL) -> None:
        self._note = _Note(names, allowed)

    def __enter__(self) -> None:
        self._token = _NOTE.set(self._note)

    def __exit__(self, *_trouble: object) -> None:
        _NOTE.reset(self._token)


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

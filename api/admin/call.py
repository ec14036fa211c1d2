"""What an operation is given, and what it gives back."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy import Row

from api.auth import Key
from api.context import Context
from api.problems import Problem
from models.instant import Instant
from models.store import listing
from models.store.database import Tx
from models.store.listing import Listing

Q = TypeVar("Q", bound=BaseModel)
B = TypeVar("B", bound=BaseModel)
AnyRow = Row[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[Q, B]):
    """One request, typed, by somebody known."""

    context: Context
    key: Key
    path: Mapping[str, str]
    query: Q
    body: B

    @property
    def organization(self) -> int | None:
        """The one organization that may be seen; None means all."""
        return self.key.organization

    def now(self) -> Instant:
        return self.context.clock.now()


@dataclass(frozen=True, slots=True)
class Answer:
    body: BaseModel | None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file, row by row, under a name to save it by."""

    name: str
    lines: Iterator[str]


@dataclass(frozen=True, slots=True)
class Later:
    """Work that goes on elsewhere: look now and then, for so many seconds."""

    look: Callable[[], Answer]
    """Status 202 as long as it has not ended."""
    seconds: float


Given = Answer | Table | Later


def find(tx: Tx, call: Call[Q, B], lists: Listing, *, name: str, noun: str) -> AnyRow:
    """The object of that id or slug. What the key may not see is as if it were not there."""
    row = listing.one(tx, lists, lists.named(name), organization=call.organization)
    if row is None:
        raise Problem(404, f"There is no {noun} {name[:200]!r}.")
    return row


def again(tx: Tx, lists: Listing, key: int) -> AnyRow:
    """The row as it is now; it was there a moment ago, in this transaction."""
    row = listing.one(tx, lists, lists.keys[0] == key, organization=None)
    assert row is not None
    return row


def only_for_all(call: Call[Q, B], what: str) -> None:
    """Raises Problem when the key is limited to one organization."""
    if call.key.is_limited:
        raise Problem(403, f"A key that is limited to one organization may not {what}.")

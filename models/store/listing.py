"""Lists as the API pages through them: filtered, sorted, from a key onwards, for one reader."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, String, func, literal, tuple_

from models.filters import Filter
from models.store.database import Tx
from models.store.fields import Condition, Expression, Fields
from models.store.filtering import to_sql
from models.store.portable import ordered

Mark = tuple[str | int, ...]
"""Where a page ended: the value it was sorted by, if any, and the keys of its last row."""


class CannotPage(ValueError):
    """The sort or the place to go on from is none of this list's. The text is a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A noun as a list."""

    rows: Select[Any]
    keys: tuple[Expression, ...]
    """What tells one row from another and never changes; also the order, unless sorted."""
    organization: Expression
    """Whose it is: a reader limited to one organization sees no others."""
    named: Callable[[str], Condition]
    """By public id, or by slug where there is one."""
    fields: Fields
    sorts: Mapping[str, Expression] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    limit: int = 50
    filter: Filter | None = None
    sort: str = ""
    """The name of a sort, with a minus before it for the greatest first."""
    after: Mark | None = None
    organization: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Row[Any]]
    after: Mark | None
    """None on the last page."""


def page(tx: Tx, listing: Listing, asked: Asked, *where: Condition) -> Page:
    """One page. Rows that come or go meanwhile neither repeat nor hide others.

    Raises CannotPage, and models.store.fields.Refused for a filter that cannot be answered.
    """
    marks, is_descending = _marks(listing, asked.sort)
    rows = _scoped(listing, asked.organization).where(*where)
    if asked.filter is not None:
        rows = rows.where(to_sql(asked.filter, listing.fields))
    if asked.after is not None:
        rows = rows.where(_beyond(marks, asked.after, is_descending=is_descending))
    rows = rows.order_by(*(one.desc() if is_descending else one.asc() for one in marks))
    rows = rows.add_columns(*(one.label(f"mark_{n}") for n, one in enumerate(marks)))
    found = list(tx.connection.execute(rows.limit(asked.limit + 1)))
    if len(found) <= asked.limit:
        return Page(found, None)
    last = found[asked.limit - 1]._mapping
    return Page(found[: asked.limit], tuple(last[f"mark_{n}"] for n in range(len(marks))))


def one(tx: Tx, listing: Listing, *where: Condition, organization: int | None) -> Row[Any] | None:
    """The row, if it is there and the reader may see it."""
    return tx.connection.execute(_scoped(listing, organization).where(*where)).first()


def _scoped(listing: Listing, organization: int | None) -> Select[Any]:
    if organization is None:
        return listing.rows
    return listing.rows.where(listing.organization == organization)


def _marks(listing: Listing, sort: str) -> tuple[list[ColumnElement[Any]], bool]:
    """What rows are ordered by. The keys come last, so that no two rows are level."""
    name = sort.removeprefix("-")
    if not sort:
        return list(listing.keys), False
    if name not in listing.sorts:
        known = ", ".join(sorted(listing.sorts)) or "nothing"
        raise CannotPage(f"This list cannot be sorted by {name[:50]!r}; it can by {known}.")
    by = listing.sorts[name]
    first = ordered(func.coalesce(by, "")) if _is_text(by) else _number(by)
    return [first, *listing.keys], sort.startswith("-")


def _beyond(marks: list[ColumnElement[Any]], after: Mark, *, is_descending: bool) -> Condition:
    fits = len(after) == len(marks) and all(
        isinstance(value, str if _is_text(mark) else int)
        for mark, value in zip(marks, after, strict=False)
    )
    if not fits:
        raise CannotPage("The cursor does not belong to this list.")
    left, right = tuple_(*marks), tuple_(*(literal(value) for value in after))
    return left < right if is_descending else left > right


def _number(by: Expression) -> ColumnElement[Any]:
    """What is never null is left as it stands, for it may have an index."""
    return func.coalesce(by, 0) if getattr(by, "nullable", True) else by


def _is_text(expression: Expression) -> bool:
    """SQLModel wraps the type of its texts into one of its own."""
    return isinstance(getattr(expression.type, "impl", expression.type), String)

"""Pages of pushed users and groups, filtered and sorted."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    Row,
    Select,
    and_,
    asc,
    desc,
    func,
    literal,
    null,
    nulls_first,
    nulls_last,
    select,
    union_all,
)

from models.store.database import Tx
from models.store.fields import Condition, Expression, Flag, Many, Number, Text, Time, flag, member
from models.store.portable import elements, folded, ordered
from models.store.scim_fields import Kind

Sortable = Text | Flag | Number | Time | Many


@dataclass(frozen=True, slots=True)
class Listed:
    """The resources of one kind that a list is to hold."""

    kind: Kind
    matching: Condition | None = None
    """None is all of them."""
    sort: Sortable | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list, and in which order."""

    offset: int
    limit: int
    is_sorted: bool = False
    descending: bool = False


def page(
    tx: Tx, connection: int, listed: Sequence[Listed], *, window: Window
) -> tuple[Sequence[Row[Any]], int]:
    """The rows of one page, and how many there are in all.

    Each row has `kind`, the place of its kind in `listed`. Equal sort keys are in order of
    creation, so that pages neither overlap nor leave anything out.
    """
    rows: Sequence[Row[Any]] = []
    if window.limit:
        rows = tx.connection.execute(_paged(listed, connection, window)).fetchall()
    if rows and len(rows) < window.limit:
        return rows, window.offset + len(rows)
    if not rows and window.limit and not window.offset:
        return rows, 0
    counts = (_count(tx, one, connection) for one in listed)
    return rows, sum(counts)


def _paged(listed: Sequence[Listed], connection: int, window: Window) -> Any:
    selects = [
        _rows(place, one, connection, is_sorted=window.is_sorted)
        for place, one in enumerate(listed)
    ]
    everything: Any = selects[0] if len(selects) == 1 else union_all(*selects)
    order: list[Any] = ["kind", "id"]
    if window.is_sorted:
        first: Any = nulls_first(desc("sort")) if window.descending else nulls_last(asc("sort"))
        order.insert(0, first)
    return everything.order_by(*order).limit(window.limit).offset(window.offset)


def _rows(place: int, listed: Listed, connection: int, *, is_sorted: bool) -> Select[Any]:
    found = _columns(place, listed.kind).where(_belongs(listed, connection))
    return found.add_columns(_sort_key(listed).label("sort")) if is_sorted else found


@cache
def _columns(place: int, kind: Kind) -> Select[Any]:
    """Built once: putting a statement together costs more than to carry it out."""
    columns = kind.table.c
    return select(
        literal(place).label("kind"),
        columns.id,
        columns.public_id,
        columns.scim,
        columns.scim_version,
        columns.scim_created,
        columns.scim_modified,
    )


def _belongs(listed: Listed, connection: int) -> Condition:
    columns = listed.kind.table.c
    pushed = and_(columns.connection_id == connection, columns.scim.is_not(None))
    return pushed if listed.matching is None else and_(pushed, listed.matching)


def _count(tx: Tx, listed: Listed, connection: int) -> int:
    counted = select(func.count()).select_from(listed.kind.table)
    found = tx.connection.execute(counted.where(_belongs(listed, connection)))
    return int(found.scalar_one())


def _sort_key(listed: Listed) -> Expression:
    """Text by its type's own rule of case, and of several values the primary or first one."""
    match listed.sort:
        case None:
            return null()
        case Text(expression, case_exact, key):
            plain = expression if case_exact else folded(expression)
            return ordered(plain if key is None else key)
        case Many() as many:
            return ordered(folded(_first(many)))
        case Time(expression) | Number(expression):
            return func.nullif(expression, 0) if isinstance(listed.sort, Time) else expression
        case Flag(expression):
            return expression


def _first(many: Many) -> Expression:
    values = elements(many.document, many.path)
    primary = (
        select(member(values.c.value, "value"))
        .select_from(values)
        .where(flag(values.c.value, "primary"))
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(primary, many.document[(*many.path, 0, "value")].as_string())

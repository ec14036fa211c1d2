"""Pages of pushed users and groups, filtered and sorted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sqlalchemy import (
    Row,
    Select,
    and_,
    asc,
    desc,
    false,
    func,
    literal,
    null,
    nulls_first,
    nulls_last,
    or_,
    select,
    true,
    union_all,
)

from models.store.database import Tx
from models.store.fields import Condition, Expression, Flag, Many, Number, Text, Time, flag, member
from models.store.portable import elements, folded, ordered
from models.store.scim_fields import Kind

Sortable = Text | Flag | Number | Time | Many

SORTED_LENGTH = 256
"""By how many characters of a text it is sorted, so that a place in the order stays short."""


@dataclass(frozen=True, slots=True)
class Listed:
    """The resources of one kind that a list is to hold."""

    kind: Kind
    matching: Condition | None = None
    """None is all of them."""
    sort: Sortable | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """Those of one name, in the column that an index is on."""

    table: str
    column: str
    name: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the order of a list: that of one resource, which may be gone by now."""

    kind: int
    id: int
    sort: str | int | bool | None = None
    """What it was sorted by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which part of a list, and in which order."""

    offset: int = 0
    limit: int
    is_sorted: bool = False
    descending: bool = False
    beyond: Mark | None = None
    """Only what comes after this place, or before it."""
    backwards: bool = False


def page(
    tx: Tx, connection: int, listed: Sequence[Listed], *, window: Window
) -> tuple[Sequence[Row[Any]], int]:
    """The rows of one page, and how many there are in all.

    Each row has `kind`, the place of its kind in `listed`. Equal sort keys are in order of
    creation, so that pages neither overlap nor leave anything out.
    """
    rows: Sequence[Row[Any]] = []
    if window.limit and _is_everything(listed, window):
        rows = _of_everything(tx, connection, listed[0].kind.table.name, window)
    elif window.limit:
        rows = tx.connection.execute(_paged(listed, connection, window)).fetchall()
    if rows and len(rows) < window.limit:
        return rows, window.offset + len(rows)
    if not rows and window.limit and not window.offset:
        return rows, 0
    if rows and len(listed) == 1 and not window.is_sorted:
        rest = _count(tx, listed[0], connection, after=rows[-1].id)
        return rows, window.offset + len(rows) + rest
    return rows, count(tx, connection, listed)


_PUSHED = "connection_id = :connection AND scim_created > 0"
"""As `_belongs` says it."""


def _is_everything(listed: Sequence[Listed], window: Window) -> bool:
    return len(listed) == 1 and listed[0].matching is None and not window.is_sorted


def _of_everything(tx: Tx, connection: int, table: str, window: Window) -> Sequence[Row[Any]]:
    """As `_paged` finds them, for whoever reads a whole list: to put a statement together takes as
    long as to carry this one out.
    """
    return tx.rows(
        f"""
        SELECT 0 AS kind, id, public_id, scim, scim_version, scim_created, scim_modified
        FROM {table} WHERE {_PUSHED} ORDER BY id LIMIT :limit OFFSET :offset
        """,
        {"connection": connection, "limit": window.limit, "offset": window.offset},
    )


def named(tx: Tx, connection: int, asked: Named) -> Sequence[Row[Any]]:
    """As `page` has them, all of them, if they are pushed."""
    return tx.rows(
        f"""
        SELECT 0 AS kind, id, public_id, scim, scim_version, scim_created, scim_modified
        FROM {asked.table} WHERE connection_id = :connection AND {asked.column} = :name
          AND scim IS NOT NULL ORDER BY id
        """,
        {"connection": connection, "name": asked.name},
    )


def count(tx: Tx, connection: int, listed: Sequence[Listed]) -> int:
    """How many there are in all."""
    return sum(_count(tx, one, connection) for one in listed)


def follow(
    tx: Tx, connection: int, listed: Sequence[Listed], *, window: Window
) -> tuple[Sequence[Row[Any]], bool]:
    """The rows next to a place, in the order of the list, and whether there are more beyond.

    What comes and goes elsewhere meanwhile moves nothing: each resource that stays is met
    once, as long as what it is sorted by stays too.
    """
    one_more = replace(window, limit=window.limit + 1)
    found = tx.connection.execute(_paged(listed, connection, one_more)).fetchall()
    rows = found[: window.limit]
    return rows[::-1] if window.backwards else rows, len(found) > len(rows)


def _paged(listed: Sequence[Listed], connection: int, window: Window) -> Any:
    selects = [_rows(place, one, connection, window) for place, one in enumerate(listed)]
    everything: Any = selects[0] if len(selects) == 1 else union_all(*selects)
    order = _order(window, ["kind", "id"] if len(selects) > 1 else ["id"])
    return everything.order_by(*order).limit(window.limit).offset(window.offset)


def _order(window: Window, among_equals: Sequence[str]) -> list[Any]:
    """Whatever is sorted by, nothing is the greatest; equals are in order of creation."""
    keys: list[Any] = [desc(one) if window.backwards else asc(one) for one in among_equals]
    if not window.is_sorted:
        return keys
    falls = window.descending is not window.backwards
    return [nulls_first(desc("sort")) if falls else nulls_last(asc("sort")), *keys]


def _rows(place: int, listed: Listed, connection: int, window: Window) -> Select[Any]:
    found = _columns(place, listed.kind).where(_belongs(listed, connection))
    if window.beyond is not None:
        found = found.where(_beyond(place, listed, window.beyond, window))
    return found.add_columns(_sort_key(listed).label("sort")) if window.is_sorted else found


def _beyond(place: int, listed: Listed, mark: Mark, window: Window) -> Condition:
    """The rows after a place, or before it, in the order of `_order`."""
    equals = _among_equals(place, listed.kind.table.c.id, mark, backwards=window.backwards)
    if not window.is_sorted:
        return equals
    key, falls = _sort_key(listed), window.descending is not window.backwards
    if mark.sort is None:
        same = and_(key.is_(None), equals)
        return or_(key.is_not(None), same) if falls else same
    wanted = literal(mark.sort)
    farther = key < wanted if falls else or_(key > wanted, key.is_(None))
    return or_(farther, and_(key == wanted, equals))


def _among_equals(place: int, key: Expression, mark: Mark, *, backwards: bool) -> Condition:
    if place != mark.kind:
        return true() if (place < mark.kind) is backwards else false()
    return key < mark.id if backwards else key > mark.id


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
    """What is pushed has a time at which it was; an index holds that, beside the order."""
    columns = listed.kind.table.c
    pushed = and_(columns.connection_id == connection, columns.scim_created > 0)
    return pushed if listed.matching is None else and_(pushed, listed.matching)


def _count(tx: Tx, listed: Listed, connection: int, after: int = 0) -> int:
    table = listed.kind.table
    if listed.matching is None:
        sql = f"SELECT count(*) FROM {table.name} WHERE {_PUSHED} AND id > :after"
        return int(tx.value(sql, {"connection": connection, "after": after}))
    counted = select(func.count()).select_from(table).where(table.c.id > after)
    found = tx.connection.execute(counted.where(_belongs(listed, connection)))
    return int(found.scalar_one())


def _sort_key(listed: Listed) -> Expression:
    """Text by its type's own rule of case, and of several values the primary or first one."""
    match listed.sort:
        case None:
            return null()
        case Text(expression, case_exact, key):
            plain = expression if case_exact else folded(expression)
            return ordered(_cut(plain) if key is None else key)
        case Many() as many:
            return ordered(_cut(folded(_first(many))))
        case Time(expression) | Number(expression):
            return func.nullif(expression, 0) if isinstance(listed.sort, Time) else expression
        case Flag(expression):
            return expression


def _cut(text: Expression) -> Expression:
    return func.substr(text, 1, SORTED_LENGTH)


def _first(many: Many) -> Expression:
    if not many.parts:
        bare: Expression = many.document[(*many.path, 0)].as_string()
        return bare
    values = elements(many.document, many.path)
    primary = (
        select(member(values.c.value, "value"))
        .select_from(values)
        .where(flag(values.c.value, "primary"))
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(primary, many.document[(*many.path, 0, "value")].as_string())

"""Statements and rows as drivers take and give them, worked out once for each wording.

SQLAlchemy says how a driver wants its parameters.
"""

import re
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import Dialect, bindparam, text
from sqlalchemy.types import NULLTYPE

Params = Mapping[str, Any]
KEPT = 2048
"""Statements, and shapes of rows."""
NUMBER = "bigint"
Columns = Mapping[str, str]
"""Names, each with its type."""
AT_ONCE = 100
"""Rows that are inserted into SQLite by one statement."""
LONGEST = 8192
"""As long as a list for SQLite may be made by repeating its last: it takes 32,766 parameters."""
SHORT = 50
"""As long as a list may be for PostgreSQL to keep the plan of a statement."""


@dataclass(slots=True)
class Statement:
    """One statement as a driver takes it."""

    sql: str
    places: tuple[str, ...] | None
    """The parameters in their order, where the driver takes them by position."""
    lists: tuple[str, ...]
    nothing: str
    """What is written for an empty list."""
    pick: Callable[[Params], Any]
    """The parameters as the driver takes them, where no list is among them."""
    changes: str | None
    """The table that it writes to."""
    _columns: int = -1
    _make: Callable[[Iterable[Any]], Any] = tuple
    _written: dict[tuple[int, ...], str] = field(default_factory=dict)
    """By how long its lists are."""

    def filled(self, params: Params) -> tuple[str, Any]:
        """With its lists written out: for SQLite as places, for PostgreSQL as arrays."""
        if self.places is None:
            return self.sql, {**params, **{name: _listed(params[name]) for name in self.lists}}
        lists = {name: _padded(params[name]) for name in self.lists}
        placed: list[Any] = []
        for name in self.places:
            placed += lists[name] if name in lists else [params[name]]
        lengths = tuple(map(len, lists.values()))
        return self._written.get(lengths) or self._write(lengths), placed

    def _write(self, lengths: tuple[int, ...]) -> str:
        sql = self.sql
        for name, length in zip(self.lists, lengths, strict=True):
            holders = ", ".join("?" * length)
            sql = sql.replace(_holder(name), holders or self.nothing)
        if max(lengths) <= LONGEST:
            self._written[lengths] = sql
        return sql

    def is_long(self, params: Params) -> bool:
        """A plan that was prepared for any list would look through this one row by row."""
        return self.places is None and any(len(params[name]) > SHORT for name in self.lists)

    def every(self, params: Sequence[Params]) -> Sequence[Any]:
        """The parameters of many repetitions. Lists do not expand here."""
        match self.places:
            case None:
                return params
            case ():
                return [()] * len(params)
            case (name,):
                return [(one[name],) for one in params]
            case names:
                return list(map(itemgetter(*names), params))

    def row_of(self, cursor: Any) -> Callable[[Iterable[Any]], Any]:
        """Makes rows of what this statement found: of the same columns every time."""
        answer = getattr(cursor, "pgresult", None)
        columns = len(cursor.description) if answer is None else answer.nfields
        if columns != self._columns:
            self._columns, self._make = columns, _shape(_names(cursor))
        return self._make


def _listed(values: Iterable[Any]) -> str:
    """An array of PostgreSQL of numbers or of texts, for which its driver would take long."""
    written = [str(one) if isinstance(one, int) else _quoted(one) for one in values]
    return f"{{{','.join(written)}}}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _padded(values: Iterable[Any]) -> list[Any]:
    """A list for IN, whose last repeats up to a power of two: SQLite prepares a statement for each
    length, and keeps hundreds of them.
    """
    every = list(values)
    missing = (1 << max(0, len(every) - 1).bit_length()) - len(every)
    return every + every[-1:] * missing if len(every) <= LONGEST else every


@lru_cache(maxsize=KEPT)
def statement(sql: str, dialect: Dialect) -> Statement:
    """A parameter that follows IN is a list."""
    lists = tuple(dict.fromkeys(_LISTED.findall(sql)))
    clause = text(sql).bindparams(*(bindparam(name, expanding=True) for name in lists))
    compiled: Any = clause.compile(dialect=dialect)
    nothing = compiled.visit_empty_set_expr([NULLTYPE])
    written = _WRITTEN.search(sql)
    table = written[1] if written else None
    if compiled.positiontup is None:
        plain = _with_arrays(compiled.string, lists)
        return Statement(plain, None, lists, nothing, _as_it_is, table)
    places = tuple(compiled.positiontup)
    return Statement(compiled.string, places, lists, nothing, _picker(places), table)


_LISTED = re.compile(r"\bIN\s+:(\w+)")
_WRITTEN = re.compile(
    r"\b(?:(?<!FOR )(?<!KEY )UPDATE|INSERT\s+INTO|DELETE\s+FROM)\s+(\w+)", re.IGNORECASE
)
"""Wherever it stands: a statement that begins with WITH may write too. FOR UPDATE does not."""


def _as_it_is(params: Params) -> Any:
    return params


def _picker(places: tuple[str, ...]) -> Callable[[Params], Any]:
    match places:
        case ():
            return lambda _: ()
        case (name,):
            return lambda params: (params[name],)
        case _:
            return itemgetter(*places)


def _with_arrays(sql: str, lists: tuple[str, ...]) -> str:
    """PostgreSQL takes a list as one parameter: the statement is short, and always the same."""
    for name in lists:
        listed = f"IN ({_holder(name)})"
        sql = sql.replace(f"NOT {listed}", f"<> ALL(%({name})s)")
        sql = sql.replace(listed, f"= ANY(%({name})s)")
    return sql


def _holder(name: str) -> str:
    return f"__[POSTCOMPILE_{name}]"


@lru_cache(maxsize=KEPT)
def insertion(table: str, columns: tuple[str, ...], returned: str) -> str:
    """A statement that inserts one row and answers some of it."""
    holders = ", ".join(f":{name}" for name in columns)
    names = ", ".join(columns)
    return f"INSERT INTO {table} ({names}) VALUES ({holders}) RETURNING {returned}"


def filling(
    table: str, columns: Columns, rows: Sequence[tuple[Any, ...]], same: Params, dialect: Dialect
) -> Iterator[tuple[str, list[Any]]]:
    """Statements that insert rows, and what is the same in all of them, where no row is.

    SQLite takes some rows at a time, PostgreSQL each column as one array: a tenth of the time
    of a row at a time. (Arrays are written by us, as its driver takes long for that.)
    """
    constants = [*same.values()]
    if dialect.name == "sqlite":
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            sql = _filling_rows(table, tuple(columns), tuple(same), len(some))
            yield sql, [*constants, *chain.from_iterable(some)]
    elif rows:
        sql = _filling_arrays(table, tuple(columns.items()), tuple(same))
        yield sql, [*constants, *map(_array, columns.values(), zip(*rows, strict=True))]


@lru_cache(maxsize=KEPT)
def _filling_rows(table: str, columns: tuple[str, ...], same: tuple[str, ...], count: int) -> str:
    row, others = f"({', '.join('?' * len(columns))})", ", ?" * len(same)
    return (
        f"INSERT INTO {table} ({', '.join([*columns, *same])}) SELECT g.*{others} "
        f"FROM (VALUES {', '.join([row] * count)}) AS g WHERE 1 ON CONFLICT DO NOTHING"
    )


@lru_cache(maxsize=KEPT)
def _filling_arrays(table: str, columns: tuple[tuple[str, str], ...], same: tuple[str, ...]) -> str:
    names = [name for name, _ in columns]
    casts = ", ".join(f"{name}::{of}" for name, of in columns)
    arrays = ", ".join(_unnested(of) for _, of in columns)
    return (
        f"INSERT INTO {table} ({', '.join([*names, *same])}) SELECT {casts}{', %s' * len(same)} "
        f"FROM ROWS FROM ({arrays}) AS g ({', '.join(names)}) ON CONFLICT DO NOTHING"
    )


def _unnested(of: str) -> str:
    return "unnest(%s::bigint[])" if of == NUMBER else "json_array_elements_text(%s::json)"


def _array(of: str, column: Iterable[Any]) -> str:
    if of != NUMBER:
        return msgspec.json.encode(column).decode()
    return f"{{{','.join(['NULL' if one is None else str(one) for one in column])}}}"


@lru_cache(maxsize=KEPT)
def _shape(names: tuple[Any, ...]) -> Callable[[Iterable[Any]], Any]:
    """Makes rows of these columns. Of a name that comes twice the last column counts."""
    told = [n.decode() if isinstance(n, bytes) else n for n in names]
    last = {name: place for place, name in enumerate(told)}
    fields = [name if last[name] == place else "" for place, name in enumerate(told)]
    row: Any = namedtuple("Row", fields, rename=True)  # type: ignore[misc]  # columns vary
    make: Callable[[Iterable[Any]], Any] = row._make
    return make


def _names(cursor: Any) -> tuple[Any, ...]:
    """psycopg makes an object of each column that is asked for; libpq's own answer is at hand."""
    answer = getattr(cursor, "pgresult", None)
    if answer is not None:
        return tuple(map(answer.fname, range(answer.nfields)))
    return tuple([column[0] for column in cursor.description])

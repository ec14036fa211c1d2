"""Statements straight through the driver, which takes a tenth of what a Core result takes.

SQLAlchemy still says how a driver wants its parameters, and what kind of error an error is;
compiled statements and the shapes of rows are kept.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Dialect, Row, bindparam, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import NULLTYPE

Params = Mapping[str, Any]
T = TypeVar("T")
KEPT = 2048
"""Statements, and shapes of rows."""
NUMBER = "bigint"
Columns = Mapping[str, str]
"""Names, each with its type."""
AT_ONCE = 100
"""Rows that are inserted into SQLite by one statement."""
SHORT = 50
"""As long as a list may be for PostgreSQL to keep the plan of a statement."""
CHUNK = 5000
"""Rows that are fetched at once."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement as a driver takes it."""

    sql: str
    places: tuple[str, ...] | None
    """The parameters in their order, where the driver takes them by position."""
    lists: tuple[str, ...]
    nothing: str
    """What is written for an empty list."""

    def filled(self, params: Params) -> tuple[str, Any]:
        """With its lists written out, where the driver does not take them as they are."""
        sql = self.sql
        if self.places is None:
            return sql, params
        if not self.lists:
            return sql, [params[name] for name in self.places]
        placed: list[Any] = []
        for name in self.places:
            placed += params[name] if name in self.lists else [params[name]]
        for name in self.lists:
            holders = ", ".join("?" * len(params[name]))
            sql = sql.replace(_holder(name), holders or self.nothing)
        return sql, placed

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


@lru_cache(maxsize=KEPT)
def statement(sql: str, lists: tuple[str, ...], dialect: Dialect) -> Statement:
    clause = text(sql).bindparams(*(bindparam(name, expanding=True) for name in lists))
    compiled: Any = clause.compile(dialect=dialect)
    nothing = compiled.visit_empty_set_expr([NULLTYPE])
    if compiled.positiontup is None:
        return Statement(_with_arrays(compiled.string, lists), None, lists, nothing)
    return Statement(compiled.string, tuple(compiled.positiontup), lists, nothing)


def _with_arrays(sql: str, lists: tuple[str, ...]) -> str:
    """PostgreSQL takes a list as one parameter: the statement is short, and always the same."""
    for name in lists:
        listed = f"IN ({_holder(name)})"
        sql = sql.replace(f"NOT {listed}", f"<> ALL(%({name})s)")
        sql = sql.replace(listed, f"= ANY(%({name})s)")
    return sql


def _holder(name: str) -> str:
    return f"__[POSTCOMPILE_{name}]"


def filling(
    table: str, columns: Columns, rows: Sequence[tuple[Any, ...]], same: Params, dialect: Dialect
) -> Iterator[tuple[str, list[Any]]]:
    """Statements that insert rows, and what is the same in all of them, where no row is.

    SQLite takes some rows at a time, PostgreSQL each column as one array: a tenth of the time
    of a row at a time. (Arrays are written by us, as its driver takes long for that.)
    """
    head = f"INSERT INTO {table} ({', '.join([*columns, *same])})"
    constants, tail = [*same.values()], "ON CONFLICT DO NOTHING"
    if dialect.name == "sqlite":
        row, others = f"({', '.join('?' * len(columns))})", ", ?" * len(same)
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            values = ", ".join([row] * len(some))
            sql = f"{head} SELECT g.*{others} FROM (VALUES {values}) AS g WHERE 1 {tail}"
            yield sql, [*constants, *chain.from_iterable(some)]
    elif rows:
        casts = ", ".join(f"{name}::{of}" for name, of in columns.items())
        arrays = ", ".join(map(_unnested, columns.values()))
        source = f"ROWS FROM ({arrays}) AS g ({', '.join(columns)})"
        sql = f"{head} SELECT {casts}{', %s' * len(same)} FROM {source} {tail}"
        yield sql, [*constants, *map(_array, columns.values(), zip(*rows, strict=True))]


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


def every_row(cursor: Any) -> list[Row[Any]]:
    found = cursor.fetchall()
    return list(map(_shape(_names(cursor)), found)) if found else []


def first_row(cursor: Any) -> Row[Any] | None:
    found = cursor.fetchone()
    return None if found is None else _shape(_names(cursor))(found)


def first_value(cursor: Any) -> Any:
    found = cursor.fetchone()
    return None if found is None else found[0]


def every_tuple(cursor: Any) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def count(cursor: Any) -> int:
    """How many rows were changed."""
    return int(cursor.rowcount)


def _names(cursor: Any) -> tuple[Any, ...]:
    """psycopg makes an object of each column that is asked for; libpq's own answer is at hand."""
    answer = getattr(cursor, "pgresult", None)
    if answer is not None:
        return tuple(map(answer.fname, range(answer.nfields)))
    return tuple([column[0] for column in cursor.description])


def taken(
    connection: Connection,
    sql: str,
    params: Any,
    take: Callable[[Any], T],
    *,
    many: bool = False,
    anew: bool = False,
) -> T:
    """What is taken from a cursor that ran this. Raises what SQLAlchemy would raise.

    `anew`: PostgreSQL is to plan it for these very parameters.
    """
    raw = connection.connection.dbapi_connection
    assert raw is not None
    cursor = raw.cursor()
    try:
        for listener in connection.engine.dispatch.before_cursor_execute:
            listener(connection, cursor, sql, params, None, many)
        run: Any = cursor.executemany if many else cursor.execute
        run(sql, params, **({"prepare": False} if anew else {}))
        return take(cursor)
    except connection.dialect.loaded_dbapi.Error as trouble:
        raise _told(connection, sql, params, trouble) from trouble
    finally:
        cursor.close()


def some_tuples(connection: Connection, sql: str, params: Any) -> Iterator[list[tuple[Any, ...]]]:
    """Rows as the driver has them, some thousand at a time."""
    raw: Any = connection.connection.dbapi_connection
    named = {} if connection.dialect.name == "sqlite" else {"name": "rows"}
    cursor = raw.cursor(**named)
    try:
        cursor.execute(sql, params)
        while found := cursor.fetchmany(CHUNK):
            yield found
    except connection.dialect.loaded_dbapi.Error as trouble:
        raise _told(connection, sql, params, trouble) from trouble
    finally:
        cursor.close()


def _told(connection: Connection, sql: str, params: Any, trouble: Any) -> BaseException:
    """A connection that was lost is given up, so that nobody gets it from the pool again."""
    dialect = connection.dialect
    raw = connection.connection.dbapi_connection
    is_lost = dialect.is_disconnect(trouble, raw, None)
    if is_lost:
        connection.invalidate(trouble)
    told: BaseException = DBAPIError.instance(
        sql,
        params,
        trouble,
        dialect.loaded_dbapi.Error,
        connection_invalidated=is_lost,
        dialect=dialect,
    )
    return told

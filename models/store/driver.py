"""Statements straight through the driver, which takes a tenth of what a Core result takes.

SQLAlchemy still says how a driver wants its parameters, and what kind of error an error is;
compiled statements and the shapes of rows are kept.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect, Row, bindparam, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import NULLTYPE

Params = Mapping[str, Any]
T = TypeVar("T")
KEPT = 2048
"""Statements, and shapes of rows."""
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
        """With its lists written out."""
        sql = self.sql
        if self.places is None:
            named = dict(params)
            for name in self.lists:
                each = {f"{name}_{i}": one for i, one in enumerate(named.pop(name))}
                named |= each
                sql = sql.replace(_holder(name), self._listed(f"%({one})s" for one in each))
            return sql, named
        if not self.lists:
            return sql, [params[name] for name in self.places]
        placed: list[Any] = []
        for name in self.places:
            placed += params[name] if name in self.lists else [params[name]]
        for name in self.lists:
            sql = sql.replace(_holder(name), self._listed("?" * len(params[name])))
        return sql, placed

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

    def _listed(self, holders: Iterable[str]) -> str:
        return ", ".join(holders) or self.nothing


@lru_cache(maxsize=KEPT)
def statement(sql: str, lists: tuple[str, ...], dialect: Dialect) -> Statement:
    clause = text(sql).bindparams(*(bindparam(name, expanding=True) for name in lists))
    compiled: Any = clause.compile(dialect=dialect)
    places = None if compiled.positiontup is None else tuple(compiled.positiontup)
    nothing = compiled.visit_empty_set_expr([NULLTYPE])
    return Statement(compiled.string, places, lists, nothing)


def _holder(name: str) -> str:
    return f"__[POSTCOMPILE_{name}]"


@lru_cache(maxsize=KEPT)
def filling(table: str, columns: tuple[str, ...], same: tuple[str, ...], dialect: Dialect) -> str:
    """Inserts numbers into columns, and what is the same for all rows, where no row is.

    PostgreSQL takes each column as one array: a tenth of the time of a row at a time.
    """
    head = f"INSERT INTO {table} ({', '.join(columns + same)})"
    if dialect.name == "sqlite":
        return f"{head} VALUES ({', '.join('?' * len(columns + same))}) ON CONFLICT DO NOTHING"
    arrays = ", ".join(["%s::bigint[]"] * len(columns))
    constants = "".join([", %s"] * len(same))
    return f"{head} SELECT g.*{constants} FROM unnest({arrays}) AS g ON CONFLICT DO NOTHING"


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
    connection: Connection, sql: str, params: Any, take: Callable[[Any], T], *, many: bool = False
) -> T:
    """What is taken from a cursor that ran this. Raises what SQLAlchemy would raise."""
    raw = connection.connection.dbapi_connection
    assert raw is not None
    cursor = raw.cursor()
    try:
        for listener in connection.engine.dispatch.before_cursor_execute:
            listener(connection, cursor, sql, params, None, many)
        (cursor.executemany if many else cursor.execute)(sql, params)
        return take(cursor)
    except connection.dialect.loaded_dbapi.Error as trouble:
        raise _told(connection, sql, params, trouble) from trouble
    finally:
        cursor.close()


def each_tuple(connection: Connection, sql: str, params: Any) -> Iterator[tuple[Any, ...]]:
    """Rows as the driver has them, some thousand at a time."""
    raw: Any = connection.connection.dbapi_connection
    named = {} if connection.dialect.name == "sqlite" else {"name": "rows"}
    cursor = raw.cursor(**named)
    try:
        cursor.execute(sql, params)
        while found := cursor.fetchmany(CHUNK):
            yield from found
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

"""Statements straight through the driver, which takes a tenth of what a Core result takes.

SQLAlchemy still says what kind of error an error is.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, Row
from sqlalchemy.exc import DBAPIError

from models.store.lean import LeanCursor
from models.store.statements import Params, Statement

T = TypeVar("T")
CHUNK = 5000
"""Rows that are fetched at once."""


class Link:
    """One connection of a driver, within one transaction."""

    __slots__ = ("connection", "cursor", "error", "listeners", "raw")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        raw: Any = connection.connection.dbapi_connection
        self.raw = raw
        self.cursor: Callable[[], Any] = raw.cursor
        if connection.dialect.name == "postgresql":
            self.cursor = partial(LeanCursor, raw)
        self.error: type[Exception] = connection.dialect.loaded_dbapi.Error
        self.listeners: tuple[Any, ...] = tuple(connection.engine.dispatch.before_cursor_execute)


def every_row(cursor: Any, known: Statement) -> list[Row[Any]]:
    found = cursor.fetchall()
    return list(map(known.row_of(cursor), found)) if found else []


def first_row(cursor: Any, known: Statement) -> Row[Any] | None:
    found = cursor.fetchone()
    return None if found is None else known.row_of(cursor)(found)


def first_value(cursor: Any, _known: Statement) -> Any:
    found = cursor.fetchone()
    return None if found is None else found[0]


def every_tuple(cursor: Any, _known: Statement) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def count(cursor: Any, _known: object = None) -> int:
    """How many rows were changed."""
    return int(cursor.rowcount)


def taken(link: Link, known: Statement, params: Params, take: Callable[[Any, Statement], T]) -> T:
    """What is taken from a cursor that ran this. Raises what SQLAlchemy would raise."""
    if not known.lists:
        return ran(link, known.sql, known.pick(params), take, known)
    sql, given = known.filled(params)
    return ran(link, sql, given, take, known, anew=known.is_long(params))


def ran(
    link: Link,
    sql: str,
    params: Any,
    take: Callable[[Any, Any], T],
    known: Statement | None = None,
    *,
    many: bool = False,
    anew: bool = False,
) -> T:
    """As the driver takes it. `anew`: PostgreSQL is to plan it for these very parameters."""
    cursor = link.cursor()
    try:
        for listener in link.listeners:
            listener(link.connection, cursor, sql, params, None, many)
        if many:
            cursor.executemany(sql, params)
        elif anew:
            cursor.execute(sql, params, prepare=False)
        else:
            cursor.execute(sql, params)
        return take(cursor, known)
    except link.error as trouble:
        raise _told(link.connection, sql, params, trouble) from trouble
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

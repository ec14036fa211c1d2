"""Transactions on SQLite and PostgreSQL, with one way to run a statement on both."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Row, Transaction, text
from sqlalchemy.exc import DBAPIError

from models.store import commits, driver, engines, statements
from models.store.statements import Columns, Params, Statement

T = TypeVar("T")
TRIES = 50
SETTINGS = frozenset(
    ("scim_tokens", "connections", "domains", "targets", "target_connections", "nestings")
)
"""Tables that are written to once in a while, and read for every request."""
_numbers = msgspec.json.Decoder(set[int]).decode
_LOST = frozenset({"40001", "40P01", "55P03", "23505", "25P03", "26000"})
"""Serialization, deadlock, a lock not to be had, a row that another inserted meanwhile, a
transaction that stood still for too long, and a statement that was prepared and is no more."""


class Tx:
    """A transaction. Parameters that are lists expand, for use after IN."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.dialect = connection.dialect.name
        self.has_work = False
        """Something was queued: whoever delivers should look once this is committed."""
        self._link = driver.Link(connection)
        self._minded: dict[tuple[object, ...], Any] = {}
        self._deferred: list[tuple[Callable[[Tx, list[Any]], None], Any]] = []
        self._writes = 0

    def defer(self, do: Callable[["Tx", list[T]], None], item: T) -> None:
        """At the end of the transaction `do` is called once, with all such items in their order.

        Works that share a commit share what follows from them too.
        """
        self._deferred.append((do, item))

    def finish(self) -> None:
        """Do what was deferred, and what that defers."""
        while self._deferred:
            deferred, self._deferred = self._deferred, []
            found: dict[Callable[[Tx, list[Any]], None], list[Any]] = {}
            for do, item in deferred:
                found.setdefault(do, []).append(item)
            for do, items in found.items():
                do(self, items)

    def minded(self, key: tuple[object, ...], look: Callable[[], T]) -> T:
        """What a look at SETTINGS found, until this transaction changes any of them.

        Works that share a commit need not ask for the same again.
        """
        if key not in self._minded:
            self._minded[key] = look()
        found: T = self._minded[key]
        return found

    def rows(self, sql: str, params: Params | None = None) -> Sequence[Row[Any]]:
        return self._taken(sql, params or {}, driver.every_row)

    def row(self, sql: str, params: Params | None = None) -> Row[Any] | None:
        return self._taken(sql, params or {}, driver.first_row)

    def value(self, sql: str, params: Params | None = None) -> Any:
        return self._taken(sql, params or {}, driver.first_value)

    def run(self, sql: str, params: Params | None = None) -> int:
        """How many rows it changed."""
        return self._taken(sql, params or {}, driver.count)

    def many(self, sql: str, params: Sequence[Params]) -> int:
        """Once for each; answers how many rows it changed in all."""
        if len(params) < 2:
            return self.run(sql, params[0]) if params else 0
        known = self._known(sql)
        return driver.ran(self._link, known.sql, known.every(params), driver.count, many=True)

    def fill(
        self,
        table: str,
        columns: Columns,
        rows: Sequence[tuple[Any, ...]],
        same: Params | None = None,
    ) -> int:
        """Insert rows where there are none yet; answers how many it inserted.

        `same` is what all of them have in common.
        """
        common, inserted = same or {}, 0
        self._note_write(table)
        for sql, given in statements.filling(table, columns, rows, common, self.connection.dialect):
            inserted += driver.ran(self._link, sql, given, driver.count)
        return inserted

    def column(self, sql: str, params: Params | None = None) -> list[Any]:
        """The first column of all rows."""
        return [row[0] for row in self.tuples(sql, params)]

    def numbers(self, column: str, source: str, params: Params, *conditions: str) -> list[set[int]]:
        """A column of numbers, of which there may be very many, for each of the conditions.

        The database writes them as documents, which takes half the time.
        """
        listed = "json_group_array" if self.dialect == "sqlite" else "json_agg"
        parts = ", ".join(
            f"CAST({listed}({column}) FILTER (WHERE {one}) AS TEXT)" for one in conditions
        )
        (found,) = self.tuples(f"SELECT {parts} FROM {source}", params)
        return [_numbers(one) if one else set() for one in found]

    def tuples(self, sql: str, params: Params | None = None) -> list[tuple[Any, ...]]:
        """Bare rows, of which there may be very many."""
        return self._taken(sql, params or {}, driver.every_tuple)

    def stream(self, sql: str, params: Params | None = None) -> Iterator[Row[Any]]:
        """Rows one by one, without holding them all."""
        options = {"stream_results": True, "yield_per": 5000}
        clause = text(sql)
        return iter(self.connection.execute(clause, params or {}, execution_options=options))

    def some_tuples(self, sql: str, params: Params) -> Iterator[list[tuple[Any, ...]]]:
        """As `tuples`, some thousand at a time."""
        known = self._known(sql)
        return driver.some_tuples(self.connection, known.sql, known.pick(params))

    def insert(self, table: str, values: Params) -> int:
        """Insert one row; answers its key."""
        return int(self.value(statements.insertion(table, tuple(values), "id"), values))

    def insert_row(self, table: str, values: Params) -> Row[Any]:
        """Insert one row; answers it."""
        row = self.row(statements.insertion(table, tuple(values), "*"), values)
        assert row is not None
        return row

    def update(self, table: str, key: int, values: Params) -> int:
        """Update one row by its key."""
        sets = ", ".join(f"{name} = :{name}" for name in values)
        sql = f"UPDATE {table} SET {sets} WHERE id = :_key"
        return self.run(sql, {**values, "_key": key})

    @property
    def progress(self) -> tuple[int, int]:
        """Told twice alike, nothing was written or deferred in between."""
        return self._writes, len(self._deferred)

    def _taken(self, sql: str, params: Params, take: Callable[[Any, Statement], T]) -> T:
        return driver.taken(self._link, self._known(sql), params, take)

    def _known(self, sql: str) -> Statement:
        known = statements.statement(sql, self.connection.dialect)
        if known.changes is not None:
            self._note_write(known.changes)
        return known

    def _note_write(self, table: str) -> None:
        self._writes += 1
        if table in SETTINGS:
            self._minded.clear()


class Database:
    """The one door to SQL."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self.engine = engines.sqlite(url) if self.is_sqlite else engines.postgres(url)
        self.on_work: Callable[[], None] = lambda: None
        """Called after a transaction that queued something was committed."""
        self._writer = threading.Lock()
        self._own = threading.local()
        self._pause = threading.Event()

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A consistent look. Nothing is kept."""
        with self.engine.connect() as connection, connection.begin():
            yield Tx(connection)

    @contextmanager
    def read_often(self) -> Iterator[Tx]:
        """As `read` on SQLite, for threads that do little else: each keeps its connection.

        To take one from the pool, begin and give it back takes longer than many a look.
        """
        if not hasattr(self._own, "connection"):
            self._own.connection = self.engine.connect()
        connection = self._own.connection
        raw = connection.connection.dbapi_connection
        raw.execute("BEGIN")
        try:
            yield Tx(connection)
        finally:
            connection.rollback()
            raw.rollback()

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """All or nothing. On SQLite one writer at a time.

        Raises Unsettled where nobody can tell whether it is all; after any other error it is
        nothing.
        """
        with self._turn(), self.engine.connect() as raw:
            connection = raw.execution_options(writes=True)
            with connection.begin() as transaction:
                tx = Tx(connection)
                yield tx
                tx.finish()
                self._commit(transaction, tx)
        if tx.has_work:
            self.on_work()

    @contextmanager
    def trial(self) -> Iterator[Tx]:
        """Write, and look at what would follow. At the end all of it is undone."""
        with self._turn(), self.engine.connect() as raw:
            connection = raw.execution_options(writes=True)
            transaction = connection.begin()
            try:
                yield Tx(connection)
            finally:
                transaction.rollback()

    def insist(self, work: Callable[[Tx], T]) -> T:
        """`work` in a transaction; again, from its start, whenever another was faster.

        After many times the last error is raised. `work` must do nothing outside `tx`. Raises
        Unsettled.
        """
        return self._again(self.write, work)

    def look(self, work: Callable[[Tx], T]) -> T:
        """`work` in a look; again where the connection went. Raises as `insist`."""
        return self._again(self.read, work)

    def _again(self, begin: Callable[[], AbstractContextManager[Tx]], work: Callable[[Tx], T]) -> T:
        for left in range(TRIES, 0, -1):
            try:
                with begin() as tx:
                    return work(tx)
            except DBAPIError as trouble:
                if left == 1 or not _was_faster(trouble):
                    raise
            self._pause.wait(0.002 * (TRIES + 1 - left))
        raise AssertionError("the last try returns or raises")

    @contextmanager
    def alone(self) -> Iterator[Any]:
        """A driver's connection outside the pool and outside transactions, for LISTEN."""
        raw = self.engine.raw_connection()
        connection: Any = raw.driver_connection  # which a detached one does not tell any more
        raw.detach()
        try:
            connection.autocommit = True
            yield connection
        finally:
            raw.close()

    def close(self) -> None:
        self.engine.dispose()

    def _commit(self, transaction: Transaction, tx: Tx) -> None:
        number = None if self.is_sqlite else tx.value(commits.NUMBER)
        try:
            transaction.commit()
        except DBAPIError:
            if number is None or not commits.was_kept(self.engine, number):
                raise

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        with self._writer:
            yield


def _was_faster(trouble: DBAPIError) -> bool:
    """Whether only the presence of another kept us from it, or a connection that went."""
    if trouble.connection_invalidated:
        return True
    if isinstance(trouble.orig, sqlite3.Error):
        return getattr(trouble.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
    return getattr(trouble.orig, "sqlstate", None) in _LOST


def chunks(keys: Sequence[T], size: int = 5000) -> Iterator[list[T]]:
    """As many as one statement takes at once."""
    return (list(keys[start : start + size]) for start in range(0, len(keys), size))


def dumps(value: Any) -> str:
    """A document as it is written to a column."""
    return msgspec.json.encode(value).decode()


def loads(value: Any) -> Any:
    """A document as it was read: SQLAlchemy decodes it, a statement of ours does not."""
    return msgspec.json.decode(value) if isinstance(value, str | bytes) else value

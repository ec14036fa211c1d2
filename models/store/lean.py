"""A cursor on PostgreSQL that asks libpq itself.

psycopg still connects, writes parameters and reads values, in C. What is left out is its own
cursor, which takes 50 of the 65 µs that a statement costs: it parses, counts and remembers anew
what is known here of every statement. A statement is prepared when it is first run.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import count
from operator import itemgetter
from typing import Any

from psycopg import Connection, errors
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ExecStatus, TransactionStatus

FEW = 4
"""Repetitions that are sent one after the other; psycopg sends more of them all at once."""
KEPT = 2048
"""Statements that one connection prepares."""

_ROWS = int(ExecStatus.TUPLES_OK)
_DONE = int(ExecStatus.COMMAND_OK)
_IDLE = int(TransactionStatus.IDLE)
_PLACE = re.compile(r"%(?:\((\w+)\)s|s|%)")


class Numbered:
    """A statement with its places as PostgreSQL names them: $1, $2 and so on."""

    __slots__ = ("formats", "pick", "sql")

    def __init__(self, sql: str) -> None:
        names: list[str] = []

        def number(found: re.Match[str]) -> str:
            if found[0] == "%%":
                return "%"
            name = found[1] or f"{len(names)}"
            if name not in names:
                names.append(name)
            return f"${names.index(name) + 1}"

        self.sql = _PLACE.sub(number, sql).encode()
        self.formats = [PyFormat.AUTO] * len(names)
        self.pick = _picker(names)


def _picker(names: Sequence[str]) -> Callable[[Any], Sequence[Any]]:
    """From parameters by name, or in their order."""
    many = len(names) > 1
    by_name = itemgetter(*names) if many else lambda params: [params[one] for one in names]
    return lambda params: by_name(params) if isinstance(params, dict) else params


_numbered = lru_cache(maxsize=KEPT)(Numbered)


class LeanConnection(Connection[Any]):
    """Knows what is prepared. psycopg forgets that, and makes the server forget all of it, when a
    transaction is undone; so do we.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.prepared: dict[tuple[bytes, Any], bytes] = {}
        """The name of each statement with parameters of such types."""
        self._names = (b"lean%d" % number for number in count())

    def rollback(self) -> None:
        was_idle = self.pgconn.transaction_status == _IDLE
        super().rollback()
        if not was_idle and not self.closed:
            self.pgconn.exec_(b"DEALLOCATE ALL")
            self.prepared.clear()

    def prepare(self, sql: bytes, types: Any) -> bytes | None:
        """The name of a prepared statement; None where there are too many of them."""
        name = self.prepared.get((sql, types))
        if name is None and len(self.prepared) < KEPT:
            name = next(self._names)
            self.checked(self.pgconn.prepare(name, sql, types))
            self.prepared[sql, types] = name
        return name

    def checked(self, result: Any) -> Any:
        """Raises the errors of psycopg."""
        if result.status not in (_ROWS, _DONE):
            error = errors.error_from_result(result, self.info.encoding)
            if isinstance(error, errors.InvalidSqlStatementName):
                self.prepared.clear()  # somebody made the server forget
            raise error
        return result


class LeanCursor:
    """As much of a cursor as `driver` asks for."""

    __slots__ = ("_adapt", "_connection", "_next", "pgresult", "rowcount")

    def __init__(self, connection: LeanConnection) -> None:
        self._connection = connection
        self._adapt = Transformer(connection)
        self._next = 0
        self.pgresult: Any = None
        self.rowcount = -1

    def execute(self, sql: str, params: Any, *, prepare: bool = True) -> None:
        """Raises the errors of psycopg. `prepare`: or else it is planned for these parameters."""
        self._begin()
        known = _numbered(sql)
        self.pgresult = self._connection.checked(self._asked(known, params, prepare=prepare))
        if self.pgresult.status == _ROWS:
            self.rowcount = self.pgresult.ntuples
        else:
            changed = self.pgresult.command_tuples
            self.rowcount = -1 if changed is None else changed
        self._adapt.set_pgresult(self.pgresult)
        self._next = 0

    def _asked(self, known: Numbered, params: Any, *, prepare: bool) -> Any:
        """Without parameters it may be several statements, which cannot be prepared."""
        pg = self._connection.pgconn
        if not known.formats:
            return pg.exec_(known.sql)
        values = self._adapt.dump_sequence(known.pick(params), known.formats)
        types, formats = self._adapt.types, self._adapt.formats
        name = self._connection.prepare(known.sql, types) if prepare else None
        if name is None:
            return pg.exec_params(known.sql, values, types, formats)
        return pg.exec_prepared(name, values, formats)  # type: ignore[arg-type]  # None is NULL

    def executemany(self, sql: str, params: Sequence[Any]) -> None:
        if len(params) > FEW:
            with self._connection.cursor() as cursor:
                cursor.executemany(sql, params)
                self.rowcount = cursor.rowcount
            return
        changed = 0
        for one in params:
            self.execute(sql, one)
            changed += self.rowcount
        self.rowcount = changed

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._adapt.load_rows(self._next, self.pgresult.ntuples, tuple)

    def fetchone(self) -> tuple[Any, ...] | None:
        if self._next >= self.pgresult.ntuples:
            return None
        row = self._adapt.load_row(self._next, tuple)
        self._next += 1
        return row

    def close(self) -> None:
        self.pgresult = None

    def _begin(self) -> None:
        connection = self._connection
        if connection.pgconn.transaction_status == _IDLE and not connection.autocommit:
            connection.checked(connection.pgconn.exec_(b"BEGIN"))

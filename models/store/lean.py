"""A cursor on PostgreSQL that asks libpq itself.

psycopg still connects, writes parameters and reads values, in C. What is left out is its own
cursor, which takes 50 of the 65 µs that a statement costs: it parses, counts and remembers anew
what is known here of every statement. A statement is prepared when it is first run.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from psycopg import Connection, errors
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ExecStatus, TransactionStatus

FEW = 4
"""Repetitions that are sent one after the other; psycopg sends more of them all at once."""
KEPT = 2048
"""Statements that one connection prepares."""
Prepared = dict[tuple[bytes, Any], bytes]
"""The name of each statement with parameters of such types."""

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


class LeanCursor:
    """As much of a cursor as `driver` asks for."""

    __slots__ = ("_adapt", "_connection", "_next", "_prepared", "pgresult", "rowcount")

    def __init__(self, connection: "Connection[Any]", prepared: Prepared) -> None:
        self._connection = connection
        self._prepared = prepared
        self._adapt = Transformer(connection)
        self._next = 0
        self.pgresult: Any = None
        self.rowcount = -1

    def execute(self, sql: str, params: Any, *, prepare: bool = True) -> None:
        """Raises the errors of psycopg. `prepare`: or else it is planned for these parameters."""
        self._begin()
        known, pg = _numbered(sql), self._connection.pgconn
        values = self._adapt.dump_sequence(known.pick(params), known.formats)
        types, formats = self._adapt.types, self._adapt.formats
        name = self._name(known.sql, types) if prepare else None
        self.pgresult = self._checked(
            pg.exec_params(known.sql, values, types, formats)
            if name is None
            else pg.exec_prepared(name, values, formats)  # type: ignore[arg-type]  # None is NULL
        )
        if self.pgresult.status == _ROWS:
            self.rowcount = self.pgresult.ntuples
        else:
            changed = self.pgresult.command_tuples
            self.rowcount = -1 if changed is None else changed
        self._adapt.set_pgresult(self.pgresult)
        self._next = 0

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
            self._checked(connection.pgconn.exec_(b"BEGIN"))

    def _name(self, sql: bytes, types: Any) -> bytes | None:
        """Of the prepared statement; None where there are too many of them."""
        name = self._prepared.get((sql, types))
        if name is None and len(self._prepared) < KEPT:
            name = b"lean%d" % len(self._prepared)
            self._checked(self._connection.pgconn.prepare(name, sql, types))
            self._prepared[sql, types] = name
        return name

    def _checked(self, result: Any) -> Any:
        if result.status not in (_ROWS, _DONE):
            raise errors.error_from_result(result, self._connection.info.encoding)
        return result

"""A cursor on PostgreSQL that asks libpq itself.

psycopg still connects, writes parameters and reads values, in C. What is left out is its own
cursor, which takes 50 of the 65 µs that a statement costs: it parses, counts and remembers anew
what is known here of every statement. A statement is prepared when it is first run.
"""

import re
import select
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import count
from operator import itemgetter
from typing import Any

from psycopg import Connection, errors
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.types.string import TextLoader

PIPED = 500
"""Repetitions that are sent before any answer is waited for: those answers are some bytes each."""
KEPT = 2048
"""Statements that one connection prepares."""

_ROWS = int(ExecStatus.TUPLES_OK)
_DONE = int(ExecStatus.COMMAND_OK)
_SYNC = int(ExecStatus.PIPELINE_SYNC)
_ABORTED = int(ExecStatus.PIPELINE_ABORTED)
_GOOD = int(ConnStatus.OK)
_IDLE = int(TransactionStatus.IDLE)
Bound = tuple[bytes | None, Any, Any, Any]
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
        self.plain = self.cursor()
        """What is read by its adapters has documents as text, as SQLite has them: many are shown as
        they are, or not looked at."""
        for kind in ("json", "jsonb"):
            self.plain.adapters.register_loader(kind, TextLoader)

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
        self._adapt = Transformer(connection.plain)
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
        name, values, types, formats = self._bound(known, params, prepare=prepare)
        if name is None:
            return pg.exec_params(known.sql, values, types, formats)
        return pg.exec_prepared(name, values, formats)

    def _bound(self, known: Numbered, params: Any, *, prepare: bool = True) -> Bound:
        """The name of the prepared statement, if it is, and the parameters as they are sent."""
        values: Any = self._adapt.dump_sequence(known.pick(params), known.formats)
        types, formats = self._adapt.types, self._adapt.formats
        name = self._connection.prepare(known.sql, types) if prepare else None
        return name, values, types, formats

    def executemany(self, sql: str, params: Sequence[Any]) -> None:
        self._begin()
        known, changed = _numbered(sql), 0
        for start in range(0, len(params), PIPED):
            some = [self._bound(known, one) for one in params[start : start + PIPED]]
            changed += self._piped(known, some)
        self.rowcount = changed

    def _piped(self, known: Numbered, asked: Sequence[Bound]) -> int:
        """One after the other, without waiting in between. How many rows they changed."""
        pg = self._connection.pgconn
        pg.enter_pipeline_mode()
        for name, values, types, formats in asked:
            if name is None:
                pg.send_query_params(known.sql, values, types, formats)
            else:
                pg.send_query_prepared(name, values, formats)
        pg.pipeline_sync()
        answers = self._answers()
        if pg.status == _GOOD:
            pg.exit_pipeline_mode()
        changed = sum(self._connection.checked(one).command_tuples or 0 for one in answers)
        if len(answers) < len(asked):
            raise errors.OperationalError("the server did not answer all that it was sent")
        return changed

    def _answers(self) -> list[Any]:
        """Of what was sent, up to the first that failed. After each there is a None."""
        pg, found, pauses = self._connection.pgconn, list[Any](), 0
        while pauses < 2:  # twice it says nothing where the connection was lost
            self._wait()
            answer = pg.get_result()
            if answer is None:
                pauses += 1
                continue
            if answer.status == _SYNC:
                break
            pauses = 0
            if answer.status != _ABORTED:
                found.append(answer)
        return found

    def _wait(self) -> None:
        """Until there is an answer. (To ask libpq for one that is not there stops every thread.)"""
        pg = self._connection.pgconn
        while pg.is_busy():
            turn = select.poll()
            turn.register(pg.socket, select.POLLIN | (select.POLLOUT if pg.flush() else 0))
            turn.poll()
            pg.consume_input()

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

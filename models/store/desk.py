"""Where work on the database is handed in, to be told what came of it.

Who writes takes all that waits into one transaction: it waits for the disk once, and what follows
from all of it is decided once. On SQLite that is one thread, for one may write at a time; on
PostgreSQL two. Few threads do more than many, which only wait for each other.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from models.store.commits import Unsettled
from models.store.database import Database, Tx

READERS = 2
READERS_OF_A_SERVER = 6
"""Threads that read from PostgreSQL, where they wait for it most of the time."""
WRITERS_TO_A_SERVER = 2
TOGETHER = 32
"""Works in one transaction at the most."""
IMPATIENCE = 50
"""Milliseconds that works in company wait for a row which another holds. Each of them holds rows
for the others, so two companies might wait for each other; works that are alone do not.
"""

Work = Callable[[Tx], Any]
Place = Callable[[Callable[[], None]], object]
"""Has something called in its own thread, soon. Raises RuntimeError when it is gone."""


def _here(do: Callable[[], None]) -> None:
    do()


@dataclass(frozen=True, slots=True)
class Outcome:
    value: Any = None
    trouble: Exception | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    work: Work
    tell: Callable[[Outcome], None]
    place: Place = _here
    """Where it is told."""


class Desk:
    """Its threads start when they are first needed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        is_sqlite = database.is_sqlite
        self.writers = 1 if is_sqlite else WRITERS_TO_A_SERVER
        readers = READERS if is_sqlite else READERS_OF_A_SERVER
        self._writing = Line("writer", self.writers, TOGETHER, self._write)
        self._reading = Line("reader", readers, TOGETHER if is_sqlite else 1, self._read)

    def write(self, asked: Asked) -> None:
        """All or nothing, whatever becomes of others; again where another was faster.

        Nobody is told that it is done before it is durable. It must do nothing outside its
        transaction.
        """
        self._writing.add(asked)

    def read(self, asked: Asked) -> None:
        """A look that begins now or later. Nothing of it is kept."""
        self._reading.add(asked)

    def close(self) -> None:
        """What was asked for until now is still done."""
        self._writing.close()
        self._reading.close()

    def _write(self, asked: list[Asked]) -> None:
        if len(asked) == 1 or not self._write_together(asked):
            for one in asked:
                _tell([one], [_outcome(self._database.insist, one.work)])

    def _write_together(self, asked: list[Asked]) -> bool:
        """False when nothing of it was kept."""
        try:
            with self._database.write() as tx:
                outcomes = self._in_company(tx, asked)
        except Unsettled as trouble:
            outcomes = [Outcome(trouble=trouble) for _ in asked]
        except Exception:  # whatever it was, each finds it again by itself
            return False
        _tell(asked, outcomes)
        return True

    def _in_company(self, tx: Tx, asked: list[Asked]) -> list[Outcome]:
        """One after the other. Savepoints would cost each of them two statements more."""
        if not self._database.is_sqlite:
            tx.run(f"SET LOCAL lock_timeout = {IMPATIENCE}")
        return [_beside_others(tx, one) for one in asked]

    def _read(self, asked: list[Asked]) -> None:
        if not self._database.is_sqlite:
            for one in asked:
                _tell([one], [_outcome(self._database.look, one.work)])
            return
        left = iter(asked)
        try:
            with self._database.read_often() as tx:
                for one in left:
                    _tell([one], [_outcome(one.work, tx)])
        except Exception as trouble:
            for one in left:
                _tell([one], [Outcome(trouble=trouble)])


class Line:
    """What waits to be done, and the threads that take it."""

    def __init__(
        self, name: str, threads: int, most: int, carry_out: Callable[[list[Asked]], None]
    ) -> None:
        self._waiting: SimpleQueue[Asked | None] = SimpleQueue()
        self._most = most
        self._carry_out = carry_out
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True)
            for number in range(threads)
        ]
        self._opening = threading.Lock()
        self._is_open = False

    def add(self, asked: Asked) -> None:
        if not self._is_open:
            self._open()
        self._waiting.put(asked)

    def close(self) -> None:
        """Returns when what waits is done."""
        with self._opening:
            if self._is_open:
                self._waiting.put(None)
                for thread in self._threads:
                    thread.join()

    def _open(self) -> None:
        with self._opening:
            if not self._is_open:
                for thread in self._threads:
                    thread.start()
                self._is_open = True

    def _work(self) -> None:
        while asked := self._next():
            self._carry_out(asked)
        self._waiting.put(None)  # for the next of the threads

    def _next(self) -> list[Asked]:
        """All that waits, up to so many; nothing once it is closed."""
        found: list[Asked] = []
        one = self._waiting.get()
        while one is not None and len(found) < self._most - 1:
            found.append(one)
            try:
                one = self._waiting.get_nowait()
            except Empty:
                return found
        if one is not None:
            return [*found, one]
        if found:
            self._waiting.put(None)
        return found


def _tell(asked: list[Asked], outcomes: list[Outcome]) -> None:
    """All at one place at once, for to wake it takes longer than to tell."""
    for place in {one.place for one in asked}:
        told = [(a, o) for a, o in zip(asked, outcomes, strict=True) if a.place == place]
        with suppress(RuntimeError):
            place(partial(_tell_all, told))


def _tell_all(told: list[tuple[Asked, Outcome]]) -> None:
    for asked, outcome in told:
        asked.tell(outcome)


def _beside_others(tx: Tx, asked: Asked) -> Outcome:
    """Most of what is refused is refused before anything is written. Raises what failed later,
    or in a statement: then nothing of all of it may be kept.
    """
    before = tx.progress
    try:
        return Outcome(asked.work(tx))
    except Exception as trouble:
        if isinstance(trouble, SQLAlchemyError) or tx.progress != before:
            raise
        return Outcome(trouble=trouble)


def _outcome(do: Callable[..., Any], *given: Any) -> Outcome:
    """Whatever is raised goes to whoever asked."""
    try:
        return Outcome(do(*given))
    except Exception as trouble:
        return Outcome(trouble=trouble)

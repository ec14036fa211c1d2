"""Tell workers in other processes that there is work, where no broker does: by PostgreSQL.

A ring may get lost. Everybody looks by themselves every now and then; the bell only makes
it sooner. It rings apart from the transaction that queued the work, because NOTIFY within
it would make all commits of the database wait for each other.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from sqlalchemy.exc import SQLAlchemyError

from models.store.database import Database

CHANNEL = "trueup_work"
PAUSE = 1.0
"""Seconds until the next try while the database is away."""
PATIENCE = 5.0
"""Seconds to wait for a ring before looking whether we are to stop."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bell:
    """One for each process: it rings, or it listens."""

    database: Database
    pulled: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)

    def pull(self) -> None:
        """Ring soon. Returns at once; several pulls may ring once."""
        self.pulled.set()

    def ring(self) -> None:
        """Ring whenever pulled, until `stop` is called."""
        self._until_stopped(self._ring)

    def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake` at every ring, until `stop` is called."""
        self._until_stopped(lambda: self._listen(wake))

    def stop(self) -> None:
        self.stopping.set()
        self.pulled.set()

    def _until_stopped(self, work: Callable[[], None]) -> None:
        driver: type[Exception] = self.database.engine.dialect.loaded_dbapi.Error
        while not self.stopping.is_set():
            try:
                work()
            except (SQLAlchemyError, driver) as trouble:
                log.warning("the database tells nobody of work", problem=str(trouble))
                self.stopping.wait(PAUSE)

    def _ring(self) -> None:
        with self.database.alone() as connection:
            while not self.stopping.is_set():
                self.pulled.clear()
                connection.execute(f"NOTIFY {CHANNEL}")  # also after the database was away
                self.pulled.wait()

    def _listen(self, wake: Callable[[], None]) -> None:
        with self.database.alone() as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            wake()  # what was rung before we listened
            while not self.stopping.is_set():
                for _ in connection.notifies(timeout=PATIENCE, stop_after=1):
                    wake()

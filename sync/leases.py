"""What this process has taken, kept from others for as long as it lives.

A worker that was killed renews nothing, and others begin its rows again after `LEASE`. One
that was only stopped for so long (SIGSTOP, a frozen machine) finds out: `check` before it
sends anything, `models.store.leases.hold` before it writes down how it ended. What it sent
in between may have come too late, so it leaves the object in doubt, and whoever acts on it
next makes sure. The clocks of the machines must agree to within half a lease.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import structlog
from sqlalchemy.exc import SQLAlchemyError

from models.clock import Clock
from models.instant import SECOND, Instant
from models.store import leases
from models.store.database import Database

LEASE: Instant = 15 * SECOND
BEAT = 3.0
"""Seconds between two renewals."""

Table = Literal["actions", "runs"]

log = structlog.get_logger()


class Lapsed(Exception):
    """We were away for so long that others may have begun what we hold."""


class Leases:
    """Thread-safe. `owner` is the name under which this process takes rows."""

    def __init__(self, database: Database, clock: Clock, owner: str) -> None:
        self._owner = owner
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._waiting: dict[Table, set[int]] = {"actions": set(), "runs": set()}
        self._until: dict[int, float] = {}

    def wait(self, table: Table, ids: Sequence[int]) -> None:
        """These are sent, and lie in the memory of this very process."""
        with self._lock:
            self._waiting[table].update(ids)

    def arrived(self, table: Table, ids: Sequence[int]) -> None:
        with self._lock:
            self._waiting[table].difference_update(ids)

    def waiting(self, table: Table) -> list[int]:
        with self._lock:
            return sorted(self._waiting[table])

    @contextmanager
    def holding(self, ids: Sequence[int], *, since: float) -> Iterator[None]:
        """Renew these until the end of the block. `since`: monotonic, before they were taken."""
        with self._lock:
            self._until.update(dict.fromkeys(ids, since + LEASE / SECOND))
        try:
            yield
        finally:
            with self._lock:
                for key in ids:
                    self._until.pop(key, None)

    def check(self, ids: Sequence[int]) -> None:
        """Raises Lapsed unless all of these are certainly ours still."""
        now = time.monotonic()
        with self._lock:
            if any(self._until.get(key, 0.0) <= now for key in ids):
                raise Lapsed

    def beat(self) -> None:
        """Renew everything that we have, once."""
        before, until = time.monotonic(), self._clock.now() + LEASE
        with self._lock:
            begun = sorted(self._until)
            waiting = {table: sorted(ids) for table, ids in self._waiting.items() if ids}
        if not waiting and not begun:
            return
        with self._database.write() as tx:
            for table, ids in waiting.items():
                leases.renew(tx, table, ids, owner=None, until=until)
            kept = leases.renew(tx, "actions", begun, owner=self._owner, until=until)
        with self._lock:
            for key in kept & self._until.keys():
                self._until[key] = before + LEASE / SECOND

    def loop(self) -> None:
        """Renew until `stop` is called."""
        while not self._stopping.wait(BEAT):
            try:
                self.beat()
            except SQLAlchemyError as trouble:  # they lapse at the worst, and are begun again
                log.warning("leases could not be renewed", problem=str(trouble))

    def stop(self) -> None:
        self._stopping.set()

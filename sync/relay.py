"""After the commit: send keys of what is ready to whoever works. Losing one loses nothing."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from models.clock import SECOND, Clock
from models.store import outbox, runs
from models.store.database import Database

LEASE = 30 * SECOND
"""How long a sent message may lie unread before its rows are sent again."""
REAP_EVERY = 25
PAUSE = 1.0
"""Seconds to wait after a failure of the database or the broker."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Relay:
    """Takes what is ready in SQL and hands its keys on."""

    database: Database
    clock: Clock
    send_actions: Callable[[list[int]], object]
    send_run: Callable[[int], object]
    wake: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)

    def sweep(self) -> int:
        """Send what is ready now; answers how many messages that were."""
        now = self.clock.now()
        with self.database.read() as tx:
            if not outbox.has_ready(tx, now) and not runs.has_ready(tx, now):
                return 0
        with self.database.write() as tx:
            batches = outbox.relay(tx, now, lease=LEASE)
            waiting = runs.relay(tx, now, lease=LEASE)
        for _, ids in batches:
            self.send_actions(ids)
        for run in waiting:
            self.send_run(run)
        return len(batches) + len(waiting)

    def reap(self, *, everything: bool = False) -> int:
        """Free what dead workers had taken."""
        now = self.clock.now()
        with self.database.write() as tx:
            freed = outbox.reap(tx, now, everything=everything)
            return freed + runs.reap(tx, now, everything=everything)

    def loop(self, *, every: float = 0.2) -> None:
        """Sweep when woken, and at least every so many seconds, until `stop` is called."""
        beats = 0
        while not self.stopping.is_set():
            beats += 1
            if not self._step(reap=beats % REAP_EVERY == 0):
                self.wake.wait(every)
            self.wake.clear()

    def stop(self) -> None:
        self.stopping.set()
        self.wake.set()

    def _step(self, *, reap: bool) -> int:
        """One sweep. A database or broker that is away is no reason to stop for good."""
        try:
            if reap:
                self.reap()
            return self.sweep()
        except Exception as trouble:  # the one place: rows are safe, and the next sweep retries
            log.warning("the queue could not be swept", problem=str(trouble))
            self.stopping.wait(PAUSE)
            return 0

"""After the commit: send keys of what is ready to whoever works. Losing one loses nothing."""

import threading
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from models.clock import Clock
from models.identity import GroupKey, UserKey
from models.instant import MINUTE, SECOND, Instant
from models.store import breakers, leases, queue, runs
from models.store.database import Database, Tx
from models.store.ledger import Touched
from sync.breaker import PROBE_LEASE
from sync.hourglass import Hourglass
from sync.leases import LEASE as OWN_LEASE
from sync.leases import Leases

LEASE: Instant = 30 * SECOND
"""How long a sent message may lie unread before its rows are sent again."""
RUN_LEASE: Instant = 2 * MINUTE
"""The same for runs: each takes minutes, and so it may lie longer behind others."""
WINDOW = 400
"""Actions sent and not begun, at the most: more would only lie in the broker and lapse there."""
OWN_WINDOW = 128
"""The same where they lie in our own memory: fewer, since others could begin them meanwhile."""
REAP_EVERY: Instant = 5 * SECOND
PARKED: Instant = 10 * SECOND
"""How long a membership waits for its user or group before we ask whether they come at all."""
IDLE = 0.2
"""Seconds between two looks when nobody wakes us; longer while nothing can be sent."""
IDLE_MOST = 1.0
PAUSE = 1.0
"""Seconds to wait after a failure of the database or the broker."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Senders:
    """Each puts a message with these keys on its way."""

    actions: Callable[[list[int]], object]
    run: Callable[[int], object]
    point_read: Callable[[int], object]


@dataclass(slots=True)
class Relay:
    """Takes what is ready in SQL and hands its keys on."""

    database: Database
    clock: Clock
    send: Senders
    leases: Leases | None = None
    """Those of this process, where messages stay within it."""
    wake: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)
    hourglass: Hourglass = field(init=False)
    _reaped_at: Instant = 0

    def __post_init__(self) -> None:
        self.hourglass = Hourglass(self.database, self.clock)

    def sweep(self) -> int:
        """Send what is ready now; answers how many messages that were."""
        now = self.clock.now()
        with self.database.read() as tx:
            ill = breakers.due(tx, now)
            if not ill and not queue.has_ready(tx, now) and not runs.has_ready(tx, now):
                return 0
        with self.database.write() as tx:
            room = self._room(tx)
            batches = queue.relay(tx, now, lease=self._lease, limit=room) if room > 0 else []
            probes = [breakers.probe(tx, one, now, lease=PROBE_LEASE) for one in ill]
            waiting = runs.relay(tx, now, lease=self._run_lease)
            quick = runs.point_reads(tx, waiting)
        messages = [ids for _, ids in batches]
        messages += [[action] for action in probes if action is not None]
        sent = len(messages) + len(waiting)
        with self._all_or_put_back(messages, waiting):
            self._send(messages, waiting, quick)
        return sent

    def reap(self, *, everything: bool = False) -> int:
        """Free what dead workers had taken."""
        now = self.clock.now()
        with self.database.write() as tx:
            freed = queue.reap(tx, now, everything=everything)
            return freed + runs.reap(tx, now, everything=everything)

    def tidy(self) -> int:
        """Give up memberships that wait for a user or group nobody is about to create.

        Whoever makes the user or group wanted again plans them again; it cannot do so between
        our look and our writing, because we hold the rows of both.
        """
        now = self.clock.now()
        with self.database.read() as tx:
            parked = leases.parked_for_nothing(tx, now - PARKED)
        if not parked:
            return 0
        ids = [row.id for row in parked]
        involved = Touched(
            users={UserKey(row.user_id) for row in parked},
            groups={GroupKey(row.group_id) for row in parked},
        )

        def give_up(tx: Tx) -> int:
            leases.lock(tx, involved)
            return leases.give_up_parked(tx, ids, before=now - PARKED, now=now)

        return self.database.insist(give_up)

    def loop(self) -> None:
        """Sweep when woken, and at least every now and then, until `stop` is called."""
        idle = IDLE
        while not self.stopping.is_set():
            woken = self._step() or self.wake.wait(idle)
            idle = IDLE if woken else min(IDLE_MOST, idle * 1.2)
            self.wake.clear()

    def stop(self) -> None:
        self.stopping.set()
        self.wake.set()

    def _step(self) -> int:
        """One sweep. A database or broker that is away is no reason to stop for good."""
        try:
            now = self.clock.now()
            if now - self._reaped_at > REAP_EVERY:
                self._reaped_at = now
                self.reap()
                self.tidy()
                self.hourglass.turn_when_due()
            return self.sweep()
        except Exception as trouble:  # the one place: rows are safe, and the next sweep retries
            log.warning("the queue could not be swept", problem=str(trouble))
            self.stopping.wait(PAUSE)
            return 0

    @property
    def _lease(self) -> Instant:
        return LEASE if self.leases is None else OWN_LEASE

    @property
    def _run_lease(self) -> Instant:
        return RUN_LEASE if self.leases is None else OWN_LEASE

    def _room(self, tx: Tx) -> int:
        if self.leases is None:
            return WINDOW - leases.sent(tx)
        return OWN_WINDOW - len(self.leases.waiting("actions"))

    def _send(self, messages: list[list[int]], waiting: list[int], quick: Set[int]) -> None:
        """Each list is emptied as its messages get through."""
        while messages:
            if self.leases is not None:
                self.leases.wait("actions", messages[0])
            self.send.actions(messages[0])
            messages.pop(0)
        while waiting:
            if self.leases is not None:
                self.leases.wait("runs", [waiting[0]])
            (self.send.point_read if waiting[0] in quick else self.send.run)(waiting[0])
            waiting.pop(0)

    @contextmanager
    def _all_or_put_back(self, messages: list[list[int]], waiting: list[int]) -> Iterator[None]:
        """What could not be sent is ready again at once, and not only when its lease lapses."""
        try:
            yield
        finally:
            left = [key for ids in messages for key in ids]
            if left or waiting:
                self.put_back(left, waiting)

    def put_back(self, actions: list[int], waiting: list[int]) -> None:
        """Set aside by us and not begun by anybody: ready again."""
        now = self.clock.now()

        def put(tx: Tx) -> None:
            if actions:
                leases.put_back(tx, actions, run_at=now, now=now)
            if waiting:
                leases.put_back_runs(tx, waiting, now)

        self.database.insist(put)

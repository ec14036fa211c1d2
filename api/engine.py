"""What works in the background of one process: queue, relay, leases, and scheduler if asked."""

import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import dramatiq
import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import SQLAlchemyError

from api.context import Context
from models.store import leases as rows
from sync import actors, schedule
from sync.bell import Bell
from sync.deliver import Delivery
from sync.leases import Leases
from sync.relay import Relay, Senders
from sync.work import Work

DELIVERING = 8
"""Threads that carry out actions."""
PERFORMING = 4
"""Threads that carry out runs, which may take an hour: actions must not wait for them."""
IDLE_MS = 500
"""How long dramatiq's threads wait for a message before they look whether they are to stop."""
REDIS_IDLE_MS = 100
"""The same with Redis, where dramatiq sleeps and asks instead of waiting."""
STOP_MS = 8_000
"""How long what is under way may take to end when we are told to stop."""

log = structlog.get_logger()


def owner() -> str:
    """The name under which this process takes work."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{os.urandom(4).hex()}"


@dataclass(slots=True)
class Engine:
    """`delivers`: carries out work itself. Otherwise it only sends, or rings the bell."""

    context: Context
    delivers: bool = True
    schedules: bool = False
    is_alone: bool = False
    """Nobody else can be at work on this database, so what is taken is free again at boot."""
    owner: str = field(default_factory=owner)
    relay: Relay = field(init=False)
    bell: Bell | None = field(init=False)
    leases: Leases | None = None
    brokers: dict[str, dramatiq.Broker] = field(init=False)
    _workers: list[dramatiq.Worker] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _scheduler: BackgroundScheduler | None = None

    def __post_init__(self) -> None:
        """One broker for each queue, because dramatiq wants one worker for each broker."""
        context, url = self.context, self.context.settings.broker_url
        parts = (context.database, context.peers, context.clock, self.owner)
        delivery = Delivery(*parts) if self.delivers else None
        self.leases = delivery.leases if delivery else None
        actions, runs = actors.open_broker(url), actors.open_broker(url)
        deliver = actors.declare_deliver(actions, delivery)
        work = Work(*parts) if self.delivers else None
        perform = actors.declare_perform(runs, work, self.leases)
        ask = actors.declare_ask(actions, work, self.leases)
        self.brokers = {actors.DELIVER: actions, actors.PERFORM: runs}
        ours = None if url else self.leases
        senders = Senders(deliver.send, perform.send, ask.send)
        self.relay = Relay(context.database, context.clock, senders, ours)
        needs_bell = not url and not context.database.is_sqlite
        self.bell = Bell(context.database) if needs_bell else None
        context.database.on_work = self._on_work()

    def start(self) -> None:
        if self.is_alone:
            self.relay.reap(everything=True)
        if self.delivers:
            self._work(actors.DELIVER, DELIVERING)
            self._work(actors.PERFORM, PERFORMING)
        if self.leases is not None:
            self._run("leases", self.leases.loop)
        if self._relays():
            self._run("relay", self.relay.loop)
        if self.bell is not None:
            bell, wake = self.bell, self.relay.wake.set
            self._run("bell", (lambda: bell.listen(wake)) if self.delivers else bell.ring)
        if self.schedules:
            self._scheduler = schedule.start(self.context.database, self.context.clock)

    def stop(self) -> None:
        """Let what is under way end; what is not begun waits in SQL, for whoever comes next."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
        self.relay.stop()
        if self.bell is not None:
            self.bell.stop()
        stopping = [
            threading.Thread(target=_stop, args=(worker,), daemon=True) for worker in self._workers
        ]
        for thread in stopping:
            thread.start()
        for thread in stopping:
            thread.join(STOP_MS / 1000 + 2)
        if self.leases is not None:
            self.leases.stop()
        for thread in self._threads:
            thread.join(1)
        if self.leases is not None:
            self._put_back(self.leases)

    def _relays(self) -> bool:
        """Only who can really deliver, or has a broker between itself and those who can."""
        return self.delivers or bool(self.context.settings.broker_url)

    def _on_work(self) -> Callable[[], None]:
        if self._relays():
            return self.relay.wake.set
        return self.bell.pull if self.bell is not None else lambda: None

    def _work(self, queue: str, threads: int) -> None:
        broker = self.brokers[queue]
        broker.emit_after("process_boot")  # else dramatiq's time limit does nothing
        asks = self.context.settings.broker_url.startswith("redis")
        idle = REDIS_IDLE_MS if asks else IDLE_MS
        worker = dramatiq.Worker(broker, worker_timeout=idle, worker_threads=threads)
        self._workers.append(worker)
        worker.start()

    def _run(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _put_back(self, left: Leases) -> None:
        """Messages in our own memory die with us, and so do runs that did not end in time."""
        try:
            self.relay.put_back(left.waiting("actions"), left.waiting("runs"))
            now = self.context.clock.now()
            self.context.database.insist(lambda tx: rows.release_runs(tx, self.owner, now))
        except SQLAlchemyError as trouble:  # their leases lapse
            log.warning("work could not be put back", problem=str(trouble))


def _stop(worker: dramatiq.Worker) -> None:
    worker.stop(timeout=STOP_MS)
    worker.broker.close()

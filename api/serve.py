"""The composition root: wires everything once, for each kind of process."""

import fcntl
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dramatiq
import uvicorn
from apscheduler.schedulers.background import BackgroundScheduler

from api import app, auth
from api.context import Context
from models.store.migrate import migrate
from sync import actors, schedule
from sync.deliver import Delivery
from sync.relay import Relay
from sync.settings import SettingsError
from sync.work import Work

THREADS = 8
STOP_MS = 20_000


@contextmanager
def only_instance(home: Path) -> Iterator[None]:
    """Hold this home for ourselves. Raises SettingsError while another instance does."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home / "trueup.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as trouble:
            raise SettingsError(
                f"Another instance of Trueup is running on {home}. Stop it, or set TRUEUP_HOME."
            ) from trouble
        yield


def owner() -> str:
    """The name under which this process takes work."""
    return f"{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"


@dataclass(slots=True)
class Engine:
    """What works in the background of one process: queue, relay, and scheduler if asked."""

    context: Context
    delivers: bool = True
    schedules: bool = False
    is_alone: bool = False
    """Nobody else can be at work on this database, so what is taken is free again at boot."""
    relay: Relay = field(init=False)
    broker: dramatiq.Broker = field(init=False)
    _worker: dramatiq.Worker | None = None
    _thread: threading.Thread | None = None
    _scheduler: BackgroundScheduler | None = None

    def __post_init__(self) -> None:
        context, name = self.context, owner()
        self.broker = actors.open_broker(context.settings.broker_url)
        parts = (context.database, context.peers, context.clock, name)
        deliver, perform = actors.declare(
            self.broker,
            Delivery(*parts) if self.delivers else None,
            Work(*parts) if self.delivers else None,
        )
        self.relay = Relay(context.database, context.clock, deliver.send, perform.send)
        context.database.on_work = self.relay.wake.set

    def start(self) -> None:
        if self.is_alone:
            self.relay.reap(everything=True)
        if self.delivers:
            self.broker.emit_after("process_boot")
            self._worker = dramatiq.Worker(self.broker, worker_threads=THREADS)
            self._worker.start()
        self._thread = threading.Thread(target=self.relay.loop, name="relay", daemon=True)
        self._thread.start()
        if self.schedules:
            self._scheduler = schedule.start(self.context.database, self.context.clock)

    def stop(self) -> None:
        """Let what is under way end; what is not begun waits in SQL."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
        self.relay.stop()
        if self._thread is not None:
            self._thread.join(5)
        if self._worker is not None:
            self._worker.stop(timeout=STOP_MS)
        self.broker.close()


class Server(uvicorn.Server):
    """Says when it is ready, which uvicorn tells only its log."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            config = self.config
            port = self.servers[0].sockets[0].getsockname()[1] if self.servers else config.port
            print(f"Trueup is ready at http://{config.host}:{port}", flush=True)


def serve(context: Context) -> None:
    """Web, worker and scheduler in this one process."""
    with only_instance(context.settings.home):
        migrate(context.database)
        announce_key(context)
        engine = Engine(context, schedules=True, is_alone=context.database.is_sqlite)
        run_web(context, engine)


def web(context: Context) -> None:
    """The web alone. It relays only where a broker can carry messages to the workers."""
    announce_key(context)
    engine = None
    if context.settings.broker_url:
        engine = Engine(context, delivers=False)
    run_web(context, engine)


def worker(context: Context) -> None:
    """Delivers actions and carries out runs, until told to stop."""
    engine = Engine(context)
    engine.start()
    print("The worker is ready.", flush=True)
    wait_for_signal()
    engine.stop()


def scheduler(context: Context) -> None:
    """Starts runs when they are due, until told to stop. Two may run: slots are unique."""
    running = schedule.start(context.database, context.clock)
    print("The scheduler is ready.", flush=True)
    wait_for_signal()
    running.shutdown(wait=True)


def run_web(context: Context, engine: Engine | None) -> None:
    hooks: dict[str, Any] = {}
    if engine is not None:
        hooks = {"start": engine.start, "stop": engine.stop}
    settings = context.settings
    config = uvicorn.Config(
        app.build(context, **hooks),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )
    Server(config).run()


def announce_key(context: Context) -> None:
    """Print the first administrator's key, once in the life of a database."""
    key = auth.ensure_first_key(context)
    if key is not None:
        print(f"The first administrator's API key, shown once: {key}", flush=True)


def wait_for_signal() -> None:
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    done.wait()

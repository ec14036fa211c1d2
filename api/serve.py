"""The composition root: wires everything once, for each kind of process."""

import fcntl
import gc
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import uvicorn

from api import app, auth, logs
from api.context import Context
from api.engine import Engine, owner
from models.store.migrate import migrate
from sync import schedule
from sync.settings import SettingsError

__all__ = ["owner", "scheduler", "serve", "web", "worker"]

FAILED = 3
GRACE = 5
"""Seconds that open requests have when the web is told to stop."""


@contextmanager
def only_instance(home: Path) -> Iterator[None]:
    """Hold this home for ourselves. Raises SettingsError while another instance does."""
    with _locked(home, fcntl.LOCK_EX):
        yield


@contextmanager
def one_of_several(context: Context) -> Iterator[None]:
    """Several processes may share SQLite, but not with one that believes to be alone."""
    if not context.database.is_sqlite:
        yield
        return
    with _locked(context.settings.home, fcntl.LOCK_SH):
        yield


@contextmanager
def _locked(home: Path, how: int) -> Iterator[None]:
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home / "trueup.lock").open("a") as file:
        try:
            fcntl.flock(file, how | fcntl.LOCK_NB)
        except BlockingIOError as trouble:
            raise SettingsError(
                f"Another instance of Trueup is running on {home}. Stop it, or set TRUEUP_HOME."
            ) from trouble
        yield


class Server(uvicorn.Server):
    """Says when it is ready, which uvicorn tells only its log."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            port = sockets[0].getsockname()[1]
            address = f"http://{self.config.host}:{port}"
            print(
                f"Trueup is ready at {address}\n"
                f"Open {address}/docs in a browser; calls to {address}/api/v1 need an "
                "administrator's API key: -H 'Authorization: Bearer …'",
                flush=True,
            )


def serve(context: Context) -> None:
    """Web, worker and scheduler in this one process."""
    logs.begin()
    is_alone = context.database.is_sqlite
    with only_instance(context.settings.home), listening(context) as door:
        migrate(context.database)
        announce_key(context)
        run_web(context, Engine(context, schedules=True, is_alone=is_alone), door)


def web(context: Context) -> None:
    """The web alone. What it queues, others carry out."""
    logs.begin()
    with one_of_several(context), listening(context) as door:
        announce_key(context)
        run_web(context, Engine(context, delivers=False), door)


def worker(context: Context) -> None:
    """Delivers actions and carries out runs, until told to stop."""
    logs.begin()
    with one_of_several(context):
        stopping = told_to_stop()
        engine = Engine(context)
        engine.start()
        print("The worker is ready.", flush=True)
        stopping.wait()
        engine.stop()


def scheduler(context: Context) -> None:
    """Starts runs when they are due, until told to stop. Two may run: slots are unique."""
    logs.begin()
    with one_of_several(context):
        stopping = told_to_stop()
        running = schedule.start(context.database, context.clock)
        print("The scheduler is ready.", flush=True)
        stopping.wait()
        running.shutdown(wait=True)


@contextmanager
def listening(context: Context) -> Iterator[socket.socket]:
    """The port, taken before anything else is begun. Raises SettingsError when it is not free."""
    host, port = context.settings.host, context.settings.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        door = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as trouble:
        raise SettingsError(
            f"TRUEUP_HOST and TRUEUP_PORT: cannot listen on {host}, port {port}: "
            f"{trouble.strerror or trouble}."
        ) from trouble
    with door:
        yield door


def run_web(context: Context, engine: Engine, door: socket.socket) -> None:
    """Answer until told to stop. Exits with 3 when it could not even begin."""
    config = uvicorn.Config(
        app.build(context, start=engine.start, stop=engine.stop),
        host=context.settings.host,
        port=context.settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # whom we believe is a setting of ours (api.addresses)
        timeout_graceful_shutdown=GRACE,
    )
    told_to_stop()  # uvicorn raises the signal again when it has ended; that is no failure
    look_for_garbage_less_often()
    server = Server(config)
    server.run(sockets=[door])
    if not server.started:
        sys.exit(FAILED)


def look_for_garbage_less_often() -> None:
    """What stands since the start is never garbage, and requests leave hardly any circles: looking
    for them took some five hundredths of the processor time of a request.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def announce_key(context: Context) -> None:
    """Print the first administrator's key, once in the life of a database."""
    key = auth.ensure_first_key(context)
    if key is not None:
        print(f"The first administrator's API key, shown once: {key}", flush=True)


def told_to_stop() -> threading.Event:
    """Set by SIGTERM and SIGINT."""
    done = threading.Event()

    def note(_number: int, _frame: FrameType | None) -> None:
        done.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, note)
    return done

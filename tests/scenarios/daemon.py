"""Trueup as an operator runs it: real processes, which a test may start, stop and kill."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.clock import Clock
from models.store.database import Database, dumps
from models.store.identities import new_public_id
from models.store.migrate import migrate
from models.store.vault import hashed
from tests import builders

ROOT = Path(__file__).resolve().parent.parent.parent
MASTER_KEY = "a master key for tests only"
TOKEN = "a token for tests only"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


def wait_until(claim: Callable[[], bool], seconds: float, what: str = "it") -> None:
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end, f"{what} did not come true within {seconds} seconds"
        time.sleep(0.05)


@dataclass
class Daemon:
    """One installation. `settings` are environment variables without their prefix."""

    home: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    running: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    _said_before: dict[str, int] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        ours = {
            "HOME": str(self.home),
            "PORT": str(self.port),
            "MASTER_KEY": MASTER_KEY,
            "ALLOW_NETWORKS": "127.0.0.0/8",
            **self.settings,
        }
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("TRUEUP_")}
        return inherited | {f"TRUEUP_{name}": value for name, value in ours.items()}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def open_database(self) -> Database:
        return Database(self.settings.get("DATABASE_URL") or f"sqlite:///{self.home}/trueup.db")

    def run(self, *words: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """A command that ends by itself."""
        return subprocess.run(
            [sys.executable, "trueup.py", *words],
            cwd=ROOT,
            env=self.environment | changes,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self, name: str, *, ready: bool = False) -> None:
        """`name` is a command, with a number behind it where there are several: worker1."""
        log = (self.home / f"{name}.log").open("a")
        self._said_before[name] = log.tell()
        self.running[name] = subprocess.Popen(
            [sys.executable, "trueup.py", name.rstrip("0123456789")],
            cwd=ROOT,
            env=self.environment,
            stdout=log,
            stderr=log,
            text=True,
        )
        log.close()
        if ready:
            wait_until(lambda: self.is_ready(name), 30, f"{name} is ready")

    def is_ready(self, name: str) -> bool:
        return "is ready" in self.said(name)

    def said(self, name: str) -> str:
        """Since it was started last."""
        return (self.home / f"{name}.log").read_bytes()[self._said_before[name] :].decode()

    def signal(self, name: str, number: signal.Signals) -> None:
        self.running[name].send_signal(number)

    def kill(self, name: str) -> None:
        self.signal(name, signal.SIGKILL)
        self.running.pop(name).wait(10)

    def stop(self, name: str, seconds: float = 20) -> int:
        """Ask it to end; its exit code."""
        self.signal(name, signal.SIGTERM)
        return self.running.pop(name).wait(seconds)

    def end(self) -> None:
        for one in self.running.values():
            one.kill()
            one.wait(10)


@contextmanager
def daemon(home: Path, **settings: str) -> Iterator[Daemon]:
    made = Daemon(home, settings)
    try:
        yield made
    finally:
        made.end()


@contextmanager
def recording_target(path: Path, *, faults: float = 0.04, seconds: float = 0.02) -> Iterator[str]:
    """Its address. Every change that it accepted stands in the file."""
    port = free_port()
    words = (port, path, faults, seconds)
    command = [sys.executable, "-m", "tests.fakes.recording_target", *map(str, words)]
    one = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert one.stdout is not None
    try:
        assert one.stdout.readline() == "ready\n"
        yield f"http://127.0.0.1:{port}"
    finally:
        one.kill()
        one.wait(10)
        one.stdout.close()


@dataclass(frozen=True)
class Link:
    """The connection an identity provider pushes to."""

    key: int
    public_id: str
    target: int

    def scim(self, found: Daemon) -> str:
        return f"{found.url}/scim/v2/{self.public_id}"


def furnish(database: Database, target_url: str, **connection: Any) -> Link:
    """Tables, an organization, a connection with the token TOKEN, and a SCIM target."""
    migrate(database)
    with database.write() as tx:
        acme = builders.organization(tx)
        link = builders.connection(tx, acme, **connection)
        target = builders.target(tx, acme, link.key, guard={"floor": 1_000_000})
        config = {"kind": "scim", "url": target_url, "auth": {"type": "none"}}
        tx.update("targets", target, {"kind": "scim", "config": dumps(config)})
        token = {
            "public_id": new_public_id(),
            "connection_id": link.key,
            "hash": hashed(TOKEN),
            "created_at": builders.START,
            "updated_at": builders.START,
        }
        tx.insert("scim_tokens", token)
        # Made a moment ago: no nightly look was missed.
        tx.run("UPDATE connections SET created_at = :now", {"now": Clock().now()})
    return Link(link.key, link.public_id, target)

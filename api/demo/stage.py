"""The processes of the demo: a daemon on a temporary home, and the counterparts we play."""

import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn
from starlette.applications import Starlette

import api
from api.demo.application import Application
from api.demo.directory import Directory
from api.demo.issuer import Issuer
from api.demo.people import people, teams
from connectors.errors import ConnectorError
from connectors.http import Http, Limits, networks

PATIENCE = 30.0
"""Seconds for anything that is waited for."""


class StoryFailed(Exception):
    """Something did not happen as told. The text is a sentence."""


@dataclass
class Stage:
    """Everything the story needs to tell itself."""

    daemon: str
    played: str
    """The address under which we play provider and application."""
    admin_key: str
    directory: Directory
    issuer: Issuer
    application: Application
    app: Starlette
    """Provider, directory and application, as they are played."""
    http: Http = field(default_factory=lambda: loopback(PATIENCE * 3))

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """The admin API. Raises StoryFailed for any answer but a good one."""
        return self._send(method, f"{self.daemon}/api/v1{path}", self.admin_key, body)

    def login(self, body: Any) -> Any:
        return self._send("POST", f"{self.daemon}/login/observations", self.admin_key, body)

    def _send(self, method: str, url: str, token: str, body: Any) -> Any:
        headers = {"authorization": f"Bearer {token}"}
        answer = self.http.send(method, url, json=body, headers=headers)
        if answer.status >= 300:
            said = answer.body[:300].decode(errors="replace")
            raise StoryFailed(f"{method} {url} answered {answer.status}: {said}")
        return answer.json() if answer.body else None

    def wait(self, what: str, is_so: Callable[[], bool]) -> float:
        """Until it is so; answers the seconds it took."""
        start = time.monotonic()
        while not is_so():
            if time.monotonic() - start > PATIENCE:
                raise StoryFailed(f"{what} did not happen within {PATIENCE:.0f} seconds.")
            time.sleep(0.02)
        return time.monotonic() - start


@contextmanager
def opened() -> Iterator[Stage]:
    """Start everything; stop everything at the end."""
    everyone = people()
    directory = Directory(
        {one.id: one for one in everyone}, {one.id: one for one in teams(everyone)}
    )
    application, port = Application(), free_port()
    issuer = Issuer(f"http://127.0.0.1:{port}")
    app = Starlette(routes=[*directory.routes(), *issuer.routes(), *application.routes()])
    with played(app, port), TemporaryDirectory(prefix="trueup-demo-") as home:
        key = f"tuk_{secrets.token_urlsafe(24)}"
        with daemon(Path(home), key) as address:
            yield Stage(address, issuer.url, key, directory, issuer, application, app)


@contextmanager
def played(app: Starlette, port: int) -> Iterator[None]:
    config = uvicorn.Config(app, "127.0.0.1", port, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise StoryFailed("The played provider could not be started.")
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(5)


@contextmanager
def daemon(home: Path, key: str) -> Iterator[str]:
    """`trueup serve` as its own process, with nothing of our settings."""
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRUEUP_")}
    environment = kept | {
        "PYTHONPATH": str(Path(str(api.__file__)).resolve().parent.parent),
        "TRUEUP_HOME": str(home),
        "TRUEUP_PORT": str(port),
        "TRUEUP_ADMIN_KEY": key,
        "TRUEUP_ALLOW_NETWORKS": "127.0.0.0/8",
        "OKTA_TESTING_TESTINGDISABLEHTTPSCHECK": "true",
    }
    with (home / "daemon.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", "from api.cli import app; app()", "serve"],
            cwd=home,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait_ready(process, f"http://127.0.0.1:{port}", home / "daemon.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_ready(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    end, http = time.monotonic() + PATIENCE, loopback(2)
    while time.monotonic() < end and process.poll() is None:
        try:
            if http.send("GET", f"{address}/readyz").status == 200:
                return
        except ConnectorError:
            time.sleep(0.05)
    raise StoryFailed(f"The daemon did not start: {log.read_text()[-600:].strip()}")


def loopback(seconds: float) -> Http:
    """To ourselves and to nobody else."""
    return Http(limits=Limits(read=seconds, total=seconds, allow=networks("127.0.0.0/8")))


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])

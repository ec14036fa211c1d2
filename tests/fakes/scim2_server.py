"""scim2-server as a process of its own, with an empty tenant for every test."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TOKEN = "scim2-server-token"


@dataclass(frozen=True, slots=True)
class Tenant:
    """One empty SCIM service provider, and a second client of it that is not ours."""

    url: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"}
        request = urllib.request.Request(f"{self.url}/{path}", data, headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def post(self, collection: str, **attributes: Any) -> str:
        """The id of a new object."""
        schema = f"urn:ietf:params:scim:schemas:core:2.0:{collection[:-1]}"
        made = self.call("POST", collection, {"schemas": [schema], **attributes})
        return str(made["id"])


@dataclass(frozen=True, slots=True)
class Scim2Server:
    port: int

    def tenant(self) -> Tenant:
        return Tenant(f"http://127.0.0.1:{self.port}/t{uuid.uuid4().hex}/v2")


@contextmanager
def scim2_server(log: Path) -> Iterator[Scim2Server]:
    """Started on a free port, stopped at the end; its output goes to `log`."""
    server = Scim2Server(_free_port())
    with log.open("wb") as output:
        process = subprocess.Popen(_command(server.port), stdout=output, stderr=output)
        try:
            _wait_for(server, process, log)
            yield server
        finally:
            process.terminate()
            process.wait(10)


def _command(port: int) -> list[str]:
    program = Path(sys.executable).with_name("scim2-server")
    place = ["--hostname", "127.0.0.1", "--port", str(port)]
    return [str(program), *place, "--bearer-token", TOKEN, "--dynamic-tenants"]


def _wait_for(server: Scim2Server, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            server.tenant().call("GET", "ServiceProviderConfig")
        except urllib.error.URLError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"scim2-server did not start: {log.read_text()}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port

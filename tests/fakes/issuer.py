"""An OpenID Connect issuer of our own over real HTTP on loopback, with faults on demand."""

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.demo.issuer import Issuer

DISCOVERY = "/.well-known/openid-configuration"
JWKS = "/jwks"

Fault = Callable[[], Response]


class FakeIssuer(Issuer):
    """The demo's issuer, counting who asks, and failing where and how a test wants."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.asked: Counter[str] = Counter()
        self.faults: dict[str, Fault] = {}
        self.delay = 0.0
        """Seconds before any answer."""

    def break_both(self, fault: Fault) -> None:
        self.faults = {DISCOVERY: fault, JWKS: fault}

    def heal(self) -> None:
        self.asked.clear()
        self.faults.clear()
        self.delay = 0.0

    def app(self) -> ASGIApp:
        return _Faulty(self, Starlette(routes=self.routes()))


class _Faulty:
    def __init__(self, issuer: FakeIssuer, app: ASGIApp) -> None:
        self._issuer = issuer
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = Request(scope).url.path
        self._issuer.asked[path] += 1
        await asyncio.sleep(self._issuer.delay)
        fault = self._issuer.faults.get(path)
        await (fault() if fault else self._app)(scope, receive, send)


def server_error() -> Response:
    return JSONResponse({"error": "out of order"}, 500)


def not_found() -> Response:
    return Response(status_code=404)


def html() -> Response:
    return HTMLResponse("<html><body>Please sign in</body></html>")


def huge() -> Response:
    return Response(b'{"issuer": "' + b"x" * 3_000_000 + b'"}', media_type="application/json")


def redirect_inside() -> Response:
    """To where cloud machines keep their credentials."""
    return RedirectResponse("http://169.254.169.254/latest/meta-data/")


def saying(body: Any) -> Fault:
    return lambda: JSONResponse(body)


@contextmanager
def running(issuer_of: Callable[[str], FakeIssuer] = FakeIssuer) -> Iterator[FakeIssuer]:
    """The issuer on a free port of 127.0.0.1, until the block ends."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        issuer = issuer_of(f"http://127.0.0.1:{listener.getsockname()[1]}")
        config = uvicorn.Config(issuer.app(), log_level="error", lifespan="off", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield issuer
        finally:
            server.should_exit = True
            thread.join(5)

"""A proxy of ours that stands between a client and a real server, and does harm on order."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    """With the query."""
    headers: dict[str, str]
    body: bytes

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.path).query))

    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    def without(self, name: str) -> "Asked":
        """The same request with one query parameter less."""
        left = {key: value for key, value in self.params.items() if key != name}
        return replace(self, path=f"{urlsplit(self.path).path}?{urlencode(left)}")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    """How many bytes of the body are announced and never sent."""


Forward = Callable[[Asked], Answer]
Fault = Callable[[Asked, Forward], Answer]


@dataclass(slots=True)
class _Order:
    method: str
    ending: str
    fault: Fault
    times: int


@dataclass(slots=True)
class FaultProxy:
    url: str
    upstream: str
    asked: list[Asked] = field(default_factory=list)
    """All requests so far."""
    _orders: list[_Order] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def on(self, method: str, part: str, fault: Fault, *, times: int = 1_000_000) -> None:
        """Let the next requests whose path holds `part` meet a fault."""
        self._orders.append(_Order(method, part, fault, times))

    def methods(self) -> list[str]:
        return [asked.method for asked in self.asked]

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        fault = self._fault(asked)
        return fault(asked, self._forward) if fault is not None else self._forward(asked)

    def _fault(self, asked: Asked) -> Fault | None:
        with self._lock:
            for order in self._orders:
                if order.method == asked.method and order.ending in asked.path and order.times:
                    order.times -= 1
                    return order.fault
        return None

    def _forward(self, asked: Asked) -> Answer:
        parts = urlsplit(self.upstream)
        connection = http.client.HTTPConnection(parts.netloc, timeout=10)
        passed = {k: v for k, v in asked.headers.items() if k in ("authorization", "content-type")}
        connection.request(asked.method, parts.path + asked.path, asked.body or None, passed)
        got = connection.getresponse()
        body = got.read()
        connection.close()
        kept = {k: v for k, v in got.getheaders() if k.lower() == "content-type"}
        return Answer(got.status, body, kept)


@contextmanager
def fault_proxy(upstream: str) -> Iterator[FaultProxy]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    proxy = FaultProxy(f"http://127.0.0.1:{server.server_address[1]}", upstream)
    _PROXIES[server.server_address[1]] = proxy
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()


_PROXIES: dict[int, FaultProxy] = {}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _any(self) -> None:
        size = int(self.headers.get("content-length", 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path, headers, self.rfile.read(size))
        answer = _PROXIES[self.server.server_address[1]].answer(asked)  # type: ignore[index]
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            self.wfile.write(answer.body[: len(answer.body) - answer.cut])
        except OSError:
            return  # the client did not wait

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any

    def log_message(self, *_: object) -> None:
        """Quiet."""

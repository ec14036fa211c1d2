"""The HTTP server of the fake: who may ask, pages and links, faults, the wire."""

import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from tests.fakes.okta.answers import Answer, error
from tests.fakes.okta.directory import Directory
from tests.fakes.okta.endpoints import answer
from tests.fakes.okta.faults import FAULTS, Asked, Fault
from tests.fakes.okta.tokens import Tokens

TOKEN = "00fakeTokenThatMustNeverShow"


class FakeOkta:
    """Serves `directory` until closed. All of it may be changed between requests."""

    def __init__(self, directory: Directory | None = None, page_size: int = 2) -> None:
        self.page_size = page_size
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.tokens = Tokens(self.url)
        self.reset(directory or Directory())
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def reset(self, directory: Directory) -> None:
        self.directory = directory
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.elsewhere = "http://127.0.0.1:9"
        """Where a next link to another host points."""
        self._pages: dict[str, list[Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def get(self, url: str, authorization: str) -> Answer:
        self.requests.append(url)
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        found = self._allowed(authorization)
        if found is None:
            path = [unquote(part) for part in parts.path.split("/")[3:]]
            found = answer(self.directory, path, query)
            if isinstance(found.body, list) and "limit" in query:
                self._cut(found, parts.path, query)
        return self._struck(found, url, authorization)

    def _allowed(self, authorization: str) -> Answer | None:
        if authorization == f"SSWS {TOKEN}" or self.tokens.accepts(authorization):
            return None
        return error(401, "E0000011", "Invalid token provided")

    def _cut(self, found: Answer, path: str, query: dict[str, str]) -> None:
        """One page of a list. The cursor is opaque: no number that a client could count on."""
        start = int(query["after"].removeprefix("cur-sor"), 36) if "after" in query else 0
        end = start + min(int(query["limit"]), self.page_size)
        rows = found.body
        found.body = rows[start:end]
        found.links = [("self", self._link(path, query))]
        if end < len(rows):
            found.links.append(("next", self._link(path, {**query, "after": f"cur-sor{_36(end)}"})))

    def _link(self, path: str, query: dict[str, str]) -> str:
        return f"{self.url}{path}?{urlencode(query, quote_via=quote)}"

    def _struck(self, found: Answer, url: str, authorization: str) -> Answer:
        listed = _list_of(url)
        first = next(asked for asked in self.requests if _list_of(asked) == listed)
        before = self._pages.get(listed, [])
        self._pages[listed] = list(found.body) if isinstance(found.body, list) else []
        asked = Asked(self.url + url, self.url + first, authorization, before, self.elsewhere)
        for fault in self.faults:
            if fault.strikes(url):
                found = FAULTS[fault.name](found, asked)
        return found


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """A client that hung up is part of some tests."""


def _list_of(url: str) -> str:
    """What all pages of one list have in common."""
    return re.sub(r"&(after|again|x)=[^&]*", "", url)


def _36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    return digits[number] if number < 36 else _36(number // 36) + digits[number % 36]


def _handler(fake: FakeOkta) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._send(fake.get(self.path, self.headers.get("authorization", "")))

        def do_POST(self) -> None:
            """The token endpoint."""
            body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
            fake.requests.append(self.path)
            found = fake.tokens.grant(dict(parse_qsl(body)))
            asked = Asked(self.path, self.path, "", [])
            for fault in fake.faults:
                if fault.strikes(self.path):
                    found = FAULTS[fault.name](found, asked)
            self._send(found)

        def _send(self, found: Answer) -> None:
            time.sleep(found.delay)
            body = found.encoded()
            self.send_response_only(found.status)
            if found.headers.pop("Date", None) is None:
                self.send_header("Date", self.date_time_string())
            self.send_header("Content-Type", found.content_type)
            self.send_header("Content-Length", str(len(body)))
            for name, value in found.lines():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: int(len(body) * found.sent_share)])
            self.close_connection = found.sent_share < 1

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return Handler

"""A way to PostgreSQL that is cut in the very instant of a commit."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum

import pytest
from sqlalchemy import URL, make_url

from tests.api.scim_app import scratch_database

COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"


class Cut(Enum):
    UNHEARD = "the server hears of no commit, and that its client went"
    UNNOTICED = "the server hears of no commit, nor that its client went"
    UNANSWERED = "the server commits, and its answer is lost"


@dataclass(slots=True)
class Way:
    """Whoever said the word is cut off when it commits, once."""

    url: str
    cuts: int = 0
    _cut: Cut = Cut.UNHEARD
    _word: bytes | None = None
    _is_last: bool = False
    _cut_off: list[socket.socket] = field(default_factory=list)

    def cut_after(self, word: str, cut: Cut, *, for_good: bool = False) -> None:
        """`for_good`: and then nobody gets through any more."""
        self._word, self._cut, self._is_last = word.encode(), cut, for_good

    def carry(self, client: socket.socket, server: socket.socket) -> None:
        """What a client says."""
        has_said = False
        while some := client.recv(65536):
            has_said = has_said or (self._word is not None and self._word in some)
            if has_said and COMMIT in some:
                self._end(client, server, some)
                return
            server.sendall(some)
        server.shutdown(socket.SHUT_RDWR)

    def answer(self, client: socket.socket, server: socket.socket) -> None:
        """What the server says."""
        while some := server.recv(65536):
            if server in self._cut_off:
                break
            client.sendall(some)
        client.shutdown(socket.SHUT_RDWR)

    @property
    def is_closed(self) -> bool:
        return self._is_last and self.cuts > 0

    def _end(self, client: socket.socket, server: socket.socket, some: bytes) -> None:
        self._word, self.cuts = None, self.cuts + 1
        self._cut_off.append(server)
        if self._cut is Cut.UNANSWERED:
            server.sendall(some)
            return
        client.shutdown(socket.SHUT_RDWR)
        if self._cut is Cut.UNHEARD:
            server.shutdown(socket.SHUT_RDWR)


every_cut = pytest.mark.parametrize("cut", Cut)


@contextmanager
def way_to_scratch() -> Iterator[Way]:
    """To an empty database of its own on the server that is there for tests."""
    if not os.environ.get("TRUEUP_TEST_DATABASE_URL"):
        pytest.skip("TRUEUP_TEST_DATABASE_URL names no database")
    with scratch_database() as url, way_to(url) as way:
        yield way


@contextmanager
def way_to(url: str) -> Iterator[Way]:
    """Another address of the same database."""
    there = make_url(url)
    listener = socket.create_server(("127.0.0.1", 0))
    here = there.set(host="127.0.0.1", port=listener.getsockname()[1])
    way = Way(here.render_as_string(hide_password=False))
    threading.Thread(target=_accept, args=(listener, way, there), daemon=True).start()
    try:
        yield way
    finally:
        listener.shutdown(socket.SHUT_RDWR)  # else the thread in accept() keeps it open
        listener.close()


def _accept(listener: socket.socket, way: Way, there: URL) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            if way.is_closed:
                client.close()
                continue
            server = socket.create_connection((there.host or "127.0.0.1", there.port or 5432))
            for talk in (way.carry, way.answer):
                threading.Thread(target=_quietly, args=(talk, client, server), daemon=True).start()


def _quietly(talk: Callable[..., None], client: socket.socket, server: socket.socket) -> None:
    with suppress(OSError):
        talk(client, server)

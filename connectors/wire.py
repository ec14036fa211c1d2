"""Connections that go to a checked address, and exchanges that end in time."""

import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore

from connectors.addresses import Network, resolve

_PIECE = 16 * 1024
"""Bytes sent between two looks at the deadline; one TLS record."""


class Deadline:
    """When the exchange of this thread must have ended, however slowly the peer drips.

    An ordinary read time-out starts again with every byte. Each read and write here gets
    only what is left of the whole.
    """

    def __init__(self) -> None:
        self._thread = threading.local()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        self._thread.end = time.monotonic() + seconds
        try:
            yield
        finally:
            self._thread.end = None

    def left(self, timeout: float | None) -> float | None:
        """The smaller of `timeout` and what is left. Raises httpcore.ReadTimeout at the end."""
        end = getattr(self._thread, "end", None)
        if end is None:
            return timeout
        left = float(end - time.monotonic())
        if left <= 0:
            raise httpcore.ReadTimeout("it took too long as a whole")
        return left if timeout is None else min(timeout, left)


class _TimedStream(httpcore.NetworkStream):
    """A connection whose every read and write stops at the deadline."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE):
            self._inner.write(buffer[start : start + _PIECE], self._deadline.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(timeout)
        return _TimedStream(
            self._inner.start_tls(ssl_context, server_hostname, left), self._deadline
        )

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class CheckedBackend(httpcore.SyncBackend):
    """Connects only to an address that was checked, so that DNS cannot change its mind.

    TLS and the Host header keep the name.
    """

    def __init__(self, allow: tuple[Network, ...], deadline: Deadline) -> None:
        super().__init__()
        self._allow = allow
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Try the allowed addresses in turn: an IPv6 route that is down must not be the end.

        Raises Misconfigured or Transient from `resolve`, httpcore's errors of the last address.
        """
        trouble: Exception | None = None
        for address in resolve(host, port, self._allow):
            left = self._deadline.left(timeout)
            try:
                stream = super().connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failure:
                trouble = failure
            else:
                return _TimedStream(stream, self._deadline)
        raise trouble or httpcore.ConnectError(f"{host} has no address")

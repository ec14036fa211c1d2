"""A peer on loopback that says exactly the bytes a test tells it to."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Talk = Callable[[socket.socket], None]


@dataclass(slots=True)
class Loopback:
    port: int
    requests: list[bytes] = field(default_factory=list)
    """Each request as it came, head and body."""
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def loopback(
    talk: Talk, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[Loopback]:
    """Answer each request with `talk`, then hang up."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, 0), family=family)
    peer = Loopback(listener.getsockname()[1])
    threading.Thread(target=_accept, args=(listener, peer, talk, tls), daemon=True).start()
    try:
        yield peer
    finally:
        listener.shutdown(socket.SHUT_RDWR)  # else the thread in accept() keeps it open
        listener.close()


def _accept(
    listener: socket.socket, peer: Loopback, talk: Talk, tls: ssl.SSLContext | None
) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        peer.connections += 1
        threading.Thread(target=_serve, args=(connection, peer, talk, tls), daemon=True).start()


def _serve(
    connection: socket.socket, peer: Loopback, talk: Talk, tls: ssl.SSLContext | None
) -> None:
    with suppress(OSError, ValueError):
        if tls is not None:
            connection = tls.wrap_socket(connection, server_side=True)
        with connection:
            peer.requests.append(_request(connection))
            talk(connection)


def _request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [
        line.split(b":")[1] for line in head.lower().splitlines() if b"content-length:" in line
    ]
    while lengths and len(body) < int(lengths[0]):
        body += _some(connection)
    return head + b"\r\n\r\n" + body


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise OSError("the client hung up")
    return data


def says(status: str, body: bytes = b"", *headers: str) -> Talk:
    """An ordinary answer with a Content-Length."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "Connection: close"]
    answer = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body
    return lambda connection: connection.sendall(answer)

"""Requests over keep-alive connections on one core, a server in a process of its own on another.

The client is bare: a request is bytes made beforehand, of an answer only its status and its
length are looked at. So one core of load keeps one core of any Python server busy.
"""

import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

import uvloop

CONNECTIONS = 16
WARM_UP = 1.0
"""Seconds before every measurement, in which nothing is counted."""
PATIENCE = 60.0
"""Seconds for a server to start, and for the last answers to arrive."""
LONGEST = 3600.0
"""Seconds that are enough for any number of requests."""
ROOT = Path(__file__).resolve().parent.parent
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []

Heard = Callable[[bytes], None]
"""Takes the body of an answer."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one run of one kind of request came to."""

    seconds: float
    latencies: list[float]
    """Seconds of each good answer, sorted."""
    errors: int
    cpu: float
    """Seconds of processor time that the server used."""

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    @property
    def cost(self) -> float:
        """Milliseconds of the server's processor time for one answer."""
        return 1000 * self.cpu / max(1, len(self.latencies))

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        if not self.latencies:
            return float("nan")
        return 1000 * self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


@dataclass(slots=True)
class Tally:
    """What the connections of one run share."""

    requests: Iterator[bytes]
    until: float
    heard: Heard | None
    done: asyncio.Event
    open: int
    latencies: list[float] = field(default_factory=list)
    errors: int = 0
    complaint: bytes = b""
    """The first answer that was an error."""
    ended: float = 0.0

    def close_one(self) -> None:
        self.open -= 1
        if self.open == 0:
            self.done.set()


class Caller(asyncio.Protocol):
    """One connection: a request, its whole answer, the next request."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._head = b""
        self._body: list[bytes] = []
        self._missing = -1
        """Bytes of the body still to come; -1 while the head is not complete."""
        self._is_chunked = False
        self._tail = b""
        self._is_good = False
        self._is_over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self._ask()

    def data_received(self, data: bytes) -> None:
        if self._missing < 0:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            head, data = self._head[:end], self._head[end + 4 :]
            self._head = b""
            self._is_good = head[9:10] == b"2"
            self._is_chunked = b"\r\ntransfer-encoding: chunked" in head.lower()
            self._missing = 0 if self._is_chunked else _length(head)
            self._tail = b""
        if self._tally.heard is not None or not self._is_good:
            self._body.append(data)
        if self._is_chunked:
            self._tail = (self._tail + data)[-5:]
            is_complete = self._tail == b"0\r\n\r\n"
        else:
            self._missing -= len(data)
            is_complete = self._missing <= 0
        if is_complete:
            self._answered()

    def connection_lost(self, _trouble: Exception | None) -> None:
        if not self._is_over:
            self._tally.errors += 1
            self._end()

    def _ask(self) -> None:
        now = time.perf_counter()
        asked = next(self._tally.requests, None) if now < self._tally.until else None
        if asked is None:
            self._end()
            self._transport.close()
            return
        self._asked = now
        self._transport.write(asked)

    def _answered(self) -> None:
        tally, now = self._tally, time.perf_counter()
        tally.ended = now
        if self._is_good:
            tally.latencies.append(now - self._asked)
            if tally.heard is not None:
                tally.heard(self._whole())
        else:
            tally.errors += 1
            tally.complaint = tally.complaint or self._whole()[:300] or b"an empty answer"
        self._body.clear()
        self._missing = -1
        self._ask()

    def _whole(self) -> bytes:
        """The body, without the lengths of its chunks (RFC 9112 §7.1)."""
        body = b"".join(self._body)
        if not self._is_chunked:
            return body
        parts, at = [], 0
        while size := int(body[at : (end := body.index(b"\r\n", at))], 16):
            parts.append(body[end + 2 : end + 2 + size])
            at = end + 2 + size + 2
        return b"".join(parts)

    def _end(self) -> None:
        self._is_over = True
        self._tally.close_one()


def _length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(b"\r\ncontent-length:")
    if at < 0:
        return 0
    end = lower.find(b"\r\n", at + 2)
    return int(lower[at + 17 : end if end > 0 else None])


def request(
    method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def _drive(
    port: int, requests: Iterator[bytes], seconds: float, connections: int, heard: Heard | None
) -> tuple[Tally, float]:
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    tally = Tally(requests, began + seconds, heard, asyncio.Event(), connections)
    for _ in range(connections):
        await loop.create_connection(lambda: Caller(tally), "127.0.0.1", port)
    with suppress(TimeoutError):
        await asyncio.wait_for(tally.done.wait(), seconds + PATIENCE)
    return tally, began


@dataclass(slots=True)
class Server:
    """A process that serves on a port of this machine, by itself or by its children."""

    process: subprocess.Popen[bytes]
    port: int

    def drive(
        self,
        requests: Iterator[bytes],
        seconds: float,
        *,
        connections: int = CONNECTIONS,
        heard: Heard | None = None,
    ) -> Result:
        """Ask again and again, one request at a time on each connection."""
        before = self.cpu()
        tally, began = uvloop.run(_drive(self.port, requests, seconds, connections, heard))
        if tally.complaint:
            print(f"  an answer that was an error: {tally.complaint!r}", file=sys.stderr)
        return Result(
            seconds=max(tally.ended - began, 1e-9),
            latencies=sorted(tally.latencies),
            errors=tally.errors,
            cpu=self.cpu() - before,
        )

    def cpu(self) -> float:
        """Seconds of processor time so far; 0 where the system does not tell."""
        return sum(_cpu(pid) for pid in self._processes())

    def peak(self) -> float:
        """Megabytes of memory at the most so far; 0 where the system does not tell.

        Of several processes it is the sum of what each took at the most.
        """
        return sum(_peak(pid) for pid in self._processes())

    def _processes(self) -> list[int]:
        pid, children = self.process.pid, ""
        with suppress(OSError):
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [pid, *map(int, children.split())]


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak(pid: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def repeated(runs: Sequence[Result]) -> Result:
    """The median one of several runs, by its rate."""
    rate = statistics.median_low([one.rate for one in runs])
    return next(one for one in runs if one.rate == rate)


def measured(
    server: Server,
    requests: Iterator[bytes],
    seconds: float,
    *,
    runs: int = 3,
    connections: int = CONNECTIONS,
    heard: Heard | None = None,
    warm_up: float = WARM_UP,
) -> Result:
    """The median of several runs, after a warm-up."""
    server.drive(requests, warm_up, connections=connections, heard=heard)
    return repeated(
        [server.drive(requests, seconds, connections=connections, heard=heard) for _ in range(runs)]
    )


@contextmanager
def served(command: Sequence[str], port: int, **settings: str) -> Iterator[Server]:
    """Run a command on the first core until it answers; this process then keeps to the last."""
    # A working directory of its own, so that no .env file that lies about is read.
    with tempfile.TemporaryDirectory() as place, tempfile.TemporaryFile() as said:
        ours = {name: value for name, value in os.environ.items() if "TRUEUP_" not in name}
        environment = {**ours, "PYTHONPATH": str(ROOT), **settings}
        _keep_to(0)
        process = subprocess.Popen(command, cwd=place, env=environment, stdout=said, stderr=said)
        _keep_to(-1)
        try:
            _wait_for(process, port, said)
            yield Server(process, port)
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def uvicorn(app: str, port: int, *more: str) -> list[str]:
    """The command that serves an ASGI application as bare as ours is served."""
    options = ["--port", str(port), "--log-level", "warning", "--no-access-log"]
    return [sys.executable, "-m", "uvicorn", app, *options, "--no-server-header", *more]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def _keep_to(which: int) -> None:
    """Stay on one core, where the system can do that; a process started then stays there too."""
    if len(CORES) > 1:
        os.sched_setaffinity(0, {CORES[which]})


def _wait_for(process: subprocess.Popen[bytes], port: int, said: IO[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    said.seek(0)
    raise RuntimeError(f"The server did not start: {said.read().decode()}")

"""Requests that changed nothing, and counts, on their way to SQL: many in one transaction.

What changed something is written with its change (`api.scim.auth.Caller.write`). The rest waits
here for a second at the most. A crash loses that second, so only records of requests that
changed nothing; a full day's allowance of a connection keeps counts alone, so that nobody can
fill the disk by asking.
"""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from models.instant import DAY, Instant
from models.store import requests
from models.store.database import Database

EVERY = 1.0
"""Seconds that a record waits."""
BATCH = 500
"""So many records are written in one transaction, and not made to wait any longer."""
MOST_WAITING = 20_000
MOST_BYTES = 16 * 1024 * 1024
"""Of bodies that wait."""
READS = 50_000
"""Kept for a connection in a day, by each process: of requests that were answered,"""
REFUSALS = 10_000
"""and of those that were refused,"""
BODIES = 32 * 1024 * 1024
"""and bytes of their bodies; a body beyond is left out of its record."""
NOT_KEPT = "not_kept"
WRONG_TOKEN = "wrong_token"

log = structlog.get_logger()
Row = Mapping[str, Any]


@dataclass(slots=True)
class RequestLog:
    database: Database
    _waiting: list[Row] = field(default_factory=list)
    _bytes: int = 0
    _seen: dict[tuple[str, str], tuple[int, Instant]] = field(default_factory=dict)
    _day: int = 0
    _kept: Counter[tuple[str, str]] = field(default_factory=Counter)
    """What each connection has used of its allowance today."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _wake: threading.Event = field(default_factory=threading.Event)
    _full: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _is_closed: bool = False

    def keep(self, row: Row) -> None:
        """A request that changed nothing."""
        with self._lock:
            allowed = self._allowed(row)
            if allowed is None:
                self._count(row["connection"], NOT_KEPT, row["created_at"])
            else:
                self._waiting.append(allowed)
                self._bytes += len(allowed["body"] or "")
            self._rouse()

    def count(self, connection: str, name: str, now: Instant) -> None:
        """Something was seen once more at this connection's door, by its public id."""
        with self._lock:
            self._count(connection, name, now)
            self._rouse()

    def flush(self) -> None:
        """All that waits is in SQL when this returns, also what another thread is writing."""
        with self._turn:
            for _ in range(MOST_WAITING // BATCH):
                if not self._write():
                    return

    def close(self) -> None:
        self._is_closed = True
        self._full.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(5)
        self.flush()

    def _allowed(self, row: Row) -> Row | None:
        """The record, without its body if there is no room for that; None without room for it."""
        day, key = row["created_at"] // DAY, row["connection"]
        if day != self._day:
            self._day, self._kept = day, Counter()
        kind, most = ("refused", REFUSALS) if row["status"] >= 400 else ("read", READS)
        if self._kept[key, kind] >= most or len(self._waiting) >= MOST_WAITING:
            return None
        self._kept[key, kind] += 1
        size = len(row["body"] or "")
        if self._kept[key, "bytes"] + size > BODIES or self._bytes + size > MOST_BYTES:
            return {**row, "body": None}
        self._kept[key, "bytes"] += size
        return row

    def _count(self, connection: str, name: str, now: Instant) -> None:
        """Made-up names of connections are not counted without end."""
        if (connection, name) in self._seen or len(self._seen) < MOST_WAITING:
            seen, _ = self._seen.get((connection, name), (0, now))
            self._seen[connection, name] = seen + 1, now

    def _rouse(self) -> None:
        is_at_work = self._thread is not None and self._thread.is_alive()
        if not is_at_work and not self._is_closed:
            self._thread = threading.Thread(target=self._loop, name="request log", daemon=True)
            self._thread.start()
        if not self._wake.is_set():
            self._wake.set()
        if len(self._waiting) >= BATCH:
            self._full.set()

    def _loop(self) -> None:
        while not self._is_closed:
            self._wake.wait()
            self._full.wait(EVERY)
            self._wake.clear()
            self._full.clear()
            self.flush()

    def _write(self) -> bool:
        """One transaction. Answers whether more waits."""
        with self._lock:
            rows, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            seen, self._seen = self._seen, {}
            self._bytes -= sum(len(row["body"] or "") for row in rows)
        if rows or seen:
            try:
                with self.database.write() as tx:
                    requests.keep_all(tx, rows)
                    requests.count(tx, seen)
            except SQLAlchemyError as trouble:  # records are not worth stopping anything for
                log.warning("requests could not be kept", count=len(rows), problem=str(trouble))
        return bool(self._waiting)

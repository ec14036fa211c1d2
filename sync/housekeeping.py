"""Every night: forget what is older than the history that each connection keeps."""

from collections.abc import Callable
from functools import partial

from models.clock import Clock
from models.instant import DAY, Instant
from models.store import accounts, ended, pruning, requests
from models.store.database import Database
from sync import connection as connections
from sync.connection import Connection

LINES = 2_000
SHORTEST = 7 * DAY
"""What budgets, retries and the comparison of reports look back at is kept in any case."""
BATCHES: tuple[Callable[..., int], ...] = (
    *(partial(pruning.forget_lines, table=table) for table in pruning.LOGS),
    ended.forget_reports,
    ended.forget_spells,
    ended.forget_runs,
    ended.forget_actions,
)
"""In this order, for a report refers to its run."""
MEMBERSHIPS = 200
"""Looked at one by one within a transaction: a push waits for so many."""


def tidy(database: Database, clock: Clock) -> int:
    """Answers how many rows are gone."""
    with database.read() as tx:
        found = [connections.load(tx, row.id) for row in accounts.connections(tx)]
    return sum(_tidy(database, one, clock.now()) for one in found)


def _tidy(database: Database, connection: Connection, now: Instant) -> int:
    before = now - max(connection.policy.history, SHORTEST)
    count = sum(_all(database, forget, connection.key, before) for forget in BATCHES)
    count += _all(database, requests.forget, connection.key, now - connection.policy.requests)
    return count + _memberships(database, connection.key, before, now)


def _all(database: Database, forget: Callable[..., int], connection: int, before: Instant) -> int:
    """Batch by batch."""
    total, count = 0, LINES
    while count == LINES:
        count = database.insist(partial(forget, before=before, connection=connection, limit=LINES))
        total += count
    return total


def _memberships(database: Database, connection: int, before: Instant, now: Instant) -> int:
    total, after = 0, pruning.START
    while True:
        with database.read() as tx:
            found = pruning.candidates(tx, connection, before, after, limit=MEMBERSHIPS)
        if not found:
            return total
        after = found[-1]
        total += database.insist(
            partial(
                pruning.forget_memberships,
                connection=connection,
                found=found,
                before=before,
                now=now,
            )
        )

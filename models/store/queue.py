"""Rows of the outbox on their way: taken, begun, ended, put back.

Every change of state is a guarded UPDATE whose count is the answer.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from models.instant import MINUTE, Instant
from models.store.database import Tx
from models.store.guard_clock import STAMP

WAITING = "('ready', 'retrying')"
BEGUN = "('queued', 'running')"
UNFINISHED = "('ready', 'retrying', 'queued', 'running')"
RELEASED = "drawn_at = CASE WHEN attempts > 0 THEN drawn_at END"
"""SQL: what never was begun gives back what it drew. What was begun may have been done."""
PARKED = 10 * MINUTE
"""After which what waits for a reference is looked at again, should nobody have woken it."""
_GLANCE, _ROUNDS = 500, 20
"""How many rows are looked at in one statement, and in how many."""


def relay(tx: Tx, now: Instant, *, lease: Instant, limit: int = 200) -> list[tuple[int, list[int]]]:
    """Take what is ready to be sent to workers: (target, action ids), for a limited time.

    Targets get equal shares, so that none waits behind the backlog of another. Left where it
    is: whatever waits for another operation on the same object, for a user or group that is
    not at the target yet, or for a target that is suspended or quarantined.
    """
    found: list[tuple[int, list[int]]] = []
    targets, left = _due(tx), limit
    start = now % len(targets) if targets else 0
    for place, target in enumerate(targets[start:] + targets[:start]):
        share = -(-left // (len(targets) - place))
        batches = _batches(_take(tx, target, now, lease=lease, limit=share))
        found += batches
        left -= sum(len(ids) for _, ids in batches)
    return found


def _due(tx: Tx) -> list[int]:
    """Active targets for which anything waits: one step in an index for each of them."""
    return tx.column(
        f"""
        WITH RECURSIVE due(target_id) AS (
            SELECT min(target_id) FROM actions WHERE state IN {WAITING}
            UNION ALL
            SELECT (SELECT min(a.target_id) FROM actions a
                WHERE a.state IN {WAITING} AND a.target_id > due.target_id)
            FROM due WHERE due.target_id IS NOT NULL)
        SELECT t.id FROM due JOIN targets t ON t.id = due.target_id AND t.state = 'active'
        ORDER BY t.id
        """
    )


def _take(tx: Tx, target: int, now: Instant, *, lease: Instant, limit: int) -> Sequence[Row[Any]]:
    """Set the oldest aside for workers. What has to wait for a reference is parked on the way.

    Each row is looked at once: a backlog does not make the next look slower.
    """
    for _ in range(_ROUNDS):
        ids = _oldest(tx, target, now, limit=max(limit, _GLANCE))
        parked = _park(tx, target, ids, until=now + PARKED) if ids else 0
        rows = _set_aside(tx, ids, now, until=now + lease, limit=limit) if ids else []
        if rows or not parked:
            return rows
    return []


def _oldest(tx: Tx, target: int, now: Instant, *, limit: int) -> list[int]:
    """Rows that are due, and of whose object none is on its way. Ours until the end of `tx`."""
    lock = "" if tx.dialect == "sqlite" else "FOR UPDATE OF a SKIP LOCKED"
    return tx.column(
        f"""
        SELECT a.id FROM actions a
        WHERE a.target_id = :target AND a.state IN {WAITING} AND a.run_at <= :now
          AND NOT EXISTS (SELECT 1 FROM actions b WHERE b.target_id = a.target_id
              AND b.object_key = a.object_key AND b.state IN {BEGUN})
        ORDER BY a.run_at, a.id LIMIT :limit {lock}
        """,
        {"target": target, "now": now, "limit": limit},
    )


def _park(tx: Tx, target: int, ids: list[int], *, until: Instant) -> int:
    """Members of what is not at the target yet wait until it is, or for a while.

    Not what was begun before: whoever wakes the others leaves it to its own time. It is planned
    anew when it is begun, and then waits like any other.
    """
    return tx.run(
        """
        UPDATE actions SET run_at = :until
        WHERE id IN :ids AND state = 'ready'
          AND operation IN ('add_member', 'remove_member') AND NOT (
            EXISTS (SELECT 1 FROM user_bindings b
                WHERE b.target_id = :target AND b.user_id = actions.user_id)
            AND EXISTS (SELECT 1 FROM group_bindings b
                WHERE b.target_id = :target AND b.group_id = actions.group_id))
        """,
        {"target": target, "ids": ids, "until": until},
    )


def _set_aside(
    tx: Tx, ids: list[int], now: Instant, *, until: Instant, limit: int
) -> Sequence[Row[Any]]:
    return tx.rows(
        """
        UPDATE actions SET state = 'queued', lease_until = :until, updated_at = :now
        WHERE id IN (SELECT id FROM actions WHERE id IN :ids AND run_at <= :now
            ORDER BY run_at, id LIMIT :limit)
        RETURNING id, target_id, operation, group_id
        """,
        {"ids": ids, "now": now, "until": until, "limit": limit},
    )


def wake(
    tx: Tx, target: int, now: Instant, *, user: int | None = None, group: int | None = None
) -> None:
    """A user or group is at the target: what waited for it is due.

    Every such row is written, due or not: whoever is about to park one waits for us, or we
    for them, so that none is overlooked.
    """
    column, key = ("user_id", user) if group is None else ("group_id", group)
    tx.run(
        f"""
        UPDATE actions SET run_at = :now WHERE target_id = :target AND state = 'ready'
          AND state IN {WAITING} AND object_key IN (
            SELECT 'm' || m.group_id || ':' || m.user_id FROM memberships m
            WHERE m.{column} = :key)
        """,
        {"target": target, "now": now, "key": key},
    )


def _batches(rows: Sequence[Row[Any]]) -> list[tuple[int, list[int]]]:
    """Members of one group travel together; everything else alone."""
    batches: dict[tuple[Any, ...], list[int]] = {}
    for row in sorted(rows, key=lambda one: one.id):
        together = row.operation in ("add_member", "remove_member")
        key = (row.target_id, row.operation, row.group_id if together else row.id)
        batches.setdefault(key, []).append(row.id)
    return [(key[0], ids) for key, ids in batches.items()]


def claim(
    tx: Tx, ids: list[int], *, owner: str, lease: Instant, now: Instant
) -> Sequence[Row[Any]]:
    """Begin these actions. Those that somebody else has begun, or that lapsed, are left out.

    What draws on a budget draws on the day it is begun, however long it waited.
    """
    return tx.rows(
        f"""
        UPDATE actions SET state = 'running', owner = :owner, lease_until = :until,
            attempts = attempts + 1, updated_at = :now,
            drawn_at = CASE WHEN drawn_at IS NOT NULL THEN {STAMP} END
        WHERE id IN :ids AND state = 'queued'
        RETURNING id, target_id, operation, user_id, group_id, fingerprint, attempts, failures,
            hold_id, draws_on
        """,
        {"ids": ids, "owner": owner, "until": now + lease, "now": now},
    )


def finish(
    tx: Tx, ids: list[int], *, owner: str, state: str, now: Instant, error: str | None = None
) -> int:
    """End actions that are still ours: done, dead or superseded."""
    released = f", {RELEASED}" if state == "superseded" else ""
    return tx.run(
        f"""
        UPDATE actions SET state = :state, error = :error, updated_at = :now,
            owner = NULL, lease_until = NULL{released}
        WHERE id IN :ids AND owner = :owner AND state = 'running'
        """,
        {"ids": ids, "owner": owner, "state": state, "error": error, "now": now},
    )


def retry(tx: Tx, ids: list[int], *, owner: str, run_at: Instant, error: str, now: Instant) -> int:
    """Put actions back, to be tried again at a later time.

    Where a newer operation on the same object is waiting, this one is superseded by it.
    """
    params = {"ids": ids, "owner": owner, "run_at": run_at, "error": error, "now": now}
    tx.run(
        f"""
        UPDATE actions SET state = 'superseded', owner = NULL, lease_until = NULL,
            updated_at = :now, {RELEASED}
        WHERE id IN :ids AND owner = :owner AND state = 'running' AND EXISTS (
            SELECT 1 FROM actions n WHERE n.target_id = actions.target_id
              AND n.object_key = actions.object_key AND n.id > actions.id
              AND n.state IN {WAITING})
        """,
        params,
    )
    return tx.run(
        """
        UPDATE actions SET state = 'retrying', run_at = :run_at, error = :error,
            owner = NULL, lease_until = NULL, updated_at = :now
        WHERE id IN :ids AND owner = :owner AND state = 'running'
        """,
        params,
    )


def count_failures(tx: Tx, ids: list[int]) -> None:
    """The target answered that these must be tried again."""
    tx.run("UPDATE actions SET failures = failures + 1 WHERE id IN :ids", {"ids": ids})


def reap(tx: Tx, now: Instant, *, everything: bool = False) -> int:
    """Free the actions of workers that died. `everything`: at the boot of the only process."""
    lapsed = "1 = 1" if everything else "lease_until < :now"
    params = {"now": now}
    tx.run(
        f"""
        UPDATE actions SET state = 'superseded', owner = NULL, lease_until = NULL, {RELEASED}
        WHERE state IN ('queued', 'running') AND {lapsed} AND EXISTS (
            SELECT 1 FROM actions n WHERE n.target_id = actions.target_id
              AND n.object_key = actions.object_key AND n.id > actions.id
              AND n.state IN {WAITING})
        """,
        params,
    )
    return tx.run(
        f"""
        UPDATE actions SET state = 'retrying', owner = NULL, lease_until = NULL,
            run_at = :now, updated_at = :now
        WHERE state IN ('queued', 'running') AND {lapsed}
        """,
        params,
    )


def has_ready(tx: Tx, now: Instant) -> bool:
    """Whether anything may be waiting to be sent."""
    sql = f"SELECT 1 FROM actions WHERE state IN {WAITING} AND run_at <= :now LIMIT 1"
    return tx.value(sql, {"now": now}) is not None

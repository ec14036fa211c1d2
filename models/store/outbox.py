"""The queue of actions. Every change of state is a guarded UPDATE whose count is the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row

from models.instant import DAY, Instant
from models.plans import Budget, Planned
from models.store.database import Tx, dumps
from models.store.identities import new_public_id

WAITING = "('ready', 'retrying')"
UNFINISHED = "('ready', 'retrying', 'queued', 'running')"


def enqueue(tx: Tx, planned: Sequence[Planned], now: Instant) -> int:
    """Queue operations. A waiting one on the same object is superseded, unless it is the same."""
    if not planned:
        return 0
    params = [_values(one, now, state="ready", drawn=now) for one in planned]
    tx.many(_SUPERSEDE, params)
    tx.many(_INSERT, params)
    tx.has_work = True
    return len(params)


_SUPERSEDE = f"""
    UPDATE actions SET state = 'superseded', updated_at = :now, drawn_at = NULL
    WHERE target_id = :target_id AND object_key = :object_key AND state IN {WAITING}
      AND fingerprint <> :fingerprint
"""
_INSERT = f"""
    INSERT INTO actions (public_id, target_id, operation, object_key, user_id, group_id,
        fingerprint, because, state, run_at, attempts, draws_on, drawn_at, hold_id,
        created_at, updated_at)
    VALUES (:public_id, :target_id, :operation, :object_key, :user_id, :group_id,
        :fingerprint, :because, :state, :now, 0, :draws_on, :drawn_at, :hold_id, :now, :now)
    ON CONFLICT (target_id, object_key) WHERE state IN {WAITING} DO NOTHING
"""


def _values(
    planned: Planned, now: Instant, *, state: str, drawn: Instant | None, hold: int | None = None
) -> dict[str, Any]:
    return {
        "public_id": new_public_id(),
        "target_id": planned.target,
        "operation": planned.operation.value,
        "object_key": planned.object_key,
        "user_id": planned.user,
        "group_id": planned.group,
        "fingerprint": planned.fingerprint,
        "because": dumps(asdict(planned.because)),
        "state": state,
        "draws_on": planned.draws_on.value if planned.draws_on else None,
        "drawn_at": drawn if planned.draws_on else None,
        "hold_id": hold,
        "now": now,
    }


def drawn(tx: Tx, target: int, now: Instant) -> dict[Budget, int]:
    """Removals begun at a target within the last 24 hours or still to be begun, by budget.

    Approved ones are not counted: a person took the responsibility for them.
    """
    rows = tx.rows(
        f"""
        SELECT draws_on, count(*) AS drawn FROM actions
        WHERE target_id = :target AND draws_on IS NOT NULL AND drawn_at IS NOT NULL
          AND (drawn_at > :since OR state IN {UNFINISHED})
        GROUP BY draws_on
        """,
        {"target": target, "since": now - DAY},
    )
    return {Budget(row.draws_on): row.drawn for row in rows}


def waiting_removals(tx: Tx, target: int) -> set[str]:
    """Fingerprints of removals already queued: planned again they draw nothing more."""
    rows = tx.rows(
        f"""
        SELECT fingerprint FROM actions
        WHERE target_id = :target AND draws_on IS NOT NULL AND state IN {UNFINISHED}
        """,
        {"target": target},
    )
    return {row.fingerprint for row in rows}


def relay(tx: Tx, now: Instant, *, lease: Instant, limit: int = 200) -> list[tuple[int, list[int]]]:
    """Take what is ready to be sent to workers: (target, action ids), for a limited time.

    Left where it is: whatever waits for an earlier operation on the same object, for a user
    or group that is not at the target yet, or for a suspended target.
    """
    skip = "" if tx.dialect == "sqlite" else "FOR UPDATE OF a SKIP LOCKED"
    rows = tx.rows(
        f"""
        UPDATE actions SET state = 'queued', lease_until = :lease_until, updated_at = :now
        WHERE id IN (
            SELECT a.id FROM actions a
            JOIN targets t ON t.id = a.target_id AND t.state = 'active'
            WHERE a.state IN {WAITING} AND a.run_at <= :now
              AND NOT EXISTS (
                SELECT 1 FROM actions e
                WHERE e.target_id = a.target_id AND e.object_key = a.object_key AND e.id < a.id
                  AND e.state IN {UNFINISHED})
              AND (a.operation NOT IN ('add_member', 'remove_member') OR (
                EXISTS (SELECT 1 FROM user_bindings b
                    WHERE b.target_id = a.target_id AND b.user_id = a.user_id)
                AND EXISTS (SELECT 1 FROM group_bindings b
                    WHERE b.target_id = a.target_id AND b.group_id = a.group_id)))
            ORDER BY a.group_id, a.id LIMIT :limit {skip})
        RETURNING id, target_id, operation, group_id
        """,
        {"now": now, "lease_until": now + lease, "limit": limit},
    )
    return _batches(rows)


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
        """
        UPDATE actions SET state = 'running', owner = :owner, lease_until = :until,
            attempts = attempts + 1, updated_at = :now,
            drawn_at = CASE WHEN drawn_at IS NULL THEN NULL ELSE :now END
        WHERE id IN :ids AND state = 'queued'
        RETURNING id, target_id, operation, user_id, group_id, fingerprint, attempts, hold_id,
            draws_on
        """,
        {"ids": ids, "owner": owner, "until": now + lease, "now": now},
    )


def finish(
    tx: Tx, ids: list[int], *, owner: str, state: str, now: Instant, error: str | None = None
) -> int:
    """End actions that are still ours: done, dead or superseded."""
    released = ", drawn_at = NULL" if state == "superseded" else ""
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
            updated_at = :now
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


def reap(tx: Tx, now: Instant, *, everything: bool = False) -> int:
    """Free the actions of workers that died. `everything`: at the boot of the only process."""
    lapsed = "1 = 1" if everything else "lease_until < :now"
    params = {"now": now}
    tx.run(
        f"""
        UPDATE actions SET state = 'superseded', owner = NULL, lease_until = NULL
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


def hold(tx: Tx, hold_id: int, planned: Sequence[Planned], now: Instant) -> None:
    """Write down operations that wait for approval."""
    tx.many(
        _INSERT.split("ON CONFLICT", maxsplit=1)[0],
        [_values(one, now, state="held", drawn=None, hold=hold_id) for one in planned],
    )


def held(tx: Tx, hold_id: int) -> Sequence[Row[Any]]:
    return tx.rows(
        "SELECT * FROM actions WHERE hold_id = :hold AND state = 'held' ORDER BY id",
        {"hold": hold_id},
    )


def release(tx: Tx, hold_id: int, now: Instant) -> int:
    """Let the approved operations of a hold go. Each is compared once more before it is done."""
    tx.has_work = True
    tx.run(
        f"""
        UPDATE actions SET state = 'superseded', updated_at = :now
        WHERE state IN {WAITING} AND EXISTS (
            SELECT 1 FROM actions h WHERE h.hold_id = :hold AND h.state = 'held'
              AND h.target_id = actions.target_id AND h.object_key = actions.object_key)
        """,
        {"hold": hold_id, "now": now},
    )
    return tx.run(
        """
        UPDATE actions SET state = 'ready', run_at = :now, updated_at = :now
        WHERE hold_id = :hold AND state = 'held'
        """,
        {"hold": hold_id, "now": now},
    )


def drop_held(tx: Tx, hold_id: int, now: Instant, fingerprints: list[str] | None = None) -> int:
    """Give up held operations: all of a hold, or those of these fingerprints."""
    some = "" if fingerprints is None else "AND fingerprint IN :fingerprints"
    params: dict[str, Any] = {"hold": hold_id, "now": now}
    if fingerprints is not None:
        params["fingerprints"] = fingerprints
    return tx.run(
        f"""
        UPDATE actions SET state = 'superseded', updated_at = :now
        WHERE hold_id = :hold AND state = 'held' {some}
        """,
        params,
    )


def counts(tx: Tx, target: int) -> Mapping[str, int]:
    """How many actions are in each state."""
    rows = tx.rows(
        "SELECT state, count(*) AS total FROM actions WHERE target_id = :target GROUP BY state",
        {"target": target},
    )
    return {row.state: row.total for row in rows}


def stopped(tx: Tx, target: int) -> set[str]:
    """Fingerprints that wait for approval, or were refused and have the same evidence still."""
    rows = tx.rows(
        "SELECT fingerprint FROM actions WHERE target_id = :target AND state = 'held'",
        {"target": target},
    )
    return {row.fingerprint for row in rows}


def drop_unplanned(
    tx: Tx,
    target: int,
    planned: list[str],
    now: Instant,
    *,
    keys: list[str] | None,
    connection: int | None,
    began: Instant | None = None,
) -> int:
    """Held operations that nobody plans any more are superseded.

    Only those about some objects, or about anything of a connection. The planning of it all
    `began` at a time: what was held since then it may not have seen.
    """
    rows = tx.rows(
        """
        SELECT a.id, a.fingerprint, a.object_key,
            coalesce(u.connection_id, g.connection_id) AS connection_id
        FROM actions a LEFT JOIN users u ON u.id = a.user_id
        LEFT JOIN groups g ON g.id = a.group_id
        WHERE a.target_id = :target AND a.state = 'held' AND a.created_at < :began
        """,
        {"target": target, "began": now + 1 if began is None else began},
    )
    alive, about = set(planned), set(keys or ())
    dead = [
        {"key": row.id, "now": now}
        for row in rows
        if row.fingerprint not in alive
        and (row.object_key in about or row.connection_id == connection)
    ]
    tx.many(
        "UPDATE actions SET state = 'superseded', updated_at = :now WHERE id = :key "
        "AND state = 'held'",
        dead,
    )
    return len(dead)


def failing(tx: Tx, target: int, connection: int) -> Sequence[Row[Any]]:
    """The newest action of each object that was tried, where it died or keeps failing."""
    return tx.rows(
        """
        SELECT a.* FROM actions a
        LEFT JOIN users u ON u.id = a.user_id LEFT JOIN groups g ON g.id = a.group_id
        WHERE a.target_id = :target AND coalesce(u.connection_id, g.connection_id) = :connection
          AND (a.state = 'dead' OR (a.state = 'retrying' AND a.attempts >= 3))
          AND NOT EXISTS (SELECT 1 FROM actions n WHERE n.target_id = a.target_id
              AND n.object_key = a.object_key AND n.id > a.id
              AND n.state IN ('done', 'dead', 'retrying', 'superseded'))
        ORDER BY a.id
        """,
        {"target": target, "connection": connection},
    )


def has_ready(tx: Tx, now: Instant) -> bool:
    """Whether anything may be waiting to be sent."""
    sql = f"SELECT 1 FROM actions WHERE state IN {WAITING} AND run_at <= :now LIMIT 1"
    return tx.value(sql, {"now": now}) is not None


def touched_since(tx: Tx, target: int, since: Instant) -> set[str]:
    """Objects that were acted on since a time, or are being acted on now."""
    rows = tx.rows(
        """
        SELECT object_key FROM actions WHERE target_id = :target
          AND (state = 'running' OR (state IN ('done', 'dead', 'retrying')
            AND updated_at >= :since))
        """,
        {"target": target, "since": since},
    )
    return {row.object_key for row in rows}


def refused(tx: Tx, target: int) -> Sequence[Row[Any]]:
    """Refused plans whose evidence still stands: the hold, and how many operations it has."""
    return tx.rows(
        """
        SELECT h.public_id, count(*) AS operations FROM actions a
        JOIN holds h ON h.id = a.hold_id AND h.state = 'refused'
        WHERE a.target_id = :target AND a.state = 'held' GROUP BY h.public_id
        ORDER BY h.public_id
        """,
        {"target": target},
    )

"""Targets that fail again and again are left alone, but for one action now and then."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row

from models.instant import Instant
from models.store.database import Tx
from models.store.queue import BEGUN, WAITING


def count_failure(tx: Tx, target: int, actions: Collection[int]) -> int | None:
    """One more failure in a row; answers how many there were.

    None where it says nothing new: the target is quarantined and this was not the probe.
    """
    found = tx.value(
        """
        UPDATE targets SET failures = failures + 1 WHERE id = :key AND (state = 'active'
            OR (state = 'quarantined' AND probe IN :actions)) RETURNING failures
        """,
        {"key": target, "actions": sorted(actions)},
    )
    return None if found is None else int(found)


def quarantine(tx: Tx, target: int, *, problem: str, retry_at: Instant) -> bool:
    """Nothing but a probe is sent to it, and that not before `retry_at`."""
    changed = tx.run(
        """
        UPDATE targets SET state = 'quarantined', problem = :problem, retry_at = :retry_at,
            probe = NULL WHERE id = :key AND state IN ('active', 'quarantined')
        """,
        {"key": target, "problem": problem, "retry_at": retry_at},
    )
    return changed == 1


def close(tx: Tx, target: int) -> bool:
    """It answered: whatever it failed before is forgotten. Not where somebody must mend it."""
    changed = tx.run(
        """
        UPDATE targets SET state = 'active', problem = NULL, failures = 0, retry_at = 0,
            probe = NULL
        WHERE id = :key AND (state = 'quarantined' OR (state = 'active' AND failures > 0))
        """,
        {"key": target},
    )
    tx.has_work = tx.has_work or changed == 1
    return changed == 1


def due(tx: Tx, now: Instant) -> list[Row[Any]]:
    """Quarantined targets that may be probed now, and have something to be probed with."""
    return list(
        tx.rows(
            f"""
            SELECT t.id, t.retry_at FROM targets t
            WHERE t.state = 'quarantined' AND t.retry_at <= :now AND EXISTS (
                SELECT 1 FROM actions a WHERE a.target_id = t.id AND a.state IN {WAITING})
            ORDER BY t.id
            """,
            {"now": now},
        )
    )


def probe(tx: Tx, target: Row[Any], now: Instant, *, lease: Instant) -> int | None:
    """Set one waiting action aside to be tried. None when none waits, or another was faster.

    The action goes before its own time, because it was put off for what ails the target. If
    its worker dies, the next probe comes after the lease.
    """
    action = _first_waiting(tx, target.id)
    if action is None:
        return None
    params = {"key": target.id, "seen": target.retry_at, "action": action, "until": now + lease}
    begun = tx.run(
        """
        UPDATE targets SET probe = :action, retry_at = :until
        WHERE id = :key AND state = 'quarantined' AND retry_at = :seen
        """,
        params,
    )
    sent = begun and tx.run(
        f"UPDATE actions SET state = 'queued', lease_until = :until, updated_at = :now "
        f"WHERE id = :action AND state IN {WAITING}",
        params | {"now": now},
    )
    return action if sent else None


def _first_waiting(tx: Tx, target: int) -> int | None:
    found = tx.value(
        f"""
        SELECT a.id FROM actions a WHERE a.target_id = :target AND a.state IN {WAITING}
          AND NOT EXISTS (SELECT 1 FROM actions b WHERE b.target_id = a.target_id
              AND b.object_key = a.object_key AND b.state IN {BEGUN})
          AND (a.operation NOT IN ('add_member', 'remove_member') OR (
            EXISTS (SELECT 1 FROM user_bindings b
                WHERE b.target_id = a.target_id AND b.user_id = a.user_id)
            AND EXISTS (SELECT 1 FROM group_bindings b
                WHERE b.target_id = a.target_id AND b.group_id = a.group_id)))
        ORDER BY a.run_at, a.id LIMIT 1
        """,
        {"target": target},
    )
    return None if found is None else int(found)

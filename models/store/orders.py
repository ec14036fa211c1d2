"""What an administrator may do about queued actions."""

from typing import Any

from sqlalchemy import Row

from models.instant import Instant
from models.store.database import Tx
from models.store.guard_clock import STAMP
from models.store.queue import RELEASED, UNFINISHED


def try_again(tx: Tx, action: int, now: Instant) -> bool:
    """A dead or retrying action is ready now, with all its attempts before it.

    A removal draws on the budget of today. False when it is in another state, or when a newer
    operation on the same object is waiting.
    """
    tx.has_work = True
    changed = tx.run(
        f"""
        UPDATE actions SET state = 'ready', run_at = :now, attempts = 0, failures = 0,
            error = NULL, drawn_at = CASE
                WHEN draws_on IS NOT NULL AND hold_id IS NULL THEN {STAMP} END,
            updated_at = :now
        WHERE id = :key AND state IN ('dead', 'retrying') AND NOT EXISTS (
            SELECT 1 FROM actions n WHERE n.target_id = actions.target_id
              AND n.object_key = actions.object_key AND n.id <> actions.id
              AND n.state IN ('ready', 'retrying'))
        """,
        {"key": action, "now": now},
    )
    return changed == 1


def give_up(tx: Tx, action: int, now: Instant) -> bool:
    """An action that nobody has begun, or that died, is superseded. False in other states."""
    changed = tx.run(
        f"""
        UPDATE actions SET state = 'superseded', {RELEASED}, updated_at = :now
        WHERE id = :key AND state IN ('ready', 'retrying', 'queued', 'dead')
        """,
        {"key": action, "now": now},
    )
    return changed == 1


def under_way(tx: Tx, target: int, object_key: str, fingerprint: str) -> Row[Any] | None:
    """The newest action of this fingerprint that is not over, with the state of its hold."""
    return tx.row(
        f"""
        SELECT a.*, CASE WHEN a.state = 'held' THEN h.state END AS hold_state
        FROM actions a LEFT JOIN holds h ON h.id = a.hold_id
        WHERE a.target_id = :target AND a.object_key = :object AND a.fingerprint = :fingerprint
          AND (a.state = 'held' OR a.state IN {UNFINISHED})
        ORDER BY a.id DESC LIMIT 1
        """,
        {"target": target, "object": object_key, "fingerprint": fingerprint},
    )

"""What an administrator may do about queued actions and about findings."""

from typing import Any

from models.instant import Instant
from models.store.database import Tx, dumps, loads

ADMINISTRATOR = "administrator"
"""The channel under which an acceptance stands among the evidence of a finding."""


def try_again(tx: Tx, action: int, now: Instant) -> bool:
    """A dead or retrying action is ready now, with all its attempts before it.

    A removal draws on the budget of today. False when it is in another state, or when a newer
    operation on the same object is waiting.
    """
    tx.has_work = True
    changed = tx.run(
        """
        UPDATE actions SET state = 'ready', run_at = :now, attempts = 0, error = NULL,
            drawn_at = CASE WHEN drawn_at IS NULL THEN NULL ELSE :now END, updated_at = :now
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
        """
        UPDATE actions SET state = 'superseded', drawn_at = NULL, updated_at = :now
        WHERE id = :key AND state IN ('ready', 'retrying', 'queued', 'dead')
        """,
        {"key": action, "now": now},
    )
    return changed == 1


def accept(
    tx: Tx, finding: int, *, until: Instant | None, note: str | None, by: str, now: Instant
) -> bool:
    """It is known and may stand. False when it is not open or accepted."""
    word = {"channel": ADMINISTRATOR, "says": "yes", "value": note, "as_of": None, "why": by}
    evidence = [*_evidence(tx, finding), word]
    changed = tx.run(
        """
        UPDATE findings SET state = 'accepted', accepted_until = :until, evidence = :evidence,
            updated_at = :now
        WHERE id = :key AND state IN ('open', 'accepted')
        """,
        {"key": finding, "until": until, "evidence": dumps(evidence), "now": now},
    )
    return changed == 1


def reopen(tx: Tx, finding: int, now: Instant) -> None:
    tx.run(
        """
        UPDATE findings SET state = 'open', accepted_until = NULL, evidence = :evidence,
            updated_at = :now
        WHERE id = :key AND state <> 'open'
        """,
        {"key": finding, "evidence": dumps(_evidence(tx, finding)), "now": now},
    )


def _evidence(tx: Tx, finding: int) -> list[dict[str, Any]]:
    """Without what an administrator said before."""
    found = loads(tx.value("SELECT evidence FROM findings WHERE id = :key", {"key": finding}))
    return [one for one in found or [] if one["channel"] != ADMINISTRATOR]

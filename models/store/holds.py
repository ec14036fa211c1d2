"""Plans that the guard stopped, each waiting for one decision."""

from typing import Any

from sqlalchemy import Row

from models.instant import DAY, Instant
from models.store.database import Tx
from models.store.identities import new_public_id

LIFE = 7 * DAY


def take_turn(tx: Tx, target: int) -> None:
    """Removals at a target are judged one after another, or two would share one budget."""
    if tx.dialect != "sqlite":
        tx.run("SELECT 1 FROM targets WHERE id = :target FOR NO KEY UPDATE", {"target": target})


def open_at(tx: Tx, target: int) -> Row[Any] | None:
    """The open hold of a target; there is one at the most."""
    return tx.row(
        "SELECT * FROM holds WHERE target_id = :target AND state = 'open'", {"target": target}
    )


def create(tx: Tx, target: int, why: str, now: Instant) -> int:
    return tx.insert(
        "holds",
        {
            "public_id": new_public_id(),
            "target_id": target,
            "state": "open",
            "why": why,
            "expires_at": now + LIFE,
            "created_at": now,
            "updated_at": now,
        },
    )


def decide(tx: Tx, hold: int, *, state: str, by: str | None, now: Instant) -> bool:
    """Approve, refuse or expire an open hold. False when somebody was faster, or its time ran
    out: what was true a week ago is not approved today."""
    in_time = "" if state == "expired" else "AND expires_at > :now"
    changed = tx.run(
        f"""
        UPDATE holds SET state = :state, decided_by = :by, updated_at = :now
        WHERE id = :key AND state = 'open' {in_time}
        """,
        {"key": hold, "state": state, "by": by, "now": now},
    )
    return changed == 1

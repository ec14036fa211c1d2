"""Plans that the guard stopped, each waiting for one decision."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row

from models.instant import DAY, Instant
from models.plans import HoldKind
from models.store.database import Tx
from models.store.identities import new_public_id

LIFE = 7 * DAY
"""How long a hold waits for a decision."""
APPROVAL = DAY
"""How long an approval lets its operations begin."""


def take_turn(tx: Tx, target: int) -> None:
    """Removals at a target are judged one after another, or two would share one budget."""
    if tx.dialect != "sqlite":
        tx.run("SELECT 1 FROM targets WHERE id = :target FOR NO KEY UPDATE", {"target": target})


def standing(tx: Tx, target: int) -> Sequence[Row[Any]]:
    """The holds of a target that are open in their rows; of each kind there is one at the most.

    Those whose time ran out are among them.
    """
    return tx.rows(
        "SELECT * FROM holds WHERE target_id = :target AND state = 'open' ORDER BY id",
        {"target": target},
    )


def open_at(tx: Tx, target: int, kind: HoldKind, now: Instant) -> Row[Any] | None:
    """The hold of a kind that more may join."""
    return tx.row(
        """
        SELECT * FROM holds
        WHERE target_id = :target AND kind = :kind AND state = 'open' AND expires_at > :now
        """,
        {"target": target, "kind": kind.value, "now": now},
    )


def public_id(tx: Tx, hold: int) -> str:
    return str(tx.value("SELECT public_id FROM holds WHERE id = :key", {"key": hold}))


def create(tx: Tx, target: int, kind: HoldKind, why: str, now: Instant) -> int:
    return tx.insert(
        "holds",
        {
            "public_id": new_public_id(),
            "target_id": target,
            "kind": kind.value,
            "state": "open",
            "why": why,
            "expires_at": now + LIFE,
            "created_at": now,
            "updated_at": now,
        },
    )


def tell(tx: Tx, hold: int, why: str, now: Instant) -> None:
    """Others joined it, or left."""
    tx.run(
        "UPDATE holds SET why = :why, updated_at = :now WHERE id = :key AND state = 'open'",
        {"key": hold, "why": why, "now": now},
    )


def lapsed(tx: Tx, holds: Collection[int], now: Instant) -> set[int]:
    """Those of these approvals that are too old to begin anything by."""
    if not holds:
        return set()
    rows = tx.rows(
        "SELECT id FROM holds WHERE id IN :holds AND (state <> 'approved' OR expires_at <= :now)",
        {"holds": sorted(holds), "now": now},
    )
    return {row.id for row in rows}


def decide(tx: Tx, hold: int, *, state: str, by: str | None, now: Instant) -> bool:
    """Approve, refuse or expire an open hold. False when somebody was faster, or its time ran
    out: what was true a week ago is not approved today, nor begun long after it was approved."""
    in_time = "" if state == "expired" else "AND expires_at > :now"
    until = ":until" if state == "approved" else "expires_at"
    changed = tx.run(
        f"""
        UPDATE holds SET state = :state, decided_by = :by, updated_at = :now,
            expires_at = {until}
        WHERE id = :key AND state = 'open' {in_time}
        """,
        {"key": hold, "state": state, "by": by, "now": now, "until": now + APPROVAL},
    )
    return changed == 1

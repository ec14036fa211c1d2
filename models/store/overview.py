"""Numbers for a glance: drift by kind, what holds contain."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from models.store.database import Tx


def standing(tx: Tx, organization: int | None) -> Sequence[Row[Any]]:
    """How many findings stand, by kind, severity and state."""
    mine, params = _scope(organization)
    return tx.rows(
        f"""
        SELECT f.kind, f.severity, f.state, count(*) AS total
        FROM findings f JOIN connections c ON c.id = f.connection_id
        WHERE f.state IN ('open', 'accepted') {mine}
        GROUP BY f.kind, f.severity, f.state ORDER BY f.kind, f.severity, f.state
        """,
        params,
    )


def in_holds(tx: Tx, holds: list[int]) -> dict[int, dict[str, int]]:
    """How many operations of each name are in each hold."""
    found: dict[int, dict[str, int]] = {key: {} for key in holds}
    rows = tx.rows(
        """
        SELECT a.hold_id, a.operation, count(*) AS total
        FROM actions a JOIN holds h ON h.id = a.hold_id
        WHERE a.hold_id IN :holds AND (h.state <> 'open' OR a.state = 'held')
        GROUP BY a.hold_id, a.operation ORDER BY a.operation
        """,
        {"holds": holds},
    )
    for row in rows:
        found[row.hold_id][row.operation] = row.total
    return found


def fingerprints(tx: Tx, hold: int) -> list[str]:
    """What an approval would let go."""
    rows = tx.rows(
        "SELECT fingerprint FROM actions WHERE hold_id = :hold AND state = 'held'", {"hold": hold}
    )
    return sorted(row.fingerprint for row in rows)


def _scope(organization: int | None) -> tuple[str, dict[str, Any]]:
    if organization is None:
        return "", {}
    return "AND c.organization_id = :organization", {"organization": organization}

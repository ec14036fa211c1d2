"""Findings that stand until what they tell of ends, whoever looks when."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from models.instant import Instant
from models.store import spells
from models.store.database import Tx


def of_kinds(tx: Tx, connection: int, kinds: Sequence[str]) -> Sequence[Row[Any]]:
    return tx.rows(
        """
        SELECT * FROM findings WHERE connection_id = :connection AND kind IN :kinds
          AND state IN ('open', 'accepted') ORDER BY id
        """,
        {"connection": connection, "kinds": list(kinds)},
    )


def still(tx: Tx, findings: Sequence[int], now: Instant) -> None:
    """They were looked at, and stand."""
    if findings:
        tx.run(
            "UPDATE findings SET last_seen = :now WHERE id IN :keys",
            {"keys": list(findings), "now": now},
        )


def close(tx: Tx, findings: Sequence[int], now: Instant, *, state: str = "healed") -> None:
    """healed, where it ended by itself; resolved, where somebody decided."""
    if findings:
        rows = tx.rows(
            "UPDATE findings SET state = :state, updated_at = :now "
            "WHERE id IN :keys AND state IN ('open', 'accepted') RETURNING id",
            {"keys": list(findings), "now": now, "state": state},
        )
        spells.end(tx, [row.id for row in rows], now)


def resolve(tx: Tx, connection: int, kind: str, now: Instant, *, detail: str = "") -> None:
    """Somebody has decided about all findings of a kind, or about that of one detail."""
    rows = of_kinds(tx, connection, [kind])
    chosen = [row.id for row in rows if not detail or row.subject.endswith(f"/{detail}")]
    close(tx, chosen, now, state="resolved")

"""For how long each finding stood in one way, so that any time can be looked back at."""

from collections.abc import Sequence

from models.instant import FOREVER, Instant
from models.store.database import Tx, chunks


def begin(tx: Tx, findings: Sequence[int], now: Instant, *, has_returned: bool = False) -> None:
    """These stand as they are written down, from now on. One that has begun goes on."""
    for keys in chunks(findings):
        tx.run(
            """
            INSERT INTO finding_spells
                (finding_id, connection_id, state, severity, has_returned, began_at, ended_at)
            SELECT f.id, f.connection_id, f.state, f.severity, :returned, :now, :forever
            FROM findings f WHERE f.id IN :keys AND NOT EXISTS (
                SELECT 1 FROM finding_spells s
                WHERE s.finding_id = f.id AND s.ended_at = :forever)
            ORDER BY f.id
            """,
            {"keys": keys, "returned": has_returned, "now": now, "forever": FOREVER},
        )


def end(tx: Tx, findings: Sequence[int], now: Instant) -> None:
    """These stand no more as they did. Call it before their words are changed: it keeps them."""
    for keys in chunks(findings):
        tx.run(
            """
            UPDATE finding_spells SET ended_at = :now,
                summary = (SELECT f.summary FROM findings f WHERE f.id = finding_id),
                suggestion = (SELECT f.suggestion FROM findings f WHERE f.id = finding_id),
                evidence = (SELECT f.evidence FROM findings f WHERE f.id = finding_id)
            WHERE finding_id IN :keys AND ended_at = :forever
            """,
            {"keys": keys, "now": now, "forever": FOREVER},
        )

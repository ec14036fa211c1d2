"""Reads of single users: each asked for once, and never so many that a directory minds."""

from models.instant import MINUTE, Instant
from models.store import runs
from models.store.database import Tx

MOST = 60
"""So many point reads of one connection begin within any minute; more wait their turn."""


def ask(tx: Tx, connection: int, user: int, now: Instant) -> int:
    """Queue a read of this user, unless one waits already. Answers the run."""
    return runs.start(
        tx, connection, "point_read", now, user=user, run_at=_turn(tx, connection, now)
    )


def _turn(tx: Tx, connection: int, now: Instant) -> Instant:
    """A minute after the one that was asked for so many reads ago."""
    earlier = tx.value(
        """
        SELECT run_at FROM runs WHERE connection_id = :connection AND kind = 'point_read'
          AND run_at > :since ORDER BY run_at DESC LIMIT 1 OFFSET :most
        """,
        {"connection": connection, "since": now - MINUTE, "most": MOST - 1},
    )
    return now if earlier is None else max(now, int(earlier) + MINUTE)

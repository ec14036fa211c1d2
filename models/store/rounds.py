"""Delta rounds: where the next one begins, and how far what stands is fresh by it."""

from models.instant import Instant
from models.store import changes
from models.store.database import Tx


def cursor(tx: Tx, connection: int) -> str | None:
    """Where the next round begins; None when only a full read can follow."""
    found = tx.value("SELECT pull_cursor FROM connections WHERE id = :key", {"key": connection})
    return None if found is None else str(found)


def begin_at(tx: Tx, connection: int, cursor: str | None) -> None:
    """A full read has ended: rounds go on from here, or none can."""
    tx.run(
        "UPDATE connections SET pull_cursor = :cursor WHERE id = :key",
        {"cursor": cursor, "key": connection},
    )


def is_unbroken(tx: Tx, connection: int, before: str) -> bool:
    """Whether the chain ends where a round began. Nobody else moves it until we are done."""
    held = "" if tx.dialect == "sqlite" else " FOR UPDATE"
    sql = f"SELECT 1 FROM connections WHERE id = :key AND pull_cursor = :before{held}"
    return tx.value(sql, {"key": connection, "before": before}) is not None


def carry_cover(
    tx: Tx,
    connection: int,
    covers: tuple[Instant, Instant],
    *,
    before: str,
    after: str,
    now: Instant,
) -> bool:
    """Nothing but what was told has changed: all that stood is as fresh as this round.

    `covers` dates what is listed, and what is not. False, and nothing changed, where the
    chain is broken: the round did not begin where the last one ended. What the last full read
    missed is no more confirmed by it.
    """
    if not is_unbroken(tx, connection, before):
        return False
    changes.log_read_cover(tx, connection, covers[0], now)
    changed = tx.run(
        """
        UPDATE connections SET pull_cursor = :after, pull_cover_yes = :yes, pull_cover_no = :no
        WHERE id = :key AND pull_cursor = :before AND pull_cover_yes < :yes
          AND pull_cover_no < :no
        """,
        {
            "key": connection,
            "before": before,
            "after": after,
            "yes": covers[0],
            "no": covers[1],
        },
    )
    return changed == 1

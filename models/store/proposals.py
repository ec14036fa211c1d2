"""Proposals that two groups are one, and what became of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from models.identity import GroupKey
from models.instant import Instant
from models.store.database import Tx, dumps
from models.store.identities import new_public_id


def young_groups(tx: Tx, connection: int, since: Instant) -> list[GroupKey]:
    """Groups that came up in tokens after a time, and are not known to be others."""
    rows = tx.rows(
        """
        SELECT id FROM groups WHERE connection_id = :connection AND created_at > :since
          AND login_known AND merged_into IS NULL AND removed_at = 0 ORDER BY id
        """,
        {"connection": connection, "since": since},
    )
    return [GroupKey(row.id) for row in rows]


def propose(
    tx: Tx,
    connection: int,
    pair: tuple[GroupKey, GroupKey],
    numbers: Mapping[str, Any],
    now: Instant,
) -> None:
    """Former and later. What somebody has decided about a pair stays decided."""
    tx.run(
        """
        INSERT INTO proposals (public_id, connection_id, former_id, later_id, state, numbers,
            created_at, updated_at)
        VALUES (:public_id, :connection, :former, :later, 'open', :numbers, :now, :now)
        ON CONFLICT (former_id, later_id) DO UPDATE SET
            numbers = excluded.numbers, state = 'open', updated_at = excluded.updated_at
        WHERE proposals.state IN ('open', 'outdated')
        """,
        {
            "public_id": new_public_id(),
            "connection": connection,
            "former": pair[0],
            "later": pair[1],
            "numbers": dumps(dict(numbers)),
            "now": now,
        },
    )


def outdate(tx: Tx, connection: int, now: Instant) -> None:
    """Open proposals that were not made again at `now` do not hold any more."""
    tx.run(
        "UPDATE proposals SET state = 'outdated', updated_at = :now "
        "WHERE connection_id = :connection AND state = 'open' AND updated_at < :now",
        {"connection": connection, "now": now},
    )


def outdate_rivals(tx: Tx, groups: Iterable[GroupKey], now: Instant) -> None:
    """Open proposals about groups that have just become part of another."""
    tx.run(
        "UPDATE proposals SET state = 'outdated', updated_at = :now "
        "WHERE state = 'open' AND (later_id IN :groups OR former_id IN :groups)",
        {"groups": list(groups), "now": now},
    )


_SHOWN = """
    SELECT p.*, f.name AS former_name, f.public_id AS former_public_id,
        l.name AS later_name, l.public_id AS later_public_id
    FROM proposals p JOIN groups f ON f.id = p.former_id JOIN groups l ON l.id = p.later_id
"""


def opened(tx: Tx, connection: int) -> Sequence[Row[Any]]:
    """The proposals that wait for a decision, with the names of both groups."""
    return tx.rows(
        f"{_SHOWN} WHERE p.connection_id = :connection AND p.state = 'open' ORDER BY p.id",
        {"connection": connection},
    )


def is_open(tx: Tx, public_id: str) -> bool | None:
    """None where there is no such proposal."""
    state = tx.value("SELECT state FROM proposals WHERE public_id = :id", {"id": public_id})
    return None if state is None else bool(state == "open")


def get(tx: Tx, key: int) -> Row[Any]:
    """Raises LookupError when there is none."""
    row = tx.row(f"{_SHOWN} WHERE p.id = :key", {"key": key})
    if row is None:
        raise LookupError(f"there is no proposal {key}")
    return row


def decide(
    tx: Tx,
    key: int,
    *,
    before: str,
    state: str,
    by: str,
    now: Instant,
    moved: Mapping[str, Any] | None = None,
) -> bool:
    """From one state to the next. False when it was in another."""
    changed = tx.run(
        """
        UPDATE proposals SET state = :state, decided_by = :by, updated_at = :now, moved = :moved
        WHERE id = :key AND state = :before
        """,
        {
            "key": key,
            "before": before,
            "state": state,
            "by": by,
            "now": now,
            "moved": None if moved is None else dumps(dict(moved)),
        },
    )
    return changed == 1


def is_newest_merge(tx: Tx, key: int) -> bool:
    """Whether nothing was merged into the same group after this."""
    found = tx.value(
        """
        SELECT 1 FROM proposals p JOIN proposals n ON n.former_id = p.former_id
        WHERE p.id = :key AND n.state = 'accepted' AND n.id <> p.id
          AND (n.updated_at > p.updated_at OR (n.updated_at = p.updated_at AND n.id > p.id))
        """,
        {"key": key},
    )
    return found is None

"""Reports: that a reconciliation looked, when, and how much it found."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from models.instant import DAY, Instant
from models.store.database import Tx, dumps
from models.store.identities import new_public_id


def keep(tx: Tx, connection: int, run: int, now: Instant, *, unseen: Mapping[int, str]) -> int:
    """Note that all of a connection was looked at, except the targets `unseen`, and why not.

    What stands at this time can be told at any later one, so nothing of it is copied.
    """
    rows = tx.rows(
        """
        SELECT kind, count(*) AS total FROM findings
        WHERE connection_id = :connection AND state IN ('open', 'accepted')
        GROUP BY kind ORDER BY kind
        """,
        {"connection": connection},
    )
    return tx.insert(
        "reports",
        {
            "public_id": new_public_id(),
            "connection_id": connection,
            "run_id": run,
            "counts": dumps({row.kind: row.total for row in rows}),
            "unseen": dumps(_unseen(tx, unseen)),
            "created_at": now,
            "updated_at": now,
        },
    )


def _unseen(tx: Tx, unseen: Mapping[int, str]) -> list[dict[str, str]]:
    rows = tx.rows(
        "SELECT id, public_id, slug FROM targets WHERE id IN :keys ORDER BY slug",
        {"keys": sorted(unseen)},
    )
    return [
        {"target": row.public_id, "target_name": row.slug, "problem": unseen[row.id]}
        for row in rows
    ]


def before(tx: Tx, connection: int, report: int) -> Row[Any] | None:
    """The report before this one, of the same connection."""
    return tx.row(
        """
        SELECT id, public_id, connection_id, created_at FROM reports
        WHERE connection_id = :connection AND id < :report ORDER BY id DESC LIMIT 1
        """,
        {"connection": connection, "report": report},
    )


def trend(tx: Tx, connection: int, report: int, *, last: int) -> Sequence[Row[Any]]:
    """The newest reports up to this one, the oldest first."""
    rows = tx.rows(
        """
        SELECT public_id, created_at, counts FROM reports
        WHERE connection_id = :connection AND id <= :report ORDER BY id DESC LIMIT :last
        """,
        {"connection": connection, "report": report, "last": last},
    )
    return rows[::-1]


def by_day(tx: Tx, organization: int | None, *, since: Instant) -> Sequence[Row[Any]]:
    """The last report of each connection on each day (UTC), the oldest first."""
    mine = "" if organization is None else "AND c.organization_id = :organization"
    params = {"since": since, "day": DAY}
    return tx.rows(
        f"""
        SELECT r.connection_id, r.created_at, r.counts FROM reports r WHERE r.id IN (
            SELECT max(l.id) FROM reports l JOIN connections c ON c.id = l.connection_id
            WHERE l.created_at >= :since {mine}
            GROUP BY l.connection_id, l.created_at / :day)
        ORDER BY r.id
        """,
        params | ({} if organization is None else {"organization": organization}),
    )


def newest(tx: Tx, organization: int | None) -> list[str]:
    """The newest report of each connection, by public id."""
    mine = "" if organization is None else "AND c.organization_id = :organization"
    rows = tx.rows(
        f"""
        SELECT r.public_id FROM reports r JOIN connections c ON c.id = r.connection_id
        WHERE r.id = (SELECT max(n.id) FROM reports n WHERE n.connection_id = r.connection_id)
        {mine} ORDER BY r.id
        """,
        {} if organization is None else {"organization": organization},
    )
    return [row.public_id for row in rows]

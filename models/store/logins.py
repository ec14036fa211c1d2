"""Logins that were observed."""

from typing import Any

from sqlalchemy import Row

from models.instant import Instant
from models.store.database import Tx, dumps
from models.store.identities import new_public_id


def seen(tx: Tx, connection: int, digest: str) -> Row[Any] | None:
    """The login this token was recorded as, if it was."""
    return tx.row(
        "SELECT * FROM logins WHERE connection_id = :connection AND digest = :digest",
        {"connection": connection, "digest": digest},
    )


def keep(
    tx: Tx,
    connection: int,
    user: int,
    *,
    digest: str,
    as_of: Instant,
    state: str,
    values: tuple[str, ...],
    problem: str | None,
    now: Instant,
) -> None:
    tx.insert(
        "logins",
        {
            "public_id": new_public_id(),
            "connection_id": connection,
            "user_id": user,
            "digest": digest,
            "as_of": as_of,
            "groups_state": state,
            "groups_values": dumps(list(values)),
            "groups_problem": problem,
            "created_at": now,
        },
    )


def newest(tx: Tx, user: int, *, until: Instant | None = None) -> Row[Any] | None:
    """The login with the newest date of authentication that we had seen by then."""
    seen = "" if until is None else "AND created_at <= :until"
    return tx.row(
        f"SELECT * FROM logins WHERE user_id = :user {seen} ORDER BY as_of DESC, id DESC LIMIT 1",
        {"user": user} | ({} if until is None else {"until": until}),
    )


def newest_of_all(tx: Tx, connection: int) -> list[Row[Any]]:
    """The newest login of every user of a connection."""
    rows = tx.rows(
        """
        SELECT l.*, u.user_name FROM logins l JOIN users u ON u.id = l.user_id
        WHERE l.connection_id = :connection AND NOT EXISTS (
            SELECT 1 FROM logins n WHERE n.user_id = l.user_id
              AND (n.as_of > l.as_of OR (n.as_of = l.as_of AND n.id > l.id)))
        ORDER BY l.user_id
        """,
        {"connection": connection},
    )
    return list(rows)

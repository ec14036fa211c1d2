"""What `explain` shows beside the verdict: covers, and the state of things at each target."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from models.identity import GroupKey, UserKey
from models.store.database import Tx

_SHOWN = "('ready', 'queued', 'running', 'retrying', 'held', 'dead')"


def covers(tx: Tx, user: UserKey, group: GroupKey | None) -> Row[Any] | None:
    """How far each channel sees, for a user, or for a user and a group."""
    if group is None:
        return tx.row(
            """
            SELECT 0 AS push_cover, u.pull_known, c.pull_cover_yes, c.pull_cover_no,
                0 AS login_cover
            FROM users u JOIN connections c ON c.id = u.connection_id WHERE u.id = :user
            """,
            {"user": user},
        )
    return tx.row(
        """
        SELECT g.push_cover, u.pull_known AND g.pull_known AS pull_known, c.pull_cover_yes,
            c.pull_cover_no, CASE WHEN g.login_known THEN u.login_cover ELSE 0 END AS login_cover
        FROM users u JOIN connections c ON c.id = u.connection_id
        JOIN groups g ON g.id = :group WHERE u.id = :user
        """,
        {"user": user, "group": group},
    )


def at_targets(
    tx: Tx, user: UserKey, group: GroupKey | None, *, connection: int
) -> Sequence[Row[Any]]:
    """What each target of the connection holds."""
    return tx.rows(
        """
        SELECT t.id, t.public_id, t.slug, t.state, t.problem, ub.remote_id, ub.ownership,
            ub.active, gb.remote_id AS group_remote_id, gb.ownership AS group_ownership,
            mb.user_id IS NOT NULL AS is_member
        FROM targets t JOIN target_connections l ON l.target_id = t.id
        LEFT JOIN user_bindings ub ON ub.target_id = t.id AND ub.user_id = :user
        LEFT JOIN group_bindings gb ON gb.target_id = t.id AND gb.group_id = :group
        LEFT JOIN member_bindings mb
            ON mb.target_id = t.id AND mb.user_id = :user AND mb.group_id = :group
        WHERE l.connection_id = :connection ORDER BY t.id
        """,
        {"user": user, "group": group or 0, "connection": connection},
    )


def waiting(tx: Tx, target: int, keys: list[str]) -> Sequence[Row[Any]]:
    """The newest action of each of these objects, where it has not ended well."""
    return tx.rows(
        f"""
        SELECT a.* FROM actions a
        WHERE a.target_id = :target AND a.object_key IN :keys AND a.state IN {_SHOWN}
          AND NOT EXISTS (SELECT 1 FROM actions n WHERE n.target_id = a.target_id
              AND n.object_key = a.object_key AND n.id > a.id)
        ORDER BY a.id
        """,
        {"target": target, "keys": keys},
    )

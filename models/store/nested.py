"""Who is in a group only by way of a group inside it, as the directory lists them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from models.identity import GroupKey
from models.store.database import Tx


def called(tx: Tx, groups: list[GroupKey]) -> dict[GroupKey, Row[Any]]:
    """The name of each group, and whether it is wanted."""
    rows = tx.rows("SELECT id, name, wanted FROM groups WHERE id IN :keys", {"keys": groups})
    return {GroupKey(row.id): row for row in rows}


def members_inside(tx: Tx, parent: GroupKey, children: list[GroupKey]) -> Sequence[Row[Any]]:
    """Wanted users whom the directory lists in these groups and not in the parent, by user.

    Not those whom the provider's own nesting brings there: it and the directory agree.
    """
    return tx.rows(
        """
        SELECT m.user_id, m.group_id AS child_id, u.user_name,
            CASE WHEN m.pull_yes > c.pull_cover_yes THEN m.pull_yes ELSE c.pull_cover_yes END
                AS as_of,
            coalesce(d.push_yes > 0 AND d.push_yes >= d.push_no, FALSE) AS is_pushed
        FROM memberships m JOIN users u ON u.id = m.user_id AND u.wanted
        JOIN connections c ON c.id = u.connection_id
        LEFT JOIN memberships d ON d.group_id = :parent AND d.user_id = m.user_id
        WHERE m.group_id IN :children AND m.pull_yes > 0 AND m.pull_yes >= m.pull_no
          AND NOT coalesce(d.pull_yes > 0 AND d.pull_yes >= d.pull_no, FALSE)
          AND NOT EXISTS (SELECT 1 FROM indirect_members i
            WHERE i.group_id = :parent AND i.user_id = m.user_id)
        ORDER BY m.user_id, m.group_id
        """,
        {"parent": parent, "children": children},
    )

"""Groups that are called alike."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from models.store.database import Tx


def named_groups(tx: Tx, connection: int) -> Sequence[Row[Any]]:
    """Groups whose name another one has too, but for case, and which channels speak of each."""
    return tx.rows(
        """
        SELECT g.id, g.public_id, g.name, g.push_yes > g.push_no AS push,
            g.pull_yes > g.pull_no AS pull, g.login_yes > 0 AS login
        FROM groups g JOIN (
            SELECT folded(name) AS folded FROM groups
            WHERE connection_id = :connection AND wanted AND merged_into IS NULL
            GROUP BY folded(name) HAVING count(*) > 1
        ) AS alike ON alike.folded = folded(g.name)
        WHERE g.connection_id = :connection AND g.wanted AND g.merged_into IS NULL ORDER BY g.id
        """,
        {"connection": connection},
    )

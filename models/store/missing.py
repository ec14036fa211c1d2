"""Whom the newest complete read did not list, and nothing has confirmed yet."""

from models.identity import UserKey
from models.store.database import Tx


def users(tx: Tx, connection: int, *, most: int) -> list[UserKey]:
    """Users of the application whom the directory can be asked about by its own id."""
    rows = tx.rows(
        """
        SELECT u.id FROM users u JOIN connections c ON c.id = u.connection_id
        WHERE u.connection_id = :connection AND u.wanted AND u.pull_no > u.pull_yes
          AND u.pull_no = c.pull_read_no AND EXISTS (SELECT 1 FROM user_aliases a
            WHERE a.user_id = u.id AND a.namespace = 'id' AND a.valid_to IS NULL)
        ORDER BY u.id LIMIT :most
        """,
        {"connection": connection, "most": most},
    )
    return [UserKey(row.id) for row in rows]


def is_unlisted(tx: Tx, user: UserKey) -> bool:
    """Whether reads deny the user, or spoke of it only before their scope was changed."""
    sql = """
        SELECT 1 FROM users u JOIN connections c ON c.id = u.connection_id
        WHERE u.id = :key AND (u.pull_no > u.pull_yes
            OR (u.pull_yes < c.scoped_at AND c.pull_cover_yes < c.scoped_at))
    """
    return tx.value(sql, {"key": user}) is not None

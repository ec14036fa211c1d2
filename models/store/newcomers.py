"""Users whom only logins have told of, so that the provider finds them before it pushes them."""

from typing import Any

from sqlalchemy import Row

from models.store.database import Tx
from models.store.scim import name_key

_NEVER_PUSHED = """
    u.connection_id = :connection AND u.scim IS NULL AND u.login_yes > 0
    AND u.push_yes = 0 AND u.push_no = 0
"""


def of_public_id(tx: Tx, connection: int, public_id: str) -> Row[Any] | None:
    return tx.row(
        f"SELECT u.* FROM users u WHERE {_NEVER_PUSHED} AND u.public_id = :id",
        {"connection": connection, "id": public_id},
    )


def of_user_name(tx: Tx, connection: int, user_name: str) -> Row[Any] | None:
    """Who signs in under this name; nobody if several do."""
    spelled = {"said": user_name, "lower": user_name.lower(), "key": name_key(user_name)}
    rows = tx.rows(_OF_USER_NAME, {"connection": connection, **spelled})
    return rows[0] if len(rows) == 1 else None


_SPELLED = "SELECT id FROM users WHERE connection_id = :connection AND user_name = "
_OF_USER_NAME = f"""
    SELECT u.* FROM users u WHERE {_NEVER_PUSHED} AND u.id IN (
        {_SPELLED} :said UNION {_SPELLED} :lower UNION {_SPELLED} :key
        UNION SELECT a.user_id FROM user_aliases a WHERE a.connection_id = :connection
          AND a.namespace = 'user_name' AND a.value = :key AND a.valid_to IS NULL)
    LIMIT 2
"""
"""One by one, or SQLite would look at everybody of the connection: it asks for each name that
nobody is pushed under.
"""


def of_external_id(tx: Tx, connection: int, external_id: str) -> Row[Any] | None:
    """Whose token holds this very id."""
    return tx.row(
        f"""
        SELECT u.* FROM users u WHERE {_NEVER_PUSHED} AND u.id IN (
            SELECT a.user_id FROM user_aliases a WHERE a.connection_id = :connection
              AND a.namespace = 'external_id' AND a.value = :value AND a.valid_to IS NULL)
        """,
        {"connection": connection, "value": external_id},
    )

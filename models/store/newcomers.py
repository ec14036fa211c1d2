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
    rows = tx.rows(
        f"""
        SELECT u.* FROM users u WHERE {_NEVER_PUSHED} AND (u.user_name IN :names OR u.id IN (
            SELECT a.user_id FROM user_aliases a WHERE a.connection_id = :connection
              AND a.namespace = 'user_name' AND a.value = :key AND a.valid_to IS NULL))
        LIMIT 2
        """,
        {
            "connection": connection,
            "names": sorted({user_name, user_name.lower(), name_key(user_name)}),
            "key": name_key(user_name),
        },
    )
    return rows[0] if len(rows) == 1 else None


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

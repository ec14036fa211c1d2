"""Find ours among what a target calls by its own names."""

from models.identity import UserKey
from models.store.database import Tx
from models.store.scim import name_key


def by_public_id(tx: Tx, table: str, connection: int, ids: list[str]) -> dict[str, int]:
    """Ours among these external ids: users or groups of this connection only."""
    if not ids:
        return {}
    rows = tx.tuples(
        f"SELECT public_id, id FROM {table} WHERE public_id IN :ids "
        "AND connection_id = :connection",
        {"ids": ids, "connection": connection},
    )
    return {public_id: key for public_id, key in rows}


def by_name(tx: Tx, connection: int, names: list[str]) -> dict[str, int]:
    """Wanted users by the key of their name, without regard to case where one is pushed."""
    keys = sorted({name_key(name) for name in names})
    if not keys:
        return {}
    rows = tx.tuples(
        """
        SELECT user_name, scim_name_key, id FROM users WHERE connection_id = :connection AND wanted
            AND (scim_name_key IN :keys OR user_name IN :names)
        """,
        {"connection": connection, "keys": keys, "names": sorted({*keys, *names})},
    )
    found: dict[str, int] = {}
    for name, pushed, key in rows:
        found |= {name_key(one): key for one in (name, pushed) if one}
    return found


def names(tx: Tx, users: list[UserKey]) -> dict[UserKey, str]:
    found: dict[UserKey, str] = {}
    for start in range(0, len(users), 5000):
        rows = tx.tuples(
            "SELECT id, user_name FROM users WHERE id IN :keys",
            {"keys": users[start : start + 5000]},
        )
        found |= {UserKey(key): name for key, name in rows}
    return found

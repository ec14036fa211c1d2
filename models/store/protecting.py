"""Whom the guard of a target protects."""

from collections.abc import Sequence

from models.identity import GroupKey, UserKey
from models.store.database import Tx
from models.store.scim import name_key

_OF_TARGET = "connection_id IN (SELECT connection_id FROM target_connections WHERE target_id = :to)"


def users(tx: Tx, target: int, names: Sequence[str]) -> set[UserKey]:
    """Who bears one of these user names, or ever bore it: a new name takes no protection away."""
    if not names:
        return set()
    keys = [name_key(one) for one in names]
    return {UserKey(one) for one in tx.column(_named("user_id"), {"to": target, "names": keys})}


def groups(tx: Tx, target: int, names: Sequence[str]) -> set[GroupKey]:
    """Groups of these names or ids, and those that ever had one of the names."""
    if not names:
        return set()
    rows = tx.rows(
        f"""
        SELECT group_id FROM group_aliases
        WHERE {_OF_TARGET} AND namespace IN ('name', 'claim') AND value IN :keys
        UNION SELECT id FROM groups WHERE {_OF_TARGET} AND public_id IN :names
        """,
        {"to": target, "names": list(names), "keys": _spellings(names)},
    )
    return {GroupKey(row.group_id) for row in rows}


def unknown_users(tx: Tx, target: int, names: Sequence[str]) -> list[str]:
    """Those of these names that protect nobody."""
    if not names:
        return []
    keys = [name_key(one) for one in names]
    known = set(tx.column(_named("value"), {"to": target, "names": keys}))
    return [one for one in names if name_key(one) not in known]


def _named(column: str) -> str:
    """Of users, by the names that are valid and by those that were: each kind has an index."""
    return " UNION ".join(
        f"""
        SELECT a.{column} FROM target_connections t JOIN user_aliases a
            ON a.connection_id = t.connection_id AND a.namespace = 'user_name'
            AND a.value IN :names AND a.valid_to IS {when}
        WHERE t.target_id = :to
        """
        for when in ("NULL", "NOT NULL")
    )


def unknown_groups(tx: Tx, target: int, names: Sequence[str]) -> list[str]:
    """Those of these names and ids that protect no group."""
    if not names:
        return []
    known = set(
        tx.column(
            f"""
            SELECT value FROM group_aliases
            WHERE {_OF_TARGET} AND namespace IN ('name', 'claim') AND value IN :keys
            UNION SELECT public_id FROM groups WHERE {_OF_TARGET} AND public_id IN :names
            """,
            {"to": target, "names": list(names), "keys": _spellings(names)},
        )
    )
    return [one for one in names if not known & {one, name_key(one)}]


def _spellings(names: Sequence[str]) -> list[str]:
    """As directories write them, and as we compare them."""
    return sorted({*names, *(name_key(one) for one in names)})

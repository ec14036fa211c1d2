"""Forget a connection or a target with everything that hangs on it, in the order it hangs."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from models.store.database import Tx

_USERS = "user_id IN (SELECT id FROM users WHERE connection_id = :key)"
_GROUPS = "group_id IN (SELECT id FROM groups WHERE connection_id = :key)"
_RUNS = "run_id IN (SELECT id FROM runs WHERE connection_id = :key)"
_NESTED = "parent_id IN (SELECT id FROM groups WHERE connection_id = :key)"
_OWN = "connection_id = :key"

OF_CONNECTION: Sequence[tuple[str, str]] = (
    ("member_bindings", _GROUPS),
    ("user_bindings", _USERS),
    ("group_bindings", _GROUPS),
    ("actions", f"{_USERS} OR {_GROUPS}"),
    ("pull_missing", _RUNS),
    ("parked_members", _OWN),
    ("memberships", _GROUPS),
    ("indirect_members", _GROUPS),
    ("nestings", _NESTED),
    ("proposals", _OWN),
    ("changes", _OWN),
    ("finding_spells", _OWN),
    ("findings", _OWN),
    ("reports", _OWN),
    ("runs", _OWN),
    ("logins", _OWN),
    ("observations", _OWN),
    ("user_aliases", _OWN),
    ("group_aliases", _OWN),
    ("users", _OWN),
    ("groups", _OWN),
    ("scim_requests", _OWN),
    ("scim_tallies", _OWN),
    ("scim_tokens", _OWN),
    ("target_connections", _OWN),
    ("connections", "id = :key"),
)
OF_TARGET: Sequence[tuple[str, str]] = (
    ("member_bindings", "target_id = :key"),
    ("user_bindings", "target_id = :key"),
    ("group_bindings", "target_id = :key"),
    ("finding_spells", "finding_id IN (SELECT id FROM findings WHERE target_id = :key)"),
    ("findings", "target_id = :key"),
    ("actions", "target_id = :key"),
    ("holds", "target_id = :key"),
    ("target_connections", "target_id = :key"),
    ("targets", "id = :key"),
)


def forget_connection(tx: Tx, key: int) -> None:
    """What targets hold of its users and groups stays there, and is nobody's from now on."""
    _forget(tx, OF_CONNECTION, key)


def forget_target(tx: Tx, key: int) -> None:
    _forget(tx, OF_TARGET, key)


def _forget(tx: Tx, steps: Sequence[tuple[str, str]], key: int) -> None:
    for table, which in steps:
        tx.run(f"DELETE FROM {table} WHERE {which}", {"key": key})


def is_at_work(tx: Tx, connection: int) -> bool:
    """Whether a run of the connection has been taken by a worker."""
    found = tx.value(
        "SELECT 1 FROM runs WHERE connection_id = :key AND state IN ('queued', 'running')",
        {"key": connection},
    )
    return found is not None


def held_of_connection(tx: Tx, connection: int) -> Sequence[Row[Any]]:
    """How many of its users and groups each target holds because of us."""
    return tx.rows(
        """
        SELECT t.slug, (SELECT count(*) FROM user_bindings b JOIN users u ON u.id = b.user_id
                WHERE b.target_id = t.id AND u.connection_id = :key
                  AND b.ownership <> 'foreign') AS users,
            (SELECT count(*) FROM group_bindings b JOIN groups g ON g.id = b.group_id
                WHERE b.target_id = t.id AND g.connection_id = :key
                  AND b.ownership <> 'foreign') AS groups
        FROM targets t ORDER BY t.slug
        """,
        {"key": connection},
    )


def held_at_target(tx: Tx, target: int) -> tuple[int, int]:
    """How many users and groups a target holds because of us."""
    params = {"key": target}
    where = "WHERE target_id = :key AND ownership <> 'foreign'"
    return (
        tx.value(f"SELECT count(*) FROM user_bindings {where}", params),
        tx.value(f"SELECT count(*) FROM group_bindings {where}", params),
    )

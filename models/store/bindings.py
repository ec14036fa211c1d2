"""What targets hold for our objects."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

from sqlalchemy import Row

from models.actions import Ownership
from models.identity import GroupKey, UserKey
from models.instant import Instant
from models.plans import Budget
from models.store import queue
from models.store.database import Tx


def bind_user(
    tx: Tx,
    target: int,
    user: UserKey,
    *,
    remote_id: str,
    ownership: Ownership,
    digest: str,
    active: bool,
    now: Instant,
) -> None:
    """The target holds this user, in this state. What was adopted stays adopted."""
    tx.run(
        """
        INSERT INTO user_bindings
            (target_id, user_id, remote_id, ownership, active, digest, updated_at)
        VALUES (:target, :user, :remote, :ownership, :active, :digest, :now)
        ON CONFLICT (target_id, user_id) DO UPDATE SET
            remote_id = excluded.remote_id, active = excluded.active,
            digest = excluded.digest, updated_at = excluded.updated_at,
            ownership = CASE WHEN user_bindings.ownership = 'foreign'
                THEN excluded.ownership ELSE user_bindings.ownership END
        """,
        {
            "target": target,
            "user": user,
            "remote": remote_id,
            "ownership": ownership.value,
            "active": active,
            "digest": digest,
            "now": now,
        },
    )
    queue.wake(tx, target, now, user=user)


def bind_group(
    tx: Tx,
    target: int,
    group: GroupKey,
    *,
    remote_id: str,
    ownership: Ownership,
    digest: str,
    now: Instant,
) -> None:
    tx.run(
        """
        INSERT INTO group_bindings (target_id, group_id, remote_id, ownership, digest, updated_at)
        VALUES (:target, :group, :remote, :ownership, :digest, :now)
        ON CONFLICT (target_id, group_id) DO UPDATE SET
            remote_id = excluded.remote_id, digest = excluded.digest,
            updated_at = excluded.updated_at,
            ownership = CASE WHEN group_bindings.ownership = 'foreign'
                THEN excluded.ownership ELSE group_bindings.ownership END
        """,
        {
            "target": target,
            "group": group,
            "remote": remote_id,
            "ownership": ownership.value,
            "digest": digest,
            "now": now,
        },
    )
    queue.wake(tx, target, now, group=group)


def set_inactive(tx: Tx, target: int, user: UserKey, now: Instant) -> None:
    tx.run(
        """
        UPDATE user_bindings SET active = :active, updated_at = :now
        WHERE target_id = :target AND user_id = :user
        """,
        {"target": target, "user": user, "active": False, "now": now},
    )


def unbind_user(tx: Tx, target: int, user: UserKey) -> None:
    """The target holds this user no more, nor any membership of it."""
    params = {"target": target, "user": user}
    tx.run("DELETE FROM member_bindings WHERE target_id = :target AND user_id = :user", params)
    tx.run("DELETE FROM user_bindings WHERE target_id = :target AND user_id = :user", params)


def unbind_group(tx: Tx, target: int, group: GroupKey) -> None:
    params = {"target": target, "group": group}
    tx.run("DELETE FROM member_bindings WHERE target_id = :target AND group_id = :group", params)
    tx.run("DELETE FROM group_bindings WHERE target_id = :target AND group_id = :group", params)


def bind_members(tx: Tx, target: int, group: GroupKey, users: Iterable[UserKey]) -> None:
    tx.many(
        """
        INSERT INTO member_bindings (target_id, group_id, user_id)
        VALUES (:target, :group, :user) ON CONFLICT DO NOTHING
        """,
        [{"target": target, "group": group, "user": user} for user in sorted(users)],
    )


def unbind_members(tx: Tx, target: int, group: GroupKey, users: Iterable[UserKey]) -> None:
    tx.many(
        """
        DELETE FROM member_bindings
        WHERE target_id = :target AND group_id = :group AND user_id = :user
        """,
        [{"target": target, "group": group, "user": user} for user in sorted(users)],
    )


def users_at(tx: Tx, target: int) -> Sequence[Row[Any]]:
    """Every user binding of a target, with the name of the user."""
    return tx.rows(
        """
        SELECT b.*, u.public_id, u.user_name, u.connection_id, u.wanted
        FROM user_bindings b JOIN users u ON u.id = b.user_id WHERE b.target_id = :target
        """,
        {"target": target},
    )


def groups_at(tx: Tx, target: int) -> Sequence[Row[Any]]:
    return tx.rows(
        """
        SELECT b.*, g.public_id, g.name, g.connection_id, g.wanted
        FROM group_bindings b JOIN groups g ON g.id = b.group_id WHERE b.target_id = :target
        """,
        {"target": target},
    )


def members_at(tx: Tx, target: int, group: GroupKey) -> set[UserKey]:
    """Whom the target holds as members of a group."""
    held = "member_bindings WHERE target_id = :target AND group_id = :group"
    params = {"target": target, "group": group}
    (found,) = tx.numbers("user_id", held, params, "1 = 1")
    return cast(set[UserKey], found)


def users_of(tx: Tx, target: int, connection: int) -> Iterator[tuple[str, UserKey, bool]]:
    """Every user of a connection that is bound at a target: its id there, and if it is ours."""
    sql = """
        SELECT b.remote_id, b.user_id, b.ownership <> 'foreign'
        FROM user_bindings b JOIN users u ON u.id = b.user_id
        WHERE b.target_id = :target AND b.user_id > :after AND u.connection_id = :connection
        ORDER BY b.user_id LIMIT 5000
    """
    params = {"target": target, "connection": connection, "after": 0}
    while rows := tx.tuples(sql, params):
        for remote_id, user, is_ours in rows:
            yield remote_id, UserKey(user), bool(is_ours)
        params["after"] = rows[-1][1]


def groups_of(tx: Tx, target: int, connection: int) -> list[GroupKey]:
    """Every group of a connection that is bound at a target."""
    return tx.column(
        """
        SELECT b.group_id FROM group_bindings b JOIN groups g ON g.id = b.group_id
        WHERE b.target_id = :target AND g.connection_id = :connection
        """,
        {"target": target, "connection": connection},
    )


def users_named(tx: Tx, target: int, remote_ids: list[str]) -> Sequence[Row[Any]]:
    """The user bindings, of whatever connection, that have one of these ids at the target."""
    sql = f"{_USERS_AT} AND b.remote_id IN :ids"
    return _in_chunks(tx, sql, target, remote_ids)


def groups_named(tx: Tx, target: int, remote_ids: list[str]) -> Sequence[Row[Any]]:
    sql = f"{_GROUPS_AT} AND b.remote_id IN :ids"
    return _in_chunks(tx, sql, target, remote_ids)


def bound_users(tx: Tx, target: int, users: list[UserKey]) -> Sequence[Row[Any]]:
    """The bindings of these users."""
    return _in_chunks(tx, f"{_USERS_AT} AND b.user_id IN :ids", target, users)


def bound_groups(tx: Tx, target: int, groups: list[GroupKey]) -> Sequence[Row[Any]]:
    return _in_chunks(tx, f"{_GROUPS_AT} AND b.group_id IN :ids", target, groups)


_USERS_AT = """
    SELECT b.user_id, b.remote_id, b.ownership, b.active, b.digest, u.user_name, u.connection_id,
        u.wanted
    FROM user_bindings b JOIN users u ON u.id = b.user_id WHERE b.target_id = :target"""
_GROUPS_AT = """
    SELECT b.group_id, b.remote_id, b.ownership, b.digest, g.name, g.connection_id, g.wanted
    FROM group_bindings b JOIN groups g ON g.id = b.group_id WHERE b.target_id = :target"""


def _in_chunks(tx: Tx, sql: str, target: int, ids: Sequence[str | int]) -> Sequence[Row[Any]]:
    found: list[Row[Any]] = []
    for start in range(0, len(ids), 5000):
        found += tx.rows(sql, {"target": target, "ids": list(ids[start : start + 5000])})
    return found


def managed(tx: Tx, target: int) -> dict[Budget, int]:
    """How much of each kind we manage at a target: what the guard's shares are shares of."""
    row = tx.row(
        """
        SELECT
            (SELECT count(*) FROM user_bindings WHERE target_id = :target
                AND ownership <> 'foreign') AS users,
            (SELECT count(*) FROM group_bindings WHERE target_id = :target
                AND ownership <> 'foreign') AS groups,
            (SELECT count(*) FROM member_bindings WHERE target_id = :target) AS memberships
        """,
        {"target": target},
    )
    if row is None:
        return {}
    totals = {"users": row.users, "groups": row.groups, "memberships": row.memberships}
    return {budget: totals[budget.value.removesuffix("_explicit")] for budget in Budget}


def remote_user(tx: Tx, target: int, user: UserKey) -> str:
    """The target's id for a user; empty when it holds none."""
    return remote_users(tx, target, [user]).get(user, "")


def remote_users(tx: Tx, target: int, users: list[UserKey]) -> dict[UserKey, str]:
    rows = tx.rows(
        """
        SELECT user_id, remote_id FROM user_bindings
        WHERE target_id = :target AND user_id IN :users AND ownership <> 'foreign'
        """,
        {"target": target, "users": users},
    )
    return {UserKey(row.user_id): row.remote_id for row in rows}


def remote_group(tx: Tx, target: int, group: GroupKey) -> str:
    found = tx.value(
        """
        SELECT remote_id FROM group_bindings
        WHERE target_id = :target AND group_id = :group AND ownership <> 'foreign'
        """,
        {"target": target, "group": group},
    )
    return str(found or "")

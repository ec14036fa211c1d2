"""What targets hold for our objects."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row

from models.actions import Ownership
from models.identity import GroupKey, UserKey
from models.instant import Instant
from models.plans import Budget
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
        SELECT b.*, u.public_id, u.user_name, u.connection_id
        FROM user_bindings b JOIN users u ON u.id = b.user_id WHERE b.target_id = :target
        """,
        {"target": target},
    )


def groups_at(tx: Tx, target: int) -> Sequence[Row[Any]]:
    return tx.rows(
        """
        SELECT b.*, g.public_id, g.name, g.connection_id
        FROM group_bindings b JOIN groups g ON g.id = b.group_id WHERE b.target_id = :target
        """,
        {"target": target},
    )


def members_at(tx: Tx, target: int, group: GroupKey) -> set[UserKey]:
    """Whom the target holds as members of a group."""
    rows = tx.rows(
        "SELECT user_id FROM member_bindings WHERE target_id = :target AND group_id = :group",
        {"target": target, "group": group},
    )
    return {UserKey(row.user_id) for row in rows}


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

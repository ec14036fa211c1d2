"""Users and groups as their identity provider pushed them."""

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row

from models.clock import Instant
from models.identity import GroupKey, UserKey
from models.store.database import Tx, dumps


def name_key(name: str) -> str:
    """By which names are compared: without regard to case or to the form of accents."""
    return unicodedata.normalize("NFC", name).casefold()


def lock(tx: Tx, table: str, connection: int, public_id: str) -> Row[Any] | None:
    """One pushed resource, ours until the end of the transaction."""
    held = "" if tx.dialect == "sqlite" else " FOR UPDATE"
    return tx.row(
        f"SELECT * FROM {table} WHERE connection_id = :connection AND public_id = :id "
        f"AND scim IS NOT NULL{held}",
        {"connection": connection, "id": public_id},
    )


def by_name(tx: Tx, table: str, connection: int, name: str) -> Row[Any] | None:
    """Whoever has this userName or displayName among what is pushed now."""
    return tx.row(
        f"SELECT * FROM {table} WHERE connection_id = :connection AND scim_name_key = :key",
        {"connection": connection, "key": name_key(name)},
    )


def by_external_id(tx: Tx, table: str, connection: int, external_id: str) -> Row[Any] | None:
    return tx.row(
        f"SELECT * FROM {table} WHERE connection_id = :connection "
        "AND scim_external_id = :external AND scim IS NOT NULL ORDER BY id LIMIT 1",
        {"connection": connection, "external": external_id},
    )


def save(
    tx: Tx, table: str, key: int, resource: dict[str, Any], *, name: str, now: Instant
) -> None:
    """Keep a pushed resource; its version moves on by one."""
    tx.run(
        f"""
        UPDATE {table} SET scim = :scim, scim_name_key = :name, scim_external_id = :external,
            scim_version = scim_version + 1, scim_modified = :now, updated_at = :now,
            scim_created = CASE WHEN scim_created = 0 THEN :now ELSE scim_created END
        WHERE id = :key
        """,
        {
            "scim": dumps(resource),
            "name": name_key(name),
            "external": resource.get("externalId"),
            "now": now,
            "key": key,
        },
    )


def touch(tx: Tx, table: str, key: int, now: Instant) -> None:
    """The members changed: the group has a new version."""
    tx.run(
        f"UPDATE {table} SET scim_version = scim_version + 1, scim_modified = :now "
        "WHERE id = :key",
        {"key": key, "now": now},
    )


def erase(tx: Tx, table: str, key: int, now: Instant) -> None:
    """The provider deleted it: not to be found by push any more, its name is free again."""
    tx.run(
        f"UPDATE {table} SET scim = NULL, scim_name_key = NULL, scim_external_id = NULL, "
        "scim_created = 0, updated_at = :now WHERE id = :key",
        {"key": key, "now": now},
    )


def members(tx: Tx, group: GroupKey) -> Iterator[Row[Any]]:
    """The pushed members of a group: public id, userName and display name, in a stable order."""
    return tx.stream(
        """
        SELECT u.public_id, u.user_name, u.display_name FROM memberships m
        JOIN users u ON u.id = m.user_id
        WHERE m.group_id = :group AND m.push_yes > 0 AND m.push_yes >= m.push_no
          AND u.scim IS NOT NULL ORDER BY m.user_id
        """,
        {"group": group},
    )


def groups_of(tx: Tx, users: list[int]) -> Sequence[Row[Any]]:
    """The pushed groups of users: user key, public id and name."""
    return tx.rows(
        """
        SELECT m.user_id, g.public_id, g.name FROM memberships m
        JOIN groups g ON g.id = m.group_id
        WHERE m.user_id IN :users AND m.push_yes > 0 AND m.push_yes >= m.push_no
          AND g.scim IS NOT NULL ORDER BY m.user_id, g.id
        """,
        {"users": users},
    )


def pushed_groups(tx: Tx, user: UserKey) -> list[GroupKey]:
    """The groups of which push says that the user is a member."""
    rows = tx.rows(
        """
        SELECT group_id FROM memberships
        WHERE user_id = :user AND push_yes > 0 AND push_yes >= push_no
        """,
        {"user": user},
    )
    return [GroupKey(row.group_id) for row in rows]


def known_members(tx: Tx, connection: int, values: list[str]) -> dict[str, UserKey]:
    """Which of these member values name pushed users."""
    found: dict[str, UserKey] = {}
    for start in range(0, len(values), 5000):
        rows = tx.rows(
            "SELECT public_id, id FROM users WHERE connection_id = :connection "
            "AND public_id IN :values AND scim IS NOT NULL",
            {"connection": connection, "values": values[start : start + 5000]},
        )
        found |= {row.public_id: UserKey(row.id) for row in rows}
    return found


def park(
    tx: Tx, connection: int, group: GroupKey, values: Sequence[str], as_of: Instant
) -> None:
    """These members are not known yet. They join when they arrive."""
    tx.many(
        """
        INSERT INTO parked_members (group_id, value, connection_id, as_of)
        VALUES (:group, :value, :connection, :at)
        ON CONFLICT (group_id, value) DO UPDATE SET as_of = excluded.as_of
        """,
        [
            {"group": group, "value": value, "connection": connection, "at": as_of}
            for value in sorted(set(values))
        ],
    )


def unpark(tx: Tx, group: GroupKey, values: list[str] | None = None) -> None:
    """These are not to join any more; None is all of the group's."""
    some = "" if values is None else " AND value IN :values"
    params: dict[str, Any] = {"group": group}
    if values is not None:
        params["values"] = values
    tx.run(f"DELETE FROM parked_members WHERE group_id = :group{some}", params)


def parked_for(tx: Tx, connection: int, values: list[str]) -> list[tuple[GroupKey, str]]:
    """The groups that wait for somebody of one of these names."""
    rows = tx.rows(
        "SELECT group_id, value FROM parked_members "
        "WHERE connection_id = :connection AND value IN :values ORDER BY group_id",
        {"connection": connection, "values": values},
    )
    return [(GroupKey(row.group_id), row.value) for row in rows]

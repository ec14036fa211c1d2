"""Users and groups as their identity provider pushed them."""

import unicodedata
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from models.identity import GroupKey, UserKey
from models.instant import Instant
from models.store import identities
from models.store.database import Tx, dumps


def name_key(name: str) -> str:
    """By which names are compared: without regard to case or to the form of accents."""
    return unicodedata.normalize("NFC", name).casefold()


def find(tx: Tx, table: str, *, connection: int, public_id: str) -> Row[Any] | None:
    """One pushed resource."""
    return tx.row(_FIND.format(table=table), {"connection": connection, "id": public_id})


def lock(tx: Tx, table: str, *, connection: int, public_id: str) -> Row[Any] | None:
    """One pushed resource, ours until the end of the transaction.

    Rows that only refer to it can still be written: a membership need not wait for its user.
    """
    held = "" if tx.dialect == "sqlite" else " FOR NO KEY UPDATE"
    sql = _FIND.format(table=table) + held
    return tx.row(sql, {"connection": connection, "id": public_id})


_FIND = (
    "SELECT * FROM {table} WHERE connection_id = :connection AND public_id = :id "
    "AND scim IS NOT NULL"
)


def of_key(tx: Tx, table: str, key: int) -> Row[Any]:
    """Raises LookupError when there is none."""
    row = tx.row(f"SELECT * FROM {table} WHERE id = :key", {"key": key})
    if row is None:
        raise LookupError(f"there is no row {key} in {table}")
    return row


def by_name(tx: Tx, table: str, *, connection: int, name: str) -> Row[Any] | None:
    """Whoever has this userName or displayName among what is pushed now."""
    return tx.row(
        f"SELECT * FROM {table} WHERE connection_id = :connection AND scim_name_key = :key",
        {"connection": connection, "key": name_key(name)},
    )


def by_external_id(tx: Tx, table: str, *, connection: int, external_id: str) -> Row[Any] | None:
    return tx.row(
        f"SELECT * FROM {table} WHERE connection_id = :connection "
        "AND scim_external_id = :external AND scim IS NOT NULL ORDER BY id LIMIT 1",
        {"connection": connection, "external": external_id},
    )


def user_called(tx: Tx, connection: int, *, name: str, external_id: str | None) -> Row[Any] | None:
    """Whoever has this userName among what is pushed now, else this externalId."""
    return tx.row(
        """
        SELECT 0 AS place, u.* FROM users u
        WHERE connection_id = :connection AND scim_name_key = :key
        UNION ALL
        SELECT 1 AS place, u.* FROM users u
        WHERE connection_id = :connection AND scim_external_id = :external AND scim IS NOT NULL
        ORDER BY place, id LIMIT 1
        """,
        {"connection": connection, "key": name_key(name), "external": external_id or None},
    )


def take_turn(tx: Tx, connection: int, external_id: str) -> bool:
    """Until the end nobody else takes a turn with this externalId. False where turns are taken
    anyway, so that nothing can have changed meanwhile.
    """
    if tx.dialect == "sqlite":
        return False
    tx.run(
        "SELECT pg_advisory_xact_lock(CAST(:connection AS integer), hashtext(:external))",
        {"connection": connection, "external": external_id},
    )
    return True


def insert_user(
    tx: Tx, connection: int, *, resource: dict[str, Any], name: str, now: Instant
) -> tuple[UserKey, str] | None:
    """A user of whom nothing else is known: its key and public id.

    None when the name belongs to another, who may have come in this very moment; what was
    done in the transaction before must then be given up.
    """
    values = {
        "scim": dumps(resource),
        "scim_name_key": name_key(name),
        "scim_external_id": resource.get("externalId"),
        "scim_version": 1,
        "scim_created": now,
        "scim_modified": now,
    }
    try:
        return identities.insert_user_as(tx, connection, now, values)
    except IntegrityError:
        return None


def save(
    tx: Tx, table: str, key: int, *, resource: dict[str, Any], name: str, now: Instant
) -> bool:
    """Keep a pushed resource; its version moves on by one.

    False when the name belongs to another, who may have come in this very moment; what was
    done in the transaction before must then be given up.
    """
    values = {
        "scim": dumps(resource),
        "name": name_key(name),
        "external": resource.get("externalId"),
        "now": now,
        "key": key,
    }
    try:
        tx.run(_SAVE.format(table=table), values)
    except IntegrityError:
        return False
    return True


_SAVE = """
    UPDATE {table} SET scim = :scim, scim_name_key = :name, scim_external_id = :external,
        scim_version = scim_version + 1, scim_modified = :now, updated_at = :now,
        scim_created = CASE WHEN scim_created = 0 THEN :now ELSE scim_created END
    WHERE id = :key
"""


def touch(tx: Tx, groups: list[GroupKey], now: Instant) -> None:
    """The members changed: the groups have a new version, and are ours until the end.

    One by one in the order of their keys, so that no two transactions wait for each other.
    """
    tx.many(
        "UPDATE groups SET scim_version = scim_version + 1, scim_modified = :now "
        "WHERE id = :group AND scim IS NOT NULL",
        [{"group": group, "now": now} for group in sorted(groups)],
    )


def release_name(tx: Tx, user: int, now: Instant) -> None:
    """Its userName is free for another from now on; nobody is found by it here any more."""
    tx.run(
        "UPDATE users SET scim_name_key = NULL, updated_at = :now WHERE id = :key",
        {"key": user, "now": now},
    )


def erase(tx: Tx, table: str, key: int, *, now: Instant) -> None:
    """The provider deleted it: not to be found by push any more, its name is free again."""
    tx.run(
        f"UPDATE {table} SET scim = NULL, scim_name_key = NULL, scim_external_id = NULL, "
        "scim_created = 0, updated_at = :now WHERE id = :key",
        {"key": key, "now": now},
    )


def inner_groups(tx: Tx, groups: list[int]) -> list[tuple[int, str]]:
    """The groups that are pushed into groups: the outer's key and the inner's public id."""
    return tx.tuples(
        """
        SELECT n.parent_id AS group_id, g.public_id FROM nestings n
        JOIN groups g ON g.id = n.child_id
        WHERE n.parent_id IN :groups AND n.push_yes > 0 AND n.push_yes >= n.push_no
          AND g.scim IS NOT NULL ORDER BY n.parent_id, n.child_id
        """,
        {"groups": groups},
    )


def named_members(tx: Tx, groups: list[int]) -> list[tuple[int, str]]:
    """As `members`, without those who are in a group by way of groups inside it alone."""
    return tx.tuples(
        """
        SELECT m.group_id, u.public_id
        FROM memberships m JOIN users u ON u.id = m.user_id
        WHERE m.group_id IN :groups AND m.push_yes > 0 AND m.push_yes >= m.push_no
          AND u.scim IS NOT NULL AND NOT EXISTS (SELECT 1 FROM indirect_members i
            WHERE i.group_id = m.group_id AND i.user_id = m.user_id)
        ORDER BY m.group_id, m.user_id
        """,
        {"groups": groups},
    )


def members(tx: Tx, groups: list[int]) -> list[tuple[int, str]]:
    """The pushed members of groups: group key and public id, in a stable order."""
    return tx.tuples(
        """
        SELECT m.group_id, u.public_id
        FROM memberships m JOIN users u ON u.id = m.user_id
        WHERE m.group_id IN :groups AND m.push_yes > 0 AND m.push_yes >= m.push_no
          AND u.scim IS NOT NULL ORDER BY m.group_id, m.user_id
        """,
        {"groups": groups},
    )


def groups_of(tx: Tx, users: list[int]) -> Sequence[Row[Any]]:
    """The pushed groups of users: user key, public id, the name that was pushed, and whether
    only by way of a group inside.
    """
    return tx.rows(
        """
        SELECT m.user_id, g.public_id, COALESCE(g.push_name, g.name) AS name,
            i.user_id IS NOT NULL AS is_indirect
        FROM memberships m JOIN groups g ON g.id = m.group_id
        LEFT JOIN indirect_members i ON i.group_id = m.group_id AND i.user_id = m.user_id
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
        WHERE user_id = :user AND push_yes > 0 AND push_yes >= push_no ORDER BY group_id
        """,
        {"user": user},
    )
    return [GroupKey(row.group_id) for row in rows]


def known_members(tx: Tx, connection: int, values: list[str]) -> dict[str, UserKey]:
    """Which of these member values name pushed users: by our id, or else by the provider's.

    Who was parked under the provider's id and has joined must be found by it to be removed.
    """
    found = _known(tx, "users", connection, values)
    return {value: UserKey(key) for value, key in found.items()}


def known_groups(tx: Tx, connection: int, values: list[str]) -> dict[str, GroupKey]:
    """Which of these member values name pushed groups: by our id, or else by the provider's."""
    found = _known(tx, "groups", connection, values)
    return {value: GroupKey(key) for value, key in found.items()}


def _known(tx: Tx, table: str, connection: int, values: list[str]) -> dict[str, int]:
    found = _named(tx, table, "public_id", connection=connection, values=values)
    rest = [value for value in values if value not in found]
    return _named(tx, table, "scim_external_id", connection=connection, values=rest) | found


def _named(
    tx: Tx, table: str, column: str, *, connection: int, values: list[str]
) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(values), 5000):
        rows = tx.rows(
            f"SELECT {column} AS name, id FROM {table} WHERE connection_id = :connection "
            f"AND {column} IN :values AND scim IS NOT NULL ORDER BY id DESC",
            {"connection": connection, "values": values[start : start + 5000]},
        )
        found |= {row.name: row.id for row in rows}
    return found


def park(
    tx: Tx, connection: int, group: GroupKey, *, values: Sequence[str], as_of: Instant
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
    if values is None:
        tx.run("DELETE FROM parked_members WHERE group_id = :group", {"group": group})
        return
    for start in range(0, len(values), 5000):
        tx.run(
            "DELETE FROM parked_members WHERE group_id = :group AND value IN :values",
            {"group": group, "values": values[start : start + 5000]},
        )


def parked_for(tx: Tx, connection: int, values: list[str]) -> list[tuple[GroupKey, str]]:
    """The groups that wait for somebody of one of these names."""
    rows = tx.rows(
        "SELECT group_id, value FROM parked_members "
        "WHERE connection_id = :connection AND value IN :values ORDER BY group_id, value",
        {"connection": connection, "values": values},
    )
    return [(GroupKey(row.group_id), row.value) for row in rows]

"""Users and groups as their identity provider pushed them."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from models.folding import fold
from models.identity import GroupKey, UserKey
from models.instant import Instant
from models.store import identities
from models.store.database import Tx, dumps

TURNS = 256


def name_key(name: str) -> str:
    """By which names are compared: without regard to case or to the form of accents."""
    return fold(name)


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


def version_of(tx: Tx, table: str, key: int) -> int:
    return int(tx.value(f"SELECT scim_version FROM {table} WHERE id = :key", {"key": key}))


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


def is_unheard_of(tx: Tx, connection: int, *, name: str, external_id: str | None) -> bool:
    """Whether nobody here is called by either of these names, in whatever way, and no group waits
    for somebody who is.
    """
    found = tx.value(_HEARD, {"connection": connection, "key": name_key(name), "ext": external_id})
    return found is None


_HEARD = """
    SELECT 1 FROM users WHERE connection_id = :connection AND scim_name_key = :key
    UNION ALL SELECT 1 FROM users
        WHERE connection_id = :connection AND scim_external_id = :ext AND scim IS NOT NULL
    UNION ALL SELECT 1 FROM user_aliases WHERE connection_id = :connection
        AND namespace = 'user_name' AND value = :key AND valid_to IS NULL
    UNION ALL SELECT 1 FROM user_aliases WHERE connection_id = :connection
        AND namespace IN ('external_id', 'id') AND value = :ext AND valid_to IS NULL
    UNION ALL SELECT 1 FROM parked_members WHERE connection_id = :connection AND value = :ext
    LIMIT 1
"""


def take_turns(tx: Tx, connection: int, names: Sequence[str]) -> bool:
    """Until the end nobody else takes a turn with any of these names. False where turns are
    taken anyway, so that nothing can have changed meanwhile.

    The names share some turns, for a server keeps only so many, and take them in one order.
    """
    turns = sorted({zlib.crc32(name.encode()) % TURNS for name in names})
    if tx.dialect == "sqlite" or not turns:
        return False
    if len(turns) == 1:
        sql = "SELECT pg_advisory_xact_lock(CAST(:connection AS integer), :turn)"
        tx.row(sql, {"connection": connection, "turn": turns[0]})
        return True
    tx.rows(
        "SELECT pg_advisory_xact_lock(CAST(:connection AS integer), turn) "
        "FROM generate_series(0, :last) AS turn WHERE turn IN :turns ORDER BY turn",
        {"connection": connection, "turns": turns, "last": TURNS - 1},
    )
    return True


def insert_user(
    tx: Tx,
    connection: int,
    *,
    resource: dict[str, Any],
    name: str,
    marks: Mapping[str, Any],
    now: Instant,
) -> Row[Any] | None:
    """A user of whom nothing else is known, with the marks of what is pushed of it.

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
        **marks,
    }
    try:
        return identities.insert_user_as(tx, connection, now, values)
    except IntegrityError:
        return None


def save(
    tx: Tx, table: str, key: int, *, resource: dict[str, Any], name: str, now: Instant
) -> Row[Any] | None:
    """Keep a pushed resource; its version moves on by one. Answers it as it stands then.

    None when the name belongs to another, who may have come in this very moment; what was
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
        return tx.row(_SAVE.format(table=table), values)
    except IntegrityError:
        return None


_SAVE = """
    UPDATE {table} SET scim = :scim, scim_name_key = :name, scim_external_id = :external,
        scim_version = scim_version + 1, scim_modified = :now, updated_at = :now,
        scim_created = CASE WHEN scim_created = 0 THEN :now ELSE scim_created END
    WHERE id = :key RETURNING *
"""


def rewritten(row: Row[Any], resource: dict[str, Any], now: Instant) -> dict[str, Any]:
    """What to write where a resource that is held is pushed otherwise under the same names: its
    version moves on by one.
    """
    return {
        "scim": dumps(resource),
        "scim_version": row.scim_version + 1,
        "scim_modified": now,
        "scim_created": row.scim_created or now,
    }


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

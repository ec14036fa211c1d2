"""Outside identifiers and whom they name."""

import os
import secrets
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from models.identity import GroupKey, Identifier, UserKey
from models.instant import Instant
from models.store.database import Tx

DRAWN = 64
"""Ids that are drawn at once."""
_DRAWN: deque[str] = deque()
os.register_at_fork(after_in_child=_DRAWN.clear)


def new_public_id() -> str:
    """A random UUID. They are drawn some at a time, for to ask the system lets other threads go
    ahead of whoever asks.
    """
    try:
        return _DRAWN.pop()
    except IndexError:
        first, *others = new_public_ids(DRAWN)
        _DRAWN.extend(others)
        return first


def new_public_ids(count: int) -> list[str]:
    """So many, in a fifth of the time that `uuid` takes and less."""
    told = secrets.token_hex(15 * count)
    return [_as_id(told[start : start + 30]) for start in range(0, 30 * count, 30)]


def _as_id(told: str) -> str:
    return f"{told[:8]}-{told[8:12]}-4{told[12:15]}-a{told[15:18]}-{told[18:]}"


def insert_user(tx: Tx, connection: int, now: Instant) -> UserKey:
    """A user of whom nothing is known yet."""
    return UserKey(insert_user_as(tx, connection, now, {}).id)


def insert_user_as(tx: Tx, connection: int, now: Instant, values: Mapping[str, Any]) -> Row[Any]:
    """A user of whom only these columns are known."""
    columns = {
        "public_id": new_public_id(),
        "connection_id": connection,
        "push_said": "{}",
        "pull_said": "{}",
        "login_said": "{}",
        "pull_known": False,
        "pull_digest": "",
        "scim_version": 0,
        "active": True,
        "wanted": False,
        "created_at": now,
        "updated_at": now,
    }
    return tx.insert_row("users", {**columns, **values})


def insert_group(tx: Tx, connection: int, name: str, now: Instant) -> GroupKey:
    """A group of which only a name is known."""
    return GroupKey(
        tx.insert(
            "groups",
            {
                "public_id": new_public_id(),
                "connection_id": connection,
                "name": name,
                "pull_known": False,
                "login_known": False,
                "scim_version": 0,
                "wanted": False,
                "created_at": now,
                "updated_at": now,
            },
        )
    )


def users_named(
    tx: Tx, connection: int, identifiers: Sequence[Identifier]
) -> dict[Identifier, UserKey]:
    """Whom each identifier names now."""
    return {i: UserKey(k) for i, k in named(tx, "user", connection, identifiers).items()}


def groups_named(
    tx: Tx, connection: int, identifiers: Sequence[Identifier]
) -> dict[Identifier, GroupKey]:
    return {i: GroupKey(k) for i, k in named(tx, "group", connection, identifiers).items()}


def named(
    tx: Tx, kind: str, connection: int, identifiers: Sequence[Identifier]
) -> dict[Identifier, int]:
    """Whom each names now. `kind` is user or group."""
    if not identifiers:
        return {}
    rows = tx.rows(
        f"""
        SELECT namespace, value, {kind}_id AS owner FROM {kind}_aliases
        WHERE connection_id = :connection AND namespace IN :namespaces AND value IN :values
          AND valid_to IS NULL
        """,
        {
            "connection": connection,
            "namespaces": sorted({one.namespace for one in identifiers}),
            "values": [one.value for one in identifiers],
        },
    )
    wanted = set(identifiers)
    found = {Identifier(row.namespace, row.value): row.owner for row in rows}
    return {one: owner for one, owner in found.items() if one in wanted}


def immutable_of(tx: Tx, users: Sequence[UserKey], namespace: str) -> dict[UserKey, str]:
    """What each user is called in a namespace of immutable identifiers, if anything."""
    if not users:
        return {}
    rows = tx.rows(
        """
        SELECT user_id, value FROM user_aliases
        WHERE namespace = :namespace AND valid_to IS NULL AND user_id IN :users
        """,
        {"users": list(users), "namespace": namespace},
    )
    return {UserKey(row.user_id): row.value for row in rows}


def is_known_by_logins_only(tx: Tx, user: UserKey) -> bool:
    """Whether neither a push nor a directory has ever named this user."""
    found = tx.value(
        "SELECT 1 FROM users WHERE id = :key AND push_yes = 0 AND push_no = 0 AND pull_yes = 0",
        {"key": user},
    )
    return found is not None


def name_first(
    tx: Tx,
    connection: int,
    user: UserKey,
    identifiers: Sequence[Identifier],
    *,
    proof: str,
    now: Instant,
) -> None:
    """As `name_user`, of identifiers that name nobody else, or did not a moment ago."""
    rows = [(one.namespace, one.value) for one in identifiers]
    common = {"connection_id": connection, "user_id": user, "valid_from": now, "proof": proof}
    if tx.fill("user_aliases", _NAMES, rows, common) < len(rows):
        for one in identifiers:
            name_user(tx, connection, user, one, proof=proof, now=now)


def name_user(
    tx: Tx, connection: int, user: UserKey, identifier: Identifier, *, proof: str, now: Instant
) -> bool:
    """From now on the identifier names this user, and nobody else. False when it did before.

    Nearly always it names nobody yet, so that is tried first.
    """
    return _name(tx, "user", connection, user, identifier, proof=proof, now=now)


def name_group(
    tx: Tx, connection: int, group: GroupKey, identifier: Identifier, *, proof: str, now: Instant
) -> bool:
    return _name(tx, "group", connection, group, identifier, proof=proof, now=now)


def _name(
    tx: Tx,
    kind: str,
    connection: int,
    owner: int,
    identifier: Identifier,
    *,
    proof: str,
    now: Instant,
) -> bool:
    values = {
        "connection": connection,
        "owner": owner,
        "namespace": identifier.namespace,
        "value": identifier.value,
        "proof": proof,
        "now": now,
    }
    if tx.run(_NAME.format(kind=kind), values):
        return True
    anothers = tx.run(
        f"""
        UPDATE {kind}_aliases SET valid_to = :now
        WHERE connection_id = :connection AND namespace = :namespace AND value = :value
          AND valid_to IS NULL AND {kind}_id <> :owner
        """,
        values,
    )
    return bool(anothers and tx.run(_NAME.format(kind=kind), values))


_NAMES = {"namespace": "text", "value": "text"}
_NAME = """
    INSERT INTO {kind}_aliases (connection_id, {kind}_id, namespace, value, valid_from, proof)
    VALUES (:connection, :owner, :namespace, :value, :now, :proof)
    ON CONFLICT (connection_id, namespace, value) WHERE valid_to IS NULL DO NOTHING
"""


def unname_group(tx: Tx, group: GroupKey, identifier: Identifier, now: Instant) -> bool:
    """The identifier names this group no more. False when it did not."""
    changed = tx.run(
        """
        UPDATE group_aliases SET valid_to = :now WHERE group_id = :group
          AND namespace = :namespace AND value = :value AND valid_to IS NULL
        """,
        {
            "group": group,
            "namespace": identifier.namespace,
            "value": identifier.value,
            "now": now,
        },
    )
    return changed == 1


def retire_user_names(
    tx: Tx, user: UserKey, namespace: str, *, kept: Sequence[str], now: Instant
) -> None:
    """Of a namespace only these name the user from now on, and what an administrator gave it."""
    tx.run(
        """
        UPDATE user_aliases SET valid_to = :now
        WHERE user_id = :user AND namespace = :namespace AND valid_to IS NULL
          AND value NOT IN :kept AND proof <> 'administrator'
        """,
        {"user": user, "namespace": namespace, "kept": list(kept), "now": now},
    )


def retire_read_names(tx: Tx, named: Iterable[tuple[UserKey, str]], now: Instant) -> None:
    """The directory calls these users otherwise now. What is pushed keeps its name."""
    tx.many(
        """
        UPDATE user_aliases SET valid_to = :now
        WHERE user_id = :user AND namespace = 'user_name' AND valid_to IS NULL
          AND value <> :name AND proof <> 'administrator' AND NOT EXISTS (
            SELECT 1 FROM users u WHERE u.id = :user AND u.scim_name_key = user_aliases.value)
        """,
        [{"user": user, "name": name, "now": now} for user, name in named],
    )


def aliases_of(tx: Tx, kind: str, owner: int) -> Sequence[Row[Any]]:
    """The whole chain, oldest first. `kind` is user or group."""
    return tx.rows(
        f"""
        SELECT namespace, value, valid_from, valid_to, proof FROM {kind}_aliases
        WHERE {kind}_id = :owner ORDER BY valid_from, id
        """,
        {"owner": owner},
    )


def groups_with_id(tx: Tx, groups: Sequence[GroupKey]) -> set[GroupKey]:
    """Those of the groups that a directory has given an immutable identifier."""
    if not groups:
        return set()
    rows = tx.rows(
        """
        SELECT group_id FROM group_aliases
        WHERE namespace = 'id' AND valid_to IS NULL AND group_id IN :groups
        """,
        {"groups": list(groups)},
    )
    return {GroupKey(row.group_id) for row in rows}


def directory_id(tx: Tx, user: UserKey) -> str | None:
    """By what id the directory can be asked about a user; by the pushed one if need be."""
    found = tx.value(
        """
        SELECT value FROM user_aliases
        WHERE user_id = :user AND namespace IN ('id', 'external_id') AND valid_to IS NULL
        ORDER BY CASE namespace WHEN 'id' THEN 0 ELSE 1 END LIMIT 1
        """,
        {"user": user},
    )
    return None if found is None else str(found)

"""Read what stands about users, groups and memberships, ready to be decided."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Row

from models.identity import GroupKey, Membership, Profile, UserKey
from models.instant import Instant
from models.records import GroupRecord, MemberRecord, UserRecord
from models.store import hearing, narrowing, narrowing_users
from models.store.database import Tx, chunks, loads
from models.store.hearing import CHANNELS, is_led

NO_TARGET = narrowing.NO_TARGET
"""Decide without regard to any target."""

_USERS = f"""
    SELECT u.id, u.public_id, u.push_yes, u.push_no, u.pull_yes, u.pull_no, u.login_yes,
        u.push_active_yes, u.push_active_no, u.pull_active_yes, u.pull_active_no, u.push_said,
        u.pull_said, u.login_said, u.pull_known, u.user_name, u.email, u.first_name, u.last_name,
        u.display_name, u.active, u.wanted, {CHANNELS},
        b.remote_id, b.ownership, b.active AS held_active, b.digest AS held_digest,
        b.updated_at AS held_since
    FROM users u JOIN connections c ON c.id = u.connection_id
    LEFT JOIN user_bindings b ON b.user_id = u.id AND b.target_id = :target
"""
_GROUPS = f"""
    SELECT g.*, {CHANNELS},
        b.remote_id, b.ownership, b.digest AS held_digest,
        (SELECT {{list}}(a.value) FROM group_aliases a
            WHERE a.group_id = g.id AND a.valid_to IS NULL
                AND a.namespace IN ('id', 'external_id', 'claim')) AS identifiers
    FROM groups g JOIN connections c ON c.id = g.connection_id
    LEFT JOIN group_bindings b ON b.group_id = g.id AND b.target_id = :target
"""
_MEMBERS = f"""
    SELECT m.*, g.push_cover, g.removed_at, g.name AS group_name, g.wanted AS group_wanted,
        g.let_in AS group_let_in,
        (g.pull_known AND g.pull_yes > 0 AND g.pull_yes >= g.pull_no
            AND g.pull_no < c.pull_cover_no) AS group_covered,
        g.login_known, u.pull_known AS user_pull_known,
        u.login_cover, u.wanted AS user_wanted, u.active AS user_active, u.user_name,
        u.pull_cover AS user_pull_cover, g.pull_known AS group_pull_known,
        {CHANNELS},
        ub.ownership AS user_bound, gb.ownership AS group_bound,
        mb.user_id IS NOT NULL AS held, {is_led("m.group_id", "m.user_id")} AS is_led
    FROM memberships m
    JOIN groups g ON g.id = m.group_id AND g.merged_into IS NULL
    JOIN users u ON u.id = m.user_id
    JOIN connections c ON c.id = g.connection_id
    LEFT JOIN user_bindings ub ON ub.target_id = :target AND ub.user_id = m.user_id
    LEFT JOIN group_bindings gb ON gb.target_id = :target AND gb.group_id = m.group_id
    LEFT JOIN member_bindings mb
        ON mb.target_id = :target AND mb.group_id = m.group_id AND mb.user_id = m.user_id
"""


def users(tx: Tx, keys: Iterable[UserKey], target: int = NO_TARGET) -> list[UserRecord]:
    """These users."""
    found: list[UserRecord] = []
    for chunk in chunks(sorted(keys)):
        rows = tx.rows(f"{_USERS} WHERE u.id IN :keys", {"keys": chunk, "target": target})
        found += [_user(row) for row in rows]
    return found


def groups(tx: Tx, keys: Iterable[GroupKey], target: int = NO_TARGET) -> list[GroupRecord]:
    """These groups."""
    found: list[GroupRecord] = []
    for chunk in chunks(sorted(keys)):
        rows = tx.rows(f"{_groups(tx)} WHERE g.id IN :keys", {"keys": chunk, "target": target})
        found += [_group(row) for row in rows]
    return found


def members(tx: Tx, keys: Iterable[Membership], target: int = NO_TARGET) -> Iterator[MemberRecord]:
    """These memberships, group by group."""
    by_group: dict[int, list[int]] = {}
    for one in sorted(keys):
        by_group.setdefault(one.group, []).append(one.user)
    for group, everyone in by_group.items():
        yield from _of_group(tx, GroupKey(group), everyone, target)


def _of_group(tx: Tx, group: GroupKey, everyone: list[int], target: int) -> Iterator[MemberRecord]:
    for chunk in chunks(everyone):
        sql = f"{_MEMBERS} WHERE m.group_id = :group AND m.user_id IN :users"
        params = {"group": group, "users": chunk, "target": target}
        yield from (_member(row) for row in tx.rows(sql, params))


def members_of_user(tx: Tx, user: UserKey, target: int = NO_TARGET) -> list[MemberRecord]:
    """All memberships of a user that anybody ever spoke of."""
    rows = tx.rows(f"{_MEMBERS} WHERE m.user_id = :user", {"user": user, "target": target})
    return [_member(row) for row in rows]


def members_of_group(tx: Tx, group: GroupKey, target: int = NO_TARGET) -> list[MemberRecord]:
    rows = tx.rows(f"{_MEMBERS} WHERE m.group_id = :group", {"group": group, "target": target})
    return [_member(row) for row in rows]


def keys_of_users(tx: Tx, users: Iterable[UserKey]) -> set[Membership]:
    """All memberships of users that anybody ever spoke of."""
    return _keys(tx, "m.user_id", users)


def keys_of_groups(tx: Tx, groups: Iterable[GroupKey]) -> set[Membership]:
    return _keys(tx, "m.group_id", groups)


def _keys(tx: Tx, column: str, keys: Iterable[int]) -> set[Membership]:
    found: set[Membership] = set()
    for chunk in chunks(sorted(keys)):
        rows = tx.tuples(f"{_KEYS} WHERE {column} IN :keys", {"keys": chunk})
        found |= {Membership(GroupKey(group), UserKey(user)) for group, user in rows}
    return found


_KEYS = """
    SELECT m.group_id, m.user_id FROM memberships m
    JOIN groups g ON g.id = m.group_id AND g.merged_into IS NULL
"""


def all_members(tx: Tx, connection: int) -> Iterator[MemberRecord]:
    """Every membership between users and groups that are wanted, whatever is said of it."""
    sql = f"""{_MEMBERS} WHERE g.connection_id = :connection AND u.wanted AND g.wanted
        ORDER BY m.group_id, m.user_id"""
    params = {"connection": connection, "target": NO_TARGET}
    return (_member(row) for row in tx.stream(sql, params))


def all_users(
    tx: Tx, connection: int, target: int = NO_TARGET, *, admits_all: bool = False
) -> Iterator[UserRecord]:
    """Every user of a connection that may be admitted or is held by the target."""
    sql = f"""{_USERS} WHERE u.connection_id = :connection AND u.id > :after
        AND (u.wanted OR u.push_yes > 0 OR u.login_yes > 0 OR b.remote_id IS NOT NULL
             OR (:admits_all AND u.pull_yes > 0)) ORDER BY u.id LIMIT {_PAGE}"""
    params = {"connection": connection, "target": target, "admits_all": admits_all}
    return (_user(row) for row in _pages(tx, sql, params))


def users_in_question(
    tx: Tx, connection: int, *, directories: tuple[str, ...], admits_all: bool = False
) -> Iterator[UserRecord]:
    """The users whom what is said by now may decide otherwise (models.store.narrowing_users)."""
    found = narrowing_users.in_question(
        tx, connection, directories=directories, admits_all=admits_all
    )
    for keys in found:
        yield from users(tx, keys)


def users_at_odds(
    tx: Tx, connection: int, target: int, *, unvouched_before: Instant = 0
) -> Iterator[UserRecord]:
    """The users whom a plan may be about, once what is decided of them is written down."""
    for keys in narrowing_users.users(tx, connection, target, unvouched_before=unvouched_before):
        yield from users(tx, keys, target)


def all_groups(tx: Tx, connection: int, target: int = NO_TARGET) -> Iterator[GroupRecord]:
    sql = f"""{_groups(tx)} WHERE g.connection_id = :connection AND g.id > :after
        ORDER BY g.id LIMIT {_PAGE}"""
    params = {"connection": connection, "target": target}
    return (_group(row) for row in _pages(tx, sql, params))


_PAGE = 2000


def _pages(tx: Tx, sql: str, params: dict[str, int]) -> Iterator[Row[Any]]:
    """Row by row, of which no more than a page is held."""
    after = 0
    while rows := tx.rows(sql, {**params, "after": after}):
        yield from rows
        after = rows[-1].id


def pushes_groups(tx: Tx, connection: int) -> bool:
    """Whether the provider ever pushed any group."""
    sql = "SELECT 1 FROM groups WHERE connection_id = :connection AND push_yes > 0 LIMIT 1"
    return tx.value(sql, {"connection": connection}) is not None


def disagreements(
    tx: Tx, connection: int, target: int = NO_TARGET, *, unvouched_before: Instant = 0
) -> Iterator[MemberRecord]:
    """The memberships worth deciding, of all that a connection has (models.store.narrowing)."""
    found = narrowing.candidates(tx, connection, target, unvouched_before=unvouched_before)
    for group, everyone in found:
        yield from _of_group(tx, group, everyone, target)


def _groups(tx: Tx) -> str:
    return _GROUPS.format(list="json_group_array" if tx.dialect == "sqlite" else "jsonb_agg")


def untold(tx: Tx, connection: int, target: int) -> Iterator[MemberRecord]:
    """Memberships that the target holds, and of which no channel ever spoke by name."""
    rows = tx.rows(
        """
        SELECT m.group_id, m.user_id FROM groups g JOIN memberships m ON m.group_id = g.id
        WHERE g.connection_id = :connection AND g.wanted AND m.push_yes = 0 AND m.push_no = 0
          AND m.pull_yes = 0 AND m.pull_no = 0 AND m.login_yes = 0 AND m.login_no = 0
          AND EXISTS (SELECT 1 FROM member_bindings b WHERE b.target_id = :target
            AND b.group_id = m.group_id AND b.user_id = m.user_id)
        """,
        {"connection": connection, "target": target},
    )
    keys = [Membership(GroupKey(row.group_id), UserKey(row.user_id)) for row in rows]
    return members(tx, keys, target)


def _user(row: Row[Any]) -> UserRecord:
    exists = hearing.exists(row)
    return UserRecord(
        key=UserKey(row.id),
        public_id=row.public_id,
        user_name=row.user_name,
        email=row.email,
        exists=exists,
        active=hearing.active(row, exists),
        push_said=loads(row.push_said) if row.has_push else {},
        pull_said=loads(row.pull_said) if row.has_pull else {},
        login_said=loads(row.login_said) if row.has_login else {},
        wanted=bool(row.wanted),
        was_active=bool(row.active),
        resolved=_resolved(row),
        login_at=row.login_yes,
        remote_id=row.remote_id,
        ownership=row.ownership,
        held_active=bool(row.held_active),
        held_digest=row.held_digest or "",
        held_since=row.held_since or 0,
    )


def _resolved(row: Row[Any]) -> Profile | None:
    if row.user_name is None:
        return None
    return Profile(
        user_name=row.user_name,
        email=row.email,
        first_name=row.first_name,
        last_name=row.last_name,
        display_name=row.display_name,
    )


def _group(row: Row[Any]) -> GroupRecord:
    return GroupRecord(
        key=GroupKey(row.id),
        public_id=row.public_id,
        name=row.name,
        push_name=_name(row.push_name, row.push_name_at) if row.has_push else None,
        pull_name=_name(row.pull_name, row.pull_name_at) if row.has_pull else None,
        exists=hearing.exists(row),
        wanted=bool(row.wanted),
        removed_at=row.removed_at,
        identifiers=tuple(sorted(loads(row.identifiers) or ())),
        let_in=bool(row.let_in),
        is_part=row.merged_into is not None,
        remote_id=row.remote_id,
        ownership=row.ownership,
        held_digest=row.held_digest or "",
    )


def _member(row: Row[Any]) -> MemberRecord:
    return MemberRecord(
        membership=Membership(GroupKey(row.group_id), UserKey(row.user_id)),
        testimony=hearing.member(row),
        user_wanted=bool(row.user_wanted),
        user_active=bool(row.user_active),
        group_wanted=bool(row.group_wanted),
        removed_at=row.removed_at,
        user_bound=row.user_bound,
        group_bound=row.group_bound,
        held=bool(row.held),
        user_name=row.user_name,
        group_name=row.group_name,
        group_let_in=bool(row.group_let_in),
    )


def _name(name: str | None, at: Instant) -> tuple[str, Instant] | None:
    return (name, at) if name else None

"""Read what stands about users, groups and memberships, ready to be decided.

SQL narrows, the core decides. The law: when every channel agrees and the target already
matches, no policy can want an operation. So narrowing needs to know only unanimity; it may
select too much and must never miss.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Row

from models.evidence import (
    NO_COVER,
    SILENT,
    Cover,
    Marks,
    No,
    Testimony,
    Word,
    Yes,
    hear,
)
from models.identity import GroupKey, Membership, Profile, UserKey
from models.records import GroupRecord, MemberRecord, UserRecord
from models.store.database import Tx, loads

NO_TARGET = 0
"""Decide without regard to any target."""

_USERS = """
    SELECT u.*, c.pull_cover_yes, c.pull_cover_no,
        b.remote_id, b.ownership, b.active AS held_active, b.digest AS held_digest
    FROM users u JOIN connections c ON c.id = u.connection_id
    LEFT JOIN user_bindings b ON b.user_id = u.id AND b.target_id = :target
"""
_GROUPS = """
    SELECT g.*, c.pull_cover_yes, c.pull_cover_no,
        b.remote_id, b.ownership, b.digest AS held_digest
    FROM groups g JOIN connections c ON c.id = g.connection_id
    LEFT JOIN group_bindings b ON b.group_id = g.id AND b.target_id = :target
"""
_MEMBERS = """
    SELECT m.*, g.push_cover, g.removed_at, g.name AS group_name, g.wanted AS group_wanted,
        (g.pull_known AND g.pull_yes > 0 AND g.pull_yes >= g.pull_no
            AND g.pull_no < c.pull_cover_no) AS group_covered,
        g.login_known, u.pull_known AS user_pull_known,
        u.login_cover, u.wanted AS user_wanted, u.active AS user_active, u.user_name,
        c.pull_cover_yes, c.pull_cover_no,
        ub.ownership AS user_bound, gb.ownership AS group_bound,
        mb.user_id IS NOT NULL AS held
    FROM memberships m
    JOIN groups g ON g.id = m.group_id
    JOIN users u ON u.id = m.user_id
    JOIN connections c ON c.id = g.connection_id
    LEFT JOIN user_bindings ub ON ub.target_id = :target AND ub.user_id = m.user_id
    LEFT JOIN group_bindings gb ON gb.target_id = :target AND gb.group_id = m.group_id
    LEFT JOIN member_bindings mb
        ON mb.target_id = :target AND mb.group_id = m.group_id AND mb.user_id = m.user_id
"""
_SOME_YES = """(
    (m.push_yes > 0 AND m.push_yes >= m.push_no)
    OR (m.pull_yes > 0 AND m.pull_yes >= m.pull_no)
    OR (m.login_yes > 0 AND m.login_yes >= m.login_no))"""
_SILENCE = """(
    (m.login_yes > 0 AND m.login_yes >= m.login_no AND (c.push OR c.pull IS NOT NULL)
        AND (m.push_yes = 0 OR m.push_yes < m.push_no)
        AND (m.pull_yes = 0 OR m.pull_yes < m.pull_no))
    OR (m.pull_yes > 0 AND m.pull_yes >= m.pull_no AND m.push_yes = 0 AND m.push_no = 0
        AND g.push_yes > g.push_no AND u.push_yes > u.push_no))"""
"""No word against it, and still a disagreement: worth a look. A push that provisions no groups
is not silent of every membership; that would be all of them."""
_SOME_NO = """(
    m.push_no > m.push_yes OR m.pull_no > m.pull_yes OR m.login_no > m.login_yes
    OR (m.push_yes = 0 AND g.push_cover > 0)
    OR (m.pull_yes = 0 AND g.pull_known AND u.pull_known AND c.pull_cover_yes > 0)
    OR (m.login_yes = 0 AND g.login_known AND u.login_cover > 0))"""


def users(tx: Tx, keys: Iterable[UserKey], target: int = NO_TARGET) -> list[UserRecord]:
    """These users."""
    found: list[UserRecord] = []
    for chunk in _chunks(sorted(keys)):
        rows = tx.rows(f"{_USERS} WHERE u.id IN :keys", {"keys": chunk, "target": target})
        found += [_user(row) for row in rows]
    return found


def groups(tx: Tx, keys: Iterable[GroupKey], target: int = NO_TARGET) -> list[GroupRecord]:
    """These groups."""
    found: list[GroupRecord] = []
    for chunk in _chunks(sorted(keys)):
        rows = tx.rows(f"{_GROUPS} WHERE g.id IN :keys", {"keys": chunk, "target": target})
        found += [_group(row) for row in rows]
    return found


def members(tx: Tx, keys: Iterable[Membership], target: int = NO_TARGET) -> Iterator[MemberRecord]:
    """These memberships, group by group."""
    by_group: dict[int, list[int]] = {}
    for one in sorted(keys):
        by_group.setdefault(one.group, []).append(one.user)
    for group, everyone in by_group.items():
        for chunk in _chunks(everyone):
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


def all_users(
    tx: Tx, connection: int, target: int = NO_TARGET, *, admits_all: bool = False
) -> Iterator[UserRecord]:
    """Every user of a connection that may be admitted or is held by the target."""
    sql = f"""{_USERS} WHERE u.connection_id = :connection
        AND (u.wanted OR u.push_yes > 0 OR u.login_yes > 0 OR b.remote_id IS NOT NULL
             OR (:admits_all AND u.pull_yes > 0)) ORDER BY u.id"""
    params = {"connection": connection, "target": target, "admits_all": admits_all}
    return (_user(row) for row in tx.stream(sql, params))


def all_groups(tx: Tx, connection: int, target: int = NO_TARGET) -> Iterator[GroupRecord]:
    sql = f"{_GROUPS} WHERE g.connection_id = :connection ORDER BY g.id"
    return (_group(row) for row in tx.stream(sql, {"connection": connection, "target": target}))


def disagreements(tx: Tx, connection: int, target: int = NO_TARGET) -> Iterator[MemberRecord]:
    """The memberships worth deciding: channels differ, or the target does not match.

    Left out are only those of which every channel that says anything says what the target
    already holds, and those of users or groups that are not wanted and not held. Without a
    target, the silence of the directory differs from the yes of a token, and that of a push
    which speaks of the group and of the user from the yes of a read.
    """
    held = "mb.user_id IS NOT NULL"
    present = "((u.wanted AND g.wanted) OR ub.user_id IS NOT NULL OR g.removed_at > 0)"
    mismatch = f"(({held} AND {_SOME_NO}) OR (NOT {held} AND {_SOME_YES}))"
    split = f"({_SOME_YES} AND {_SOME_NO})"
    differs = f"({split} OR {_SILENCE})" if target == NO_TARGET else mismatch
    removed = f"(g.removed_at > 0 AND ({held} OR {_SOME_YES}))"
    sql = f"""{_MEMBERS} WHERE g.connection_id = :connection
        AND {present} AND ({differs} OR {removed}) ORDER BY m.group_id, m.user_id"""
    return (_member(row) for row in tx.stream(sql, {"connection": connection, "target": target}))


def _user(row: Row[Any]) -> UserRecord:
    pull = hear(Marks(row.pull_yes, row.pull_no), _cover(row, bool(row.pull_known)))
    return UserRecord(
        key=UserKey(row.id),
        public_id=row.public_id,
        user_name=row.user_name,
        email=row.email,
        exists=Testimony(
            push=hear(Marks(row.push_yes, row.push_no)),
            pull=pull,
            login=hear(Marks(row.login_yes)),
        ),
        active=Testimony(
            push=hear(Marks(row.push_active_yes, row.push_active_no)),
            pull=_as_listed(hear(Marks(row.pull_active_yes, row.pull_active_no)), pull),
        ),
        push_said=loads(row.push_said),
        pull_said=loads(row.pull_said),
        login_said=loads(row.login_said),
        wanted=bool(row.wanted),
        was_active=bool(row.active),
        resolved=_resolved(row),
        login_at=row.login_yes,
        remote_id=row.remote_id,
        ownership=row.ownership,
        held_active=bool(row.held_active),
        held_digest=row.held_digest or "",
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


def _as_listed(word: Word, exists: Word) -> Word:
    """What a read says of a user's state is as fresh as its listing of the user."""
    if not isinstance(exists, Yes):
        return word
    match word:
        case Yes(as_of, since):
            return Yes(max(as_of, exists.as_of), since)
        case No(as_of, since):
            return No(max(as_of, exists.as_of), since, is_confirmed=True)
        case _:
            return SILENT


def _group(row: Row[Any]) -> GroupRecord:
    return GroupRecord(
        key=GroupKey(row.id),
        public_id=row.public_id,
        name=row.name,
        push_name=(row.push_name, row.push_name_at) if row.push_name else None,
        pull_name=(row.pull_name, row.pull_name_at) if row.pull_name else None,
        exists=Testimony(
            push=hear(Marks(row.push_yes, row.push_no)),
            pull=hear(Marks(row.pull_yes, row.pull_no), _cover(row, bool(row.pull_known))),
            login=hear(Marks(row.login_yes)),
        ),
        wanted=bool(row.wanted),
        removed_at=row.removed_at,
        remote_id=row.remote_id,
        ownership=row.ownership,
        held_digest=row.held_digest or "",
    )


def _member(row: Row[Any]) -> MemberRecord:
    known = bool(row.group_covered and row.user_pull_known)
    login = Cover(row.login_cover, row.login_cover) if row.login_known else NO_COVER
    return MemberRecord(
        membership=Membership(GroupKey(row.group_id), UserKey(row.user_id)),
        testimony=Testimony(
            push=hear(Marks(row.push_yes, row.push_no), Cover(row.push_cover, row.push_cover)),
            pull=hear(Marks(row.pull_yes, row.pull_no), _cover(row, known)),
            login=hear(Marks(row.login_yes, row.login_no), login),
        ),
        user_wanted=bool(row.user_wanted),
        user_active=bool(row.user_active),
        group_wanted=bool(row.group_wanted),
        removed_at=row.removed_at,
        user_bound=row.user_bound,
        group_bound=row.group_bound,
        held=bool(row.held),
        user_name=row.user_name,
        group_name=row.group_name,
    )


def _cover(row: Row[Any], is_known: bool) -> Cover:
    return Cover(row.pull_cover_yes, row.pull_cover_no) if is_known else NO_COVER


def _chunks(keys: list[Any], size: int = 5000) -> Iterator[list[Any]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]

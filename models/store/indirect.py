"""Who is pushed into a group only by way of a group inside it.

The ledger affirms such a membership as any other that is pushed; a mark here tells that the
provider never named it. A group without pushed groups inside has no marks.
"""

from collections.abc import Iterable, Iterator, Set
from typing import Any

from models.identity import GroupKey, UserKey
from models.store.database import Tx
from models.store.memberships import MEMBER

CHUNK = 5000
MOMENT = 50
"""Milliseconds."""
_PUSHED = "push_yes > 0 AND push_yes >= push_no"


def above(tx: Tx, group: GroupKey) -> set[GroupKey]:
    """All groups that this one is pushed into, at any depth."""
    return set(
        tx.column(
            f"""
            WITH RECURSIVE up (id) AS (
                SELECT parent_id FROM nestings WHERE child_id = :group AND {_PUSHED}
                UNION
                SELECT n.parent_id FROM nestings n JOIN up ON n.child_id = up.id WHERE {_PUSHED}
            )
            SELECT id FROM up
            """,
            {"group": group},
        )
    )


def below(tx: Tx, group: GroupKey) -> set[GroupKey]:
    """All groups that are pushed into this one, at any depth."""
    return set(
        tx.column(
            f"""
            WITH RECURSIVE down (id) AS (
                SELECT child_id FROM nestings WHERE parent_id = :group AND {_PUSHED}
                UNION
                SELECT n.child_id FROM nestings n JOIN down ON n.parent_id = down.id
                WHERE {_PUSHED}
            )
            SELECT id FROM down
            """,
            {"group": group},
        )
    )


def is_nested(tx: Tx, group: GroupKey) -> bool:
    """Whether any group is pushed into this one, or this one into any. Nearly always none is."""
    anywhere = "SELECT EXISTS (SELECT 1 FROM nestings)"
    if not tx.minded(("nestings",), lambda: tx.value(anywhere)):
        return False
    sql = f"SELECT 1 FROM nestings WHERE {{which}} = :group AND {_PUSHED}"
    both = f"{sql.format(which='parent_id')} UNION ALL {sql.format(which='child_id')} LIMIT 1"
    return tx.value(both, {"group": group}) is not None


def parents(tx: Tx, group: GroupKey) -> set[GroupKey]:
    sql = f"SELECT parent_id FROM nestings WHERE child_id = :group AND {_PUSHED}"
    return set(tx.column(sql, {"group": group}))


def children(tx: Tx, group: GroupKey) -> set[GroupKey]:
    sql = f"SELECT child_id FROM nestings WHERE parent_id = :group AND {_PUSHED}"
    return set(tx.column(sql, {"group": group}))


def take_turn(tx: Tx, connection: int) -> None:
    """Until the end nobody else nests groups of the connection: two could close a circle.

    Once any are nested, whoever changes groups takes a turn before holding one: a change holds
    groups above and below as well, and two of them would wait for each other.
    """
    if tx.dialect != "sqlite":
        tx.run(
            "SELECT pg_advisory_xact_lock(CAST(:connection AS integer), hashtext('nesting'))",
            {"connection": connection},
        )


def hurry(tx: Tx) -> None:
    """Who takes a turn with a group in hand might wait for somebody who waits for the group. So it
    waits a moment for either, and then begins again (`Database.insist`).
    """
    if tx.dialect != "sqlite":
        tx.run(f"SET LOCAL lock_timeout = {MOMENT}")


def note(tx: Tx, connection: int) -> None:
    """Groups of this connection are nested from now on."""
    tx.run(
        "UPDATE connections SET nests = TRUE WHERE id = :connection AND NOT nests",
        {"connection": connection},
    )


def hold(tx: Tx, groups: Iterable[GroupKey]) -> None:
    """Until the end nobody else changes who is in these groups."""
    keys = sorted(groups)
    if keys and tx.dialect != "sqlite":
        tx.rows(
            "SELECT id FROM groups WHERE id IN :groups ORDER BY id FOR NO KEY UPDATE",
            {"groups": keys},
        )


def named(tx: Tx, groups: Set[GroupKey], users: Set[UserKey] | None = None) -> set[UserKey]:
    """Whom the provider itself put into any of these groups; among these users, if given."""
    return _users(
        tx,
        f"""
        SELECT DISTINCT m.user_id FROM memberships m
        WHERE m.group_id IN :groups AND {_PUSHED} AND NOT EXISTS (SELECT 1
            FROM indirect_members i WHERE i.group_id = m.group_id AND i.user_id = m.user_id)
        """,
        groups,
        users,
    )


def affirmed(tx: Tx, group: GroupKey, users: Set[UserKey] | None = None) -> set[UserKey]:
    """Who is pushed into the group in either way; among these users, if given."""
    sql = f"SELECT m.user_id FROM memberships m WHERE m.group_id IN :groups AND {_PUSHED}"
    return _users(tx, sql, {group}, users)


def marked(tx: Tx, group: GroupKey, users: Set[UserKey] | None = None) -> set[UserKey]:
    """Who is in the group by way of others alone; among these users, if given."""
    sql = "SELECT m.user_id FROM indirect_members m WHERE m.group_id IN :groups"
    return _users(tx, sql, {group}, users)


def _users(tx: Tx, sql: str, groups: Set[GroupKey], users: Set[UserKey] | None) -> set[UserKey]:
    if not groups:
        return set()
    if users is None:
        return set(tx.column(sql, {"groups": sorted(groups)}))
    found: set[UserKey] = set()
    for chunk in _chunks(users):
        some = {"groups": sorted(groups), "users": chunk}
        found |= set(tx.column(f"{sql} AND m.user_id IN :users", some))
    return found


def _chunks(users: Set[UserKey]) -> Iterator[list[UserKey]]:
    ordered = sorted(users)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


def mark(tx: Tx, group: GroupKey, users: Iterable[UserKey]) -> None:
    rows = [(int(group), int(user)) for user in sorted(users)]
    tx.fill("indirect_members", MEMBER, rows)


def unmark(tx: Tx, group: GroupKey, users: Set[UserKey]) -> None:
    for chunk in _chunks(users):
        given: dict[str, Any] = {"group": group, "users": chunk}
        tx.run("DELETE FROM indirect_members WHERE group_id = :group AND user_id IN :users", given)


def forget(tx: Tx, user: UserKey) -> None:
    """The user is in no group any more."""
    tx.run("DELETE FROM indirect_members WHERE user_id = :user", {"user": user})

"""Two groups become one, and become two again exactly as they were.

Only groups known by tokens alone are merged, so all of this is about what logins said. While a
group is part of another, its own rows hold what the other's would be without it: they begin as
a copy, and every later word about the other is said of both (`groups_in_tokens.echoes`). Its
own former evidence is kept aside. So splitting needs to undo nothing: the rows change places,
and what was said meanwhile stays with the former group.

Only a denial goes to both: whoever lost the group while it was one is in neither afterwards.

This is the one place where marks are set lower than they were; nothing was ever said to the
contrary, it was said of another group.
"""

from collections.abc import Sequence
from typing import Any

from models.evidence import Channel
from models.identity import GroupKey
from models.instant import Instant
from models.store import member_covers
from models.store.database import Tx

Moved = dict[str, Any]
"""The evidence of the later group, and the aliases that went over: [its own, the new one]."""


def lock(tx: Tx, connection: int) -> None:
    """No login is taken while groups change places, and no two of these at once."""
    if tx.dialect != "sqlite":
        tx.value("SELECT 1 FROM connections WHERE id = :key FOR UPDATE", {"key": connection})


def is_known_by_tokens_only(tx: Tx, groups: Sequence[GroupKey]) -> bool:
    """Whether no push, no read and no other group has had to do with any of them."""
    found = tx.value(
        """
        SELECT 1 FROM groups g WHERE g.id IN :groups AND (g.push_yes > 0 OR g.push_no > 0
            OR g.pull_yes > 0 OR g.pull_no > 0 OR g.scim IS NOT NULL
            OR g.merged_into IS NOT NULL)
        """,
        {"groups": list(groups)},
    )
    return found is None


def has_parts(tx: Tx, group: GroupKey) -> bool:
    """Whether other groups are part of this one."""
    sql = "SELECT 1 FROM groups WHERE merged_into = :key"
    return tx.value(sql, {"key": group}) is not None


def is_part(tx: Tx, group: GroupKey) -> bool:
    """Whether this group is part of another one."""
    sql = "SELECT 1 FROM groups WHERE id = :key AND merged_into IS NOT NULL"
    return tx.value(sql, {"key": group}) is not None


def merge(tx: Tx, connection: int, former: GroupKey, later: GroupKey, now: Instant) -> Moved:
    """The later group is the former. Answers what `split` needs."""
    both = {"former": former, "later": later}
    rows = tx.rows(
        "SELECT user_id, login_yes, login_no FROM memberships WHERE group_id = :later "
        "ORDER BY user_id",
        both,
    )
    members = [[row.user_id, row.login_yes, row.login_no] for row in rows]
    dated = tx.rows(_DATED, {"groups": [former, later]})
    seen_at = tx.value("SELECT login_yes FROM groups WHERE id = :later", both)
    tx.run("DELETE FROM memberships WHERE group_id = :later", both)
    tx.run(_COPY, {"from": former, "to": later})
    said = [*members, *([row.user_id, row.login_cover, 0] for row in dated)]
    tx.many(_JOIN, [{"group": former, "user": u, "yes": y, "no": n} for u, y, n in said])
    tx.run(
        """
        UPDATE groups SET merged_into = :former, updated_at = :now,
            login_yes = (SELECT f.login_yes FROM groups f WHERE f.id = :former)
        WHERE id = :later
        """,
        both | {"now": now},
    )
    tx.run(
        "UPDATE groups SET login_yes = :seen WHERE id = :former AND login_yes < :seen",
        both | {"seen": seen_at},
    )
    return {
        "login_yes": seen_at,
        "members": members,
        "aliases": _move_aliases(tx, connection, both, now),
    }


_COPY = """
    INSERT INTO memberships (group_id, user_id, push_yes, push_no, pull_yes, pull_no,
        login_yes, login_no)
    SELECT :to, user_id, 0, 0, 0, 0, login_yes, login_no FROM memberships
    WHERE group_id = :from
    ON CONFLICT (group_id, user_id) DO UPDATE SET
        login_yes = excluded.login_yes, login_no = excluded.login_no
"""
_DATED = """
    SELECT DISTINCT m.user_id, u.login_cover FROM memberships m
    JOIN groups g ON g.id = m.group_id JOIN users u ON u.id = m.user_id
    WHERE m.group_id IN :groups AND g.login_known AND m.login_yes > 0
      AND m.login_yes >= m.login_no AND m.login_no < u.login_cover
    ORDER BY m.user_id
"""
"""Whom the newest list of all a user's groups affirmed: as of it, lest a join forget that.

One group of the two may have been denied by the same token that still named the other.
"""
_JOIN = """
    INSERT INTO memberships (group_id, user_id, push_yes, push_no, pull_yes, pull_no,
        login_yes, login_no)
    VALUES (:group, :user, 0, 0, 0, 0, :yes, :no)
    ON CONFLICT (group_id, user_id) DO UPDATE SET
        login_yes = CASE WHEN memberships.login_yes < excluded.login_yes
            THEN excluded.login_yes ELSE memberships.login_yes END,
        login_no = CASE WHEN memberships.login_no < excluded.login_no
            THEN excluded.login_no ELSE memberships.login_no END
"""


def _move_aliases(
    tx: Tx, connection: int, both: dict[str, GroupKey], now: Instant
) -> list[list[int]]:
    """What names the later group names the former from now on, by proof of statistics."""
    rows = tx.rows(
        "SELECT id, namespace, value FROM group_aliases "
        "WHERE group_id = :later AND valid_to IS NULL ORDER BY id",
        both,
    )
    moved = []
    for row in rows:
        tx.update("group_aliases", row.id, {"valid_to": now})
        values = {
            "connection_id": connection,
            "group_id": both["former"],
            "namespace": row.namespace,
            "value": row.value,
            "valid_from": now,
            "proof": "statistics",
        }
        moved.append([row.id, tx.insert("group_aliases", values)])
    return moved


def split(tx: Tx, former: GroupKey, later: GroupKey, moved: Moved, now: Instant) -> None:
    """They are two again: what was said since stays with the former.

    But who was in the later group and is denied by now is not put back: nobody has said since
    that they belong to either.
    """
    both = {"former": former, "later": later}
    denials = _denials(tx, former, moved)
    tx.run("UPDATE memberships SET login_yes = 0, login_no = 0 WHERE group_id = :former", both)
    tx.run(_COPY, {"from": later, "to": former})
    tx.run(
        """
        DELETE FROM memberships WHERE group_id = :former AND login_yes = 0 AND login_no = 0
          AND push_yes = 0 AND push_no = 0 AND pull_yes = 0 AND pull_no = 0
          AND user_id NOT IN (SELECT l.user_id FROM memberships l WHERE l.group_id = :later)
        """,
        both,
    )
    tx.run("DELETE FROM memberships WHERE group_id = :later", both)
    tx.many(_JOIN, [{"group": later, "user": u, "yes": y, "no": n} for u, y, n in moved["members"]])
    tx.many(_DENY, [{"group": later, **denial} for denial in denials])
    tx.run(
        "UPDATE groups SET updated_at = :now, login_yes = (SELECT l.login_yes FROM groups l "
        "WHERE l.id = :later) WHERE id = :former",
        both | {"now": now},
    )
    tx.run(
        "UPDATE groups SET merged_into = NULL, login_yes = :seen, updated_at = :now "
        "WHERE id = :later",
        both | {"seen": moved["login_yes"], "now": now},
    )
    for own, given in moved["aliases"]:
        tx.update("group_aliases", given, {"valid_to": now})
        _reopen(tx, own)


def _denials(tx: Tx, former: GroupKey, moved: Moved) -> list[dict[str, int]]:
    """What by now denies those whom the later group had; the join itself denied none of them.

    Whose row is gone was denied, and the newest list of all their groups alone says so still.
    """
    rows = tx.rows(
        """
        SELECT user_id, CASE WHEN login_yes < login_no THEN login_no ELSE 0 END AS login,
            CASE WHEN push_yes < push_no THEN push_no ELSE 0 END AS push,
            CASE WHEN pull_yes < pull_no THEN pull_no ELSE 0 END AS pull
        FROM memberships WHERE group_id = :former
        """,
        {"former": former},
    )
    had = {user for user, yes, no in moved["members"] if 0 < yes >= no}
    gone = sorted(had - {row.user_id for row in rows})
    covered = member_covers.denied(tx, Channel.LOGIN, former, gone)
    found = [(row.user_id, row.login, row.push, row.pull) for row in rows if row.user_id in had]
    return [
        {"user": user, "login": login, "push": push, "pull": pull}
        for user, login, push, pull in (*found, *((one, covered.of(one), 0, 0) for one in gone))
        if login or push or pull
    ]


_DENY = """
    UPDATE memberships SET
        login_no = CASE WHEN login_no < :login THEN :login ELSE login_no END,
        push_no = CASE WHEN push_no < :push THEN :push ELSE push_no END,
        pull_no = CASE WHEN pull_no < :pull THEN :pull ELSE pull_no END
    WHERE group_id = :group AND user_id = :user
"""


def _reopen(tx: Tx, alias: int) -> None:
    """It names whom it named before, unless somebody else has it now."""
    tx.run(
        """
        UPDATE group_aliases SET valid_to = NULL
        WHERE id = :key AND valid_to IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM group_aliases o WHERE o.connection_id = group_aliases.connection_id
              AND o.namespace = group_aliases.namespace AND o.value = group_aliases.value
              AND o.valid_to IS NULL)
        """,
        {"key": alias},
    )

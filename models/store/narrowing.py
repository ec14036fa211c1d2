"""Which memberships are worth deciding, of all that a connection has.

The law: when every channel agrees, nothing is stale and the target already matches, no policy
can want an operation. So this knows unanimity alone. It may select too much, and never misses.

A group in which everybody is affirmed by all who speak, and whom the target holds exactly so,
is left out as a whole by counting. Only the others are looked at member by member, and what
depends on the user is looked up in a roll of one byte a user.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from models.identity import GroupKey
from models.instant import Instant
from models.store import bindings
from models.store.database import Tx

NO_TARGET = 0
"""Decide without regard to any target."""

YES, NO, UNLISTED, UNNAMED, RAN_OUT, SILENCE, UNPUSHED = 1, 2, 4, 8, 16, 32, 64
"""What is said of a membership: a yes of any channel; a no of any; not named by the directory
or by tokens, which is a no of those users whom they cover; vouched for by a login too long
ago; a token's yes amid the silence of the directory; a directory's amid that of the push."""
WANTED, BOUND, LISTED, NAMED, VOUCHED, PUSHED = 1, 2, 4, 8, 16, 32
"""Of a user: wanted; there at the target; covered by reads; covered by tokens; by one that is
recent; affirmed by push."""
Bits = dict[int, str]
"""Of each bit the condition, in SQL, under which it is set."""

_YES = """(m.push_yes > 0 AND m.push_yes >= m.push_no)
    OR (m.pull_yes > 0 AND m.pull_yes >= m.pull_no)
    OR (m.login_yes > 0 AND m.login_yes >= m.login_no)"""
_NO = """m.push_no > m.push_yes OR m.pull_no > m.pull_yes OR m.login_no > m.login_yes
    OR (m.push_yes = 0 AND g.push_cover > 0)"""
_UNLISTED = "m.pull_yes = 0 AND g.pull_known"
_UNNAMED = "m.login_yes = 0 AND g.login_known"
_RAN_OUT = "m.login_yes > 0 AND m.login_yes >= m.login_no AND m.login_yes < :unvouched_before"
_VOUCHED = "g.login_known AND m.login_no < :unvouched_before"
_SILENCE = """m.login_yes > 0 AND m.login_yes >= m.login_no AND (c.push OR c.pull IS NOT NULL)
    AND (m.push_yes = 0 OR m.push_yes < m.push_no)
    AND (m.pull_yes = 0 OR m.pull_yes < m.pull_no)"""
_UNPUSHED = """m.pull_yes > 0 AND m.pull_yes >= m.pull_no AND m.push_yes = 0 AND m.push_no = 0
    AND g.push_yes > g.push_no"""
"""A push that provisions no groups is not silent of every membership; that would be all."""


def _sum(bits: Bits) -> str:
    return " + ".join(f"CASE WHEN {told} THEN {bit} ELSE 0 END" for bit, told in bits.items())


def _plain(bits: Bits) -> str:
    """A yes and nothing else."""
    others = " OR ".join(f"({told})" for bit, told in bits.items() if bit != YES)
    return f"({_YES}) AND NOT ({others})"


SAID = {YES: _YES, NO: _NO, UNLISTED: _UNLISTED, UNNAMED: _UNNAMED}
WITH_LEASES = {
    **SAID,
    NO: f"{_NO} OR ({_RAN_OUT} AND NOT ({_VOUCHED}))",
    RAN_OUT: f"{_RAN_OUT} AND {_VOUCHED}",
}
BETWEEN = {**SAID, SILENCE: _SILENCE, UNPUSHED: _UNPUSHED}
ROLL = {
    WANTED: "u.wanted",
    BOUND: "b.user_id IS NOT NULL",
    LISTED: "(u.pull_known AND c.pull_cover_yes > 0) OR u.pull_cover > 0",
    NAMED: "u.login_cover > 0",
    VOUCHED: "u.login_cover >= :unvouched_before",
    PUSHED: "u.push_yes > u.push_no",
}
_MEMBERS = """
    FROM groups g JOIN connections c ON c.id = g.connection_id
    JOIN memberships m ON m.group_id = g.id"""
_MOST = 50_000
"""Memberships that are looked at in one statement, but always a whole group."""


@dataclass(frozen=True, slots=True)
class _Group:
    key: GroupKey
    is_wanted: bool
    is_removed: bool
    members: tuple[int, int]
    """How many, and the sum of their keys."""
    held: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Roll:
    """What matters of each user of a connection, by key."""

    first: int
    marks: bytearray

    def of(self, user: int) -> int:
        return self.marks[user - self.first]


def candidates(
    tx: Tx, connection: int, target: int = NO_TARGET, *, unvouched_before: Instant = 0
) -> Iterator[tuple[GroupKey, list[int]]]:
    """Group by group the users whose membership is worth deciding.

    Left out are only those of which every channel that says anything says what the target
    already holds, and those of users or groups that are not wanted and not held. Without a
    target, the silence of the directory differs from the yes of a token, and that of a push
    which speaks of the group and of the user from the yes of a read. `unvouched_before`: what
    a login vouched for before this may have to go, though no channel says so.
    """
    params = {
        "connection": connection,
        "target": target,
        "unvouched_before": unvouched_before,
    }
    bits = WITH_LEASES if unvouched_before else SAID
    bits = BETWEEN if target == NO_TARGET else bits
    roll = _roll(tx, params)
    for some in _chunks(_groups(tx, params)):
        odd = _odd(tx, some, bits, params)
        for group in some:
            said = odd.get(group.key, {})
            if target == NO_TARGET:
                found = _between(tx, group, said, roll)
            else:
                found = _at_target(tx, target, group, said, roll)
            if found:
                yield group.key, found


def _roll(tx: Tx, params: dict[str, int]) -> _Roll:
    rows = tx.tuples(
        f"""
        SELECT u.id, {_sum(ROLL)} FROM users u JOIN connections c ON c.id = u.connection_id
        LEFT JOIN user_bindings b ON b.target_id = :target AND b.user_id = u.id
        WHERE u.connection_id = :connection ORDER BY u.id
        """,
        params,
    )
    first = rows[0][0] if rows else 0
    marks = bytearray(rows[-1][0] - first + 1 if rows else 0)
    for user, told in rows:
        marks[user - first] = told
    return _Roll(first, marks)


def _groups(tx: Tx, params: dict[str, int]) -> list[_Group]:
    """Those that have members."""
    rows = tx.tuples(
        """
        SELECT g.id, g.wanted, g.removed_at > 0, m.count, m.total, b.count, b.total
        FROM groups g
        JOIN (SELECT m.group_id, count(*) AS count, sum(m.user_id) AS total
            FROM groups g JOIN memberships m ON m.group_id = g.id
            WHERE g.connection_id = :connection GROUP BY m.group_id) m ON m.group_id = g.id
        LEFT JOIN (SELECT b.group_id, count(*) AS count, sum(b.user_id) AS total
            FROM groups g JOIN member_bindings b
                ON b.target_id = :target AND b.group_id = g.id
            WHERE g.connection_id = :connection GROUP BY b.group_id) b ON b.group_id = g.id
        WHERE g.connection_id = :connection ORDER BY g.id
        """,
        params,
    )
    return [
        _Group(
            key=GroupKey(key),
            is_wanted=bool(is_wanted),
            is_removed=bool(is_removed),
            members=(count, total),
            held=(held or 0, held_total or 0),
        )
        for key, is_wanted, is_removed, count, total, held, held_total in rows
    ]


def _chunks(groups: list[_Group]) -> Iterator[list[_Group]]:
    some: list[_Group] = []
    size = 0
    for group in groups:
        if some and size + group.members[0] > _MOST:
            yield some
            some, size = [], 0
        some.append(group)
        size += group.members[0]
    if some:
        yield some


def _odd(
    tx: Tx, groups: list[_Group], bits: Bits, params: dict[str, int]
) -> dict[int, dict[int, int]]:
    """Of each group the members who are not plainly affirmed, and what is said of them."""
    rows = tx.tuples(
        f"""
        SELECT m.group_id, m.user_id, {_sum(bits)} {_MEMBERS}
        WHERE g.connection_id = :connection AND g.id BETWEEN :first AND :last
            AND NOT ({_plain(bits)})
        """,
        {**params, "first": groups[0].key, "last": groups[-1].key},
    )
    found: dict[int, dict[int, int]] = {}
    for group, user, said in rows:
        found.setdefault(group, {})[user] = said
    return found


def _at_target(tx: Tx, target: int, group: _Group, odd: dict[int, int], roll: _Roll) -> list[int]:
    if not odd and group.members == group.held and not group.is_removed:
        return []
    held = bindings.members_at(tx, target, group.key)
    found = [
        user
        for user, said in odd.items()
        if (_is_denied(said, roll.of(user)) or group.is_removed if user in held else said & YES)
    ]
    if group.is_removed:
        return sorted([*found, *_plain_members(tx, group, odd)])
    plain = held.difference(odd)
    count, total = group.members
    if (len(plain), sum(plain)) != (count - len(odd), total - sum(odd)):
        found += _plain_members(tx, group, odd) - held
    return _present(group, found, roll)


def _plain_members(tx: Tx, group: _Group, odd: dict[int, int]) -> set[int]:
    members = "memberships WHERE group_id = :group"
    (everyone,) = tx.numbers("user_id", members, {"group": group.key}, "1 = 1")
    return everyone.difference(odd)


def _between(tx: Tx, group: _Group, odd: dict[int, int], roll: _Roll) -> list[int]:
    if group.is_removed:
        affirmed = [user for user, said in odd.items() if said & YES]
        return sorted([*affirmed, *_plain_members(tx, group, odd)])
    found = [user for user, said in odd.items() if _is_split(said, roll.of(user))]
    return _present(group, found, roll)


def _present(group: _Group, users: list[int], roll: _Roll) -> list[int]:
    """Nothing is wanted of, nor held by, those of whom neither user nor group is there."""
    there = WANTED | BOUND if group.is_wanted else BOUND
    return sorted(user for user in users if roll.of(user) & there)


def _is_split(said: int, who: int) -> bool:
    is_torn = said & YES and _is_denied(said, who)
    return bool(is_torn or said & SILENCE or (said & UNPUSHED and who & PUSHED))


def _is_denied(said: int, who: int) -> bool:
    return bool(
        said & NO
        or (said & UNLISTED and who & LISTED)
        or (said & UNNAMED and who & NAMED)
        or (said & RAN_OUT and not who & VOUCHED)
    )

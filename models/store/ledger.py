"""The only writer of evidence.

Every statement here is a join: it can raise a mark, never lower one, so repeating it or
changing the order changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from models.evidence import (
    Channel,
    Fact,
    GroupCovered,
    GroupSaid,
    MembersAdded,
    MembersRemoved,
    Observation,
    UserCovered,
    UserInGroups,
    UserSaid,
)
from models.identity import GroupKey, Membership, UserKey
from models.instant import Instant
from models.store.database import Tx, dumps, loads


@dataclass(slots=True)
class Touched:
    """What must be decided again."""

    users: set[UserKey] = field(default_factory=set)
    groups: set[GroupKey] = field(default_factory=set)
    memberships: set[Membership] = field(default_factory=set)

    def add(self, other: "Touched") -> None:
        self.users |= other.users
        self.groups |= other.groups
        self.memberships |= other.memberships


def record(tx: Tx, connection: int, observation: Observation, received: Instant) -> Touched:
    """Merge what was said into what stands, and keep a line of it in the journal."""
    touched = Touched()
    for fact in observation.facts:
        touched.add(_record(tx, observation.channel, observation.as_of, fact, received))
    _journal(tx, connection, observation, received)
    return touched


def _record(tx: Tx, channel: Channel, as_of: Instant, fact: Fact, now: Instant) -> Touched:
    match fact:
        case UserSaid():
            return _user(tx, channel, as_of, fact, now)
        case GroupSaid():
            return _group(tx, channel, as_of, fact, now)
        case MembersAdded(group, users):
            affirm(tx, channel, as_of, group, users)
            return _memberships(group, users)
        case MembersRemoved(group, users):
            deny(tx, channel, as_of, group, users)
            return _memberships(group, users)
        case GroupCovered(group, users):
            return _group_covered(tx, channel, as_of, group, users)
        case UserCovered(user, groups):
            return _user_covered(tx, channel, as_of, user, groups)
        case UserInGroups(user, groups):
            for group in sorted(groups):
                affirm(tx, channel, as_of, group, [user])
            return Touched(users={user}, memberships={Membership(g, user) for g in groups})


def _memberships(group: GroupKey, users: Iterable[UserKey]) -> Touched:
    return Touched(memberships={Membership(group, user) for user in users})


def _user(tx: Tx, channel: Channel, as_of: Instant, said: UserSaid, now: Instant) -> Touched:
    marks = _raised(channel.value, said.exists, as_of)
    if channel is not Channel.LOGIN:
        marks |= _raised(f"{channel}_active", said.active, as_of)
    if channel is Channel.LOGIN:
        marks.pop("login_no", None)
    _raise(tx, "users", said.user, marks, now)
    if said.attributes:
        _say(tx, f"{channel}_said", said.user, said.attributes, as_of)
    if channel is Channel.PULL:
        # The next full read must compare with this, not with what the last one listed.
        tx.run("UPDATE users SET pull_digest = '' WHERE id = :key", {"key": said.user})
    return Touched(users={said.user})


def _raised(name: str, says: bool | None, as_of: Instant) -> dict[str, Instant]:
    return {} if says is None else {f"{name}_{'yes' if says else 'no'}": as_of}


def _raise(tx: Tx, table: str, key: int, marks: Mapping[str, Instant], now: Instant) -> None:
    sets = ["updated_at = :now"]
    sets += [f"{mark} = CASE WHEN {mark} < :{mark} THEN :{mark} ELSE {mark} END" for mark in marks]
    sql = f"UPDATE {table} SET {', '.join(sets)} WHERE id = :key"
    tx.run(sql, {**marks, "now": now, "key": key})


def _say(
    tx: Tx, column: str, user: UserKey, attributes: Mapping[str, str | None], as_of: Instant
) -> None:
    """For each attribute the newest word stands."""
    lock = "" if tx.dialect == "sqlite" else " FOR UPDATE"
    sql = f"SELECT {column} FROM users WHERE id = :key{lock}"
    said: dict[str, Any] = loads(tx.value(sql, {"key": user})) or {}
    for name, value in attributes.items():
        if name not in said or said[name][1] <= as_of:
            said[name] = [value, as_of]
    sql = f"UPDATE users SET {column} = :said WHERE id = :key"
    tx.run(sql, {"said": dumps(said), "key": user})


def _group(tx: Tx, channel: Channel, as_of: Instant, said: GroupSaid, now: Instant) -> Touched:
    marks = _raised(channel.value, said.exists, as_of)
    marks.pop("login_no", None)
    _raise(tx, "groups", said.group, marks, now)
    if said.name is not None and channel is not Channel.LOGIN:
        tx.run(
            f"UPDATE groups SET {channel}_name = :name, {channel}_name_at = :at "
            f"WHERE id = :key AND {channel}_name_at <= :at",
            {"name": said.name, "at": as_of, "key": said.group},
        )
    return Touched(groups={said.group})


def affirm(
    tx: Tx, channel: Channel, as_of: Instant, group: GroupKey, users: Iterable[UserKey]
) -> None:
    """Say yes of memberships. A yes older than a cover that did not list it meets its no."""
    everyone = sorted(users)
    cover = _cover_of_group(tx, channel, group)
    covers = _covers_of_users(tx, group, everyone) if channel is Channel.LOGIN else {}
    tx.many(
        _AFFIRM[channel],
        [
            {"group": group, "user": user, "at": as_of}
            | dict(zip(("cover", "denied"), covers.get(user, cover), strict=True))
            for user in everyone
        ],
    )


_AFFIRM = {
    channel: f"""
    INSERT INTO memberships (group_id, user_id, push_yes, push_no, pull_yes, pull_no,
        login_yes, login_no)
    VALUES (:group, :user, {
        ", ".join(
            ":at, CASE WHEN :at < :cover THEN :denied ELSE 0 END" if one is channel else "0, 0"
            for one in Channel
        )
    })
    ON CONFLICT (group_id, user_id) DO UPDATE SET
        {channel}_no = CASE
            WHEN (memberships.{channel}_yes = 0
                OR memberships.{channel}_yes < memberships.{channel}_no)
             AND memberships.{channel}_yes < excluded.{channel}_yes
             AND memberships.{channel}_no < excluded.{channel}_no
            THEN excluded.{channel}_no ELSE memberships.{channel}_no END,
        {channel}_yes = CASE
            WHEN memberships.{channel}_yes < excluded.{channel}_yes
            THEN excluded.{channel}_yes ELSE memberships.{channel}_yes END
    """
    for channel in Channel
}


def _cover_of_group(tx: Tx, channel: Channel, group: GroupKey) -> tuple[Instant, Instant]:
    """The newest cover of a group's members by push or pull; a token covers a user instead."""
    if channel is Channel.PUSH:
        cover = tx.value("SELECT push_cover FROM groups WHERE id = :key", {"key": group}) or 0
        return cover, cover
    if channel is Channel.LOGIN:
        return 0, 0
    row = tx.row(
        """
        SELECT c.pull_cover_yes, c.pull_cover_no FROM groups g
        JOIN connections c ON c.id = g.connection_id
        WHERE g.id = :key AND g.pull_known AND g.pull_yes > 0 AND g.pull_yes >= g.pull_no
          AND g.pull_no < c.pull_cover_no
        """,
        {"key": group},
    )
    return (row.pull_cover_yes, row.pull_cover_no) if row else (0, 0)


def _covers_of_users(
    tx: Tx, group: GroupKey, users: list[UserKey]
) -> dict[UserKey, tuple[Instant, Instant]]:
    """The newest token of each user that listed all groups, if tokens can name this one."""
    rows = tx.rows(
        """
        SELECT u.id, u.login_cover FROM users u JOIN groups g ON g.id = :group
        WHERE u.id IN :users AND g.login_known
        """,
        {"group": group, "users": users},
    )
    return {UserKey(row.id): (row.login_cover, row.login_cover) for row in rows}


def deny(
    tx: Tx, channel: Channel, as_of: Instant, group: GroupKey, users: Iterable[UserKey]
) -> None:
    """Say no of memberships. A no older than a cover that listed it meets its yes."""
    cover_yes, cover_no = _cover_of_group(tx, channel, group)
    tx.many(
        _DENY[channel],
        [
            {"group": group, "user": user, "at": as_of, "cover": cover_yes, "denied": cover_no}
            for user in sorted(users)
        ],
    )


_DENY = {
    channel: f"""
    INSERT INTO memberships (group_id, user_id, push_yes, push_no, pull_yes, pull_no,
        login_yes, login_no)
    VALUES (:group, :user, {", ".join("0, :at" if one is channel else "0, 0" for one in Channel)})
    ON CONFLICT (group_id, user_id) DO UPDATE SET
        {channel}_yes = CASE
            WHEN memberships.{channel}_yes > 0
             AND memberships.{channel}_yes >= memberships.{channel}_no
             AND memberships.{channel}_yes < :cover AND memberships.{channel}_no < :denied
             AND memberships.{channel}_no < excluded.{channel}_no
             AND excluded.{channel}_no < :cover
            THEN :cover ELSE memberships.{channel}_yes END,
        {channel}_no = CASE
            WHEN memberships.{channel}_no < excluded.{channel}_no
            THEN excluded.{channel}_no ELSE memberships.{channel}_no END
    """
    for channel in Channel
}


def mention(tx: Tx, group: GroupKey, users: Iterable[UserKey]) -> None:
    """Make room for memberships that only a target knows of. It says nothing about them.

    They are decided like all others then: a cover that includes them denies them.
    """
    tx.many(
        """
        INSERT INTO memberships (group_id, user_id, push_yes, push_no, pull_yes, pull_no,
            login_yes, login_no)
        VALUES (:group, :user, 0, 0, 0, 0, 0, 0) ON CONFLICT DO NOTHING
        """,
        [{"group": group, "user": user} for user in sorted(users)],
    )


def affirmed(tx: Tx, channel: Channel, group: GroupKey) -> set[UserKey]:
    """Whom the channel says to be members of a group."""
    sql = f"""
        SELECT user_id FROM memberships
        WHERE group_id = :group AND {channel}_yes > 0 AND {channel}_yes >= {channel}_no
    """
    return {UserKey(row[0]) for row in tx.rows(sql, {"group": group})}


def _group_covered(
    tx: Tx, channel: Channel, as_of: Instant, group: GroupKey, users: frozenset[UserKey]
) -> Touched:
    """All members of a group by push. Who was affirmed and is not listed is denied.

    Touched is also whoever a directory denies: the list is newer, and may turn the answer.
    """
    before = affirmed(tx, channel, group)
    affirm(tx, channel, as_of, group, users - before)
    newest = tx.run(
        "UPDATE groups SET push_cover = :at WHERE id = :key AND push_cover < :at",
        {"at": as_of, "key": group},
    )
    if newest:
        deny(tx, channel, as_of, group, before - users)
    others = tx.rows(
        """
        SELECT m.user_id FROM memberships m JOIN groups g ON g.id = m.group_id
        JOIN users u ON u.id = m.user_id JOIN connections c ON c.id = g.connection_id
        WHERE m.group_id = :group
          AND (m.pull_no > 0 OR m.push_yes = 0 OR m.push_yes < m.push_no
            OR (m.pull_yes = 0 AND g.pull_known AND u.pull_known AND c.pull_cover_no > 0))
        """,
        {"group": group},
    )
    return _memberships(group, (users - before) | (before - users) | {row[0] for row in others})


def _user_covered(
    tx: Tx, channel: Channel, as_of: Instant, user: UserKey, groups: frozenset[GroupKey]
) -> Touched:
    """All groups of a user, among those the channel can name: a token, or a point read."""
    known = f"{channel}_known"
    sql = f"""
        SELECT m.group_id, m.{channel}_yes AS yes, m.{channel}_no AS no
        FROM memberships m JOIN groups g ON g.id = m.group_id
        WHERE m.user_id = :user AND g.{known}
    """
    rows = tx.rows(sql, {"user": user})
    standing = {row.group_id for row in rows if row.yes and row.yes >= row.no}
    cover = _login_cover(tx, user) if channel is Channel.LOGIN else 0
    for group in sorted(groups - standing if cover < as_of else groups):
        affirm(tx, channel, as_of, group, [user])
    if as_of > cover:
        unlisted = {row[0] for row in rows} - groups
        for group in sorted(unlisted if channel is Channel.PULL else unlisted & standing):
            deny(tx, channel, as_of, group, [user])
    if channel is Channel.LOGIN:
        tx.run(
            "UPDATE users SET login_cover = :at WHERE id = :key AND login_cover < :at",
            {"at": as_of, "key": user},
        )
    if channel is Channel.PULL:
        for group in sorted(groups & standing):
            affirm(tx, channel, as_of, group, [user])
    every = groups | {row[0] for row in rows}
    return Touched(users={user}, memberships={Membership(group, user) for group in every})


def _login_cover(tx: Tx, user: UserKey) -> Instant:
    return int(tx.value("SELECT login_cover FROM users WHERE id = :key", {"key": user}) or 0)


def _journal(tx: Tx, connection: int, observation: Observation, received: Instant) -> None:
    """One line an event. Never read to decide."""
    users = {f.user for f in observation.facts if isinstance(f, UserSaid | UserCovered)}
    groups = {
        f.group
        for f in observation.facts
        if isinstance(f, GroupSaid | MembersAdded | MembersRemoved | GroupCovered)
    }
    tx.run(
        """
        INSERT INTO observations (connection_id, channel, event, user_id, group_id, as_of,
            created_at)
        VALUES (:connection, :channel, :event, :user, :group, :as_of, :now)
        """,
        {
            "connection": connection,
            "channel": observation.channel.value,
            "event": observation.event,
            "user": min(users, default=None),
            "group": min(groups, default=None),
            "as_of": observation.as_of,
            "now": received,
        },
    )


def cover_read(tx: Tx, connection: int, yes_as_of: Instant, no_as_of: Instant) -> bool:
    """A complete read ended well. False when a newer one is already known."""
    changed = tx.run(
        """
        UPDATE connections SET pull_cover_yes = :yes, pull_cover_no = :no
        WHERE id = :key AND pull_cover_yes < :yes
        """,
        {"yes": yes_as_of, "no": no_as_of, "key": connection},
    )
    return changed == 1

"""What the channels say of memberships, one by one and group by group.

Part of the ledger, the only writer of evidence. Every statement is a join: what is new is
inserted here, what exists is raised in `marks`.
"""

from collections.abc import Iterable, Sequence, Set
from typing import cast

from models.evidence import Channel
from models.identity import GroupKey, Membership, UserKey
from models.instant import Instant
from models.store import changes, digests, marks, member_covers
from models.store.changes import Said
from models.store.database import Tx
from models.store.statements import NUMBER

MEMBER = {"group_id": NUMBER, "user_id": NUMBER}


def affirm(
    tx: Tx,
    channel: Channel,
    as_of: Instant,
    group: GroupKey,
    users: Iterable[UserKey],
    *,
    now: Instant,
    by_full_read: bool = False,
) -> None:
    """Say yes of memberships. A yes about what covers did not list meets their no.

    `now` is when we heard it; what it replaces is logged as replaced then.
    """
    if channel is Channel.PULL:
        digests.forget(tx, [group])
    everyone = sorted(users)
    said = Said(channel, "yes", as_of, now, by_full_read)
    denied = member_covers.denied(tx, channel, group, everyone)
    changes.log_late(tx, said, group, everyone)
    fresh = [(group, user, as_of, denied.of(user)) for user in everyone]
    if _insert(tx, channel, fresh) < len(everyone):
        changes.log_raised(tx, said, group, everyone)
        marks.raise_yes(tx, channel, as_of, [(group, user, 0, no) for group, user, _, no in fresh])


def deny(
    tx: Tx,
    channel: Channel,
    as_of: Instant,
    group: GroupKey,
    users: Iterable[UserKey],
    *,
    now: Instant,
) -> None:
    """Say no of memberships. A no about what covers listed meets their yes."""
    if channel is Channel.PULL:
        digests.forget(tx, [group])
    everyone = sorted(users)
    said = Said(channel, "no", as_of, now)
    listed = member_covers.listed(tx, channel, group, everyone)
    changes.log_late(tx, said, group, everyone)
    if _insert(tx, channel, [(group, user, 0, as_of) for user in everyone]) < len(everyone):
        changes.log_raised(tx, said, group, everyone)
        covers = [(group, user, listed.of(user)) for user in everyone]
        raised = [(group, user, one.yes_as_of, one.no_as_of) for group, user, one in covers]
        marks.raise_no(tx, channel, as_of, raised)


def list_members(
    tx: Tx,
    connection: int,
    as_of: Instant,
    members: Sequence[tuple[GroupKey, UserKey]],
    *,
    known: Set[tuple[GroupKey, UserKey]],
    now: Instant,
) -> set[GroupKey]:
    """A full read lists these, in many groups. Of the `known` somebody had spoken a moment ago.

    Answers the groups where somebody had spoken of one, so that a newer no may stand.
    """
    alone = member_covers.covered_since(tx, connection, as_of)
    special = members if alone is None else [one for one in members if one[1] in alone]
    for group in sorted({group for group, _ in special}):
        users = [user for own, user in special if own == group]
        affirm(tx, Channel.PULL, as_of, group, users, now=now, by_full_read=True)
    plain = [one for one in members if one[1] not in alone] if alone is not None else []
    silent = dict.fromkeys(_MARKS, 0) | {"pull_yes": as_of}
    new, raised = [one for one in plain if one not in known], [one for one in plain if one in known]
    if tx.fill("memberships", MEMBER, new, silent) < len(new):
        raised = plain  # for others spoke of some meanwhile
    tx.fill("memberships", MEMBER, raised, silent)  # should they have been forgotten meanwhile
    changes.log_listed_members(tx, raised, as_of, now)
    marks.raise_yes(tx, Channel.PULL, as_of, [(*one, 0, 0) for one in raised])
    return {group for group, _ in [*special, *raised]}


def _insert(tx: Tx, channel: Channel, rows: Sequence[tuple[int, ...]]) -> int:
    """Memberships of which nobody has spoken yet: a group, a user, a yes and a no."""
    own = {f"{channel}_yes": NUMBER, f"{channel}_no": NUMBER}
    silent = {mark: 0 for mark in _MARKS if mark not in own}
    return tx.fill("memberships", MEMBER | own, rows, silent)


_MARKS = tuple(f"{channel}_{word}" for channel in Channel for word in ("yes", "no"))


def mention(tx: Tx, group: GroupKey, users: Iterable[UserKey]) -> None:
    """Make room for memberships that only a target knows of. It says nothing about them.

    They are decided like all others then: a cover that includes them denies them.
    """
    rows = [(group, user) for user in sorted(users)]
    tx.fill("memberships", MEMBER, rows, dict.fromkeys(_MARKS, 0))


def affirmed(tx: Tx, channel: Channel, group: GroupKey) -> set[UserKey]:
    """Whom the channel says to be members of a group."""
    return of_group(tx, channel, group)[0]


def of_group(tx: Tx, channel: Channel, group: GroupKey) -> tuple[set[UserKey], set[UserKey]]:
    """Whom the channel says to be members of a group, and all others that anybody spoke of."""
    affirms = f"{channel}_yes > 0 AND {channel}_yes >= {channel}_no"
    source = "memberships WHERE group_id = :group"
    found = tx.numbers("user_id", source, {"group": group}, affirms, f"NOT ({affirms})")
    return cast(tuple[set[UserKey], set[UserKey]], tuple(found))


def cover_group(
    tx: Tx,
    channel: Channel,
    as_of: Instant,
    group: GroupKey,
    users: frozenset[UserKey],
    *,
    now: Instant,
) -> set[Membership]:
    """All members of a group by push. Who was affirmed and is not listed is denied.

    Answers whoever is touched, also those whom a directory denies: the list is newer, and may
    turn the answer.
    """
    before = affirmed(tx, channel, group)
    affirm(tx, channel, as_of, group, users - before, now=now)
    deny(tx, channel, as_of, group, before - users, now=now)
    member_covers.raise_group(tx, group, as_of, now)
    others = tx.rows(
        """
        SELECT m.user_id FROM memberships m JOIN groups g ON g.id = m.group_id
        JOIN users u ON u.id = m.user_id JOIN connections c ON c.id = g.connection_id
        WHERE m.group_id = :group
          AND (m.pull_no > m.pull_yes OR m.push_yes = 0 OR m.push_yes < m.push_no
            OR (m.pull_yes = 0 AND g.pull_known
                AND ((u.pull_known AND c.pull_cover_no > 0) OR u.pull_cover > 0)))
        """,
        {"group": group},
    )
    touched = (users - before) | (before - users) | {row[0] for row in others}
    return {Membership(group, user) for user in touched}


def cover_user(
    tx: Tx,
    channel: Channel,
    as_of: Instant,
    user: UserKey,
    groups: frozenset[GroupKey],
    *,
    now: Instant,
) -> set[Membership]:
    """All groups of a user, among those the channel can name: a token, or a point read.

    A point read is written down in every row there is, so that a full read that ends after it
    finds its words. Of memberships without a row its date on the user speaks.
    """
    sql = f"""
        SELECT m.group_id, m.{channel}_yes AS yes, m.{channel}_no AS no
        FROM memberships m JOIN groups g ON g.id = m.group_id
        WHERE m.user_id = :user AND g.{channel}_known
    """
    rows = tx.rows(sql, {"user": user})
    standing = {row.group_id for row in rows if row.yes and row.yes >= row.no}
    is_point_read = channel is Channel.PULL
    is_newest = member_covers.of_user(tx, channel, user) < as_of
    for group in sorted(groups - standing if is_newest and not is_point_read else groups):
        affirm(tx, channel, as_of, group, [user], now=now)
    unlisted = {row.group_id for row in rows} - groups
    for group in sorted(unlisted if is_point_read else unlisted & standing):
        deny(tx, channel, as_of, group, [user], now=now)
    member_covers.raise_user(tx, channel, user, as_of, now)
    return {Membership(group, user) for group in groups | {row.group_id for row in rows}}

"""The only writer of evidence.

Every statement here is a join: it can raise a mark, never lower one, so repeating it or
changing the order changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from models.evidence import (
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
from models.store import changes, memberships, subjects
from models.store.database import Tx
from models.store.subjects import Held


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


def record(
    tx: Tx,
    connection: int,
    observation: Observation,
    received: Instant,
    *,
    held: Held | None = None,
) -> Touched:
    """Merge what was said into what stands, and keep a line of it in the journal.

    `held` is the one user that is pushed.
    """
    touched = Touched()
    for fact in observation.facts:
        touched.add(_record(tx, observation, fact, received, held))
    note(tx, connection, observation, received)
    return touched


def _record(
    tx: Tx, observation: Observation, fact: Fact, now: Instant, held: Held | None
) -> Touched:
    channel, as_of = observation.channel, observation.as_of
    match fact:
        case UserSaid():
            subjects.say_of_user(tx, channel, as_of, fact, now, held=held)
            return Touched(users={fact.user})
        case GroupSaid():
            subjects.say_of_group(tx, channel, as_of, fact, now)
            return Touched(groups={fact.group})
        case MembersAdded(group, users):
            memberships.affirm(tx, channel, as_of, group, users, now=now)
            return _memberships(group, users)
        case MembersRemoved(group, users):
            memberships.deny(tx, channel, as_of, group, users, now=now)
            return _memberships(group, users)
        case GroupCovered(group, users):
            every = memberships.cover_group(tx, channel, as_of, group, users, now=now)
            return Touched(memberships=every)
        case UserCovered(user, groups):
            every = memberships.cover_user(tx, channel, as_of, user, groups, now=now)
            return Touched(users={user}, memberships=every)
        case UserInGroups(user, groups):
            for group in sorted(groups):
                memberships.affirm(tx, channel, as_of, group, [user], now=now)
            return Touched(users={user}, memberships={Membership(g, user) for g in groups})


def _memberships(group: GroupKey, users: Iterable[UserKey]) -> Touched:
    return Touched(memberships={Membership(group, user) for user in users})


def note(tx: Tx, connection: int, observation: Observation, received: Instant) -> None:
    """One line of the journal an event. Never read to decide."""
    users = {f.user for f in observation.facts if isinstance(f, UserSaid | UserCovered)}
    groups = {
        f.group
        for f in observation.facts
        if isinstance(f, GroupSaid | MembersAdded | MembersRemoved | GroupCovered)
    }
    line = {
        "connection": connection,
        "channel": observation.channel.value,
        "event": observation.event,
        "user": min(users, default=None),
        "group": min(groups, default=None),
        "as_of": observation.as_of,
        "now": received,
    }
    tx.defer(_write_journal, line)


def _write_journal(tx: Tx, lines: list[dict[str, Any]]) -> None:
    tx.many(
        """
        INSERT INTO observations (connection_id, channel, event, user_id, group_id, as_of,
            created_at)
        VALUES (:connection, :channel, :event, :user, :group, :as_of, :now)
        """,
        lines,
    )


def cover_read(
    tx: Tx, connection: int, yes_as_of: Instant, no_as_of: Instant, *, now: Instant
) -> bool:
    """A full read ended well. False when a newer one is already known."""
    changes.log_read_cover(tx, connection, yes_as_of, now)
    changed = tx.run(
        """
        UPDATE connections SET pull_cover_yes = :yes, pull_cover_no = :no, pull_read_no = :no
        WHERE id = :key AND pull_cover_yes < :yes
        """,
        {"yes": yes_as_of, "no": no_as_of, "key": connection},
    )
    return changed == 1

"""A delta round: what changed since the last look, whole groups at a time.

Between two full reads a directory can tell what changed. What it tells counts as in a full
read; about all else it says that nothing happened, so everything that stood is as fresh as this
round, as long as no round was lost. A round that breaks off has only added.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from connectors.base import DirectoryGone, DirectoryMembers, DirectoryUser, RoundEnded, Source
from connectors.errors import ConnectorError, CursorLost
from models.evidence import Channel
from models.identity import GroupKey, Membership, UserKey
from models.instant import Instant
from models.store import marks, memberships, parked, reading, rounds
from models.store.database import Database, Tx
from models.store.ledger import Touched
from sync.connection import Connection
from sync.reading.nesting import Nesting
from sync.reading.pull import Reading


@dataclass(slots=True)
class Round:
    """One round, from the cursor `before`."""

    database: Database
    connection: Connection
    run: int
    started: Instant
    beat: Callable[[], Instant]
    before: str
    after: str | None = None
    """Where the next one begins, once this one has ended well."""
    gone_users: set[int] = field(default_factory=set)
    gone_groups: set[int] = field(default_factory=set)
    touched: Touched = field(default_factory=Touched)
    inside: Nesting = field(init=False)

    def __post_init__(self) -> None:
        self.inside = Nesting(self.database, self.connection.key, self.started)

    def read(self, source: Source) -> str | None:
        """To the end or to the first doubt, which is answered as a sentence.

        Raises CursorLost when only a full read can go on from here.
        """
        reader = self._reader()
        try:
            for part in source.changes(self.before):
                if isinstance(part, RoundEnded):
                    self.after = part.cursor
                    return None
                self._take(reader, part)
        except CursorLost:
            raise
        except ConnectorError as trouble:
            return str(trouble)
        return "The round stopped before its end was reached."

    @property
    def counts(self) -> dict[str, int]:
        """Of what was told, as a run shows it."""
        return {
            "users": len(self.touched.users),
            "groups": len(self.touched.groups),
            "changes": len(self.touched.memberships),
        }

    @property
    def size(self) -> int:
        return sum(self.counts.values())

    def conclude(self, tx: Tx, now: Instant) -> bool:
        """The round is whole: what it left out of its groups is denied, the rest is fresh.

        False where another round or read was faster: then this one has only added.
        """
        assert self.after is not None
        no_as_of = self.started - self.connection.policy.lag
        covers = (self.started, no_as_of)
        if not rounds.is_unbroken(tx, self.connection.key, self.before):
            return False
        marks.date_members(tx, self.connection.key, self.gone_groups, now)
        parked.deny_of_round(tx, self.run, now, no_as_of=no_as_of, started=self.started)
        self.inside.conclude(tx, no_as_of)
        reading.deny_unlisted(tx, "user", self.gone_users, self.started, now)
        reading.deny_unlisted(tx, "group", self.gone_groups, self.started, now)
        return rounds.carry_cover(
            tx, self.connection.key, covers, before=self.before, after=self.after, now=now
        )

    def _reader(self) -> Reading:
        reader = Reading(
            self.database, self.connection, self.run, started=self.started, beat=self.beat
        )
        reader.begin()
        return reader

    def _take(self, reader: Reading, part: object) -> None:
        match part:
            case DirectoryMembers():
                self._members(reader, part)
            case DirectoryGone(users, groups):
                self.gone_users |= {reader.roll.key(one) for one in users if one in reader.roll}
                self.gone_groups |= {
                    reader.groups[one].key for one in groups if one in reader.groups
                }
                self.touched.users |= {UserKey(one) for one in self.gone_users}
                self.touched.groups |= {GroupKey(one) for one in self.gone_groups}
            case list():
                reader.take(part)
                people = (one.id for one in part if isinstance(one, DirectoryUser))
                self.touched.users |= {reader.roll.key(one) for one in people}
                self.touched.groups |= reader.listed_groups
            case _:
                raise AssertionError(f"not a part of a round: {part!r}")

    def _members(self, reader: Reading, part: DirectoryMembers) -> None:
        """Whole groups, of users whom this round or an earlier look has told of."""
        if part.group not in reader.groups or not reader.roll.has_all(part.users):
            raise CursorLost(
                f"The round tells of the group {part.group} or of members whom nothing has listed."
            )
        group = reader.groups[part.group].key
        listed = reader.roll.keys(reader.roll.places(part.users))
        now = self.beat()
        self.inside.take(part, reader.groups)
        with self.database.write() as tx:
            before = memberships.affirmed(tx, Channel.PULL, group)
            memberships.affirm(
                tx, Channel.PULL, self.started, group, listed - before, now=now, by_full_read=True
            )
            parked.unpark(tx, self.run, group, listed)
            parked.park(tx, self.run, [(group, one) for one in sorted(before - listed)])
        changed = listed ^ before
        self.touched.memberships |= {Membership(group, user) for user in changed}

"""Read a directory to its end: what it lists counts at once, what it omits only when proven.

What a directory says of one group is one value with one coverage: it is compared as it
arrives, so memory is bounded by the largest group and an unchanged directory writes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from connectors.base import (
    DirectoryGroup,
    DirectoryMembers,
    DirectoryUser,
    ReadEnded,
    ReadPart,
    Source,
)
from connectors.errors import ConnectorError
from models.evidence import Channel
from models.identity import GroupKey
from models.instant import Instant
from models.store import identities, ledger, marks, reading, rounds, statistics
from models.store.database import Database, Tx
from models.store.digests import UNKNOWN
from models.store.reading import Known
from models.store.scim import name_key
from sync.connection import Connection
from sync.reading import identify
from sync.reading.certificate import Certificate, Seen, certify
from sync.reading.merge import Listing, Merge
from sync.reading.nesting import Nesting
from sync.reading.roll import Fresh, Roll

USERS = 500
"""So many are written in one transaction, or some more: a push waits for its end."""


@dataclass(slots=True)
class Reading:
    """One full read, page by page."""

    database: Database
    connection: Connection
    run: int
    started: Instant
    beat: Callable[[], Instant]
    """Called with every page: says that we are alive, and what time it is."""
    roll: Roll = field(default_factory=Roll)
    groups: dict[str, Known] = field(default_factory=dict)
    listed_groups: set[GroupKey] = field(default_factory=set)
    memberships: int = 0
    said: int = 0
    """Users and groups of which something new was said."""
    cursor: str | None = None
    """Where delta rounds may go on from here."""
    _fresh: Fresh = field(default_factory=dict)
    merge: Merge = field(init=False)
    inside: Nesting = field(init=False)

    def __post_init__(self) -> None:
        self.merge = Merge(self.database, self.connection.key, self.run, self.started)
        self.inside = Nesting(self.database, self.connection.key, self.started)

    @property
    def changes(self) -> int:
        return self.said + self.merge.changes

    def read(self, source: Source) -> Certificate:
        """To the end or to the first doubt. Whatever was listed until then is recorded.

        Once the read has proven complete, the members it did not list are denied.
        """
        self.begin()
        certificate = self._certificate(source)
        if certificate.is_complete:
            self.merge.deny(self.started - self.connection.policy.lag, self.beat)
        self.merge.forget()
        if statistics.are_outdated(self.changes, self.memberships):
            with self.database.write() as tx:
                statistics.renew(tx)
        return certificate

    def begin(self) -> None:
        """Learn what the directory has named before."""
        self.merge.forget()
        with self.database.read() as tx:
            for some in reading.known_users(tx, self.connection.key):
                self.roll.add(*some)
            self.groups = reading.known_groups(tx, self.connection.key)
        self.merge.known = {one.key: one.members for one in self.groups.values()}

    def _certificate(self, source: Source) -> Certificate:
        try:
            ended = self._to_the_end(source)
        except ConnectorError as trouble:
            self._flush()
            return Certificate(self._seen(), str(trouble))
        self._flush()
        return certify(
            self._seen(),
            ended,
            users_before=self.connection.pull_users,
            groups_before=self.connection.pull_groups,
            shrink=self.connection.policy.shrink,
        )

    def _to_the_end(self, source: Source) -> ReadEnded | None:
        for part in source.read():
            if isinstance(part, ReadEnded):
                self.cursor = part.cursor
                return part
            listing = self._hear(part)
            del part  # of a large group the names take most of the memory
            if listing is not None:
                self.merge.take(listing)
        return None

    def conclude(self, tx: Tx, now: Instant) -> None:
        """The read is complete: deny the users and groups it did not list, date the cover."""
        no_as_of = self.started - self.connection.policy.lag
        gone_users = self.roll.unanswered() | reading.never_listed(tx, self.connection.key)
        gone_groups = {one.key for one in self.groups.values()} - self.listed_groups
        marks.date_members(tx, self.connection.key, gone_groups, now)
        reading.deny_unlisted(tx, "user", gone_users, no_as_of, now)
        reading.deny_unlisted(tx, "group", gone_groups, no_as_of, now)
        ledger.cover_read(tx, self.connection.key, self.started, no_as_of, now=now)
        self.inside.conclude(tx, no_as_of)
        rounds.begin_at(tx, self.connection.key, self.cursor)
        reading.note_size(
            tx, self.connection.key, users=self.roll.listed, groups=len(self.listed_groups)
        )

    def _seen(self) -> Seen:
        return Seen(
            self.roll.listed,
            len(self.listed_groups),
            self.memberships,
            silent_groups=len(self.listed_groups - self.merge.told),
        )

    def take(self, part: ReadPart) -> None:
        """Record what a part lists."""
        listing = self._hear(part)
        if listing is not None:
            self.merge.take(listing)
        self._flush()

    def _hear(self, part: ReadPart) -> Listing | None:
        """Record what a part lists, now or once there is more to record.

        Of a group that lists others than before, answers what is to be merged.
        """
        now = self.merge.now = self.beat()
        if isinstance(part, DirectoryMembers):
            self._users()
            self.inside.take(part, self.groups)
            return self._listing(part)
        if isinstance(part, list):
            self.roll.call((one for one in part if isinstance(one, DirectoryUser)), self._fresh)
            if len(self._fresh) >= USERS:
                self._users()
            self._groups([one for one in part if isinstance(one, DirectoryGroup)], now)
        return None

    def _flush(self) -> None:
        self._users()
        self.merge.flush()

    def _users(self) -> None:
        """Write down what is new of users."""
        fresh, self._fresh, now = self._fresh, {}, self.merge.now
        if not fresh:
            return
        with self.database.write() as tx:
            new = {name: user for name, (user, _) in fresh.items() if name not in self.roll}
            keys = identify.users(tx, self.connection, list(new.values()), now)
            known = {name: self.roll.key(name) for name in fresh.keys() - keys.keys()}
            keys |= known
            said = [
                (keys[name], user.active, attributes(user), digest)
                for name, (user, digest) in fresh.items()
            ]
            reading.list_users(tx, said, self.started, now)
            names = [
                ("user_name", name_key(user.user_name), keys[name])
                for name, (user, _) in fresh.items()
            ]
            reading.rename(tx, "user", self.connection.key, names, now)
            renamed = [(key, name_key(fresh[name][0].user_name)) for name, key in known.items()]
            identities.retire_read_names(tx, renamed, now)
        self.roll.add(new, [keys[name] for name in new], [0] * len(new))
        for name, (_, digest) in fresh.items():
            self.roll.note(name, digest)
        self.said += len(fresh)

    def _groups(self, page: list[DirectoryGroup], now: Instant) -> None:
        fresh: dict[str, DirectoryGroup] = {}
        for group in page:
            known = self.groups.get(group.id)
            if known is not None:
                self.listed_groups.add(known.key)
            if known is None or known.name != group.name:
                fresh[group.id] = group
        if not fresh:
            return
        with self.database.write() as tx:
            new = [one for one in fresh.values() if one.id not in self.groups]
            renamed = [
                (known.key, known.name, one.name)
                for one in fresh.values()
                if (known := self.groups.get(one.id)) is not None and known.name
            ]
            keys = identify.groups(tx, self.connection.key, new, now)
            keys |= {name: self.groups[name].key for name in fresh.keys() - keys.keys()}
            reading.list_groups(
                tx, [(keys[one.id], one.name) for one in fresh.values()], self.started, now
            )
            names = [("name", name_key(one.name), keys[one.id]) for one in fresh.values()]
            reading.rename(tx, "group", self.connection.key, names, now)
            identify.note_renamed(tx, self.connection.key, renamed, channel=Channel.PULL, now=now)
        for one in fresh.values():
            self.groups[one.id] = Known(keys[one.id], one.name, UNKNOWN)
            self.listed_groups.add(keys[one.id])
        self.said += len(fresh)

    def _listing(self, part: DirectoryMembers) -> Listing | None:
        """Whoever is not listed as a user is left out: outside the scope, or come meanwhile."""
        known = self.groups.get(part.group)
        if known is None:
            return None
        places = self.roll.places(self.roll.present(part.users))
        self.memberships += len(places)
        group, digest = known.key, self.roll.digest(places)
        if self.merge.is_known(group, digest):
            return None
        return Listing(group, self.roll.keys(places), digest)


def attributes(user: DirectoryUser) -> dict[str, str | None]:
    return {
        "user_name": user.user_name,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "display_name": user.display_name,
    }

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
from models.identity import GroupKey, Identifier, UserKey
from models.instant import Instant
from models.plans import digest
from models.store import identities, ledger, reading
from models.store.database import Database, Tx
from models.store.reading import Known
from models.store.scim import name_key
from sync.certificate import Certificate, Seen, certify
from sync.connection import Connection


@dataclass(slots=True)
class Reading:
    """One full read, page by page."""

    database: Database
    connection: Connection
    run: int
    started: Instant
    beat: Callable[[], Instant]
    """Called with every page: says that we are alive, and what time it is."""
    users: dict[str, Known] = field(default_factory=dict)
    groups: dict[str, Known] = field(default_factory=dict)
    listed_users: set[int] = field(default_factory=set)
    listed_groups: set[int] = field(default_factory=set)
    told_groups: set[int] = field(default_factory=set)
    """Those whose members were listed."""
    memberships: int = 0
    changes: int = 0

    def read(self, source: Source) -> Certificate:
        """To the end or to the first doubt. Whatever was listed until then is recorded."""
        with self.database.write() as tx:
            reading.forget_missing(tx, self.run)
        with self.database.read() as tx:
            self.users = reading.known_users(tx, self.connection.key)
            self.groups = reading.known_groups(tx, self.connection.key)
        ended: ReadEnded | None = None
        try:
            for part in source.read():
                if isinstance(part, ReadEnded):
                    ended = part
                    break
                self._take(part)
        except ConnectorError as trouble:
            return Certificate(self._seen(), str(trouble))
        return certify(
            self._seen(),
            ended,
            users_before=self.connection.pull_users,
            groups_before=self.connection.pull_groups,
            shrink=self.connection.policy.shrink,
        )

    def conclude(self, tx: Tx) -> None:
        """The read is complete: deny what it did not list, and date the cover."""
        no_as_of = self.started - self.connection.policy.lag
        self.changes += reading.deny_missing(tx, self.run, no_as_of)
        reading.forget_missing(tx, self.run)
        gone_users = {one.key for one in self.users.values()} - self.listed_users
        gone_users |= reading.never_listed(tx, self.connection.key)
        gone_groups = {one.key for one in self.groups.values()} - self.listed_groups
        reading.date_members(tx, self.connection.key, gone_groups)
        reading.deny_unlisted(tx, "users", gone_users, no_as_of)
        reading.deny_unlisted(tx, "groups", gone_groups, no_as_of)
        ledger.cover_read(tx, self.connection.key, self.started, no_as_of)
        reading.note_size(
            tx,
            self.connection.key,
            users=len(self.listed_users),
            groups=len(self.listed_groups),
        )

    def _seen(self) -> Seen:
        return Seen(
            len(self.listed_users),
            len(self.listed_groups),
            self.memberships,
            silent_groups=len(self.listed_groups - self.told_groups),
        )

    def _take(self, part: ReadPart) -> None:
        now = self.beat()
        if isinstance(part, DirectoryMembers):
            self._members(part)
        elif isinstance(part, list):
            self._users([one for one in part if isinstance(one, DirectoryUser)], now)
            self._groups([one for one in part if isinstance(one, DirectoryGroup)], now)

    def _users(self, page: list[DirectoryUser], now: Instant) -> None:
        fresh: dict[str, DirectoryUser] = {}
        for user in page:
            known = self.users.get(user.id)
            if known is not None:
                self.listed_users.add(known.key)
            if known is None or known.digest != _digest(user):
                fresh[user.id] = user
        if not fresh:
            return
        with self.database.write() as tx:
            self._identify_users(tx, [one for one in fresh if one not in self.users], fresh, now)
            said = [
                (UserKey(self.users[one.id].key), one.active, attributes(one), _digest(one))
                for one in fresh.values()
            ]
            reading.list_users(tx, said, self.started)
            names = [
                ("user_name", name_key(one.user_name), self.users[one.id].key)
                for one in fresh.values()
            ]
            reading.rename(tx, "user", self.connection.key, names, now)
        for one in fresh.values():
            key = self.users[one.id].key
            self.users[one.id] = Known(key, _digest(one))
            self.listed_users.add(key)
        self.changes += len(fresh)

    def _identify_users(
        self, tx: Tx, ids: list[str], page: dict[str, DirectoryUser], now: Instant
    ) -> None:
        """Pushed under this very id; or under this name, by no other id; else a new person."""
        offered = {
            one: (
                Identifier("external_id", one),
                Identifier("user_name", name_key(page[one].user_name)),
            )
            for one in ids
        }
        asked = [identifier for pair in offered.values() for identifier in pair]
        found = identities.users_named(tx, self.connection.key, asked)
        taken: dict[UserKey, str] = identities.immutable_of(tx, list(set(found.values())), "id")
        owners: dict[str, int] = {}
        for one in ids:
            candidates = [found[name] for name in offered[one] if name in found]
            free = next((user for user in candidates if user not in taken), None)
            if free is not None:
                owners[one] = free
                taken[free] = one
        strangers = [one for one in ids if one not in owners]
        keys = reading.insert_users(tx, self.connection.key, len(strangers), now)
        owners |= dict(zip(strangers, keys, strict=True))
        named = [("id", one, owner) for one, owner in owners.items()]
        reading.name_all(tx, "user", self.connection.key, named, now)
        self.users |= {one: Known(owner, "") for one, owner in owners.items()}

    def _groups(self, page: list[DirectoryGroup], now: Instant) -> None:
        fresh: dict[str, DirectoryGroup] = {}
        for group in page:
            known = self.groups.get(group.id)
            if known is not None:
                self.listed_groups.add(known.key)
            if known is None or known.digest != group.name:
                fresh[group.id] = group
        if not fresh:
            return
        with self.database.write() as tx:
            new = [one for one in fresh.values() if one.id not in self.groups]
            self.groups |= identify_groups(tx, self.connection.key, new, now)
            said = [(GroupKey(self.groups[one.id].key), one.name) for one in fresh.values()]
            reading.list_groups(tx, said, self.started)
            names = [
                ("name", name_key(one.name), self.groups[one.id].key) for one in fresh.values()
            ]
            reading.rename(tx, "group", self.connection.key, names, now)
        for one in fresh.values():
            key = self.groups[one.id].key
            self.groups[one.id] = Known(key, one.name)
            self.listed_groups.add(key)
        self.changes += len(fresh)

    def _members(self, part: DirectoryMembers) -> None:
        known = self.groups.get(part.group)
        if known is None:
            return
        group = GroupKey(known.key)
        listed = {UserKey(self.users[one].key) for one in part.users if one in self.users}
        self.memberships += len(listed)
        if group in self.told_groups:
            with self.database.write() as tx:
                reading.unpark_missing(tx, self.run, group, listed)
        self.told_groups.add(group)
        with self.database.read() as tx:
            before = ledger.affirmed(tx, Channel.PULL, group)
        added, missing = listed - before, before - listed
        if not added and not missing:
            return
        with self.database.write() as tx:
            ledger.affirm(tx, Channel.PULL, self.started, group, added)
            reading.park_missing(tx, self.run, group, missing)
        self.changes += len(added)


def identify_groups(
    tx: Tx, connection: int, groups: list[DirectoryGroup], now: Instant
) -> dict[str, Known]:
    """A group known by this name only, and by no directory id, is the same group."""
    names = {one.id: Identifier("name", name_key(one.name)) for one in groups}
    found = identities.groups_named(tx, connection, list(names.values()))
    taken = identities.groups_with_id(tx, list(set(found.values())))
    owners: dict[str, int] = {}
    for one in groups:
        candidate = found.get(names[one.id])
        if candidate is not None and candidate not in taken:
            owners[one.id] = candidate
            taken.add(candidate)
    strangers = [one for one in groups if one.id not in owners]
    keys = reading.insert_groups(tx, connection, [one.name for one in strangers], now)
    owners |= {one.id: key for one, key in zip(strangers, keys, strict=True)}
    named = [("id", one, owner) for one, owner in owners.items()]
    named += [("name", names[one].value, owner) for one, owner in owners.items()]
    reading.name_all(tx, "group", connection, named, now)
    return {one: Known(owner, "") for one, owner in owners.items()}


def attributes(user: DirectoryUser) -> dict[str, str | None]:
    return {
        "user_name": user.user_name,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "display_name": user.display_name,
    }


def _digest(user: DirectoryUser) -> str:
    return digest(
        user.user_name,
        user.email,
        user.first_name,
        user.last_name,
        user.display_name,
        user.active,
    )

"""Merge what a read lists of groups into the ledger, many groups in one short transaction.

A group whose members add up to what they did is not looked at. The others are compared, some
at a time; what is listed and new counts at once, what is known and not listed is parked until
the read has proven complete.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from models.evidence import Channel
from models.identity import GroupKey, UserKey
from models.instant import SECOND, Instant
from models.store import digests, memberships, parked
from models.store.database import Database, Tx

LISTED = 20_000
"""So many listed members are compared at once; a larger group for itself."""
ROWS = 10_000
"""So many rows are written in one transaction: a push waits for its end."""
DENIED = 500
"""So many parked members are denied in one transaction. SQLite keeps a copy in memory of every page
that one statement changes, and these lie apart."""
PATIENCE = 5 * SECOND
"""So long what is new waits for more, that there be fewer transactions."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a read told of one group."""

    group: GroupKey
    users: set[UserKey]
    digest: int


@dataclass(frozen=True, slots=True)
class Difference:
    """What a listing changes, or a part of that."""

    group: GroupKey
    added: list[UserKey]
    known: set[UserKey]
    """Those of the added of whom somebody has spoken before."""
    missing: list[UserKey]
    digest: int | None
    """Once this is written; none while other parts are still to come."""

    @property
    def size(self) -> int:
        return 1 + len(self.added) + len(self.missing)


@dataclass(slots=True)
class Merge:
    """The members of groups, for one read that began at `as_of`."""

    database: Database
    connection: int
    run: int
    as_of: Instant
    known: dict[GroupKey, int] = field(default_factory=dict)
    """The digests that stand in the ledger."""
    told: set[GroupKey] = field(default_factory=set)
    """Those whose members were listed."""
    changes: int = 0
    now: Instant = 0
    """When the newest page came."""
    _stamp: int = field(default_factory=digests.unknown)
    _waiting: list[Listing] = field(default_factory=list)
    _listed: int = 0
    """Members of the groups that wait."""
    _found: list[Difference] = field(default_factory=list)
    """What is to be written."""
    _wrote: Instant = 0
    """When something was written last."""
    _unsettled: dict[GroupKey, int] = field(default_factory=dict)
    """What groups will add up to once the missing are denied."""

    def is_known(self, group: GroupKey, digest: int) -> bool:
        """Whether this is what the ledger says already. Not asked twice of one group."""
        if group in self.told or self.known.get(group) != digest:
            return False
        self.told.add(group)
        return True

    def take(self, listing: Listing) -> None:
        if listing.group in self.told:
            self._come_again(listing)
        self.told.add(listing.group)
        self._waiting.append(listing)
        self._listed += len(listing.users)
        if self._listed >= LISTED:
            self._compare()
            if sum(one.size for one in self._found) >= ROWS or self.now > self._wrote + PATIENCE:
                self._write_all()

    def _come_again(self, listing: Listing) -> None:
        """The group was told before: those that were missing then may be listed now."""
        self.flush()
        with self.database.write() as tx:
            parked.unpark(tx, self.run, listing.group, listing.users)

    def flush(self) -> None:
        """Write down what waits."""
        if self._waiting:
            self._compare()
        self._write_all()

    def _compare(self) -> None:
        """Leave of what was listed only what differs."""
        waiting, self._waiting, self._listed = self._waiting, [], 0
        with self.database.read() as tx:
            for listing in waiting:
                one = _difference(tx, listing)
                if one.added or one.missing or one.digest != self.known.get(one.group):
                    self._found.append(one)

    def _write_all(self) -> None:
        found, self._found, self._wrote = self._found, [], self.now
        for some in _batches(part for one in found for part in _parts(one)):
            self._write(some)

    def _write(self, some: list[Difference]) -> None:
        settled = self.database.insist(partial(self._record, some))
        for one in some:
            self.known[one.group] = self._stamp
            self._unsettled.pop(one.group, None)
            if one.missing and one.digest is not None:
                self._unsettled[one.group] = one.digest
        self.known |= settled
        self.changes += sum(len(one.added) for one in some)

    def _record(self, some: list[Difference], tx: Tx) -> dict[GroupKey, int]:
        """Answers the digests that hold from now on."""
        found = {one.group: self.known.get(one.group, digests.UNKNOWN) for one in some}
        digests.stamp(tx, found.items(), self._stamp)
        ordered = sorted(some, key=lambda one: one.group)
        added = [(one.group, user) for one in ordered for user in one.added]
        missing = [(one.group, user) for one in ordered for user in one.missing]
        known = {(one.group, user) for one in ordered for user in one.known}
        raised = memberships.list_members(
            tx, self.connection, self.as_of, added, known=known, now=self.now
        )
        parked.park(tx, self.run, missing)
        doubtful = digests.denied_since(tx, raised, self.as_of) if raised else set()
        digests.forget(tx, doubtful)
        settled = {
            one.group: one.digest
            for one in some
            if one.digest is not None and not one.missing and one.group not in doubtful
        }
        digests.settle(tx, settled.items(), self._stamp)
        return settled

    def deny(self, no_as_of: Instant, beat: Callable[[], Instant]) -> None:
        """The read is complete: what it did not list, it denies."""
        after, doubtful = parked.FIRST, set[GroupKey]()
        while some := self._parked(after):
            denied, doubted = self.database.insist(
                partial(parked.deny, some=some, no_as_of=no_as_of, now=beat())
            )
            self.changes += denied
            doubtful |= doubted
            after = some.upto
        self._settle(doubtful)

    def _parked(self, after: parked.Member) -> parked.Part | None:
        with self.database.read() as tx:
            return parked.part(tx, self.run, after, limit=DENIED)

    def _settle(self, doubtful: set[GroupKey]) -> None:
        """The digests of groups from which somebody was denied."""
        settled = [one for one in self._unsettled.items() if one[0] not in doubtful]
        for start in range(0, len(settled), ROWS):
            with self.database.write() as tx:
                digests.settle(tx, settled[start : start + ROWS], self._stamp)

    def forget(self) -> None:
        """Nobody is missing any more: they are denied, or the read has proven nothing."""
        left = True
        while left:
            with self.database.write() as tx:
                left = parked.forget(tx, self.run, limit=ROWS)


def _difference(tx: Tx, listing: Listing) -> Difference:
    before, others = memberships.of_group(tx, Channel.PULL, listing.group)
    return Difference(
        listing.group,
        sorted(listing.users - before),
        listing.users & others,
        sorted(before - listing.users),
        listing.digest,
    )


def _parts(one: Difference) -> Iterator[Difference]:
    """Additions first, so that the last part, which has the digest, shows if any are missing."""
    while len(one.added) + len(one.missing) > ROWS:
        added, missing = one.added[:ROWS], one.missing[: max(0, ROWS - len(one.added))]
        yield Difference(one.group, added, one.known, missing, None)
        one = replace(one, added=one.added[ROWS:], missing=one.missing[len(missing) :])
    yield one


def _batches(parts: Iterable[Difference]) -> Iterator[list[Difference]]:
    batch: list[Difference] = []
    size = 0
    for part in parts:
        if batch and size + part.size > ROWS:
            yield batch
            batch, size = [], 0
        batch.append(part)
        size += part.size
    if batch:
        yield batch

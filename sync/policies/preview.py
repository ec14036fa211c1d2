"""What another policy would change, found out by deciding under it and undoing everything."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from models.clock import Clock
from models.identity import GroupKey, UserKey
from models.instant import Instant
from models.records import MemberRecord
from models.store import cases
from models.store.database import Database, Tx
from models.verdicts import GroupVerdict
from sync import decide, rule
from sync.connection import Connection
from sync.peers import Peers
from sync.policies import changes as policy_changes
from sync.policies.changes import Change, Policies
from sync.reconcile import Reconciliation

SHOWN = 100
"""So many changes are told one by one."""


@dataclass(slots=True)
class Preview:
    counts: Counter[str] = field(default_factory=Counter)
    """Users, groups and memberships of which a verdict changes."""
    items: list[Change] = field(default_factory=list)
    operations: dict[str, dict[str, int]] = field(default_factory=dict)
    """By target: how many operations of each name it would take."""
    would_hold: str | None = None

    def note(self, noun: str, changes: Iterable[Change]) -> bool:
        """Whether anything changes."""
        found = list(changes)
        self.counts[noun] += bool(found)
        self.items += found[: SHOWN - len(self.items)]
        return bool(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One connection under two policies. Targets are taken to hold what they are known to hold."""

    database: Database
    peers: Peers
    clock: Clock
    before: Connection
    after: Connection

    def preview(self) -> Preview:
        """Changes nothing."""
        found, now = Preview(), self.clock.now()
        with self.database.read() as tx:
            self._verdicts(tx, found, now)
        with self.database.trial() as tx:
            pending = self._pending(tx)
        with self.database.trial() as tx:
            self._operations(tx, found, pending)
        return found

    def _verdicts(self, tx: Tx, found: Preview, now: Instant) -> None:
        both, key = Policies(before=self.before.policy, after=self.after.policy), self.before.key
        users, groups = set[UserKey](), set[GroupKey]()
        admits_all = both.before.pull_admits or both.after.pull_admits
        for user in cases.all_users(tx, key, admits_all=admits_all):
            if found.note("users", policy_changes.about_user(user, both, now)):
                users.add(user.key)
        decided: dict[GroupKey, tuple[GroupVerdict, GroupVerdict]] = {}
        for group in cases.all_groups(tx, key):
            was, becomes = (decide.group(group, one, now) for one in (both.before, both.after))
            decided[group.key] = was, becomes
            if found.note("groups", policy_changes.about_group(group, was, becomes)):
                groups.add(group.key)
        for member in self._members(tx, both, groups):
            at, who = member.membership.group, member.membership.user
            if (member.user_wanted or who in users) and (member.group_wanted or at in groups):
                changes = policy_changes.about_member(member, both, now, group=decided[at])
                found.note("memberships", changes)

    def _members(self, tx: Tx, both: Policies, groups: set[GroupKey]) -> Iterator[MemberRecord]:
        """Those of which the verdict may change."""
        if not both.decide_memberships_alike:
            everywhere = cases.all_members(tx, self.before.key)
            yield from (one for one in everywhere if one.membership.group not in groups)
        for group in sorted(groups):
            yield from cases.members_of_group(tx, group)

    def _pending(self, tx: Tx) -> set[str]:
        """The fingerprints of what is to be done already."""
        looked = self._reconciliation(self.before).foreseen(tx)
        return {one.fingerprint for _, planned in looked for one in planned}

    def _operations(self, tx: Tx, found: Preview, pending: set[str]) -> None:
        for target, planned in self._reconciliation(self.after).foreseen(tx):
            new = [one for one in planned if one.fingerprint not in pending]
            counts = Counter(one.operation.value for one in new)
            found.operations[target.slug] = dict(sorted(counts.items()))
            seen = rule.foresee(tx, target, planned, self.after.key, self.clock.now())
            if seen.why:
                said = f"At {target.slug}: {seen.why}"
                found.would_hold = f"{found.would_hold} {said}" if found.would_hold else said

    def _reconciliation(self, connection: Connection) -> Reconciliation:
        return Reconciliation(
            database=self.database,
            peers=self.peers,
            clock=self.clock,
            connection=connection,
            beat=self.clock.now,
        )

"""Look at everything once: decide, plan, ask the guard, queue, and report what disagrees.

What is slow (reading a target, going through the ledger) is done without holding a write
transaction, so pushes answer meanwhile. What is then written is decided anew from what
stands at that moment, and every action is compared once more before it is done.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from connectors.errors import ConnectorError
from models.clock import Clock
from models.findings import Finding, Mending
from models.identity import GroupKey, TargetKey, UserKey
from models.instant import Instant
from models.plans import Planned
from models.store import accounts, cases, holds, ledger
from models.store.database import Database, Tx
from models.store.ledger import Touched
from sync import breaker, decide, intake, rule
from sync.connection import Connection
from sync.drift import report
from sync.drift import targets as drift_targets
from sync.drift.report import Seen
from sync.observing import listing
from sync.observing.sight import Found, Sight
from sync.peers import Peers
from sync.plan import Case, plan
from sync.undecided import undecided

Plan = dict[str, Any]


@dataclass(slots=True)
class Reconciliation:
    database: Database
    peers: Peers
    clock: Clock
    connection: Connection
    beat: Callable[[], Instant]
    findings: list[Finding] = field(default_factory=list)
    wanting: dict[int, set[str]] = field(default_factory=dict)
    """Of each target the objects that are not as decided."""
    mending: dict[int, dict[str, Mending]] = field(default_factory=dict)
    """Of each target what mends the objects about which something was found."""
    unseen: dict[int, str] = field(default_factory=dict)
    """Targets that could not be looked at, and why."""

    def reconcile(self) -> tuple[Plan, dict[str, int]]:
        """Answers the plan and the number of findings by kind."""
        self._save_decisions()
        operations: list[dict[str, Any]] = []
        hold = None
        with self.database.read() as tx:
            targets = accounts.targets_of(tx, self.connection.key)
        for target in targets:
            self._observe(target)
            began, planned = self._plan(target)
            self.wanting[target.id] = {one.object_key for one in planned}
            self.mending[target.id] = report.mendings(self.findings, target.id, planned)
            hold = self._settle(target, planned, began) or hold
            operations += [_shown(one, target) for one in planned]
        now = self.beat()
        seen = Seen(
            findings=self.findings,
            wanting=self.wanting,
            mending=self.mending,
            unseen=sorted(self.unseen),
        )
        counts = report.report(self.database, self.connection, seen, now)
        return {"operations": operations, "held": hold}, counts

    def rehearse(self) -> Plan:
        """The plan as it would be made now, every target looked at. Changes nothing."""
        with self.database.read() as tx:
            targets = accounts.targets_of(tx, self.connection.key)
        looks = [(target, *self._look(target)) for target in targets]
        operations: list[dict[str, Any]] = []
        whys: list[str] = []
        hold: str | None = None
        with self.database.trial() as tx:
            now = self.clock.now()
            intake.save_verdicts(tx, self.connection, undecided(tx, self.connection, now), now)
            for target, sight, found in looks:
                listing.correct(tx, sight, found)
                planned = self._planned(tx, target)
                seen = rule.foresee(tx, target, planned, self.connection.key, self.clock.now())
                whys += [seen.why] if seen.why else []
                hold = hold or seen.hold
                operations += [
                    _shown(one, target) | {"held": one.fingerprint in seen.held} for one in planned
                ]
        return {"operations": operations, "held": hold, "would_hold": " ".join(whys) or None}

    def foreseen(self, tx: Tx) -> Iterator[tuple[Row[Any], list[Planned]]]:
        """What each target would need, were everything decided now, by what it is known to hold.

        For a transaction that is undone.
        """
        now = self.clock.now()
        intake.save_verdicts(tx, self.connection, undecided(tx, self.connection, now), now)
        for target in accounts.targets_of(tx, self.connection.key):
            yield target, self._planned(tx, target)

    def _save_decisions(self) -> None:
        """Find what changed by time or policy, then decide just that again and keep it."""
        now = self.beat()
        with self.database.read() as tx:
            changed = undecided(tx, self.connection, now)
        for chunk in _chunks(changed):
            self.beat()
            with self.database.write() as tx:
                intake.save_verdicts(tx, self.connection, chunk, now)

    def _look(self, target: Row[Any]) -> tuple[Sight, list[Found]]:
        """What differs at a target. What could not be looked at is as we believe."""
        sight = Sight(self.connection.key, target, self.beat())
        if target.state == "suspended":
            return sight, []
        try:
            peer = self.peers.target(target)
            pages = listing.pages(self.database, sight, peer, self.beat)
            return sight, [one for page in pages for one in page]
        except ConnectorError:
            return sight, []

    def _observe(self, target: Row[Any]) -> None:
        """Believe what the target holds, if it can be looked at."""
        if target.state == "suspended":
            self._unseen(target, str(target.problem or "It is suspended."))
            return
        sight = Sight(self.connection.key, target, self.beat())
        peer = self.peers.target(target)
        try:
            for finding in listing.observe(self.database, sight, peer, self.beat):
                self.findings.append(finding)
        except ConnectorError as trouble:
            self._unseen(target, str(trouble))
            return
        with self.database.write() as tx:
            breaker.answered(tx, target, self.clock.now())

    def _unseen(self, target: Row[Any], problem: str) -> None:
        now, key = self.clock.now(), self.connection.key
        self.unseen[target.id] = problem
        is_quarantined = target.state == "quarantined"
        about = drift_targets.about_quarantined if is_quarantined else drift_targets.about_unseen
        self.findings.append(about(key, target.id, target.slug, problem=problem, now=now))

    def _plan(self, target: Row[Any]) -> tuple[Instant, list[Planned]]:
        """What is wanted, and as of when."""
        began = self.beat()
        with self.database.read() as tx:
            return began, self._planned(tx, target)

    def _planned(self, tx: Tx, target: Row[Any]) -> list[Planned]:
        """Narrowed by SQL to what may need something, decided by the core."""
        policy, now, key = self.connection.policy, self.clock.now(), self.connection.key
        found: list[Case] = []
        vouched = policy.unvouched_before(now)
        for user in cases.users_at_odds(tx, key, target.id, unvouched_before=vouched):
            found.append(decide.user_case(user, decide.user(user, policy, now)))
        for group in cases.all_groups(tx, key, target.id):
            found.append(decide.group_case(group, decide.group(group, policy, now)))
        for member in cases.disagreements(tx, key, target.id, unvouched_before=vouched):
            found.append(decide.member_case(member, policy, now))
        return plan(TargetKey(target.id), found, now, retention=policy.retention)

    def _settle(self, target: Row[Any], planned: list[Planned], began: Instant) -> str | None:
        now, key = self.beat(), self.connection.key
        with self.database.write() as tx:
            rule.forget(tx, target.id, planned, now, connection=key, began=began)
            hold = rule.settle(tx, target, rule.judge(tx, target, planned, now), now)
            return hold or next((one.public_id for one in holds.standing(tx, target.id)), None)


def _shown(planned: Planned, target: Row[Any]) -> dict[str, Any]:
    return {
        "target": target.slug,
        "operation": planned.operation.value,
        "user": planned.user,
        "group": planned.group,
        "because": planned.because.why,
        "fingerprint": planned.fingerprint,
    }


def _chunks(changed: Touched, size: int = 2000) -> list[Touched]:
    """Short transactions, so that pushes get their turn in between."""
    users, groups = sorted(changed.users), sorted(changed.groups)
    parts = [
        ledger.Touched(users={UserKey(one) for one in users[start : start + size]})
        for start in range(0, len(users), size)
    ]
    return parts + [
        ledger.Touched(groups={GroupKey(one) for one in groups[start : start + size]})
        for start in range(0, len(groups), size)
    ]

"""Look at everything once: decide, plan, ask the guard, queue, and report what disagrees.

What is slow (reading a target, going through the ledger) is done without holding a write
transaction, so pushes answer meanwhile. What is then written is decided anew from what
stands at that moment, and every action is compared once more before it is done.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from models.clock import Clock
from models.findings import Finding, Kind
from models.identity import GroupKey, TargetKey, UserKey
from models.instant import Instant
from models.plans import Planned
from models.store import accounts, cases, findings, holds, ledger, logins, outbox, runs
from models.store.database import Database, Tx, loads
from models.store.ledger import Touched
from sync import decide, drift, drift_sources, drift_targets, intake, rule
from sync.connection import Connection
from sync.guard import Hold, Ruling
from sync.observe import Look, compare, look
from sync.peers import Peers
from sync.plan import Case, plan

Plan = dict[str, Any]
AT_TARGET = {
    Kind.MISSING_AT_TARGET,
    Kind.UNEXPECTED_AT_TARGET,
    Kind.FOREIGN_AT_TARGET,
    Kind.ATTRIBUTE_DRIFT,
    Kind.MEMBERSHIP_DRIFT,
}
"""What is found by looking at a target."""


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
    unseen: list[int] = field(default_factory=list)
    """Targets that could not be looked at."""

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
            hold = self._settle(target, planned, began) or hold
            operations += [_shown(one, target) for one in planned]
        counts = self._report()
        return {"operations": operations, "held": hold}, counts

    def rehearse(self) -> Plan:
        """The plan as it would be made now, every target looked at. Changes nothing."""
        with self.database.read() as tx:
            targets = accounts.targets_of(tx, self.connection.key)
        looks = [(target, self.clock.now(), self._look(target)) for target in targets]
        operations: list[dict[str, Any]] = []
        why: str | None = None
        with self.database.trial() as tx:
            now = self.clock.now()
            intake.save_verdicts(tx, self.connection, self._undecided(tx, now), now)
            for target, began, seen in looks:
                self._compare(tx, target, seen, began)
                planned = self._planned(tx, target)
                ruling = rule.judge(tx, target, planned, self.clock.now())
                held = {one.fingerprint for one in _held(ruling)}
                why = ruling.why if isinstance(ruling, Hold) else why
                operations += [
                    _shown(one, target) | {"held": one.fingerprint in held} for one in planned
                ]
        return {"operations": operations, "held": None, "would_hold": why}

    def _save_decisions(self) -> None:
        """Find what changed by time or policy, then decide just that again and keep it."""
        now = self.beat()
        with self.database.read() as tx:
            changed = self._undecided(tx, now)
        for chunk in _chunks(changed):
            self.beat()
            with self.database.write() as tx:
                intake.save_verdicts(tx, self.connection, chunk, now)

    def _undecided(self, tx: Tx, now: Instant) -> Touched:
        """Who is decided otherwise than is written down."""
        policy, key, changed = self.connection.policy, self.connection.key, Touched()
        for user in cases.all_users(tx, key, admits_all=policy.pull_admits):
            decided = decide.user(user, policy, now)
            wanted = decide.wanted(decided.exists, user.wanted)
            active = decide.resolved_active(decided, user.was_active)
            before = (user.wanted, user.was_active, user.resolved)
            if (wanted, active, decided.profile) != before:
                changed.users.add(user.key)
        for group in cases.all_groups(tx, key):
            verdict = decide.group(group, policy, now)
            is_wanted = decide.wanted(verdict.exists, group.wanted)
            if (is_wanted, verdict.name) != (group.wanted, group.name):
                changed.groups.add(group.key)
        return changed

    def _look(self, target: Row[Any]) -> Look | str:
        """All that it holds, or in a sentence why that is not known."""
        if target.state != "active":
            return str(target.problem or "It is suspended.")
        return look(self.peers.target(target))

    def _observe(self, target: Row[Any]) -> None:
        began = self.beat()
        seen = self._look(target)
        with self.database.write() as tx:
            self._compare(tx, target, seen, began)

    def _compare(self, tx: Tx, target: Row[Any], seen: Look | str, began: Instant) -> None:
        now, key = self.clock.now(), self.connection.key
        if isinstance(seen, str):
            self.unseen.append(target.id)
            self.findings.append(
                drift_targets.about_unseen(key, target.id, target.slug, problem=seen, now=now)
            )
            return
        self.findings += compare(tx, target, seen, connection=key, began=began, now=now)

    def _plan(self, target: Row[Any]) -> tuple[Instant, list[Planned]]:
        """What is wanted, and as of when."""
        began = self.beat()
        with self.database.read() as tx:
            return began, self._planned(tx, target)

    def _planned(self, tx: Tx, target: Row[Any]) -> list[Planned]:
        """Narrowed by SQL to what may need something, decided by the core."""
        policy, now, key = self.connection.policy, self.clock.now(), self.connection.key
        found: list[Case] = []
        for user in cases.all_users(tx, key, target.id):
            found.append(decide.user_case(user, policy, now))
        for group in cases.all_groups(tx, key, target.id):
            found.append(decide.group_case(group, policy, now))
        for member in cases.disagreements(tx, key, target.id):
            found.append(decide.member_case(member, policy, now))
        return plan(TargetKey(target.id), found, now, retention=policy.retention)

    def _settle(self, target: Row[Any], planned: list[Planned], began: Instant) -> str | None:
        now, key = self.beat(), self.connection.key
        with self.database.write() as tx:
            rule.forget(tx, target.id, planned, now, connection=key, began=began)
            hold = rule.settle(tx, target, rule.judge(tx, target, planned, now), now)
            standing = holds.open_at(tx, target.id)
            return hold or (standing.public_id if standing is not None else None)

    def _report(self) -> dict[str, int]:
        now = self.beat()
        with self.database.read() as tx:
            self.findings += _between_witnesses(tx, self.connection, now)
            self.findings += _of_source(tx, self.connection, now)
            for target in accounts.targets_of(tx, self.connection.key):
                wanting = self.wanting.get(target.id, set())
                self.findings += _of_queue(tx, target, self.connection.key, wanting)
        counts: dict[str, int] = {}
        for one in self.findings:
            counts[one.kind.value] = counts.get(one.kind.value, 0) + 1
        with self.database.write() as tx:
            findings.see(tx, self.findings, now)
            elsewhere = set(Kind) - AT_TARGET - {Kind.IDENTITY_DISPUTED}
            for kinds, but_at in ((elsewhere, []), (AT_TARGET, self.unseen)):
                named = sorted(kind.value for kind in kinds)
                findings.heal_unseen(tx, self.connection.key, now, kinds=named, but_at=but_at)
        return counts


def _between_witnesses(tx: Tx, connection: Connection, now: Instant) -> list[Finding]:
    found: list[Finding] = []
    policy, key = connection.policy, connection.key
    for user in cases.all_users(tx, key, admits_all=policy.pull_admits):
        found += drift.about_user(user, key, policy, now)
    for member in cases.disagreements(tx, key):
        found += drift.about_member(member, key, policy, now)
    for login in logins.newest_of_all(tx, key):
        found += drift_sources.about_claim(
            key,
            login.user_id,
            login.user_name,
            state=login.groups_state,
            problem=login.groups_problem,
            as_of=login.as_of,
        )
    return found


def _of_source(tx: Tx, connection: Connection, now: Instant) -> list[Finding]:
    row, last = accounts.connection(tx, connection.key), runs.last(tx, connection.key, "pull")
    failed = last is not None and last.state != "complete"
    certificate = loads(last.certificate) if last is not None else None
    return list(
        drift_sources.about_reads(
            connection.key,
            connection.policy,
            now,
            covered_at=row.pull_cover_yes if row is not None else 0,
            problem=(last.problem or "It failed.") if last is not None and failed else None,
            has_shrunk=bool(certificate and certificate.get("shrunk")),
            ended_at=last.ended_at or 0 if last is not None else 0,
        )
    )


def _of_queue(tx: Tx, target: Row[Any], connection: int, wanting: set[str]) -> list[Finding]:
    """What fails, if it is still to be done; what waits for approval; what was refused."""
    key, slug = target.id, target.slug
    found = [
        drift_targets.about_failing(
            connection,
            key,
            slug,
            operation=row.operation,
            error=row.error,
            user=row.user_id,
            group=row.group_id,
        )
        for row in outbox.failing(tx, key, connection)
        if row.object_key in wanting
    ]
    held = holds.open_at(tx, key)
    if held is not None:
        hold = held.public_id
        found.append(drift_targets.about_hold(connection, key, slug, hold=hold, why=held.why))
    for row in outbox.refused(tx, key):
        count, hold = row.operations, row.public_id
        found.append(
            drift_targets.about_refused(connection, key, slug, hold=hold, operations=count)
        )
    return found


def _shown(planned: Planned, target: Row[Any]) -> dict[str, Any]:
    return {
        "target": target.slug,
        "operation": planned.operation.value,
        "user": planned.user,
        "group": planned.group,
        "because": planned.because.why,
        "fingerprint": planned.fingerprint,
    }


def _held(ruling: Ruling) -> tuple[Planned, ...]:
    return ruling.held if isinstance(ruling, Hold) else ()


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

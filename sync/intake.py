"""Take what a channel said: remember it, decide what it touched, queue what follows.

All in the caller's transaction. What is acknowledged to an identity provider is durable,
decided and queued.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from models.evidence import Observation
from models.identity import Membership, TargetKey, UserKey
from models.instant import Instant
from models.plans import Planned
from models.records import GroupRecord, MemberRecord, UserRecord
from models.store import accounts, cases, directory, ledger, outbox
from models.store.cases import NO_TARGET
from models.store.database import Tx
from models.store.directory import Resolved
from models.store.ledger import Touched
from models.verdicts import GroupVerdict, UserVerdict
from sync import decide, rule
from sync.connection import Connection
from sync.guard import Proceed
from sync.plan import GroupCase, UserCase, plan

Objects = list[UserCase | GroupCase]
"""What was decided of the users and groups that were touched, beside what a target holds."""


def take(tx: Tx, connection: Connection, observation: Observation, now: Instant) -> Touched:
    """Record an observation and everything that follows from it."""
    touched = ledger.record(tx, connection.key, observation, now)
    resolve(tx, connection, touched, now)
    return touched


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request touched, to be decided when all that shares its transaction is known."""

    connection: Connection
    touched: Touched
    now: Instant


def resolve_later(tx: Tx, connection: Connection, touched: Touched, now: Instant) -> None:
    """As `resolve`, at the end of the transaction. What is touched until then is included."""
    tx.defer(_resolve_asked, Asked(connection, touched, now))


def _resolve_asked(tx: Tx, asked: list[Asked]) -> None:
    """Connection by connection. A request that spoke several times is one part."""
    newest = {one.connection.key: one for one in asked}
    for key, last in newest.items():
        parts = {id(one.touched): one.touched for one in asked if one.connection.key == key}
        _resolve(tx, last.connection, list(parts.values()), last.now)


def resolve(tx: Tx, connection: Connection, touched: Touched, now: Instant) -> None:
    """Decide again what was touched, and plan it for every target of the connection."""
    _resolve(tx, connection, [touched], now)


def _resolve(tx: Tx, connection: Connection, parts: Sequence[Touched], now: Instant) -> None:
    """What several touched at once, as if one after the other."""
    targets = accounts.targets_of(tx, connection.key)
    first = targets[0].id if targets else NO_TARGET
    touched = _together(parts)
    asked = object_keys(touched)
    seen = {one.id: outbox.waiting_for(tx, one.id, asked) for one in targets}
    decided = save_decisions(tx, connection, touched, now, first)
    _share(touched, parts)
    along = set(object_keys(touched)).difference(asked)
    for target in targets:
        waiting = seen[target.id] | outbox.waiting_for(tx, target.id, along)
        objects = decided if target.id == first else None
        planned = plan_touched(tx, connection, target, touched, now, objects=objects)
        unplanned = set(object_keys(touched)) - {one.object_key for one in planned}
        outbox.give_up(tx, target.id, unplanned, now, among=waiting)
        if target.has_held:
            rule.forget(tx, target.id, planned, now, keys=object_keys(touched))
        _settle(tx, target, planned, parts, now)


def _settle(
    tx: Tx, target: Row[Any], planned: Sequence[Planned], parts: Sequence[Touched], now: Instant
) -> None:
    """Past the guard. Where it minds the whole, each part is judged after the one before, so that
    nobody is held for having come together with others.
    """
    ruling = rule.judge(tx, target, planned, now)
    if len(parts) == 1 or isinstance(ruling, Proceed):
        rule.settle(tx, target, ruling, now)
        return
    left = list(planned)
    for part in parts[:-1]:
        own = [one for one in left if _belongs(one, part)]
        left = [one for one in left if not _belongs(one, part)]
        rule.settle(tx, target, rule.judge(tx, target, own, now), now)
    rule.settle(tx, target, rule.judge(tx, target, left, now), now)


def _together(parts: Sequence[Touched]) -> Touched:
    if len(parts) == 1:
        return parts[0]
    touched = Touched()
    for part in parts:
        touched.add(part)
    return touched


def _share(touched: Touched, parts: Sequence[Touched]) -> None:
    """The memberships that came or went with a user or a group belong to who touched that."""
    if len(parts) == 1:
        return
    for part in parts:
        part.memberships |= {
            one for one in touched.memberships if one.user in part.users or one.group in part.groups
        }


def _belongs(planned: Planned, part: Touched) -> bool:
    if planned.user is not None and planned.group is not None:
        return Membership(planned.group, planned.user) in part.memberships
    return planned.user in part.users or planned.group in part.groups


def save_verdicts(tx: Tx, connection: Connection, touched: Touched, now: Instant) -> None:
    """Keep the verdicts on users and groups, and nothing else."""
    policy = connection.policy
    _save_users(tx, [(u, decide.user(u, policy, now)) for u in cases.users(tx, touched.users)], now)
    for group in cases.groups(tx, touched.groups):
        _save_group(tx, group, decide.group(group, policy, now), now)


def save_decisions(
    tx: Tx, connection: Connection, touched: Touched, now: Instant, target: int = NO_TARGET
) -> Objects:
    """Keep the verdicts on users and groups; what comes or goes takes its memberships along."""
    policy = connection.policy
    users = [(u, decide.user(u, policy, now)) for u in cases.users(tx, touched.users, target)]
    groups = [(g, decide.group(g, policy, now)) for g in cases.groups(tx, touched.groups, target)]
    touched.memberships |= cases.keys_of_users(tx, _save_users(tx, users, now))
    moved = [record.key for record, decided in groups if _save_group(tx, record, decided, now)]
    touched.memberships |= cases.keys_of_groups(tx, moved)
    return [
        *(decide.user_case(record, decided) for record, decided in users),
        *(decide.group_case(record, decided) for record, decided in groups),
    ]


def _save_users(
    tx: Tx, decided: Sequence[tuple[UserRecord, UserVerdict]], now: Instant
) -> set[UserKey]:
    """Keep the verdicts; answers whose memberships may be wanted otherwise now.

    They are if a user came or went, or, where a target has no account of it, was switched on or
    off: nobody is made a member by an account that is not to be made (`decide.member_case`).
    """
    changed, moved, switched = list[Resolved](), set[UserKey](), set[UserKey]()
    for record, verdict in decided:
        wanted = decide.wanted(verdict.exists, record.wanted)
        active = decide.resolved_active(verdict, record.was_active)
        if wanted != record.wanted:
            moved.add(record.key)
        elif active != record.was_active:
            switched.add(record.key)
        if (wanted, active, verdict.profile) != (record.wanted, record.was_active, record.resolved):
            changed.append(Resolved(record.key, wanted, active, verdict.profile))
    directory.save_users(tx, changed, now)
    return moved | directory.lacked_somewhere(tx, switched)


def _save_group(tx: Tx, record: GroupRecord, decided: GroupVerdict, now: Instant) -> bool:
    """Keep the verdict; answers whether its memberships may be wanted otherwise now."""
    wanted = decide.wanted(decided.exists, record.wanted)
    if (wanted, decided.is_let_in, decided.name) != (record.wanted, record.let_in, record.name):
        directory.save_group(
            tx, record.key, wanted=wanted, let_in=decided.is_let_in, name=decided.name, now=now
        )
    return wanted != record.wanted or decided.is_let_in != record.let_in


def plan_touched(
    tx: Tx,
    connection: Connection,
    target: Row[Any],
    touched: Touched,
    now: Instant,
    *,
    objects: Objects | None = None,
) -> list[Planned]:
    """What the touched objects need at one target. `objects`: if they were decided already."""
    policy = connection.policy
    if objects is None:
        objects = _objects(tx, connection, target, touched, now)
    members = _members(tx, touched.memberships, target.id)
    found = [*objects, *(decide.member_case(one, policy, now) for one in members)]
    return plan(TargetKey(target.id), found, now, retention=policy.retention)


def _objects(
    tx: Tx, connection: Connection, target: Row[Any], touched: Touched, now: Instant
) -> Objects:
    policy = connection.policy
    users = cases.users(tx, touched.users, target.id)
    groups = cases.groups(tx, touched.groups, target.id)
    return [
        *(decide.user_case(one, decide.user(one, policy, now)) for one in users),
        *(decide.group_case(one, decide.group(one, policy, now)) for one in groups),
    ]


def _members(tx: Tx, keys: Set[Membership], target: int) -> Iterable[MemberRecord]:
    """Of one user all at once, though she is in many groups; otherwise group by group."""
    users = {one.user for one in keys}
    if len(users) != 1 or len(keys) == 1:
        return cases.members(tx, keys, target)
    every = cases.members_of_user(tx, users.pop(), target)
    return [one for one in every if one.membership in keys]


def object_keys(touched: Touched) -> list[str]:
    keys = [f"u{user}" for user in touched.users] + [f"g{group}" for group in touched.groups]
    return keys + [f"m{one.group}:{one.user}" for one in touched.memberships]

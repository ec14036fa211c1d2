"""Take what a channel said: remember it, decide what it touched, queue what follows.

All in the caller's transaction. What is acknowledged to an identity provider is durable,
decided and queued.
"""

from typing import Any

from sqlalchemy import Row

from models.evidence import Observation
from models.identity import TargetKey
from models.instant import Instant
from models.plans import Planned
from models.records import GroupRecord, UserRecord
from models.store import accounts, cases, directory, ledger
from models.store.database import Tx
from models.store.ledger import Touched
from sync import decide, rule
from sync.connection import Connection
from sync.plan import Case, plan


def take(tx: Tx, connection: Connection, observation: Observation, now: Instant) -> Touched:
    """Record an observation and everything that follows from it."""
    touched = ledger.record(tx, connection.key, observation, now)
    resolve(tx, connection, touched, now)
    return touched


def resolve(tx: Tx, connection: Connection, touched: Touched, now: Instant) -> None:
    """Decide again what was touched, and plan it for every target of the connection."""
    save_decisions(tx, connection, touched, now)
    for target in accounts.targets_of(tx, connection.key):
        planned = plan_touched(tx, connection, target, touched, now)
        keys = object_keys(touched)
        rule.forget(tx, target.id, planned, now, keys=keys)
        rule.settle(tx, target, rule.judge(tx, target, planned, now), now)


def save_verdicts(tx: Tx, connection: Connection, touched: Touched, now: Instant) -> None:
    """Keep the verdicts on users and groups, and nothing else."""
    for user in cases.users(tx, touched.users):
        save_user(tx, connection, user, now)
    for group in cases.groups(tx, touched.groups):
        save_group(tx, connection, group, now)


def save_decisions(tx: Tx, connection: Connection, touched: Touched, now: Instant) -> None:
    """Keep the verdicts on users and groups; what comes or goes takes its memberships along."""
    for user in cases.users(tx, touched.users):
        if save_user(tx, connection, user, now):
            members = cases.members_of_user(tx, user.key)
            touched.memberships |= {one.membership for one in members}
    for group in cases.groups(tx, touched.groups):
        if save_group(tx, connection, group, now):
            members = cases.members_of_group(tx, group.key)
            touched.memberships |= {one.membership for one in members}


def save_user(tx: Tx, connection: Connection, record: UserRecord, now: Instant) -> bool:
    """Keep the verdict on a user; answers whether it came or went."""
    decided = decide.user(record, connection.policy, now)
    wanted = decide.wanted(decided.exists, record.wanted)
    active = decide.resolved_active(decided, record.was_active)
    if (wanted, active, decided.profile) != (record.wanted, record.was_active, record.resolved):
        directory.save_user(
            tx, record.key, wanted=wanted, active=active, profile=decided.profile, now=now
        )
    return wanted != record.wanted or active != record.was_active


def save_group(tx: Tx, connection: Connection, record: GroupRecord, now: Instant) -> bool:
    decided = decide.group(record, connection.policy, now)
    wanted = decide.wanted(decided.exists, record.wanted)
    if (wanted, decided.name) != (record.wanted, record.name):
        directory.save_group(tx, record.key, wanted=wanted, name=decided.name, now=now)
    return wanted != record.wanted


def plan_touched(
    tx: Tx, connection: Connection, target: Row[Any], touched: Touched, now: Instant
) -> list[Planned]:
    """What the touched objects need at one target."""
    policy = connection.policy
    found: list[Case] = [
        decide.user_case(one, policy, now) for one in cases.users(tx, touched.users, target.id)
    ]
    found += [
        decide.group_case(one, policy, now) for one in cases.groups(tx, touched.groups, target.id)
    ]
    found += [
        decide.member_case(one, policy, now)
        for one in cases.members(tx, touched.memberships, target.id)
    ]
    return plan(TargetKey(target.id), found, now, retention=policy.retention)


def object_keys(touched: Touched) -> list[str]:
    keys = [f"u{user}" for user in touched.users] + [f"g{group}" for group in touched.groups]
    return keys + [f"m{one.group}:{one.user}" for one in touched.memberships]

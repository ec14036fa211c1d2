"""What the objects of actions need now, whatever was wanted when the actions were queued."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from sqlalchemy import Row

from models.identity import TargetKey
from models.instant import Instant
from models.plans import OperationName, Planned, digest
from models.records import MemberRecord
from models.store import cases, directory
from models.store.database import Tx
from models.verdicts import Answer, Verdict
from sync import connection as connections
from sync import decide
from sync.job import touched
from sync.plan import Case, GroupCase, MemberCase, UserCase, plan
from sync.policies.policy import Policy


def plan_afresh(
    tx: Tx,
    target: Row[Any],
    rows: Sequence[Row[Any]],
    *,
    now: Instant,
    doubtful: AbstractSet[str] = frozenset(),
) -> dict[str, Planned]:
    """By object key. All rows are of one connection.

    Where the target may hold something else than is noted (`doubtful`), something is planned
    even if what is noted matches: that which makes the target match whatever it holds.
    """
    policy, about = _policy(tx, rows[0]), touched(rows)
    members = list(cases.members(tx, about.memberships, target.id))
    found: list[Case] = [
        decide.user_case(one, decide.user(one, policy, now))
        for one in cases.users(tx, about.users, target.id)
    ]
    found += [
        decide.group_case(one, decide.group(one, policy, now))
        for one in cases.groups(tx, about.groups, target.id)
    ]
    found += [decide.member_case(one, policy, now) for one in members]
    key, retention = TargetKey(target.id), policy.retention
    planned = {one.object_key: one for one in plan(key, found, now, retention=retention)}
    missing = doubtful - planned.keys()
    if not missing:
        return planned
    worst = [_assume(one) for one in found if not isinstance(one, MemberCase)]
    worst += [_assume_member(one, policy, now) for one in members]
    sure = {one.object_key: one for one in plan(key, worst, now, retention=retention)}
    for case in found:
        made = _made_after_all(key, case)
        if made is not None:
            sure[made.object_key] = made
    return planned | {name: one for name, one in sure.items() if name in missing}


def _policy(tx: Tx, row: Row[Any]) -> Policy:
    return connections.load(tx, directory.connection_of(tx, row.user_id, row.group_id)).policy


def _assume(case: Case) -> Case:
    """That the target holds it, and in another state than is noted."""
    match case:
        case UserCase(held=held) if held is not None:
            return replace(case, held=replace(held, digest="", active=True))
        case GroupCase(held=held) if held is not None:
            return replace(case, held=replace(held, digest=""))
        case _:
            return case


def _assume_member(record: MemberRecord, policy: Policy, now: Instant) -> Case:
    """The opposite of what is wanted."""
    wanted = decide.member(record, policy, now).answer is Answer.YES
    return decide.member_case(replace(record, held=not wanted), policy, now)


def _made_after_all(target: TargetKey, case: Case) -> Planned | None:
    """For what is not wanted any more, and may have been made without our learning its id.

    Only making it (a user inactive, a group empty) tells the id by which it can be removed.
    """
    match case:
        case UserCase(user, verdict, None):
            refusal = _refusal(verdict.exists) or _refusal(verdict.active)
            if refusal is None or verdict.profile is None:
                return None
            operation = OperationName.CREATE_USER
            return Planned(target=target, operation=operation, user=user, because=refusal)
        case GroupCase(group, verdict, None) if verdict.exists.answer is Answer.NO:
            return Planned(
                target=target,
                operation=OperationName.CREATE_GROUP,
                group=group,
                desired=digest(verdict.name),
                because=verdict.exists,
            )
        case _:
            return None


def _refusal(verdict: Verdict) -> Verdict | None:
    return verdict if verdict.answer is Answer.NO else None

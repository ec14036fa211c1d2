"""Send a plan past the guard, and write down what came of it."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row

from models.identity import TargetKey
from models.instant import Instant
from models.plans import Budget, OperationName, Planned
from models.store import accounts, bindings, budgets, guard_clock, holds, outbox, protecting
from models.store.database import Tx, loads
from models.verdicts import Answer, Verdict
from sync.guard import (
    Account,
    Guard,
    Hold,
    Proceed,
    Protected,
    Ruling,
    Stopped,
    check,
    crowded,
    passes_a_floor,
    together,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    held: AbstractSet[str]
    """Fingerprints: of what would be held now, and of what waits already or was refused."""
    why: str | None
    hold: str | None
    """The public id of the first hold that stands."""


def judge(tx: Tx, target: Row[Any], planned: Sequence[Planned], now: Instant) -> Ruling:
    """What of a plan may go on. Changes nothing but that the guard's time begins.

    A removal that is queued already draws nothing more; one that was held stays held.
    """
    if not any(one.is_removal for one in planned):
        return Proceed(tuple(planned))
    holds.take_turn(tx, target.id)
    guard_clock.start(tx, now)
    removals = [one.object_key for one in planned if one.is_removal]
    known = outbox.standing(tx, target.id, removals)
    fresh = [one for one in planned if not (one.is_removal and one.fingerprint in known)]
    weighed = _weighed(tx, target.id, fresh)
    guard = guard_of(target)
    account = _account(tx, target.id, weighed, guard, now)
    return check(weighed, account=account, guard=guard, protected=_protected(tx, target))


def settle(tx: Tx, target: Row[Any], ruling: Ruling, now: Instant) -> str | None:
    """Queue what may go on, hold the rest. Answers the public id of the first hold, if any."""
    outbox.enqueue(tx, ruling.operations, now)
    if not isinstance(ruling, Hold):
        return None
    first, *_ = [_hold(tx, target.id, one, now) for one in ruling.stopped]
    return first


def objection(tx: Tx, row: Row[Any], now: Instant) -> str | None:
    """Why an action that ended may not be tried again now, if the guard minds.

    What was approved is compared with its approval when it is begun.
    """
    target = accounts.target(tx, row.target_id)
    if row.draws_on is None or row.hold_id is not None or target is None:
        return None
    holds.take_turn(tx, target.id)
    guard_clock.start(tx, now)
    outbox.give_back(tx, row.id)
    asked = Planned(
        target=TargetKey(target.id),
        operation=OperationName(row.operation),
        because=Verdict(Answer.NO, "An administrator asks to try again."),
        user=row.user_id,
        group=row.group_id,
        draws_on=Budget(row.draws_on),
        takes_along=row.takes_along,
    )
    guard = guard_of(target)
    account = _account(tx, target.id, [asked], guard, now)
    ruling = check([asked], account=account, guard=guard, protected=_protected(tx, target))
    return ruling.why if isinstance(ruling, Hold) else None


def forget(
    tx: Tx,
    target: int,
    planned: Sequence[Planned],
    now: Instant,
    *,
    keys: list[str] | None = None,
    connection: int | None = None,
    began: Instant | None = None,
) -> None:
    """A held operation that is not planned any more has lost its evidence, and dies.

    The plan was about some objects (`keys`), or about all of a connection, as it stood when
    the planning `began`. A hold whose time ran out dies too: what is still wanted is asked
    for anew.
    """
    alive = [one.fingerprint for one in planned]
    standing = holds.standing(tx, target)
    were = {one.id: outbox.count_held(tx, one.id) for one in standing}
    outbox.drop_unplanned(tx, target, alive, now, keys=keys, connection=connection, began=began)
    for one in standing:
        if one.expires_at <= now:
            outbox.drop_held(tx, one.id, now)
        left = outbox.count_held(tx, one.id)
        if not left:
            holds.decide(tx, one.id, state="expired", by=None, now=now)
        elif left != were[one.id]:
            holds.tell(tx, one.id, together(left, one.why), now)


def foresee(
    tx: Tx, target: Row[Any], planned: Sequence[Planned], connection: int, now: Instant
) -> Foreseen:
    """What of a plan would be held, or is already. For a transaction that is undone."""
    forget(tx, target.id, planned, now, connection=connection, began=now)
    ruling = judge(tx, target, planned, now)
    standing = holds.standing(tx, target.id)
    whys = [one.why for one in standing]
    fresh = ruling.held if isinstance(ruling, Hold) else ()
    if isinstance(ruling, Hold):
        whys.append(ruling.why)
    return Foreseen(
        held=outbox.stopped(tx, target.id) | {one.fingerprint for one in fresh},
        why=" ".join(whys) or None,
        hold=next((str(one.public_id) for one in standing), None),
    )


def guard_of(target: Row[Any]) -> Guard:
    settings, usual = loads(target.guard) or {}, Guard()
    return Guard(
        floor=int(settings.get("floor", usual.floor)),
        share=float(settings.get("share", usual.share)),
        group_floor=int(settings.get("group_floor", usual.group_floor)),
        group_share=float(settings.get("group_share", usual.group_share)),
    )


def _hold(tx: Tx, target: int, stopped: Stopped, now: Instant) -> str:
    """Join the hold of its kind, or make one."""
    found = holds.open_at(tx, target, stopped.kind, now)
    key = found.id if found else holds.create(tx, target, stopped.kind, stopped.why, now)
    outbox.hold(tx, key, stopped.operations, now)
    if found:
        holds.tell(tx, key, together(outbox.count_held(tx, key), stopped.why), now)
    return holds.public_id(tx, key)


def _weighed(tx: Tx, target: int, planned: Sequence[Planned]) -> list[Planned]:
    """A deleted group weighs as much as the members it takes along."""
    deleted = {
        one.group
        for one in planned
        if one.operation is OperationName.DELETE_GROUP and one.group is not None
    }
    counts = budgets.members_of(tx, target, deleted)
    return [
        replace(one, takes_along=counts.get(one.group, 0))
        if one.operation is OperationName.DELETE_GROUP and one.group is not None
        else one
        for one in planned
    ]


def _account(
    tx: Tx, target: int, planned: Sequence[Planned], guard: Guard, now: Instant
) -> Account:
    """Only what is asked beyond a floor makes it worth counting what is managed."""
    groups = {one.group for one in planned if one.draws_on is not None and one.group is not None}
    account = Account(
        drawn=budgets.drawn(tx, target, now), drawn_in=budgets.drawn_in(tx, target, groups, now)
    )
    full = crowded(planned, account, guard)
    if full:
        account = replace(account, managed_in=budgets.members_of(tx, target, full))
    if passes_a_floor(planned, account, guard):
        account = replace(account, managed=bindings.managed(tx, target))
    return account


def _protected(tx: Tx, target: Row[Any]) -> Protected:
    named = (loads(target.guard) or {}).get("protected") or {}
    return Protected(
        users=protecting.users(tx, target.id, named.get("users", [])),
        groups=protecting.groups(tx, target.id, named.get("groups", [])),
    )

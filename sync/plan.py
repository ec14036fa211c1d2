"""The fewest operations that make a target match what was decided."""

from collections.abc import Iterable

from models.actions import Ownership
from models.frozen import frozen
from models.identity import GroupKey, TargetKey, UserKey
from models.instant import Instant
from models.plans import ORDER, Budget, OperationName, Planned, digest, profile_digest
from models.verdicts import Answer, GroupVerdict, UserVerdict, Verdict


@frozen()
class UserHeld:
    """What a target holds for a user."""

    ownership: Ownership
    active: bool
    digest: str
    since: Instant = 0
    """When that was last written: of one who is disabled, when it was disabled."""


@frozen()
class GroupHeld:
    ownership: Ownership
    digest: str


@frozen()
class UserCase:
    user: UserKey
    verdict: UserVerdict
    held: UserHeld | None


@frozen()
class GroupCase:
    group: GroupKey
    verdict: GroupVerdict
    held: GroupHeld | None


@frozen(kw_only=True)
class MemberCase:
    group: GroupKey
    user: UserKey
    verdict: Verdict
    both_present: bool
    """User and group are, or are to be, at the target, and neither is foreign."""
    held: bool


Case = UserCase | GroupCase | MemberCase


def plan(
    target: TargetKey, cases: Iterable[Case], now: Instant, *, retention: Instant
) -> list[Planned]:
    """One operation at most for each case, references first.

    A hold plans nothing. A foreign object is left alone. What was never decided about is
    not in `cases`, and is left alone too. A group that goes takes its memberships along.
    """
    found = [_one(target, case, now, retention) for case in cases]
    planned = _without_those_taken_along([one for one in found if one is not None])
    return sorted(planned, key=lambda one: (ORDER[one.operation], one.group or 0, one.user or 0))


def _without_those_taken_along(planned: list[Planned]) -> list[Planned]:
    going = {one.group for one in planned if one.operation is OperationName.DELETE_GROUP}
    if not going:
        return planned
    removal = OperationName.REMOVE_MEMBER
    return [one for one in planned if one.operation is not removal or one.group not in going]


def _one(target: TargetKey, case: Case, now: Instant, retention: Instant) -> Planned | None:
    match case:
        case UserCase():
            return _user(target, case, now, retention)
        case GroupCase():
            return _group(target, case)
        case MemberCase():
            return _member(target, case)


def _user(target: TargetKey, case: UserCase, now: Instant, retention: Instant) -> Planned | None:
    exists, held = case.verdict.exists, case.held
    if held is not None and held.ownership is Ownership.FOREIGN:
        return None
    match exists.answer:
        case Answer.HOLD:
            return None
        case Answer.NO:
            return _leaving(target, case, now, retention)
        case Answer.YES:
            return _present(target, case)


def _present(target: TargetKey, case: UserCase) -> Planned | None:
    active, held, profile = case.verdict.active, case.held, case.verdict.profile
    if active.answer is Answer.HOLD or profile is None:
        return None
    if active.answer is Answer.NO:
        return _deactivate(target, case.user, active) if held and held.active else None
    desired = profile_digest(profile, active=True)
    if held is None:
        operation = OperationName.CREATE_USER
    elif held.digest != desired or not held.active:
        operation = OperationName.UPDATE_USER
    else:
        return None
    return Planned(
        target=target,
        operation=operation,
        user=case.user,
        desired=desired,
        because=case.verdict.exists,
    )


def _leaving(target: TargetKey, case: UserCase, now: Instant, retention: Instant) -> Planned | None:
    """Disabled first, deleted only after retention (the removal ladder).

    Which begins when it was really disabled: that may have waited for an approval for weeks.
    """
    exists, held = case.verdict.exists, case.held
    if held is None:
        return None
    if held.active and retention > 0:
        return _deactivate(target, case.user, exists)
    if now - max(exists.since, held.since) < retention:
        return None
    return Planned(
        target=target,
        operation=OperationName.DELETE_USER,
        user=case.user,
        because=exists,
        draws_on=Budget.USERS_EXPLICIT if exists.explicit else Budget.USERS,
    )


def _deactivate(target: TargetKey, user: UserKey, because: Verdict) -> Planned:
    return Planned(
        target=target,
        operation=OperationName.DEACTIVATE_USER,
        user=user,
        because=because,
        draws_on=Budget.USERS_EXPLICIT if because.explicit else Budget.USERS,
    )


def _group(target: TargetKey, case: GroupCase) -> Planned | None:
    exists, held = case.verdict.exists, case.held
    if exists.answer is Answer.HOLD or (held and held.ownership is Ownership.FOREIGN):
        return None
    if exists.answer is Answer.NO:
        return _delete_group(target, case.group, exists) if held else None
    desired = digest(case.verdict.name)
    if held is not None and held.digest == desired:
        return None
    return Planned(
        target=target,
        operation=OperationName.CREATE_GROUP if held is None else OperationName.UPDATE_GROUP,
        group=case.group,
        desired=desired,
        because=exists,
    )


def _delete_group(target: TargetKey, group: GroupKey, because: Verdict) -> Planned:
    return Planned(
        target=target,
        operation=OperationName.DELETE_GROUP,
        group=group,
        because=because,
        draws_on=_of_groups(because),
    )


def _of_groups(because: Verdict) -> Budget | None:
    """Who removes a group by hand has decided: that is the approval, and draws on nothing."""
    if because.is_a_persons:
        return None
    return Budget.GROUPS_EXPLICIT if because.explicit else Budget.GROUPS


def _member(target: TargetKey, case: MemberCase) -> Planned | None:
    wanted = case.verdict.answer is Answer.YES
    if case.verdict.answer is Answer.HOLD or wanted == case.held or not case.both_present:
        return None
    explicit = case.verdict.explicit
    removal = Budget.MEMBERSHIPS_EXPLICIT if explicit else Budget.MEMBERSHIPS
    return Planned(
        target=target,
        operation=OperationName.ADD_MEMBER if wanted else OperationName.REMOVE_MEMBER,
        group=case.group,
        user=case.user,
        because=case.verdict,
        draws_on=None if wanted else removal,
    )

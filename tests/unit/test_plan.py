"""The fewest operations that make a target match what was decided, and none that harm."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.actions import Ownership
from models.evidence import Channel
from models.identity import GroupKey, Profile, TargetKey, UserKey
from models.instant import DAY
from models.plans import ORDER, Budget, OperationName, Planned, digest, profile_digest
from models.verdicts import Answer, GroupVerdict, UserVerdict, Verdict
from sync.plan import Case, GroupCase, GroupHeld, MemberCase, UserCase, UserHeld, plan

NOW = 100 * DAY
APP = TargetKey(1)
RETENTION = 30 * DAY
ADA = Profile(user_name="ada")
OURS, FOREIGN = Ownership.OURS, Ownership.FOREIGN
REMOVALS = {
    OperationName.DEACTIVATE_USER,
    OperationName.DELETE_USER,
    OperationName.DELETE_GROUP,
    OperationName.REMOVE_MEMBER,
}


def said(
    answer: str, *, days_ago: int = 1, explicit: bool = False, by: Channel | None = Channel.PULL
) -> Verdict:
    at = NOW - days_ago * DAY
    return Verdict(
        Answer(answer), "So it is.", decided_by=by, as_of=at, since=at, explicit=explicit
    )


def user(
    exists: Verdict,
    held: UserHeld | None = None,
    *,
    active: str = "yes",
    profile: Profile | None = ADA,
) -> UserCase:
    return UserCase(UserKey(7), UserVerdict(exists, said(active), profile), held)


def group(exists: Verdict, held: GroupHeld | None = None, *, name: str = "Ops") -> GroupCase:
    return GroupCase(GroupKey(5), GroupVerdict(exists, name), held)


def member(verdict: Verdict, *, held: bool, both_present: bool = True) -> MemberCase:
    return MemberCase(
        group=GroupKey(5), user=UserKey(7), verdict=verdict, both_present=both_present, held=held
    )


def in_place(active: bool = True, *, ownership: Ownership = OURS, text: str = "") -> UserHeld:
    return UserHeld(ownership, active, text or profile_digest(ADA))


OPS = GroupHeld(OURS, digest("Ops"))
LADDER: dict[str, tuple[Case, str | None]] = {
    "a user who is wanted is created": (user(said("yes")), "create_user"),
    "a user who is as wanted is left": (user(said("yes"), in_place()), None),
    "a user who differs is updated": (user(said("yes"), in_place(text="other")), "update_user"),
    "an adopted user is updated": (
        user(said("yes"), in_place(text="x", ownership=Ownership.ADOPTED)),
        "update_user",
    ),
    "a user who returns is enabled": (user(said("yes"), in_place(active=False)), "update_user"),
    "a user of no name is not created": (user(said("yes"), profile=None), None),
    "a user who never was there is not created disabled": (user(said("yes"), active="no"), None),
    "a disabled account is disabled": (
        user(said("yes"), in_place(), active="no"),
        "deactivate_user",
    ),
    "a disabled account is disabled once": (
        user(said("yes"), in_place(active=False), active="no"),
        None,
    ),
    "whether the account is disabled is not known": (
        user(said("yes"), in_place(text="other"), active="hold"),
        None,
    ),
    "a missing user is left": (user(said("hold"), in_place()), None),
    "a missing user is not created": (user(said("hold")), None),
    "a user who left is disabled first": (user(said("no"), in_place()), "deactivate_user"),
    "a user who left long ago is disabled first, too": (
        user(said("no", days_ago=99), in_place()),
        "deactivate_user",
    ),
    "a disabled user is kept": (user(said("no", days_ago=29), in_place(active=False)), None),
    "after the retention it is deleted": (
        user(said("no", days_ago=30), in_place(active=False)),
        "delete_user",
    ),
    "a user who left and is not there needs nothing": (user(said("no")), None),
    "a group that is wanted is created": (group(said("yes")), "create_group"),
    "a group that is as wanted is left": (group(said("yes"), OPS), None),
    "a group of another name is renamed": (group(said("yes"), OPS, name="Dev"), "update_group"),
    "a missing group is left": (group(said("hold"), OPS, name="Dev"), None),
    "a group that is gone is deleted": (group(said("no"), OPS), "delete_group"),
    "a group that is gone and not there needs nothing": (group(said("no")), None),
    "a member is added": (member(said("yes"), held=False), "add_member"),
    "a member who is in is left": (member(said("yes"), held=True), None),
    "a member is removed": (member(said("no"), held=True), "remove_member"),
    "a member who is out is left": (member(said("no"), held=False), None),
    "a member of whom nothing is known is left in": (member(said("hold"), held=True), None),
    "a member of whom nothing is known is left out": (member(said("hold"), held=False), None),
    "nobody is added to what is not there": (
        member(said("yes"), held=False, both_present=False),
        None,
    ),
    "a group that goes takes its members along": (
        member(said("no"), held=True, both_present=False),
        None,
    ),
}


@pytest.mark.parametrize(("case", "operation"), LADDER.values(), ids=LADDER.keys())
def test_one_case(case: Case, operation: str | None) -> None:
    found = plan(APP, [case], NOW, retention=RETENTION)
    assert [one.operation.value for one in found] == ([] if operation is None else [operation])


def test_without_retention_a_user_is_deleted_at_once() -> None:
    found = plan(APP, [user(said("no"), in_place())], NOW, retention=0)
    assert [one.operation for one in found] == [OperationName.DELETE_USER]


BUDGETS = {
    "a leaver of a read": (user(said("no"), in_place()), Budget.USERS),
    "a leaver named by the provider": (
        user(said("no", explicit=True), in_place()),
        Budget.USERS_EXPLICIT,
    ),
    "an account disabled in the directory": (
        user(said("yes"), in_place(), active="no"),
        Budget.USERS,
    ),
    "a user deleted": (user(said("no", days_ago=40), in_place(active=False)), Budget.USERS),
    "a group": (group(said("no"), OPS), Budget.GROUPS),
    "a group deleted by the provider": (
        group(said("no", explicit=True), OPS),
        Budget.GROUPS_EXPLICIT,
    ),
    "a member": (member(said("no"), held=True), Budget.MEMBERSHIPS),
    "a member removed by the provider": (
        member(said("no", explicit=True), held=True),
        Budget.MEMBERSHIPS_EXPLICIT,
    ),
    "what adds draws on nothing": (member(said("yes"), held=False), None),
    "what changes draws on nothing": (user(said("yes"), in_place(text="other")), None),
}


@pytest.mark.parametrize(("case", "budget"), BUDGETS.values(), ids=BUDGETS.keys())
def test_a_removal_draws_on_the_budget_of_its_kind(case: Case, budget: Budget | None) -> None:
    (found,) = plan(APP, [case], NOW, retention=RETENTION)
    assert found.draws_on is budget


def test_references_come_first_and_removals_of_objects_last() -> None:
    cases: Sequence[Case] = [
        group(said("no"), OPS),
        member(said("yes"), held=False),
        user(said("yes")),
        replace(group(said("yes")), group=GroupKey(6)),
    ]
    found = plan(APP, cases, NOW, retention=RETENTION)
    assert [one.operation.value for one in found] == [
        "create_user",
        "create_group",
        "add_member",
        "delete_group",
    ]


answers = st.sampled_from(["yes", "no", "hold"])
verdicts = st.builds(said, answers, days_ago=st.integers(0, 40), explicit=st.booleans())
ownerships = st.sampled_from([None, *Ownership])
texts = st.sampled_from(["", "other"])


@st.composite
def users(draw: st.DrawFn) -> UserCase:
    ownership = draw(ownerships)
    held = (
        None
        if ownership is None
        else in_place(draw(st.booleans()), ownership=ownership, text=draw(texts))
    )
    profile = draw(st.sampled_from([ADA, ADA, None]))
    verdict = UserVerdict(draw(verdicts), draw(verdicts), profile)
    return UserCase(UserKey(draw(st.integers(1, 9))), verdict, held)


@st.composite
def groups(draw: st.DrawFn) -> GroupCase:
    ownership = draw(ownerships)
    held = None if ownership is None else GroupHeld(ownership, digest(draw(texts)))
    key = GroupKey(draw(st.integers(1, 9)))
    return GroupCase(key, GroupVerdict(draw(verdicts), "Ops"), held)


members = st.builds(
    MemberCase,
    group=st.integers(1, 9),
    user=st.integers(1, 9),
    verdict=verdicts,
    both_present=st.booleans(),
    held=st.booleans(),
)
one_case: st.SearchStrategy[Case] = st.one_of(users(), groups(), members)


def carried_out(case: Case, done: Planned | None) -> Case:
    """The case after its operation was done."""
    if done is None:
        return case
    match case:
        case UserCase(key, verdict, held):
            match done.operation:
                case OperationName.DELETE_USER:
                    return UserCase(key, verdict, None)
                case OperationName.DEACTIVATE_USER:
                    assert held is not None
                    return UserCase(key, verdict, replace(held, active=False))
            owner = held.ownership if held else OURS
            return UserCase(key, verdict, UserHeld(owner, True, done.desired))
        case GroupCase(key, verdict, held):
            if done.operation is OperationName.DELETE_GROUP:
                return GroupCase(key, verdict, None)
            owner = held.ownership if held else OURS
            return GroupCase(key, verdict, GroupHeld(owner, done.desired))
        case MemberCase():
            return replace(case, held=done.operation is OperationName.ADD_MEMBER)


@given(one_case)
def test_carrying_out_a_plan_leaves_nothing_to_plan_but_the_next_rung(case: Case) -> None:
    """Disabling may be followed by deleting; nothing else is followed by anything."""
    first = plan(APP, [case], NOW, retention=RETENTION)
    case = carried_out(case, first[0] if first else None)
    second = plan(APP, [case], NOW, retention=RETENTION)
    if first and first[0].operation is OperationName.DEACTIVATE_USER and second:
        assert second[0].operation is OperationName.DELETE_USER
        case = carried_out(case, second[0])
        second = plan(APP, [case], NOW, retention=RETENTION)
    assert second == []


@given(one_case)
def test_a_hold_plans_nothing(case: Case) -> None:
    exists = case.verdict if isinstance(case, MemberCase) else case.verdict.exists
    if exists.answer is Answer.HOLD:
        assert plan(APP, [case], NOW, retention=RETENTION) == []


@given(one_case)
def test_a_foreign_object_is_left_alone(case: Case) -> None:
    is_foreign = (
        not case.both_present
        if isinstance(case, MemberCase)
        else case.held is not None and case.held.ownership is FOREIGN
    )
    if is_foreign:
        assert plan(APP, [case], NOW, retention=RETENTION) == []


def test_a_foreign_user_who_leaves_is_not_disabled() -> None:
    case = user(said("no"), in_place(ownership=FOREIGN))
    assert plan(APP, [case], NOW, retention=RETENTION) == []


@given(st.lists(one_case, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_the_cases_does_not_matter(cases: list[Case], chance: object) -> None:
    unique = list({_about(case): case for case in cases}.values())
    shuffled = list(unique)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    found = plan(APP, unique, NOW, retention=RETENTION)
    assert found == plan(APP, shuffled, NOW, retention=RETENTION)
    assert [ORDER[one.operation] for one in found] == sorted(ORDER[one.operation] for one in found)
    assert all((one.draws_on is not None) == (one.operation in REMOVALS) for one in found)


def _about(case: Case) -> object:
    match case:
        case UserCase():
            return ("u", case.user)
        case GroupCase():
            return ("g", case.group)
        case MemberCase():
            return (case.group, case.user)


PLANNED = Planned(
    target=APP,
    operation=OperationName.REMOVE_MEMBER,
    because=replace(said("no"), after=1),
    user=UserKey(7),
    group=GroupKey(5),
    draws_on=Budget.MEMBERSHIPS,
)
OTHERS = {
    "target": replace(PLANNED, target=TargetKey(2)),
    "object": replace(PLANNED, user=UserKey(8)),
    "kind of object": replace(PLANNED, group=None),
    "operation": replace(PLANNED, operation=OperationName.ADD_MEMBER),
    "desired state": replace(PLANNED, desired="x"),
    "deciding word": replace(PLANNED, because=replace(PLANNED.because, after=NOW)),
    "deciding channel": replace(PLANNED, because=said("no", by=Channel.PUSH)),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
def test_another_is_another_fingerprint(other: Planned) -> None:
    assert other.fingerprint != PLANNED.fingerprint


def test_a_word_that_was_merely_confirmed_since_is_the_same_fingerprint() -> None:
    again = replace(PLANNED.because, as_of=NOW, since=NOW, why="Again.")
    confirmed = replace(PLANNED, because=again)
    assert confirmed.fingerprint == PLANNED.fingerprint


def test_no_two_objects_share_a_key() -> None:
    keys = {
        replace(PLANNED, user=user, group=group).object_key
        for user in (None, UserKey(1), UserKey(11), UserKey(111))
        for group in (None, GroupKey(1), GroupKey(11), GroupKey(111))
        if user or group
    }
    assert len(keys) == 15


def test_a_group_that_goes_takes_its_members_along_and_one_in_doubt_keeps_nobody() -> None:
    denied = member(said("no"), held=True)
    for exists, operation in (("no", "delete_group"), ("hold", "remove_member")):
        (planned,) = plan(APP, [group(said(exists), OPS), denied], NOW, retention=RETENTION)
        assert planned.operation == operation

"""What is out of proportion is stopped as a whole, and everything else goes on."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.identity import GroupKey, TargetKey, UserKey
from models.plans import Budget, HoldKind, OperationName, Planned
from models.verdicts import Answer, Verdict
from sync.guard import Account, Guard, Hold, Proceed, Protected, check

GUARD = Guard(floor=3, share=0.1, group_floor=1000)
BECAUSE = Verdict(Answer.NO, "So it is.")


def removals(count: int, budget: Budget = Budget.MEMBERSHIPS) -> list[Planned]:
    return [
        Planned(
            target=TargetKey(1),
            operation=OperationName.REMOVE_MEMBER,
            because=BECAUSE,
            user=UserKey(number),
            group=GroupKey(1),
            draws_on=budget,
        )
        for number in range(count)
    ]


def additions(count: int) -> list[Planned]:
    return [
        Planned(
            target=TargetKey(1),
            operation=OperationName.ADD_MEMBER,
            because=BECAUSE,
            user=UserKey(number),
            group=GroupKey(2),
        )
        for number in range(count)
    ]


MEMBERS, EXPLICIT = Budget.MEMBERSHIPS, Budget.MEMBERSHIPS_EXPLICIT
ROWS = {
    "up to the floor": (3, MEMBERS, 0, 0, True),
    "past the floor": (4, MEMBERS, 0, 0, False),
    "past the floor with what was drawn today": (1, MEMBERS, 3, 0, False),
    "up to the floor with what was drawn today": (1, MEMBERS, 2, 0, True),
    "up to the share": (10, MEMBERS, 0, 100, True),
    "past the share": (11, MEMBERS, 0, 100, False),
    "a share that is less than the floor": (3, MEMBERS, 0, 10, True),
    "a share is not rounded up": (4, MEMBERS, 0, 39, False),
    "one leaver never waits for what reads took": (1, Budget.USERS_EXPLICIT, 0, 0, True),
    "explicit words have five times as much": (15, EXPLICIT, 0, 0, True),
    "and no more": (16, EXPLICIT, 0, 0, False),
}


@pytest.mark.parametrize(
    ("asked", "budget", "drawn", "managed", "goes_on"), ROWS.values(), ids=ROWS.keys()
)
def test_a_plan(asked: int, budget: Budget, drawn: int, managed: int, goes_on: bool) -> None:
    ruling = check(
        removals(asked, budget),
        account=Account(drawn={budget: drawn}, managed={budget: managed}),
        guard=GUARD,
    )
    assert isinstance(ruling, Proceed) is goes_on


def test_what_one_budget_lost_another_still_has() -> None:
    few, many = removals(1, Budget.USERS), removals(9)
    ruling = check([*few, *many], account=Account(drawn={MEMBERS: 3}), guard=GUARD)
    assert isinstance(ruling, Hold)
    assert ruling.operations == tuple(few)
    assert ruling.held == tuple(many)


def test_an_explicit_removal_goes_on_beside_a_held_read() -> None:
    named, unlisted = removals(1, EXPLICIT), removals(9)
    ruling = check([*named, *unlisted], account=Account(), guard=GUARD)
    assert isinstance(ruling, Hold)
    assert ruling.operations == tuple(named)


def test_a_hold_says_how_many_and_how_many_are_allowed() -> None:
    ruling = check(removals(9), account=Account(drawn={MEMBERS: 2}), guard=GUARD)
    assert isinstance(ruling, Hold)
    assert "9 removals of memberships" in ruling.why
    assert "2 were made" in ruling.why
    assert "3 are allowed" in ruling.why


budgets = st.sampled_from(list(Budget))
counts = st.dictionaries(budgets, st.integers(0, 40))


@given(
    asked=st.dictionaries(budgets, st.integers(1, 40)),
    drawn=counts,
    managed=st.dictionaries(budgets, st.integers(0, 2000)),
    extra=st.integers(0, 5),
)
def test_what_goes_on_never_passes_a_budget_and_nothing_is_lost(
    asked: dict[Budget, int], drawn: dict[Budget, int], managed: dict[Budget, int], extra: int
) -> None:
    planned = additions(extra)
    for budget, count in asked.items():
        planned += removals(count, budget)
    ruling = check(planned, account=Account(drawn=drawn, managed=managed), guard=GUARD)
    held = ruling.held if isinstance(ruling, Hold) else ()
    assert sorted(map(id, (*ruling.operations, *held))) == sorted(map(id, planned))
    assert [one for one in ruling.operations if one.draws_on is None] == additions(extra)
    for budget in Budget:
        going = sum(one.draws_on is budget for one in ruling.operations)
        allowed = GUARD.allowance(budget, managed.get(budget, 0))
        assert going == 0 or drawn.get(budget, 0) + going <= allowed
        stopped = sum(one.draws_on is budget for one in held)
        assert not (going and stopped), "a budget is held as a whole"


def of_group(group: int, count: int, budget: Budget = MEMBERS) -> list[Planned]:
    return [replace(one, group=GroupKey(group)) for one in removals(count, budget)]


def deletion(group: int, along: int, budget: Budget | None = Budget.GROUPS) -> Planned:
    return Planned(
        target=TargetKey(1),
        operation=OperationName.DELETE_GROUP,
        because=BECAUSE,
        group=GroupKey(group),
        draws_on=budget,
        takes_along=along,
    )


WIDE = Guard(floor=1000, share=0.1, group_floor=3, group_share=0.2)


def test_one_group_that_is_emptied_is_held_and_another_that_loses_few_goes_on() -> None:
    emptied, few = of_group(1, 9), of_group(2, 3)
    ruling = check([*emptied, *few], account=Account(managed_in={GroupKey(1): 9}), guard=WIDE)
    assert isinstance(ruling, Hold)
    assert ruling.held == tuple(emptied)
    assert ruling.operations == tuple(few)


GROUP_ROWS = {
    "up to its floor": (3, 0, 0, MEMBERS, True),
    "past its floor": (4, 0, 0, MEMBERS, False),
    "past its floor with what was drawn today": (1, 3, 0, MEMBERS, False),
    "up to its share": (20, 0, 100, MEMBERS, True),
    "past its share": (21, 0, 100, MEMBERS, False),
    "explicit words have five times as much": (100, 0, 100, EXPLICIT, True),
    "and no more": (101, 0, 100, EXPLICIT, False),
}


@pytest.mark.parametrize(
    ("asked", "drawn", "managed", "budget", "goes_on"), GROUP_ROWS.values(), ids=GROUP_ROWS.keys()
)
def test_of_one_group(asked: int, drawn: int, managed: int, budget: Budget, goes_on: bool) -> None:
    group = GroupKey(1)
    account = Account(drawn_in={(group, budget): drawn}, managed_in={group: managed})
    ruling = check(of_group(1, asked, budget), account=account, guard=WIDE)
    assert isinstance(ruling, Proceed) is goes_on


def test_what_a_group_has_held_does_not_take_the_budget_of_the_others() -> None:
    ruling = check(
        [*of_group(1, 900), *of_group(2, 3)],
        account=Account(drawn={MEMBERS: 900}),
        guard=WIDE,
    )
    assert isinstance(ruling, Hold)
    assert {one.group for one in ruling.operations} == {2}


def test_a_group_of_5000_is_not_one_removal() -> None:
    ruling = check([deletion(1, 5000)], account=Account(), guard=WIDE)
    assert isinstance(ruling, Hold)
    assert [one.kind for one in ruling.stopped] == [HoldKind.GROUPS]
    assert "5000 removals of memberships that go with 1 group" in ruling.why


def test_a_deleted_group_gets_what_single_memberships_left_over() -> None:
    single = of_group(2, 3)
    for along, goes_on in ((997, True), (998, False)):
        ruling = check([*single, deletion(1, along)], account=Account(), guard=WIDE)
        assert isinstance(ruling, Proceed) is goes_on
        assert set(single) <= set(ruling.operations)


def test_a_group_that_an_administrator_removes_draws_on_nothing() -> None:
    ruling = check([deletion(1, 5000, None)], account=Account(), guard=Guard(floor=0, share=0))
    assert isinstance(ruling, Proceed)


def user_removal(user: int, operation: OperationName) -> Planned:
    return Planned(
        target=TargetKey(1),
        operation=operation,
        because=BECAUSE,
        user=UserKey(user),
        draws_on=Budget.USERS_EXPLICIT,
    )


PROTECTED = Protected(users={UserKey(7)}, groups={GroupKey(1)})
SHIELDED = {
    "a protected user who is disabled": user_removal(7, OperationName.DEACTIVATE_USER),
    "a protected user who is deleted": user_removal(7, OperationName.DELETE_USER),
    "anybody who is taken out of a protected group": of_group(1, 1)[0],
    "a protected group": deletion(1, 0),
    "a protected group that an administrator removes": deletion(1, 0, None),
}
UNSHIELDED = {
    "another user": user_removal(8, OperationName.DEACTIVATE_USER),
    "a protected user who leaves another group": replace(of_group(2, 1)[0], user=UserKey(7)),
    "a new member of a protected group": replace(additions(1)[0], group=GroupKey(1)),
}


@pytest.mark.parametrize("planned", SHIELDED.values(), ids=SHIELDED.keys())
def test_what_always_needs_approval(planned: Planned) -> None:
    ruling = check([planned], account=Account(), guard=WIDE, protected=PROTECTED)
    assert isinstance(ruling, Hold)
    assert [one.kind for one in ruling.stopped] == [HoldKind.PROTECTED]


@pytest.mark.parametrize("planned", UNSHIELDED.values(), ids=UNSHIELDED.keys())
def test_what_needs_none(planned: Planned) -> None:
    ruling = check([planned], account=Account(), guard=WIDE, protected=PROTECTED)
    assert isinstance(ruling, Proceed)


def test_the_protected_take_no_budget_away() -> None:
    tight = Guard(floor=1, share=0)
    shielded = user_removal(7, OperationName.DELETE_USER)
    other = replace(user_removal(8, OperationName.DELETE_USER), draws_on=Budget.USERS)
    ruling = check(
        [replace(shielded, draws_on=Budget.USERS), other],
        account=Account(),
        guard=tight,
        protected=PROTECTED,
    )
    assert isinstance(ruling, Hold)
    assert ruling.operations == (other,)

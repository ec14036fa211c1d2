"""What is out of proportion is stopped as a whole, and everything else goes on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.identity import GroupKey, TargetKey, UserKey
from models.plans import Budget, OperationName, Planned
from models.verdicts import Answer, Verdict
from sync.guard import Guard, Hold, Proceed, check

GUARD = Guard(floor=3, share=0.1)
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
        removals(asked, budget), drawn={budget: drawn}, managed={budget: managed}, guard=GUARD
    )
    assert isinstance(ruling, Proceed) is goes_on


def test_what_one_budget_lost_another_still_has() -> None:
    few, many = removals(1, Budget.USERS), removals(9)
    ruling = check([*few, *many], drawn={Budget.MEMBERSHIPS: 3}, managed={}, guard=GUARD)
    assert isinstance(ruling, Hold)
    assert ruling.operations == tuple(few)
    assert ruling.held == tuple(many)


def test_an_explicit_removal_goes_on_beside_a_held_read() -> None:
    named, unlisted = removals(1, EXPLICIT), removals(9)
    ruling = check([*named, *unlisted], drawn={}, managed={}, guard=GUARD)
    assert isinstance(ruling, Hold)
    assert ruling.operations == tuple(named)


def test_a_hold_says_how_many_and_how_many_are_allowed() -> None:
    ruling = check(removals(9), drawn={Budget.MEMBERSHIPS: 2}, managed={}, guard=GUARD)
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
    ruling = check(planned, drawn=drawn, managed=managed, guard=GUARD)
    held = ruling.held if isinstance(ruling, Hold) else ()
    assert sorted(map(id, (*ruling.operations, *held))) == sorted(map(id, planned))
    assert [one for one in ruling.operations if one.draws_on is None] == additions(extra)
    for budget in Budget:
        going = sum(one.draws_on is budget for one in ruling.operations)
        allowed = GUARD.allowance(budget, managed.get(budget, 0))
        assert going == 0 or drawn.get(budget, 0) + going <= allowed
        stopped = sum(one.draws_on is budget for one in held)
        assert not (going and stopped), "a budget is held as a whole"

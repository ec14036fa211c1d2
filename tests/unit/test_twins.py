"""Groups under two identifiers: found by their people, and never by chance."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from models.identity import GroupKey
from models.instant import DAY, HOUR
from sync.tokens.twins import Heard, pairs

OLD = [GroupKey(key) for key in range(1, 7)]
NEW = [GroupKey(key) for key in range(101, 107)]
FORM = {group: "ids" for group in NEW}
NEW_OF = dict(zip(OLD, NEW, strict=True))
Teams = dict[GroupKey, set[int]]


def staff(dice: random.Random, people: int) -> Teams:
    """Groups of a sixth to a half of everybody, each drawn by itself."""
    return {
        group: set(dice.sample(range(people), dice.randint(people // 6, people // 2)))
        for group in OLD
    }


def groups_of(user: int, teams: Teams) -> frozenset[GroupKey]:
    return frozenset(group for group, members in teams.items() if user in members)


def heard(people: int, before: Teams, after: Teams, noon: int = DAY) -> list[Heard]:
    """Everybody signs in once before noon and once after."""
    early = [Heard(user, noon - DAY + user, groups_of(user, before)) for user in range(people)]
    late = [Heard(user, noon + user, groups_of(user, after)) for user in range(people)]
    return [*early, *late]


def renamed(teams: Teams) -> Teams:
    return {NEW_OF[group]: members for group, members in teams.items()}


def proposed(tokens: list[Heard]) -> dict[GroupKey, GroupKey]:
    return {one.former: one.later for one in pairs(tokens, FORM)}


seeds = st.integers(0, 2**32).map(random.Random)


@settings(deadline=None, max_examples=50)
@given(seeds, st.integers(60, 200))
def test_every_group_is_found_again_under_its_new_name(dice: random.Random, people: int) -> None:
    teams = staff(dice, people)
    found = proposed(heard(people, teams, renamed(teams)))
    assert found.items() <= NEW_OF.items()
    apart = all(
        len(teams[a] & teams[b]) < 0.75 * len(teams[a] | teams[b])
        for a in OLD
        for b in OLD
        if a < b
    )
    if apart:
        assert found == NEW_OF


@settings(deadline=None, max_examples=50)
@given(seeds, st.integers(60, 200))
def test_groups_of_shuffled_people_are_never_proposed(dice: random.Random, people: int) -> None:
    teams = staff(dice, people)
    order = list(range(people))
    dice.shuffle(order)
    shuffled = {group: {order[user] for user in members} for group, members in teams.items()}
    assert proposed(heard(people, teams, renamed(shuffled))) == {}


@settings(deadline=None, max_examples=50)
@given(seeds, st.integers(60, 200))
def test_the_order_in_which_tokens_are_told_does_not_matter(
    dice: random.Random, people: int
) -> None:
    teams = staff(dice, people)
    tokens = heard(people, teams, renamed(teams))
    mixed = dice.sample(tokens, len(tokens))
    assert pairs(mixed, FORM) == pairs(tokens, dict(reversed(FORM.items())))


def test_a_tenth_of_the_people_may_have_changed_groups_meanwhile() -> None:
    before = {OLD[0]: set(range(20)), OLD[1]: set(range(20, 40))}
    after = {NEW[0]: set(range(1, 21)), NEW[1]: set(range(21, 41))}
    assert proposed(heard(41, before, after)) == {OLD[0]: NEW[0], OLD[1]: NEW[1]}
    after = {NEW[0]: set(range(4, 24)), NEW[1]: set(range(24, 44))}
    assert proposed(heard(44, before, after)) == {}


def test_two_groups_of_the_same_people_cannot_be_told_apart() -> None:
    before = {OLD[0]: set(range(20)), OLD[1]: set(range(20))}
    assert proposed(heard(40, before, renamed(before))) == {}


def test_too_few_people_prove_nothing() -> None:
    for people, found in ((4, {}), (5, {OLD[0]: NEW[0]})):
        before = {OLD[0]: set(range(people))}
        assert proposed(heard(30, before, renamed(before))) == found


def test_groups_that_a_token_lists_both_are_two() -> None:
    before = {OLD[0]: set(range(10))}
    tokens = heard(30, before, renamed(before))
    assert proposed(tokens) == {OLD[0]: NEW[0]}
    both = Heard(99, 3 * DAY, frozenset({OLD[0], NEW[0]}))
    assert proposed([*tokens, both]) == {}


def test_a_new_group_of_some_people_of_an_old_one_is_no_new_name_for_it() -> None:
    """Who signs in since, and is still in the old one, speaks against it."""
    teams = {OLD[0]: set(range(40))}
    after = {OLD[0]: set(range(10, 40)), NEW[0]: set(range(10))}
    assert proposed(heard(60, teams, after)) == {}


def test_a_group_that_came_up_long_before_does_not_blur_the_change() -> None:
    teams = {OLD[0]: set(range(20)), OLD[1]: set(range(15, 40))}
    third = {NEW[5]: set(range(20))}
    early = heard(40, teams, teams | third, noon=DAY)
    late = heard(40, teams | third, renamed(teams) | third, noon=5 * DAY)
    assert proposed([*early, *late]) == {OLD[0]: NEW[0], OLD[1]: NEW[1]}


def test_who_has_not_signed_in_since_is_not_compared() -> None:
    before = {OLD[0]: set(range(40))}
    away = [one for one in heard(60, before, renamed(before)) if one.at < DAY or one.user < 12]
    (pair,) = pairs(away, FORM)
    assert (pair.numbers.former, pair.numbers.both) == (12, 12)


def test_a_change_that_takes_hours_is_one_change() -> None:
    teams = {OLD[0]: set(range(20)), OLD[1]: set(range(20, 40))}
    tokens = [Heard(user, user, groups_of(user, teams)) for user in range(40)]
    tokens += [
        Heard(user, HOUR * (1 + user // 4), groups_of(user, renamed(teams))) for user in range(40)
    ]
    assert proposed(tokens) == {OLD[0]: NEW[0], OLD[1]: NEW[1]}


def test_where_all_groups_are_young_their_form_tells_before_from_after() -> None:
    teams = {OLD[0]: set(range(20)), OLD[1]: set(range(15, 40))}
    tokens = heard(40, teams, renamed(teams), noon=HOUR)
    form = {group: "names" for group in OLD} | FORM
    assert [(one.former, one.later) for one in pairs(tokens, form)] == list(NEW_OF.items())[:2]

"""The laws that need no target, on the model alone."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import strategies as st

from models.instant import DAY, HOUR
from tests.model.engine import (
    HOLD,
    LOGIN,
    NO,
    PULL,
    PUSH,
    YES,
    Coverage,
    Everything,
    Fact,
    GroupsOf,
    Heard,
    MembersOf,
    Rules,
    World,
    groups_of,
)
from tests.store.laws import EXAMPLES, Law, try_law

MANY = [EXAMPLES, pytest.param(10 * EXAMPLES, marks=pytest.mark.slow)]
START = 1000 * DAY
PEOPLE, TEAMS = ("ada", "bob"), ("ops", "dev")
MEMBERS = [Fact("member", user, group) for user in PEOPLE for group in TEAMS]
FACTS = [
    *(Fact(about, user) for user in PEOPLE for about in ("exists", "active")),
    *(Fact("group", group=group) for group in TEAMS),
    *MEMBERS,
]

some = st.frozensets(st.sampled_from(FACTS), max_size=5)
some_members = st.frozensets(st.sampled_from(MEMBERS), max_size=3)
people, teams = st.sampled_from(PEOPLE), st.sampled_from(TEAMS)
hours = st.integers(0, 100)


def tried(**strategies: Any) -> Any:
    """A law of the model, on whatever the strategies draw."""

    def state(holds: Law) -> Law:
        @pytest.mark.parametrize("examples", MANY)
        def law(examples: int) -> None:
            try_law(holds, holds.__name__, strategies, examples)

        law.__name__ = holds.__name__
        return law

    return state


@st.composite
def pushes(draw: st.DrawFn) -> Heard:
    covers: Coverage = draw(st.none() | teams.map(MembersOf))
    yes = draw(some)
    return Heard(PUSH, _at(draw), yes=yes, no=draw(some) - yes, covers=covers)


@st.composite
def reads(draw: st.DrawFn, complete: bool = True) -> Heard:
    covers: Coverage = Everything() if complete else None
    lag = Rules().lag if complete else 0
    return Heard(PULL, _at(draw), yes=draw(some), covers=covers, lag=lag)


@st.composite
def point_reads(draw: st.DrawFn) -> Heard:
    user = draw(people)
    if draw(st.booleans()):
        return Heard(PULL, _at(draw), no=frozenset({Fact("exists", user)}))
    found = {Fact("exists", user), Fact("active", user)}
    groups = draw(st.frozensets(teams))
    named = {Fact("group", group=group) for group in groups}
    said = frozenset(found | named) | groups_of(user, groups)
    return Heard(PULL, _at(draw), yes=said, covers=GroupsOf(user))


@st.composite
def tokens(draw: st.DrawFn, listed: bool | None = None) -> Heard:
    user, groups = draw(people), draw(st.frozensets(teams))
    is_listed = draw(st.booleans()) if listed is None else listed
    said = groups_of(user, groups) | {Fact("exists", user)}
    return Heard(LOGIN, _at(draw), yes=said, covers=GroupsOf(user) if is_listed else None)


def _at(draw: st.DrawFn) -> int:
    """No two at once: nothing that happens does."""
    return START + draw(hours) * HOUR + draw(st.integers(0, 10**6))


everything = st.one_of(pushes(), reads(), reads(complete=False), point_reads(), tokens())
histories = st.lists(everything, max_size=8)
rules = st.sampled_from(
    [
        Rules(),
        Rules(pull_admits=True),
        Rules(pull=False),
        Rules(pull=False, lease_grants=True),
        Rules(push=False, pull=False),
    ]
)
NOW = START + 100 * HOUR + HOUR


def world(wanted: Rules, history: Sequence[Heard]) -> World:
    """Without what the connection has no channel for."""
    has = {PUSH: wanted.push, PULL: wanted.pull, LOGIN: True}
    return World(wanted).hears(*(one for one in history if has[one.channel]))


def verdicts(of: World, now: int = NOW) -> dict[Fact, str]:
    return {fact: of.verdict(fact, now) for fact in FACTS}


@tried(wanted=rules, history=histories, data=st.data())
def test_any_order_and_any_repetition_decide_the_same(
    wanted: Rules, history: list[Heard], data: st.DataObject
) -> None:
    mixed = data.draw(st.permutations(history + history[: len(history) // 2]))
    one_by_one = World(wanted)
    for one in world(wanted, mixed).heard:
        one_by_one = one_by_one.hears(one)
    assert verdicts(one_by_one) == verdicts(world(wanted, history))


@tried(wanted=rules, history=histories, partial=reads(complete=False))
def test_an_incomplete_read_takes_nothing_away(
    wanted: Rules, history: list[Heard], partial: Heard
) -> None:
    """What others did not list counts once it is known that the directory can name it."""
    before = world(wanted, history)
    after = verdicts(before.hears(partial)) if wanted.pull else verdicts(before)
    denied = verdicts(before.hears(_naming(partial)) if wanted.pull else before)
    for fact, answer in verdicts(before).items():
        assert not (answer == YES and after[fact] == NO != denied[fact]), fact


def _naming(read: Heard) -> Heard:
    """Whom and what a read names, so long ago that nothing else follows from it."""
    groups = {fact for fact in read.yes if fact.about == "group"}
    users = {Fact("exists", fact.user) for fact in read.yes if fact.user}
    return Heard(PULL, 1, yes=frozenset(groups | users))


@pytest.mark.parametrize("is_read_alone_first", [True, False])
def test_who_was_read_alone_without_a_group_is_not_in_it_in_whatever_order(
    is_read_alone_first: bool,
) -> None:
    ops, member = Fact("group", group="ops"), Fact("member", "ada", "ops")
    pushed = Heard(PUSH, START, yes=frozenset({member}))
    alone = Heard(PULL, START + 2 * HOUR, covers=GroupsOf("ada"))
    broken = Heard(PULL, START + HOUR, yes=frozenset({ops}))
    first, second = (alone, broken) if is_read_alone_first else (broken, alone)
    assert world(Rules(), [pushed, first]).verdict(member, START + DAY) == YES
    assert world(Rules(), [pushed, first, second]).verdict(member, START + DAY) == NO


@tried(wanted=rules, history=histories, user=people, hour=hours)
def test_a_token_whose_groups_cannot_be_used_moves_no_membership(
    wanted: Rules, history: list[Heard], user: str, hour: int
) -> None:
    before = world(wanted, history)
    seen = Heard(LOGIN, START + hour * HOUR, yes=frozenset({Fact("exists", user)}))
    after = before.hears(seen)
    for fact in MEMBERS:
        assert after.verdict(fact, NOW) == before.verdict(fact, NOW)


@tried(history=histories, token=tokens(), pull=st.booleans())
def test_a_token_decides_nothing_while_there_is_a_directory(
    history: list[Heard], token: Heard, pull: bool
) -> None:
    before = world(Rules(pull=pull), history)
    assert verdicts(before.hears(token)) == verdicts(before)


@tried(wanted=rules, history=histories, token=tokens(), group=teams)
def test_nothing_removed_after_a_token_was_issued_comes_back_by_it(
    wanted: Rules, history: list[Heard], token: Heard, group: str
) -> None:
    user = next(fact.user for fact in token.yes)
    fact = Fact("member", user, group)
    if wanted.push:
        removal = Heard(PUSH, NOW, no=frozenset({fact}))
    else:
        exists = frozenset({Fact("exists", user)})
        removal = Heard(LOGIN, NOW, yes=exists, covers=GroupsOf(user))
    after = world(wanted, [*history, removal]).hears(token)
    assert after.verdict(fact, NOW) != YES


@tried(history=histories, admits=st.booleans(), push=pushes(), read=reads())
def test_a_push_during_a_read_survives_it(
    history: list[Heard], admits: bool, push: Heard, read: Heard
) -> None:
    """The read began before the push and ends after it, without having seen it."""
    now = NOW + HOUR
    push = replace(push, as_of=now, covers=None)
    before = world(Rules(pull_admits=admits), history).hears(push)
    after = before.hears(replace(read, as_of=now - 1))
    for fact in push.yes | push.no:
        assert after.verdict(fact, now) == before.verdict(fact, now)


@tried(
    wanted=rules.filter(lambda one: not one.lease_grants),
    history=histories,
    days=st.integers(1, 400),
)
def test_time_alone_turns_no_yes_into_a_no(wanted: Rules, history: list[Heard], days: int) -> None:
    of = world(wanted, history)
    later = verdicts(of, NOW + days * DAY)
    for fact, answer in verdicts(of).items():
        assert later[fact] in (answer, HOLD), fact


@tried(
    first=some_members,
    rounds=st.lists(st.tuples(some_members, some_members), min_size=1, max_size=4),
    lost=st.integers(0, 4),
)
def test_a_chain_of_rounds_equals_full_reads_and_a_lost_one_freezes_freshness(
    first: frozenset[Fact], rounds: list[Any], lost: int
) -> None:
    named = frozenset(FACTS) - frozenset(MEMBERS)
    chain = broken = World().hears(_full(0, named | first))
    inside = first
    for number, (added, gone) in enumerate(rounds):
        left = (gone - added) & inside
        changes = Heard(PULL, _hour(number + 1), yes=added - inside, no=left, since=_hour(number))
        inside = (inside | added) - left
        chain = chain.hears(changes)
        broken = broken if number == lost else broken.hears(changes)
    last = _hour(len(rounds))
    full = World().hears(_full(0, named | first), _full(len(rounds), named | inside))
    for fact in MEMBERS:
        assert chain.word(PULL, fact).says == full.word(PULL, fact).says
        if fact in inside:
            assert chain.word(PULL, fact).as_of == full.word(PULL, fact).as_of == last
        elif lost < len(rounds) and fact not in _told(broken, _hour(lost)):
            assert broken.word(PULL, fact).as_of <= _hour(lost)


def _hour(number: int) -> int:
    return START + number * HOUR


def _full(number: int, yes: frozenset[Fact]) -> Heard:
    return Heard(PULL, _hour(number), yes=yes, covers=Everything(), lag=Rules().lag)


def _told(of: World, since: int) -> set[Fact]:
    return {fact for one in of.heard if one.as_of > since for fact in one.yes | one.no}

"""Groups whose identifiers change in tokens: nobody loses anything by it, nor gains.

A connection with logins only, an application, and its people.
"""

import random
import uuid
from typing import Any

import pytest

from models.identity import GroupKey
from models.instant import DAY, HOUR
from models.store import claims, proposals
from sync.tokens import proposing
from tests.playground import Playground, fresh, playground

PEOPLE = [f"user{number}" for number in range(40)]
GENEROUS = {"floor": 1000, "share": 1.0}
NAMES = ["engineering", "sales", "support", "all hands", "board"]


def begin(**options: Any) -> Playground:
    return playground(fresh(), push=False, pull=False, guard=GENEROUS, **options)


def teams_of(dice: random.Random, people: list[str]) -> dict[str, set[str]]:
    """Five of differing size, one of them with everybody in it."""
    shares = dict(zip(NAMES, (0.3, 0.4, 0.5, 1, 0.15), strict=True))
    return {name: set(dice.sample(people, int(one * len(people)))) for name, one in shares.items()}


def all_sign_in(play: Playground, teams: dict[str, set[str]], called: dict[str, str]) -> None:
    for name in sorted(teams["all hands"]):
        play.token(name, *(called[team] for team in NAMES if name in teams[team]))


def waiting(play: Playground) -> list[Any]:
    with play.database.read() as tx:
        return list(proposals.opened(tx, play.key))


def decide(play: Playground, proposal: int, word: str) -> None:
    with play.database.write() as tx:
        act = {"accept": proposing.accept, "refuse": proposing.refuse, "split": proposing.split}
        act[word](tx, proposal, by="ada", now=play.clock.now())


def resume(play: Playground) -> None:
    with play.database.write() as tx:
        assert claims.resume(tx, play.key, play.clock.now())


def is_suspended(play: Playground) -> bool:
    with play.database.read() as tx:
        return claims.suspended_at(tx, play.key) > 0


@pytest.mark.parametrize(
    ("people", "age"), [(200, 3 * DAY), (40, 0)], ids=["two hundred", "set up today"]
)
def test_names_become_object_ids_in_one_day_and_nobody_loses_anything(
    people: int, age: int
) -> None:
    everybody = [f"user{number}" for number in range(people)]
    play, teams = begin(), teams_of(random.Random(7), everybody)
    names = {name: name for name in NAMES}
    all_sign_in(play, teams, names)
    play.settle()
    before = {name: play.in_app(name) for name in NAMES}
    assert before == teams
    held = play.bound()["groups"]
    play.clock.at += age

    ids = {name: str(uuid.UUID(int=number, version=4)) for number, name in enumerate(NAMES)}
    all_sign_in(play, teams, ids)
    assert is_suspended(play)
    play.settle()
    assert {name: play.in_app(name) for name in NAMES} == before
    assert {"claim_format_changed", "group_identifier_changed"} <= play.findings()
    assert {(one.former_name, one.later_name) for one in waiting(play)} == set(ids.items())

    for one in waiting(play):
        decide(play, one.id, "accept")
    resume(play)
    play.settle()
    assert {name: play.in_app(name) for name in NAMES} == before
    assert {one.name for one in play.app.groups.values()} == set(NAMES)
    assert play.bound()["groups"] == held
    assert not play.findings() & {"claim_format_changed", "group_identifier_changed"}

    leaver = min(teams["sales"])
    play.token(
        leaver,
        *(ids[team] for team in NAMES if leaver in teams[team] - {"sales"} and team != "sales"),
    )
    play.settle()
    assert play.in_app("sales") == teams["sales"] - {leaver}
    newcomer = min(set(everybody) - teams["board"])
    play.token(newcomer, ids["board"], ids["all hands"])
    play.settle()
    assert play.in_app("board") == teams["board"] | {newcomer}


def test_a_change_that_nobody_has_decided_about_goes_on_saving_access() -> None:
    play, teams = begin(), teams_of(random.Random(8), PEOPLE)
    all_sign_in(play, teams, {name: name for name in NAMES})
    play.clock.at += 3 * DAY
    ids = {name: str(uuid.UUID(int=number, version=4)) for number, name in enumerate(NAMES)}
    for _ in range(3):
        all_sign_in(play, teams, ids)
        play.settle()
        play.clock.at += DAY
    assert {name: play.in_app(name) for name in NAMES} == teams
    assert "claim_format_changed" in play.findings()


def test_the_first_token_that_speaks_otherwise_denies_nothing_yet() -> None:
    play = begin()
    for name in PEOPLE[:10]:
        play.token(name, "ops", "dev")
    play.clock.at += 3 * DAY
    play.token(PEOPLE[0], str(uuid.uuid4()))
    play.settle()
    assert not is_suspended(play)
    assert PEOPLE[0] in play.in_app("ops")


def test_one_person_who_is_named_otherwise_for_longer_than_a_day_has_left() -> None:
    """The others are still called as ever, so the source has not changed."""
    play, other = begin(), str(uuid.uuid4())
    for name in PEOPLE[:10]:
        play.token(name, "ops", "dev")
    play.clock.at += 3 * DAY
    play.token(PEOPLE[0], other)
    play.clock.at += DAY + HOUR
    for name in PEOPLE[1:10]:
        play.token(name, "ops", "dev")
    play.token(PEOPLE[0], other)
    play.settle()
    assert play.in_app("ops") == set(PEOPLE[1:10])


def test_who_leaves_a_group_while_its_source_speaks_as_ever_is_out_at_once() -> None:
    play = begin()
    for name in PEOPLE[:3]:
        play.token(name, "ops", str(uuid.UUID(int=1)))
    play.token(PEOPLE[0], "ops")
    play.token(PEOPLE[1], "dev")
    play.token(PEOPLE[2])
    play.settle()
    assert play.in_app("ops") == {PEOPLE[0]}
    assert play.in_app(str(uuid.UUID(int=1))) == set()


def test_after_somebody_said_that_the_new_words_are_good_they_deny_again() -> None:
    play, other = begin(), str(uuid.uuid4())
    for name in PEOPLE[:5]:
        play.token(name, "ops")
    for name in PEOPLE[:5]:
        play.token(name, other)
    assert is_suspended(play)
    resume(play)
    play.token(PEOPLE[0], other)
    play.settle()
    assert not is_suspended(play)
    assert play.in_app("ops") == set(PEOPLE[1:5])


def one_group_twice(play: Playground) -> tuple[GroupKey, GroupKey, int]:
    """Called ops until now, and board from now on, as a proposal says."""
    for name in PEOPLE[:8]:
        play.token(name, "ops")
    play.clock.at += 2 * DAY
    for name in PEOPLE[:8]:
        play.token(name, "board")
    play.settle()
    (found,) = waiting(play)
    return GroupKey(found.former_id), GroupKey(found.later_id), found.id


def test_a_group_that_was_renamed_is_proposed_and_gets_its_people_back() -> None:
    play = begin()
    one_group_twice(play)
    assert (play.in_app("ops"), play.in_app("board")) == (set(), set(PEOPLE[:8]))
    (found,) = waiting(play)
    decide(play, found.id, "accept")
    play.settle()
    assert (play.in_app("ops"), play.in_app("board")) == (set(PEOPLE[:8]), set())
    assert {one.name for one in play.app.groups.values()} == {"ops"}


def test_a_proposal_that_was_refused_is_not_made_again() -> None:
    play = begin()
    _, _, proposal = one_group_twice(play)
    decide(play, proposal, "refuse")
    assert "group_identifier_changed" not in play.findings()
    play.settle()
    assert waiting(play) == []
    assert "group_identifier_changed" not in play.findings()


def test_a_proposal_that_does_not_hold_any_more_is_withdrawn() -> None:
    play = begin()
    one_group_twice(play)
    play.token(PEOPLE[0], "ops", "board")
    play.settle()
    assert waiting(play) == []
    assert "group_identifier_changed" not in play.findings()


@pytest.mark.parametrize("word", ["accept", "refuse"])
def test_who_decided_first_decided(word: str) -> None:
    play = begin()
    _, _, proposal = one_group_twice(play)
    decide(play, proposal, "accept")
    with pytest.raises(proposing.CannotDecide):
        decide(play, proposal, word)

"""Laws 4, 5 and 6: what a token may never do."""

from typing import Any

from hypothesis import strategies as st

from models.instant import HOUR, MINUTE
from models.verdicts import Answer
from sync.tokens.claims import GroupsState
from tests.playground import Playground, mail
from tests.store.histories import (
    CHANNELS,
    History,
    access,
    ages,
    happen,
    histories,
    live,
    people,
    possible,
    some_teams,
    start,
    states,
    teams,
    tokens,
    unusable,
)
from tests.store.laws import law


def _memberships(play: Playground) -> dict[str, Any]:
    return {
        fact: answer
        for fact, answer in play.decisions().items()
        if fact.startswith("m") and answer is not Answer.HOLD
    }


@law(
    channels=st.sampled_from(sorted(CHANNELS)),
    history=histories,
    name=people,
    groups=some_teams,
    state=unusable,
    age=ages,
)
def test_a_claim_that_cannot_be_used_has_no_effect_on_memberships(
    kind: str,
    channels: str,
    history: History,
    name: str,
    groups: list[str],
    state: GroupsState,
    age: int,
) -> None:
    play = start(kind, **CHANNELS[channels])
    live(play, possible(play, history))
    play.settle()
    before, held = _memberships(play), access(play.app)
    play.token(name, *groups, state=state, at=play.clock.now() - age)
    play.settle()
    assert _memberships(play) == before
    assert {one for one in access(play.app) if one[0] != "signs in"} == {
        one for one in held if one[0] != "signs in"
    }


@law(
    channels=st.sampled_from(["push and login", "all"]),
    history=histories,
    used=st.lists(tokens, min_size=1, max_size=4),
)
def test_a_token_never_changes_a_decision_while_there_is_a_directory(
    kind: str, channels: str, history: History, used: History
) -> None:
    play = start(kind, **CHANNELS[channels])
    live(play, possible(play, history))
    play.settle()
    before, done = play.decisions(), list(play.app.applied)
    live(play, used)
    play.settle()
    after = play.decisions()
    assert {fact: after[fact] for fact in before} == before
    strangers = {fact: after[fact] for fact in after.keys() - before.keys()}
    assert all(
        (answer[0] if fact.startswith("u") else answer) is not Answer.YES
        for fact, answer in strangers.items()
    )
    assert play.app.applied == done


@law(
    history=st.lists(tokens, max_size=4),
    name=people,
    kept=some_teams,
    old=st.lists(st.tuples(some_teams, states, st.integers(1, 40)), min_size=1, max_size=3),
)
def test_nothing_that_a_newer_token_took_away_comes_back_by_an_older_one(
    kind: str, history: History, name: str, kept: list[str], old: list[Any]
) -> None:
    play = start(kind, push=False, pull=False)
    live(play, history)
    play.clock.at += HOUR
    now = play.clock.now()
    play.token(name, *kept, at=now)
    play.settle()
    before = access(play.app)
    for groups, state, hours in old:
        play.token(name, *groups, state=state, at=now - hours * HOUR)
    play.settle()
    assert access(play.app) == before


@law(
    lease=st.booleans(),
    group=teams.filter(lambda one: one in ("ops", "dev")),
    way=st.sampled_from(["remove", "put", "delete group", "removed by an administrator"]),
    used=st.lists(st.tuples(some_teams, states, st.integers(1, 100)), min_size=1, max_size=3),
)
def test_nothing_that_was_removed_after_a_token_was_issued_comes_back_by_it(
    kind: str, lease: bool, group: str, way: str, used: list[Any]
) -> None:
    play = start(kind, **CHANNELS["lease" if lease else "push and login"])
    if way == "removed by an administrator":
        play.remove_group(group)
    elif way == "delete group":
        play.push_delete_group(group)
    else:
        happen(play, (way, group, ["ada"] if way == "remove" else []))
    removed = play.clock.now()
    play.settle()
    assert (group, mail("ada")) not in access(play.app)
    for groups, state, minutes in used:
        play.clock.at += MINUTE
        play.token("ada", group, *groups, state=state, at=removed - minutes * MINUTE)
    play.settle()
    assert (group, mail("ada")) not in access(play.app)

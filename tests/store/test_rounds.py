"""Delta rounds: what changed counts at once, and what did not is as fresh as the round."""

from collections.abc import Callable

import pytest
from hypothesis import strategies as st

from connectors.errors import Transient
from models.evidence import SILENT, No, Silent, Testimony, Word, Yes
from models.instant import DAY, HOUR, MINUTE, SECOND, Instant
from models.store import cases
from models.store.database import Database
from tests.playground import EVERY_STORE, Playground, fresh, playground, rewound
from tests.store.laws import law

NAMES = ("ada", "bob", "cyd")
GROUPS = ("eng", "ops")


def begin(kind: str = "sqlite", **policy: object) -> Playground:
    return built(fresh(kind), **policy)


def built(database: Database, **policy: object) -> Playground:
    """Three people in a group, pushed and read; and somebody who always is there."""
    play = playground(database, policy={"shrink": 1, **policy})
    play.company.hire("zoe")
    play.company.found("all", "zoe")
    play.company.hire(*NAMES)
    play.company.found("eng", *NAMES)
    play.company.found("ops", "ada")
    for name in NAMES:
        play.push_user(name)
    play.push_group("eng", *NAMES)
    play.push_group("ops", "ada")
    play.read()
    play.settle()
    return play


def later(play: Playground, time: Instant) -> None:
    play.clock.at += time


def pull_says(play: Playground, group: str, name: str) -> Word:
    with play.database.read() as tx:
        for member in cases.members_of_user(tx, play.user(name)):
            if member.membership.group == play.group(group):
                return member.testimony.pull
    return SILENT


def exists(play: Playground, name: str) -> Word:
    with play.database.read() as tx:
        return cases.users(tx, [play.user(name)])[0].exists.pull


@pytest.mark.parametrize("kind", EVERY_STORE)
def test_a_round_adds_and_removes_what_changed_and_nothing_else(kind: str) -> None:
    play = begin(kind)
    later(play, HOUR)
    play.company.members["ops"] |= {"bob"}
    play.company.members["eng"] -= {"cyd"}
    assert play.delta().state == "complete"
    play.deliver()
    assert play.in_app("ops") == {"ada", "bob"}
    assert play.in_app("eng") == {"ada", "bob"}


@pytest.mark.parametrize("kind", EVERY_STORE)
def test_what_a_round_does_not_mention_is_as_fresh_as_the_round(kind: str) -> None:
    play = begin(kind)
    before = pull_says(play, "eng", "ada")
    later(play, DAY)
    play.delta()
    after = pull_says(play, "eng", "ada")
    assert isinstance(before, Yes)
    assert isinstance(after, Yes)
    assert after.as_of >= before.as_of + DAY
    assert after.since == before.since


def test_rounds_keep_evidence_from_going_stale() -> None:
    play = begin()
    for _ in range(10):
        later(play, DAY)
        play.delta()
    play.settle()
    assert "stale_evidence" not in play.findings()
    later(play, 10 * DAY)
    play.settle()
    assert "stale_evidence" in play.findings()


@pytest.mark.parametrize("kind", EVERY_STORE)
@pytest.mark.parametrize("call", range(1, 6))
def test_a_round_that_breaks_off_only_adds_and_freezes_freshness(call: int, kind: str) -> None:
    play = begin(kind)
    before = pull_says(play, "eng", "ada")
    later(play, HOUR)
    play.company.hire("dan")
    play.company.members["ops"] = {"bob"}
    play.company.dismiss("cyd")
    run = play.delta({call: Transient("The line is dead.")})
    play.deliver()
    assert run.state == "incomplete"
    assert play.in_app("eng") == set(NAMES)
    assert play.in_app("ops") >= {"ada"}
    assert isinstance(exists(play, "cyd"), Yes)
    assert pull_says(play, "eng", "ada") == before
    assert play.delta().state == "complete", "the next round begins where the lost one had begun"
    play.deliver()
    assert play.in_app("ops") == {"bob"}
    assert play.in_app("eng") == {"ada", "bob"}


def test_a_directory_that_forgot_the_cursor_is_read_in_full_and_removes_nobody() -> None:
    play = begin()
    later(play, 8 * DAY)
    play.company.history.forget()
    play.company.members["eng"] -= {"cyd"}
    assert play.delta().state == "incomplete"
    play.deliver()
    assert play.in_app("eng") == set(NAMES)
    assert play.work_off() == ["pull", "reconcile"]
    play.deliver()
    assert play.in_app("eng") == {"ada", "bob"}


def test_a_round_before_any_full_read_becomes_one() -> None:
    play = playground(fresh())
    play.company.hire("ada")
    assert play.delta().state == "incomplete"
    assert play.work_off() == ["pull", "reconcile"]


def test_a_user_whom_the_directory_says_to_be_deleted_is_confirmed_gone_by_one_round() -> None:
    play = begin()
    later(play, HOUR)
    play.company.dismiss("cyd")
    play.delta()
    play.deliver()
    assert not play.at_app("cyd").active
    assert play.at_app("ada").active


def test_one_missing_from_a_full_read_is_not_confirmed_by_rounds_that_never_mention_it() -> None:
    """Rounds carry the cover on; they are no second look at who was missing from it."""
    play = begin()
    later(play, DAY)
    hidden = play.company.users.pop("cyd")
    play.read()
    play.company.users["cyd"] = hidden
    play.company.history.forget()
    play.company.source()  # the directory itself never lost sight of cyd
    with play.database.write() as tx:
        cursor = play.company.history.keep(play.company.source()._snapshot())
        tx.run("UPDATE connections SET pull_cursor = :cursor", {"cursor": cursor})
    for _ in range(3):
        later(play, HOUR)
        play.delta()
        play.settle()
    assert play.at_app("cyd").active


@pytest.mark.parametrize("kind", EVERY_STORE)
def test_a_push_during_a_round_survives_it(kind: str) -> None:
    play = begin(kind)
    later(play, HOUR)
    play.company.members["ops"] -= {"ada"}
    source = play.company.source()
    later(play, MINUTE)
    play.push_add("ops", "bob")
    play.next_source = lambda: source
    play.delta()
    play.deliver()
    assert "bob" in play.in_app("ops")


# -- a chain of rounds equals full reads ------------------------------------------------------

Change = Callable[[Playground], None]


def _toggle(group: str, name: str) -> Change:
    def change(play: Playground) -> None:
        if group in play.company.groups and name in play.company.users:
            play.company.members[group] ^= {name}

    return change


def _toggle_user(name: str) -> Change:
    def change(play: Playground) -> None:
        if name in play.company.users:
            play.company.dismiss(name)
        else:
            play.company.hire(name)

    return change


def _toggle_group(group: str) -> Change:
    def change(play: Playground) -> None:
        if group in play.company.groups:
            play.company.dissolve(group)
        else:
            play.company.found(group)

    return change


CHANGES = st.one_of(
    st.builds(_toggle, st.sampled_from(GROUPS), st.sampled_from(NAMES)),
    st.builds(_toggle_user, st.sampled_from(NAMES)),
    st.builds(_toggle_group, st.sampled_from(GROUPS)),
)
DAYS = st.lists(st.lists(CHANGES, max_size=4), min_size=1, max_size=5)


def _words(play: Playground) -> dict[str, object]:
    """What the directory is heard to say of everything."""
    with play.database.read() as tx:
        users = {f"u{one.key}": one.exists.pull for one in cases.all_users(tx, play.key)}
        groups = {f"g{one.key}": one.exists.pull for one in cases.all_groups(tx, play.key)}
        members = {
            str(member.membership): member.testimony
            for name in NAMES
            for member in cases.members_of_user(tx, play.user(name))
        }
    return {key: _plain(word) for key, word in {**users, **groups, **members}.items()}


def _plain(word: Word | Testimony) -> object:
    match word:
        case Testimony():
            return _plain(word.pull)
        case Silent():
            return "silent"
        case Yes(as_of):
            return "yes", as_of // HOUR
        case No():
            return "no"


@law(days=DAYS)
def test_a_chain_of_rounds_says_what_full_reads_say(kind: str, days: list[list[Change]]) -> None:
    chain = rewound(kind, "rounds", built)
    said = []
    for changes in days:
        later(chain, DAY)
        for change in changes:
            change(chain)
        assert chain.delta().state == "complete"
        said.append(_words(chain))
    full = rewound(kind, "rounds", built)
    for changes, before in zip(days, said, strict=True):
        later(full, DAY)
        for change in changes:
            change(full)
        assert full.read().state == "complete"
        assert _words(full) == before


@law(days=DAYS, lost=st.sets(st.integers(0, 4)))
def test_lost_rounds_are_made_good_by_the_next_one_that_ends(
    kind: str, days: list[list[Change]], lost: set[int]
) -> None:
    play = rewound(kind, "rounds", built)
    for number, changes in enumerate(days):
        later(play, DAY)
        for change in changes:
            change(play)
        frozen = pull_says(play, "eng", "ada")
        if number in lost:
            play.delta({1: Transient("The line is dead.")})
            assert pull_says(play, "eng", "ada") == frozen
    later(play, DAY)
    play.delta()
    for group in play.company.groups:
        for name in play.company.users:
            word = pull_says(play, group, name)
            assert isinstance(word, Yes) == (name in play.company.members[group])


# -- rounds closer together than the lag -------------------------------------------------------


@pytest.mark.parametrize("gap", [50 * SECOND, 4 * MINUTE, 299 * SECOND, 600 * SECOND])
def test_who_left_a_group_is_out_however_close_together_rounds_are(gap: Instant) -> None:
    play = begin(lag="5m")
    later(play, 10 * MINUTE)
    play.delta()
    later(play, gap)
    play.company.members["eng"] -= {"cyd"}
    play.delta()
    play.settle()
    assert play.in_app("eng") == {"ada", "bob"}


def test_who_was_added_by_one_round_and_taken_out_before_the_next_is_out() -> None:
    play = begin(lag="5m")
    later(play, HOUR)
    play.company.members["ops"] |= {"bob"}
    play.delta()
    later(play, 4 * MINUTE)
    play.company.members["ops"] -= {"bob"}
    play.delta()
    play.settle()
    assert play.in_app("ops") == {"ada"}


def test_a_nightly_read_right_after_a_round_still_denies() -> None:
    play = begin(lag="5m")
    for _ in range(2):
        later(play, DAY)
        play.delta()
        later(play, MINUTE)
        play.company.members["eng"] -= {"cyd"}
        play.company.users.pop("cyd", None)
        play.read()
        play.settle()
    assert play.in_app("eng") == {"ada", "bob"}
    assert not play.at_app("cyd").active

"""What newer words replace is written down, and nothing else is."""

from typing import Any

import pytest

from models.instant import HOUR, MINUTE
from tests.playground import EVERY_STORE, Playground, fresh, playground

every_store = pytest.mark.parametrize("kind", EVERY_STORE)


def begun(kind: str) -> Playground:
    """Ada and Bob are in Ops, pushed and read."""
    play = playground(fresh(kind), guard={"floor": 100, "share": 1.0})
    play.company.hire("ada", "bob")
    play.company.found("ops", "ada", "bob")
    play.push_user("ada")
    play.push_user("bob")
    play.push_group("ops", "ada", "bob")
    play.clock.at += HOUR
    play.read()
    play.clock.at += HOUR
    return play


def lines(play: Playground, *facts: str) -> list[tuple[Any, ...]]:
    """Fact, channel, and what was so before; then the log is emptied."""
    with play.database.write() as tx:
        rows = tx.rows("SELECT * FROM changes ORDER BY id")
        tx.run("DELETE FROM changes")
    return [
        (row.fact, row.channel, row.yes > row.no, row.no > row.yes)
        for row in rows
        if not facts or row.fact in facts
    ]


@every_store
def test_what_is_told_for_the_first_time_replaces_nothing(kind: str) -> None:
    assert lines(begun(kind), "member", "exists", "active", "attributes", "name") == []


@every_store
def test_a_read_in_which_nothing_changed_replaces_its_cover_alone(kind: str) -> None:
    play = begun(kind)
    lines(play)
    play.read()
    assert lines(play) == [("cover", "pull", True, False)]


@every_store
def test_a_membership_that_a_read_does_not_list_any_more_is_written_down(kind: str) -> None:
    play = begun(kind)
    lines(play)
    play.company.members["ops"].discard("bob")
    play.read()
    assert lines(play, "member") == [("member", "pull", True, False)]
    play.company.members["ops"].add("bob")
    play.clock.at += HOUR
    play.read()
    assert lines(play, "member") == [("member", "pull", False, True)]


@every_store
def test_what_a_push_replaces_is_written_down(kind: str) -> None:
    play = begun(kind)
    lines(play)
    play.push_remove("ops", "ada")
    assert lines(play) == [("member", "push", True, False)]
    play.push_active("ada", active=False)
    assert ("active", "push", True, False) in lines(play)
    play.push_delete("bob")
    assert sorted(lines(play, "exists", "member")) == [
        ("exists", "push", True, False),
        ("member", "push", True, False),
    ]


@every_store
def test_attributes_and_names_that_are_replaced_are_written_down(kind: str) -> None:
    play = begun(kind)
    lines(play)
    play.push_user("ada", displayName="Ada")
    assert lines(play, "attributes") == [], "nobody had told this one"
    play.clock.at += MINUTE
    play.push_user("ada", displayName="Ada L.")
    with play.database.read() as tx:
        told = [row.value for row in tx.rows("SELECT value FROM changes WHERE fact = 'attributes'")]
    assert len(told) == 1 and '"display_name":["Ada",' in told[0]


@every_store
def test_a_user_that_a_read_does_not_list_any_more_is_written_down(kind: str) -> None:
    play = begun(kind)
    lines(play)
    play.company.dismiss("bob")
    play.read()
    assert lines(play, "exists") == [("exists", "pull", True, False)]


@every_store
def test_a_token_is_heard_later_than_it_was_issued(kind: str) -> None:
    """Its date does not tell since when we know, so even a first word has a line."""
    play = begun(kind)
    lines(play)
    play.token("ada", "Ops", at=play.clock.now() - MINUTE)
    assert ("member", "login", False, False) in lines(play)


@every_store
def test_removing_and_restoring_a_group_is_written_down(kind: str) -> None:
    play = begun(kind)
    lines(play)
    play.remove_group("ops")
    play.remove_group("ops", restore=True)
    assert [one[:1] for one in lines(play)] == [("removed",), ("removed",)]

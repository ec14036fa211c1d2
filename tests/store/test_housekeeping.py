"""What is too old to matter is forgotten, and nothing else changes."""

from typing import Any

import pytest

from models.instant import DAY, HOUR
from sync import housekeeping
from tests.playground import EVERY_STORE, Playground, fresh, playground

every_store = pytest.mark.parametrize("kind", EVERY_STORE)


def left(kind: str) -> Playground:
    """Ada is in Ops; Bob was, and was taken out by push and read."""
    play = playground(fresh(kind), guard={"floor": 100, "share": 1.0})
    play.company.hire("ada", "bob")
    play.company.found("ops", "ada", "bob")
    play.push_user("ada")
    play.push_user("bob")
    play.push_group("ops", "ada", "bob")
    play.read()
    play.settle()
    play.clock.at += DAY
    play.company.members["ops"].discard("bob")
    play.push_members("ops", "ada")
    play.read()
    play.settle()
    assert play.in_app("ops") == {"ada"}
    return play


def later(play: Playground) -> None:
    play.clock.at += 401 * DAY
    play.push_members("ops", "ada")
    play.read()
    play.settle()


def count(play: Playground, table: str) -> int:
    with play.database.read() as tx:
        return int(tx.value(f"SELECT count(*) FROM {table}"))


def tidy(play: Playground) -> int:
    return housekeeping.tidy(play.database, play.clock)


@every_store
def test_nothing_young_is_forgotten(kind: str) -> None:
    play = left(kind)
    assert tidy(play) == 0


@every_store
def test_a_membership_that_all_have_denied_long_ago_is_forgotten_and_still_denied(
    kind: str,
) -> None:
    play = left(kind)
    later(play)
    before: dict[str, Any] = play.decisions()
    assert count(play, "memberships") == 2
    tidy(play)
    assert count(play, "memberships") == 1
    after = play.decisions()
    assert after.items() <= before.items()
    assert play.plan() == []
    play.clock.at += HOUR
    play.push_add("ops", "bob")
    play.settle()
    assert play.in_app("ops") == {"ada", "bob"}


@every_store
def test_a_membership_that_no_cover_denies_is_kept(kind: str) -> None:
    """A push took Bob out by name and has never listed the group: only the row says so."""
    play = playground(fresh(kind), pull=False)
    play.push_user("bob")
    play.push_group("ops", "bob")
    play.clock.at += HOUR
    play.push_remove("ops", "bob")
    play.settle()
    play.clock.at += 500 * DAY
    tidy(play)
    assert count(play, "memberships") == 1


@every_store
def test_old_lines_of_the_journal_and_of_changes_are_forgotten(kind: str) -> None:
    play = left(kind)
    lines = count(play, "observations")
    play.clock.at += 401 * DAY
    play.push_add("ops", "bob")
    tidy(play)
    assert count(play, "observations") == 1
    assert lines > 1
    with play.database.read() as tx:
        (oldest,) = tx.rows("SELECT min(created_at) AS at FROM changes")
    assert oldest.at >= play.clock.at - 400 * DAY


@every_store
def test_work_that_ended_long_ago_is_forgotten_but_for_the_newest_of_its_kind(kind: str) -> None:
    play = left(kind)
    play.settle()
    before = {table: count(play, table) for table in ("runs", "actions")}
    later(play)
    tidy(play)
    with play.database.read() as tx:
        kinds = [row.kind for row in tx.rows("SELECT kind FROM runs WHERE ended_at > 0")]
        keys = [row.object_key for row in tx.rows("SELECT object_key FROM actions")]
    assert before["runs"] > len(kinds)
    assert len(kinds) == len(set(kinds))
    assert len(keys) == len(set(keys)) < before["actions"]
    assert play.plan() == []
    assert play.in_app("ops") == {"ada"}

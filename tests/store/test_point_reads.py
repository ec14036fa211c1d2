"""Reads of single users: one at a time for each, paced, and never behind a full read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from connectors.base import ReadPart
from connectors.errors import Transient
from connectors.memory import MemorySource
from models.instant import HOUR, MINUTE, SECOND
from models.store import point_reads, runs
from sync.relay import Relay, Senders
from tests.playground import EVERY_STORE, Playground, fresh, playground


def begin(kind: str = "sqlite") -> Playground:
    play = playground(fresh(kind))
    play.company.hire("ada", "bob")
    play.company.found("eng", "bob")
    play.company.found("ops")
    for name in ("ada", "bob"):
        play.push_user(name)
    play.push_group("eng", "bob")
    play.push_group("ops")
    play.read()
    play.settle()
    return play


def waiting(play: Playground) -> list[int]:
    with play.database.write() as tx:
        return runs.relay(tx, play.clock.now(), lease=SECOND)


@pytest.mark.parametrize("kind", EVERY_STORE)
def test_a_user_is_asked_for_once_however_many_tokens_hint(kind: str) -> None:
    play = begin(kind)
    play.clock.at += HOUR
    play.company.members["eng"].add("ada")
    for _ in range(3):
        play.clock.at += SECOND
        play.token("ada", "eng")
    assert play.work_off().count("point_read") == 1
    play.deliver()
    assert "ada" in play.in_app("eng")


@pytest.mark.parametrize("kind", EVERY_STORE)
def test_no_more_point_reads_begin_in_a_minute_than_a_directory_minds(kind: str) -> None:
    play = begin(kind)
    keys = [play.push_user(f"guest{number}") for number in range(150)]
    now = play.clock.now()
    with play.database.write() as tx:
        tx.run("DELETE FROM runs")
        for key in keys:
            point_reads.ask(tx, play.key, key, now)
        times = sorted(row.run_at - now for row in tx.rows("SELECT run_at FROM runs"))
    assert times == [0] * 60 + [MINUTE] * 60 + [2 * MINUTE] * 30


def test_a_point_read_does_not_wait_for_a_full_read() -> None:
    play = begin()
    play.clock.at += HOUR
    with play.database.write() as tx:
        tx.run("DELETE FROM runs")
        full = runs.start(tx, play.key, "pull", play.clock.now())
    assert waiting(play) == [full]
    with play.database.write() as tx:
        assert runs.claim(tx, full, owner="w", lease=MINUTE, now=play.clock.now())
        asked = point_reads.ask(tx, play.key, play.user("ada"), play.clock.now())
        runs.start(tx, play.key, "reconcile", play.clock.now())
    assert waiting(play) == [asked]
    with play.database.write() as tx:
        assert runs.claim(tx, asked, owner="w", lease=MINUTE, now=play.clock.now())


@pytest.mark.parametrize("kind", EVERY_STORE)
def test_what_a_point_read_says_during_a_full_read_outlives_it(kind: str) -> None:
    """The full read began before, and its pages are older than the answer about one person."""
    play = begin(kind)
    play.clock.at += HOUR
    old = play.company.source()

    def meanwhile() -> None:
        play.clock.at += 10 * MINUTE
        play.company.members["eng"].add("ada")
        play.company.members["eng"].discard("bob")
        run_beside(play, "ada")
        run_beside(play, "bob")
        play.clock.at += 10 * MINUTE

    assert play.read(source=old, meanwhile=meanwhile).state == "complete"
    play.settle()
    assert play.in_app("eng") == {"ada"}


@dataclass
class Interrupted:
    """A source between whose parts something happens."""

    source: MemorySource
    after: int
    work: Callable[[], None]

    def read(self) -> Iterator[ReadPart]:
        for number, part in enumerate(self.source.read()):
            if number == self.after:
                self.work()
            yield part

    def __getattr__(self, name: str) -> Any:
        return getattr(self.source, name)


@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize("kind", EVERY_STORE)
def test_a_group_that_a_point_read_meets_first_is_the_one_the_full_read_lists(
    kind: str, after: int
) -> None:
    play = begin(kind)
    play.clock.at += HOUR
    play.company.found("new", "ada")
    source = Interrupted(play.company.source(), after, lambda: run_beside(play, "ada"))

    assert play.read(source=source).state == "complete"
    with play.database.read() as tx:
        rows = tx.rows("SELECT id FROM groups WHERE pull_name = 'New'")
        named = tx.rows("SELECT value FROM group_aliases WHERE namespace = 'id' AND value = 'new'")
    assert len(rows) == len(named) == 1


def run_beside(play: Playground, name: str) -> None:
    """A point read while another run is under way."""
    chosen, play.next_source = play.next_source, None
    with play.database.write() as tx:
        run = point_reads.ask(tx, play.key, play.user(name), play.clock.now())
        assert runs.relay(tx, play.clock.now(), lease=SECOND) == [run]
    play.work.perform(run)
    play.next_source = chosen


def test_a_point_read_that_fails_changes_nothing_and_says_why() -> None:
    play = begin()
    play.clock.at += HOUR
    run = play.point_read("ada", {1: Transient("The directory is away.")})
    assert (run.state, run.problem) == ("failed", "The directory is away.")
    play.deliver()
    assert play.at_app("ada").active


def test_a_point_read_travels_among_the_actions_and_full_reads_by_themselves() -> None:
    play = begin()
    quick: list[int] = []
    slow: list[int] = []
    with play.database.write() as tx:
        tx.run("DELETE FROM runs")
        tx.run("DELETE FROM actions")
        full = runs.start(tx, play.key, "pull", play.clock.now())
        asked = point_reads.ask(tx, play.key, play.user("ada"), play.clock.now())
    senders = Senders(lambda ids: None, slow.append, quick.append)
    Relay(play.database, play.clock, senders).sweep()
    assert (slow, quick) == ([full], [asked])


def test_a_point_read_under_a_narrow_scope_brings_in_no_group_from_outside_it() -> None:
    """The directory answers with all the groups of a user, whatever scope was declared."""
    play = playground(fresh(), push=False, scope={"groups": ["eng"]})
    play.company.hire("ada")
    play.company.found("eng", "ada")
    play.read()
    play.settle()
    play.clock.at += HOUR
    play.company.found("payroll", "ada")
    assert play.point_read("ada").state == "complete"
    play.settle()
    assert [one.name for one in play.app.groups.values()] == ["Eng"]
    assert play.in_app("eng") == {"ada"}
    with play.database.read() as tx:
        assert tx.value("SELECT count(*) FROM groups") == 1


def test_a_point_read_under_a_narrow_scope_takes_nobody_out_of_a_group_outside_it() -> None:
    """Reads named it under an earlier scope, and the provider pushes it still."""
    play = playground(fresh(), scope="all")
    play.company.hire("ada")
    play.company.found("eng", "ada")
    play.company.found("payroll", "ada")
    play.push_user("ada")
    play.push_group("payroll", "ada")
    play.read()
    play.settle()
    play.clock.at += HOUR
    play.rescope({"groups": ["eng"]})
    assert play.point_read("ada").state == "complete"
    play.settle()
    assert play.in_app("payroll") == {"ada"}
    assert play.in_app("eng") == set()

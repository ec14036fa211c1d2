"""PostgreSQL plans for what was just read, not for the empty tables that there were before."""

import pytest

from models.store import statistics
from models.store.database import Database
from tests.playground import Playground, fresh, playground


def counted(database: Database) -> int:
    with database.read() as tx:
        return int(tx.value("SELECT reltuples FROM pg_class WHERE oid = to_regclass('users')"))


def hire(play: Playground, count: int) -> None:
    play.company.hire(*(f"user {number}" for number in range(count)))


@pytest.mark.servers
def test_the_planner_knows_the_tables_after_a_large_read(monkeypatch: pytest.MonkeyPatch) -> None:
    play = playground(fresh("postgresql"))
    hire(play, 13)
    play.read()
    assert counted(play.database) != 13, "a small read is left to PostgreSQL's own process"
    monkeypatch.setattr(statistics, "MANY", 17)
    hire(play, 31)
    play.read()
    assert counted(play.database) == 31


def test_a_read_that_changed_a_hundredth_of_what_it_listed_leaves_the_plans_alone() -> None:
    assert not statistics.are_outdated(9_999, 100)
    assert statistics.are_outdated(10_000, 100)
    assert not statistics.are_outdated(20_000, 2_000_000)
    assert statistics.are_outdated(100_000, 2_000_000)


def test_a_large_read_into_sqlite_needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "MANY", 1)
    play = playground(fresh())
    hire(play, 3)
    play.read()
    with play.database.read() as tx:
        assert tx.value("SELECT count(*) FROM users") == 3

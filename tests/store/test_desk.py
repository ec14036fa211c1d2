"""What is handed in at the desk is done as if it were alone, however many share a transaction."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from models.identity import UserKey
from models.store import identities
from models.store.database import Database, Tx
from models.store.desk import TOGETHER, Asked, Desk, Outcome
from tests import builders
from tests.builders import START as NOW
from tests.builders import World
from tests.playground import EVERY_STORE, fresh

Heard = Future[Any]


@pytest.fixture(params=EVERY_STORE)
def found(request: pytest.FixtureRequest) -> Database:
    return fresh(request.param)


@pytest.fixture
def made(found: Database) -> World:
    return builders.world(found)


@pytest.fixture
def desk(found: Database) -> Iterator[Desk]:
    desk = Desk(found)
    yield desk
    desk.close()


def hand_in(
    desk: Desk,
    work: Callable[[Tx], Any],
    then: Callable[[], None] = lambda: None,
    **where: Any,
) -> Heard:
    heard: Heard = Future()

    def tell(outcome: Outcome) -> None:
        then()
        if outcome.trouble is None:
            heard.set_result(outcome.value)
        else:
            heard.set_exception(outcome.trouble)

    desk.write(Asked(work, tell, **where))
    return heard


def all_at_once(desk: Desk, works: list[Callable[[Tx], Any]], **where: Any) -> list[Heard]:
    """While the writers are kept busy, so that one finds them all when it comes back."""
    gate = threading.Event()
    for _ in range(desk.writers):
        begun = threading.Event()

        def wait(_tx: Tx, begun: threading.Event = begun) -> None:
            begun.set()
            gate.wait(5)

        hand_in(desk, wait)
        assert begun.wait(5)
    found = [hand_in(desk, one, **where) for one in works]
    gate.set()
    return found


def hired(made: World) -> Callable[[Tx], UserKey]:
    return lambda tx: identities.insert_user(tx, made.connection.key, NOW)


def users(found: Database) -> set[int]:
    with found.read() as tx:
        return set(tx.column("SELECT id FROM users"))


def test_a_work_that_fails_leaves_nothing_and_touches_no_other(
    desk: Desk, made: World, found: Database
) -> None:
    def fail(tx: Tx) -> None:
        hired(made)(tx)
        raise ValueError("no")

    before, broken, after = all_at_once(desk, [hired(made), fail, hired(made)])
    with pytest.raises(ValueError, match="no"):
        broken.result(5)
    assert {before.result(5), after.result(5)} == users(found)


def test_what_is_refused_before_it_wrote_anything_is_done_once_with_the_others(
    desk: Desk, made: World, found: Database
) -> None:
    tried: list[str] = []

    def refuse(_tx: Tx) -> None:
        tried.append("refused")
        raise ValueError("no")

    before, broken, after = all_at_once(desk, [hired(made), refuse, hired(made)])
    assert broken.exception(5) is not None
    assert {before.result(5), after.result(5)} == users(found)
    assert tried == ["refused"]


def test_a_statement_that_fails_touches_no_other(desk: Desk, made: World, found: Database) -> None:
    with found.write() as tx:
        first = hired(made)(tx)
    again = f"INSERT INTO users SELECT * FROM users WHERE id = {first}"
    one, broken, other = all_at_once(desk, [hired(made), lambda tx: tx.run(again), hired(made)])
    assert broken.exception(5) is not None
    assert {first, one.result(5), other.result(5)} == users(found)


def test_what_loses_the_whole_transaction_loses_nobody_elses_work(
    made: World, found: Database, desk: Desk
) -> None:
    """As SQLite does by itself when the disk is full."""

    def lose(tx: Tx) -> None:
        hired(made)(tx)
        tx.run("ROLLBACK")
        raise ValueError("lost")

    one, broken, other = all_at_once(desk, [hired(made), lose, hired(made)])
    assert {one.result(5), other.result(5)} == users(found)
    assert len(users(found)) == 2
    assert broken.exception(5) is not None


@pytest.mark.parametrize("found", ["postgresql"], indirect=True)
@pytest.mark.servers
def test_a_row_that_another_holds_keeps_nobody_waiting_but_who_wants_it(
    desk: Desk, made: World, found: Database
) -> None:
    """Works in company hold rows for each other: two companies would wait for one another."""
    with found.write() as tx:
        mine = hired(made)(tx)
    sql = f"UPDATE users SET email = 'x' WHERE id = {mine}"
    with found.write() as holder:
        holder.run(sql)
        free, wanting = all_at_once(desk, [hired(made), lambda tx: tx.run(sql)])
        assert free.result(5) in users(found)
        assert not wanting.done()
    assert wanting.result(5) == 1


def test_nobody_is_told_before_others_can_see_it(desk: Desk, made: World, found: Database) -> None:
    seen: list[set[int]] = []
    gate = threading.Event()
    hand_in(desk, lambda _tx: gate.wait(5))
    heard = [hand_in(desk, hired(made), lambda: seen.append(users(found))) for _ in range(5)]
    gate.set()
    keys = {one.result(5) for one in heard}
    assert len(keys) == 5 and all(len(one) for one in seen)
    if found.is_sqlite:
        assert seen == [keys] * 5, "they were one transaction"


def test_more_than_fit_into_one_transaction_are_all_done(
    desk: Desk, made: World, found: Database
) -> None:
    heard = all_at_once(desk, [hired(made)] * (2 * TOGETHER + 3))
    assert len({one.result(5) for one in heard}) == len(users(found)) == 2 * TOGETHER + 3


def test_what_is_done_is_told_where_it_was_asked_for(
    desk: Desk, made: World, found: Database
) -> None:
    with ThreadPoolExecutor(1, "asker") as asker:
        told: Heard = Future()

        def note() -> None:
            told.set_result(threading.current_thread().name)

        hand_in(desk, hired(made), note, place=asker.submit)
        assert told.result(5) == "asker_0"
    assert len(users(found)) == 1


def gone(_do: Callable[[], None]) -> None:
    raise RuntimeError("it is closed")


def test_what_nobody_wants_to_be_told_any_more_is_done_anyway(
    desk: Desk, made: World, found: Database
) -> None:
    all_at_once(desk, [hired(made)] * 3, place=gone)
    desk.close()
    assert len(users(found)) == 3


def test_what_was_handed_in_before_the_end_is_still_done(made: World, found: Database) -> None:
    desk = Desk(found)
    heard = [hand_in(desk, hired(made)) for _ in range(40)]
    desk.close()
    assert {one.result(0) for one in heard} == users(found)


def test_a_look_that_fails_spoils_no_other(desk: Desk, made: World) -> None:
    told: list[Outcome] = []
    done = threading.Event()

    def tell(outcome: Outcome) -> None:
        told.append(outcome)
        if len(told) == 3:
            done.set()

    for sql in ("SELECT 7", "SELECT no_such_column", "SELECT 7"):
        desk.read(Asked(lambda tx, sql=sql: tx.value(sql), tell))  # type: ignore[misc]
    assert done.wait(5)
    assert sorted(str(one.value) for one in told) == ["7", "7", "None"]


@pytest.mark.parametrize("found", ["postgresql"], indirect=True)
@pytest.mark.servers
def test_a_look_whose_connection_goes_begins_again(desk: Desk, found: Database) -> None:
    heard: Heard = Future()
    looks: list[int] = []

    def look(tx: Tx) -> int:
        looks.append(tx.value("SELECT pg_backend_pid()"))
        if len(looks) == 1:
            with found.read() as other:
                other.value("SELECT pg_terminate_backend(:pid, 5000)", {"pid": looks[0]})
        return int(tx.value("SELECT 7"))

    desk.read(Asked(look, heard.set_result))
    assert heard.result(5) == Outcome(7)
    assert len(set(looks)) == 2

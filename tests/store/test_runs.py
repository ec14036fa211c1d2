"""Runs: one of a kind waits, one of a connection works, and a dead worker loses nothing."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Row

from models.instant import MINUTE
from models.store import identities, runs
from models.store.database import Database
from tests import builders
from tests.playground import EVERY_STORE, fresh

NOW = builders.START
LEASE = MINUTE
every_store = pytest.mark.parametrize("kind", EVERY_STORE)


@dataclass
class Runs:
    database: Database
    link: int

    def start(self, kind: str = "pull", now: int = NOW, **options: Any) -> int:
        with self.database.write() as tx:
            return runs.start(tx, self.link, kind, now, **options)

    def relay(self, now: int = NOW) -> list[int]:
        with self.database.write() as tx:
            return runs.relay(tx, now, lease=LEASE)

    def claim(self, run: int, owner: str = "me", now: int = NOW) -> bool:
        with self.database.write() as tx:
            return runs.claim(tx, run, owner=owner, lease=LEASE, now=now) is not None

    def end(self, run: int, owner: str = "me", state: str = "complete") -> bool:
        with self.database.write() as tx:
            return runs.end(tx, run, owner=owner, state=state, now=NOW)

    def reap(self, now: int) -> int:
        with self.database.write() as tx:
            return runs.reap(tx, now)

    def get(self, run: int) -> Row[Any]:
        with self.database.read() as tx:
            found = runs.get(tx, run)
        assert found is not None
        return found


def begin(kind: str) -> Runs:
    found = fresh(kind)
    with found.write() as tx:
        link = builders.connection(tx, builders.organization(tx)).key
    return Runs(found, link)


@every_store
def test_a_run_is_sent_begun_and_ended_once(kind: str) -> None:
    held = begin(kind)
    run = held.start()
    assert held.relay() == [run]
    assert held.relay() == []
    assert held.claim(run)
    assert not held.claim(run, owner="other")
    assert not held.end(run, owner="other")
    assert held.end(run)
    assert not held.end(run)
    assert held.get(run).state == "complete"


@every_store
def test_whoever_asks_for_what_waits_already_is_answered_the_run_that_waits(kind: str) -> None:
    held = begin(kind)
    run = held.start()
    assert held.start() == run
    assert held.start("reconcile") != run
    held.relay()
    assert held.start() == run


@every_store
def test_a_run_that_waits_for_later_is_brought_forward_by_who_wants_it_now(kind: str) -> None:
    play = begin(kind)
    waiting = play.start("reconcile", run_at=NOW + 2 * MINUTE)
    assert play.start("reconcile") == waiting
    assert play.relay() == [waiting]


@every_store
def test_whoever_asks_for_what_is_under_way_is_answered_a_run_that_comes_after_it(
    kind: str,
) -> None:
    held = begin(kind)
    run = held.start()
    held.relay()
    held.claim(run)
    after = held.start()
    assert after != run
    assert held.relay() == [], "one of a connection at a time"
    held.end(run)
    assert held.relay() == [after]


@every_store
def test_point_reads_of_two_users_are_two_runs_and_of_one_user_one(kind: str) -> None:
    held = begin(kind)
    with held.database.write() as tx:
        ada, bob = (identities.insert_user(tx, held.link, NOW) for _ in range(2))
    assert held.start("point_read", user=ada) == held.start("point_read", user=ada)
    assert held.start("point_read", user=ada) != held.start("point_read", user=bob)


@every_store
def test_a_dry_run_is_another_run_than_the_real_one(kind: str) -> None:
    held = begin(kind)
    assert held.start("reconcile", dry_run=True) != held.start("reconcile")


@every_store
def test_a_slot_of_a_schedule_starts_one_run_whoever_ticks_and_however_late(kind: str) -> None:
    held = begin(kind)
    run = held.start(slot="1:100")
    assert held.start(slot="1:100") == run
    held.relay()
    held.claim(run)
    held.end(run)
    assert held.start(slot="1:100") == run
    assert held.relay() == []
    assert held.start(slot="1:200") != run


@every_store
def test_runs_begin_in_the_order_of_asking_and_not_before_their_time(kind: str) -> None:
    held = begin(kind)
    later = held.start("pull", run_at=NOW + MINUTE)
    first = held.start("reconcile")
    assert held.relay() == [first]
    held.claim(first)
    held.end(first)
    assert held.relay() == []
    assert held.relay(NOW + MINUTE) == [later]


@every_store
def test_runs_of_two_connections_work_side_by_side(kind: str) -> None:
    held = begin(kind)
    with held.database.write() as tx:
        other = builders.connection(tx, builders.organization(tx, "b", ()), slug="b").key
        second = runs.start(tx, other, "pull", NOW)
    first = held.start()
    assert sorted(held.relay()) == sorted([first, second])
    assert held.claim(first) and held.claim(second)


@every_store
def test_a_worker_that_lives_keeps_its_run(kind: str) -> None:
    held = begin(kind)
    run = held.start()
    held.relay()
    held.claim(run)
    with held.database.write() as tx:
        assert runs.renew(tx, run, owner="me", lease=LEASE, now=NOW + LEASE)
        assert not runs.renew(tx, run, owner="other", lease=LEASE, now=NOW + LEASE)
    assert held.reap(NOW + LEASE + 1) == 0
    assert held.get(run).state == "running"


@every_store
def test_the_run_of_a_dead_worker_begins_again(kind: str) -> None:
    held = begin(kind)
    run = held.start()
    held.relay()
    held.claim(run)
    assert held.reap(NOW + LEASE + 1) == 1
    assert not held.end(run), "whoever was taken for dead ends nothing"
    assert held.relay(NOW + LEASE + 1) == [run]
    assert held.claim(run, owner="other", now=NOW + LEASE + 1)
    assert held.get(run).started_at == NOW + LEASE + 1


@every_store
def test_a_message_that_was_lost_is_sent_again(kind: str) -> None:
    held = begin(kind)
    run = held.start()
    held.relay()
    held.reap(NOW + LEASE + 1)
    assert held.relay(NOW + LEASE + 1) == [run]


@every_store
def test_the_run_of_a_dead_worker_gives_way_to_a_newer_one_of_its_kind(kind: str) -> None:
    held = begin(kind)
    run = held.start()
    held.relay()
    held.claim(run)
    newer = held.start()
    held.reap(NOW + LEASE + 1)
    assert held.get(run).state == "incomplete"
    assert held.relay(NOW + LEASE + 1) == [newer]


@every_store
def test_a_run_that_kills_its_workers_is_given_up(kind: str) -> None:
    held = begin(kind)
    run = held.start()
    now = NOW
    for _ in range(5):
        assert held.relay(now) == [run]
        held.claim(run, now=now)
        now += LEASE + 1
        held.reap(now)
    assert held.get(run).state == "failed"
    assert held.relay(now) == []


@every_store
def test_the_last_run_is_the_last_that_ended(kind: str) -> None:
    held = begin(kind)
    run = held.start()
    held.relay()
    held.claim(run)
    held.end(run, state="incomplete")
    held.start()
    with held.database.read() as tx:
        last = runs.last(tx, held.link, "pull")
        assert last is not None and last.id == run
        assert runs.last(tx, held.link, "reconcile") is None


@every_store
def test_many_who_ask_and_work_at_once_never_run_two_of_a_connection(kind: str) -> None:
    held = begin(kind)
    gate = threading.Barrier(6)
    at_work: list[int] = []
    most: list[int] = []
    lock, asked = threading.Lock(), threading.Event()

    def ask() -> None:
        gate.wait()
        for number in range(10):
            held.start(("pull", "reconcile")[number % 2])

    def work(owner: str) -> None:
        gate.wait()
        while sent := held.relay() or not asked.is_set():
            for run in [] if sent is True else sent:
                if held.claim(run, owner=owner):
                    with lock:
                        at_work.append(run)
                        most.append(len(at_work))
                    with lock:
                        at_work.remove(run)
                    assert held.end(run, owner=owner)

    with ThreadPoolExecutor(6) as pool:
        workers = [pool.submit(work, f"w{one}") for one in range(4)]
        for job in [pool.submit(ask) for _ in range(2)]:
            job.result()
        asked.set()
        for job in workers:
            job.result()
    assert max(most) == 1

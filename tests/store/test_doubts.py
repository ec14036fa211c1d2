"""What is sent to a target while the world goes on, and what happens when nobody learns how
it ended: the target ends up as wanted, without any reconciliation."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from connectors.errors import Refused, Transient
from connectors.memory import MemoryTarget
from models.actions import Operation, Outcome
from models.instant import MINUTE, SECOND
from models.store import accounts, leases, orders, outbox, queue, runs
from sync import deliver as delivering
from sync.deliver import Delivery
from sync.relay import WINDOW, Relay, Senders
from tests.playground import EVERY_STORE, Crash, Playground, fresh, playground

Hook = Callable[[], None]


class Meanwhile(MemoryTarget):
    """Something happens around the next call: before it, or after it did its work."""

    before: Hook | None = None
    after: Hook | None = None

    def apply(self, operation: Operation) -> Outcome:
        before, self.before = self.before, None
        if before is not None:
            before()
        outcome = super().apply(operation)
        after, self.after = self.after, None
        if after is not None:
            after()
        return outcome


@pytest.fixture(params=EVERY_STORE)
def play(request: pytest.FixtureRequest) -> Iterator[Playground]:
    yield playground(fresh(request.param), Meanwhile(), guard={"floor": 1000})


def app(play: Playground) -> Meanwhile:
    assert isinstance(play.app, Meanwhile)
    return play.app


def crash() -> None:
    raise Crash


def no_answer() -> None:
    raise Transient("The answer never came.")


LOST = [pytest.param(crash, id="the worker died"), pytest.param(no_answer, id="no answer came")]


def try_to_deliver(play: Playground) -> None:
    with suppress(Crash):
        play.deliver()


def recover(play: Playground) -> None:
    """Leases lapse, waits pass, and workers go on."""
    play.clock.at += 60 * MINUTE
    play.reap()
    play.deliver()


def named(play: Playground, name: str, text: str) -> None:
    play.push_user(name, displayName=text)


def in_peace(play: Playground) -> None:
    """Nothing is left, and the next reconciliation finds nothing to do."""
    with play.database.read() as tx:
        assert set(outbox.counts(tx, play.target)) <= {"done", "superseded"}
    assert play.reconcile()["operations"] == []


# -- meanwhile --------------------------------------------------------------------------------


def test_a_name_changed_back_while_the_other_was_sent_is_sent_again(play: Playground) -> None:
    named(play, "ada", "Ada 1")
    play.deliver()
    named(play, "ada", "Ada 2")
    app(play).before = lambda: named(play, "ada", "Ada 1")
    play.deliver()
    assert play.at_app("ada").display_name == "Ada 1"
    in_peace(play)


def test_a_member_removed_while_it_was_added_is_removed(play: Playground) -> None:
    play.push_user("ada")
    play.push_group("ops")
    play.deliver()
    play.push_add("ops", "ada")
    app(play).before = lambda: play.push_remove("ops", "ada")
    play.deliver()
    assert play.in_app("ops") == set()
    in_peace(play)


def test_a_user_deleted_while_it_was_created_is_disabled(play: Playground) -> None:
    play.push_user("ada")
    app(play).before = lambda: play.push_delete("ada")
    play.deliver()
    assert not play.at_app("ada").active
    in_peace(play)


def test_a_group_deleted_while_it_was_created_is_deleted(play: Playground) -> None:
    play.push_group("ops")
    app(play).before = lambda: play.push_delete_group("ops")
    play.deliver()
    assert play.app.groups == {}
    in_peace(play)


def test_a_user_disabled_while_it_was_enabled_is_disabled(play: Playground) -> None:
    play.push_user("ada")
    play.push_active("ada", active=False)
    play.deliver()
    play.push_active("ada", active=True)
    app(play).before = lambda: play.push_active("ada", active=False)
    play.deliver()
    assert play.at_app("ada") is None or not play.at_app("ada").active
    in_peace(play)


# -- nobody learns how it ended -----------------------------------------------------------------


@pytest.mark.parametrize("end", LOST)
def test_a_name_changed_back_after_a_lost_answer_is_sent_again(play: Playground, end: Hook) -> None:
    named(play, "ada", "Ada 1")
    play.deliver()
    named(play, "ada", "Ada 2")
    app(play).after = end
    try_to_deliver(play)
    named(play, "ada", "Ada 1")
    recover(play)
    assert play.at_app("ada").display_name == "Ada 1"
    in_peace(play)


@pytest.mark.parametrize("end", LOST)
def test_a_member_added_without_an_answer_can_still_be_removed(play: Playground, end: Hook) -> None:
    play.push_user("ada")
    play.push_group("ops")
    play.deliver()
    play.push_add("ops", "ada")
    app(play).after = end
    try_to_deliver(play)
    assert play.in_app("ops") == {"ada"}
    play.push_remove("ops", "ada")
    recover(play)
    assert play.in_app("ops") == set()
    in_peace(play)


@pytest.mark.parametrize("end", LOST)
def test_a_user_created_without_an_answer_can_still_be_disabled(
    play: Playground, end: Hook
) -> None:
    play.push_user("ada")
    app(play).after = end
    try_to_deliver(play)
    assert play.at_app("ada").active
    play.push_delete("ada")
    recover(play)
    assert not play.at_app("ada").active
    in_peace(play)


@pytest.mark.parametrize("end", LOST)
def test_a_group_created_without_an_answer_can_still_be_deleted(
    play: Playground, end: Hook
) -> None:
    play.push_group("ops")
    app(play).after = end
    try_to_deliver(play)
    assert len(play.app.groups) == 1
    play.push_delete_group("ops")
    recover(play)
    assert play.app.groups == {}
    in_peace(play)


@pytest.mark.parametrize("end", LOST)
def test_doubt_is_handed_on_to_a_newer_action(play: Playground, end: Hook) -> None:
    """The one in doubt gives way to a newer one, which then is not wanted any more either."""
    named(play, "ada", "Ada 1")
    play.deliver()
    named(play, "ada", "Ada 2")
    app(play).after = end
    try_to_deliver(play)
    named(play, "ada", "Ada 3")
    play.reap()
    named(play, "ada", "Ada 1")
    recover(play)
    assert play.at_app("ada").display_name == "Ada 1"
    in_peace(play)


def test_what_was_never_sent_leaves_no_doubt(play: Playground) -> None:
    for _ in range(2):
        play.push_user("ada")
        play.push_delete("ada")
        play.deliver()
    assert play.app.applied == []
    in_peace(play)


# -- two workers --------------------------------------------------------------------------------


def other(play: Playground) -> Delivery:
    return Delivery(play.database, play.twins, play.clock, "another worker")


def test_the_late_word_of_a_frozen_worker_is_corrected(play: Playground) -> None:
    """It was frozen before its word left; others took its work over and went on."""
    named(play, "ada", "Ada 1")
    play.deliver()
    named(play, "ada", "Ada 2")

    def frozen() -> None:
        play.clock.at += MINUTE
        named(play, "ada", "Ada 3")
        play.reap()
        play.deliver()
        assert play.at_app("ada").display_name == "Ada 3"

    app(play).before = frozen
    play.deliver()
    assert play.at_app("ada").display_name == "Ada 3"
    assert [one.profile.display_name for one in play.app.applied if hasattr(one, "profile")] == [
        "Ada 1",
        "Ada 3",
        "Ada 2",
        "Ada 3",
    ]
    in_peace(play)


class Long:
    """A monotonic clock by which everything was begun an hour ago."""

    @staticmethod
    def monotonic() -> float:
        return time.monotonic() - 3600


def test_what_a_frozen_worker_did_before_others_is_not_noted_after_them(
    play: Playground,
) -> None:
    """It was frozen after its word had reached the target, and before it wrote that down."""
    named(play, "ada", "Ada 1")
    play.deliver()
    named(play, "ada", "Ada 2")

    def frozen() -> None:
        play.clock.at += MINUTE
        named(play, "ada", "Ada 3")
        play.reap()
        play.deliver()
        named(play, "ada", "Ada 2")

    app(play).after = frozen
    play.deliver()
    assert play.at_app("ada").display_name == "Ada 2"
    in_peace(play)


def test_a_worker_that_was_away_sends_nothing(
    play: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frozen between taking the work and sending it."""
    play.push_user("ada")
    with monkeypatch.context() as away:
        away.setattr(delivering, "time", Long)
        play.deliver()
    assert play.app.applied == []
    recover(play)
    assert play.at_app("ada").active


def test_an_older_action_that_comes_back_waits_for_the_one_at_work(play: Playground) -> None:
    """A dead action is tried again while a newer one on the same user is under way."""
    named(play, "ada", "Ada 1")
    play.deliver()
    named(play, "ada", "Ada 2")
    app(play).before = lambda: (_ for _ in ()).throw(Refused("Not now."))
    play.deliver()
    assert play.actions("dead") == ["update_user"]
    named(play, "ada", "Ada 3")

    def come_back() -> None:
        with play.database.write() as tx:
            tx.run("UPDATE actions SET state = 'ready' WHERE state = 'dead'")
            batches = queue.relay(tx, play.clock.now(), lease=MINUTE)
        for _, ids in batches:
            other(play).deliver(ids)
        assert play.at_app("ada").display_name == "Ada 1", "somebody else is at work on it"

    app(play).before = come_back
    play.deliver()
    recover(play)
    assert play.at_app("ada").display_name == "Ada 3"
    in_peace(play)


@pytest.mark.servers
def test_a_push_and_an_ending_never_overlook_each_other() -> None:
    """The ending waits for a push that has spoken of the user and has not committed."""
    play = playground(fresh("postgresql"), Meanwhile(), guard={"floor": 1000})
    named(play, "ada", "Ada 1")
    play.deliver()
    named(play, "ada", "Ada 2")
    delivered = threading.Thread(target=play.deliver)
    sent, pushed = threading.Event(), threading.Event()

    def hold_on() -> None:
        sent.set()
        assert pushed.wait(10)

    app(play).after = hold_on
    delivered.start()
    assert sent.wait(10)
    with play.pushing() as push:
        push.replace_user(
            play.user("ada"),
            {"userName": "ada@acme.example", "externalId": "ada", "displayName": "Ada 1"},
        )
        pushed.set()
        time.sleep(0.3)
        assert delivered.is_alive(), "the ending must wait"
    delivered.join(10)
    play.deliver()
    assert play.at_app("ada").display_name == "Ada 1"
    in_peace(play)


# -- leases -----------------------------------------------------------------------------------


def test_a_lease_is_renewed_while_the_work_goes_on(play: Playground) -> None:
    play.push_user("ada")
    worker = play.delivery

    def long_work() -> None:
        for _ in range(10):
            play.clock.at += 5 * SECOND
            worker.leases.beat()
            Relay(play.database, play.clock, Senders(print, print, print)).reap()

    app(play).before = long_work
    with play.database.write() as tx:
        ((_, ids),) = queue.relay(tx, play.clock.now(), lease=SECOND)
    worker.deliver(ids)
    assert play.actions("done") == ["create_user"]
    assert len(play.app.applied) == 1


def test_what_lies_in_our_own_memory_does_not_lapse(play: Playground) -> None:
    play.push_user("ada")
    worker, sent = play.delivery, list[list[int]]()
    relay = Relay(play.database, play.clock, Senders(sent.append, print, print), worker.leases)
    relay.sweep()
    for _ in range(10):
        play.clock.at += 10 * SECOND
        worker.leases.beat()
        relay.reap()
        relay.sweep()
    assert len(sent) == 1
    assert worker.leases.waiting("actions") == sent[0]
    worker.deliver(sent[0])
    assert worker.leases.waiting("actions") == []
    assert play.at_app("ada").active


def test_work_whose_workers_keep_dying_is_given_up(play: Playground) -> None:
    play.push_user("ada")
    for _ in range(delivering.MAX_ATTEMPTS + 1):
        app(play).before = crash
        try_to_deliver(play)
        play.reap()
    assert play.actions("dead") == ["create_user"]


def test_nothing_more_is_sent_to_a_target_that_was_suspended_meanwhile(play: Playground) -> None:
    play.push_user("ada")
    with play.database.write() as tx:
        ((_, ids),) = queue.relay(tx, play.clock.now(), lease=MINUTE)
        accounts.suspend_target(tx, play.target, "The token is wrong.", play.clock.now())
    play.delivery.deliver(ids)
    assert play.app.applied == []
    with play.database.write() as tx:
        assert tx.value("SELECT attempts FROM actions") == 0
        accounts.resume_target(tx, play.target, play.clock.now())
    play.deliver()
    assert play.at_app("ada").active


def test_a_target_may_not_ask_us_to_wait_for_days(play: Playground) -> None:
    play.push_user("ada")
    app(play).before = lambda: (_ for _ in ()).throw(Transient("Later.", retry_after=1e9))
    play.deliver()
    play.clock.at += 61 * MINUTE
    play.deliver()
    assert play.at_app("ada").active


def test_one_worn_out_member_does_not_take_the_others_along(play: Playground) -> None:
    for name in ("ada", "bob"):
        play.push_user(name)
    play.push_group("ops")
    play.deliver()
    play.push_add("ops", "ada")
    with play.database.write() as tx:
        most = {"most": delivering.MAX_ATTEMPTS - 1}
        tx.run("UPDATE actions SET failures = :most WHERE operation = 'add_member'", most)
    play.push_add("ops", "bob")
    app(play).before = no_answer
    play.deliver()
    assert play.actions("dead") == ["add_member"]
    assert play.actions("retrying") == ["add_member"]
    recover(play)
    assert play.in_app("ops") == {"bob"}


# -- the relay ----------------------------------------------------------------------------------


class Away(Exception):
    """The broker does not answer."""


def test_what_the_broker_does_not_take_is_ready_again_at_once(play: Playground) -> None:
    for name in ("ada", "bob", "eve"):
        play.push_user(name)
    with play.database.write() as tx:
        runs.start(tx, play.key, "reconcile", play.clock.now())
    sent: list[list[int]] = []

    def send(ids: list[int]) -> None:
        if sent:
            raise Away
        sent.append(ids)

    with pytest.raises(Away):
        Relay(play.database, play.clock, Senders(send, print, print)).sweep()
    assert len(play.actions("ready")) == 2
    assert len(play.actions("queued")) == 1
    with play.database.read() as tx:
        assert tx.value("SELECT state FROM runs") == "ready"


def test_a_broker_is_not_flooded(play: Playground) -> None:
    for number in range(WINDOW + 50):
        play.push_user(f"ada{number}")
    sent: list[list[int]] = []
    relay = Relay(play.database, play.clock, Senders(sent.append, print, print))
    for _ in range(5):
        relay.sweep()
    assert len(sent) == WINDOW
    for ids in sent[:60]:
        play.delivery.deliver(ids)
    relay.sweep()
    assert len(sent) == WINDOW + 50


def test_a_member_of_somebody_who_never_comes_is_given_up(play: Playground) -> None:
    play.push_user("ada")
    play.push_group("ops")
    play.push_add("ops", "ada")
    with play.database.write() as tx:
        sql = "SELECT id FROM actions WHERE operation = 'create_user'"
        assert orders.give_up(tx, tx.value(sql), play.clock.now())
    relay = Relay(play.database, play.clock, Senders(print, print, print))
    play.deliver()
    assert relay.tidy() == 0, "it may be on its way"
    play.clock.at += MINUTE
    assert relay.tidy() == 1
    play.settle()
    assert play.in_app("ops") == {"ada"}


def test_a_member_of_somebody_who_is_deleted_meanwhile_is_given_up_at_once(
    play: Playground,
) -> None:
    play.push_user("ada")
    play.push_group("ops")
    play.push_add("ops", "ada")
    play.push_delete("ada")
    assert play.actions("ready") == ["create_group"]
    play.deliver()
    in_peace(play)
    play.push_user("ada")
    play.push_add("ops", "ada")
    play.deliver()
    assert play.in_app("ops") == {"ada"}


def test_a_member_of_somebody_on_the_way_is_not_given_up(play: Playground) -> None:
    play.push_user("ada")
    play.push_group("ops")
    play.push_add("ops", "ada")
    play.clock.at += MINUTE
    assert Relay(play.database, play.clock, Senders(print, print, print)).tidy() == 0
    play.deliver()
    assert play.in_app("ops") == {"ada"}


def test_runs_of_a_process_that_ends_go_to_the_next_one(play: Playground) -> None:
    with play.database.write() as tx:
        run = runs.start(tx, play.key, "reconcile", play.clock.now())
        runs.relay(tx, play.clock.now(), lease=MINUTE)
        runs.claim(tx, run, owner="us", lease=MINUTE, now=play.clock.now())
        assert leases.release_runs(tx, "somebody else", play.clock.now()) == 0
        assert leases.release_runs(tx, "us", play.clock.now()) == 1
        row = runs.get(tx, run)
    assert row is not None
    assert (row.state, row.attempts, row.owner) == ("ready", 0, None)

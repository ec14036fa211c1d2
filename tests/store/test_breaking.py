"""A target that does not answer is left alone, and the others go on."""

from typing import Any

import pytest

from connectors.errors import Misconfigured, Refused, Transient
from connectors.memory import MemoryTarget
from models.instant import HOUR, MINUTE, SECOND, Instant
from models.store import accounts, breakers, queue
from sync import breaker
from sync.deliver import MAX_ATTEMPTS
from sync.relay import Relay, Senders
from tests import builders
from tests.playground import EVERY_STORE, Playground, fresh, playground

every_store = pytest.mark.parametrize("kind", EVERY_STORE)
DOWN = Transient("It answered 503.")
STAFF = [f"p{number}" for number in range(12)]


class Broken(MemoryTarget):
    """Does not answer, and counts how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.trouble: Exception | None = DOWN
        self.asked = 0

    def apply(self, operation: Any) -> Any:
        self.asked += 1
        if self.trouble is not None:
            raise self.trouble
        return super().apply(operation)


def begin(kind: str) -> tuple[Playground, Broken]:
    app = Broken()
    play = playground(fresh(kind), app=app)
    for name in STAFF:
        play.push_user(name)
    return play, app


def sweep(play: Playground) -> int:
    """What the relay sends is carried out at once."""
    relay = Relay(
        play.database,
        play.clock,
        Senders(play.delivery.deliver, lambda run: None, lambda run: None),
    )
    before = play.clock.at
    sent = relay.sweep()
    assert play.clock.at - before < SECOND
    return sent


def pass_time(play: Playground, by: Instant) -> None:
    play.clock.at += by
    while sweep(play):
        pass


def target(play: Playground) -> Any:
    with play.database.read() as tx:
        return accounts.target(tx, play.target)


def attempts(play: Playground) -> list[int]:
    with play.database.read() as tx:
        return [row.attempts for row in tx.rows("SELECT attempts FROM actions ORDER BY id")]


@every_store
def test_so_many_failures_in_a_row_quarantine_a_target_and_its_actions_wait(kind: str) -> None:
    play, app = begin(kind)
    pass_time(play, SECOND)
    assert target(play).state == "quarantined"
    assert "It answered 503." in target(play).problem
    assert app.asked <= len(STAFF)
    before, asked = attempts(play), app.asked
    for _ in range(10):
        pass_time(play, SECOND)
    assert (attempts(play), app.asked) == (before, asked)
    assert "target_quarantined" in play.findings()


@every_store
def test_one_action_at_a_time_probes_it_less_and_less_often_and_burns_no_attempt(
    kind: str,
) -> None:
    play, app = begin(kind)
    pass_time(play, SECOND)
    gaps, since = [], play.clock.at
    while len(gaps) < 9:
        asked = app.asked
        pass_time(play, 5 * SECOND)
        if app.asked > asked:
            assert app.asked == asked + 1, "one action at a time"
            gaps.append(play.clock.at - since)
            since = play.clock.at
    assert gaps == sorted(gaps)
    assert breaker.LONGEST_WAIT <= gaps[-1] <= breaker.LONGEST_WAIT + 10 * SECOND
    pass_time(play, SECOND)
    assert max(attempts(play)) < MAX_ATTEMPTS
    assert play.actions("dead") == []


@every_store
def test_when_it_answers_again_everything_goes_on_and_nothing_is_wrong(kind: str) -> None:
    play, app = begin(kind)
    pass_time(play, SECOND)
    app.trouble = None
    pass_time(play, HOUR)
    assert target(play).state == "active"
    assert (target(play).problem, target(play).failures) == (None, 0)
    assert len(app.users) == len(STAFF)
    assert "target_quarantined" not in play.findings()
    assert "target_quarantined" in play.findings("healed")


@every_store
def test_a_refusal_is_an_answer(kind: str) -> None:
    play, app = begin(kind)
    app.trouble = Refused("No such name.")
    pass_time(play, SECOND)
    assert target(play).state == "active"
    assert len(play.actions("dead")) == len(STAFF)


@every_store
def test_a_success_in_between_forgets_the_failures_before(kind: str) -> None:
    play, app = begin(kind)
    for _ in range(3):
        app.trouble = DOWN
        with play.database.write() as tx:
            sent = queue.relay(tx, play.clock.now(), lease=MINUTE, limit=breaker.THRESHOLD - 1)
        for _, ids in sent:
            play.delivery.deliver(ids)
        assert target(play).failures == len(sent)
        app.trouble = None
        pass_time(play, HOUR)
        assert target(play).failures == 0
        play.push_user(f"another {play.clock.at}")


@every_store
def test_wrong_credentials_during_a_quarantine_suspend(kind: str) -> None:
    play, app = begin(kind)
    pass_time(play, SECOND)
    app.trouble = Misconfigured("The token is wrong.")
    pass_time(play, HOUR)
    assert target(play).state == "suspended"
    asked = app.asked
    pass_time(play, HOUR)
    assert app.asked == asked


@every_store
def test_a_probe_whose_worker_died_is_followed_by_another(kind: str) -> None:
    play, app = begin(kind)
    pass_time(play, SECOND)
    app.trouble = None
    play.clock.at += MINUTE
    with play.database.write() as tx:
        now = play.clock.now()
        (ill,) = breakers.due(tx, now)
        assert breakers.probe(tx, ill, now, lease=MINUTE) is not None
        assert breakers.due(tx, now) == []
        assert breakers.probe(tx, ill, now, lease=MINUTE) is None, "another was faster"
    pass_time(play, SECOND)
    assert target(play).state == "quarantined"
    play.reap()
    pass_time(play, HOUR)
    assert target(play).state == "active"


@every_store
def test_a_target_that_can_be_read_is_well(kind: str) -> None:
    play, app = begin(kind)
    pass_time(play, SECOND)
    app.trouble = None
    play.reconcile()
    assert target(play).state == "active"
    assert "target_quarantined" not in play.findings()


@every_store
def test_another_target_goes_on(kind: str) -> None:
    play, _ = begin(kind)
    pass_time(play, SECOND)
    play.twins.app = MemoryTarget()
    with play.database.write() as tx:
        owner = tx.value("SELECT organization_id FROM targets WHERE id = :id", {"id": play.target})
        builders.target(tx, owner, play.key, slug="other")
    play.push_user("new")
    sweep(play)
    assert len(play.actions("done")) == 1


@every_store
def test_what_was_in_doubt_when_the_target_failed_is_made_sure_of_afterwards(kind: str) -> None:
    """The last call arrived, and its answer did not: attempts are given back, doubt is not."""
    app = MemoryTarget(late_faults={1: DOWN})
    play = playground(fresh(kind), app=app)
    with play.database.write() as tx:
        tx.run("UPDATE targets SET failures = :most", {"most": breaker.THRESHOLD - 1})
    play.push_user("ada")
    sweep(play)
    assert target(play).state == "quarantined"
    assert len(app.users) == 1
    play.push_delete("ada")
    pass_time(play, HOUR)
    play.settle()
    assert not any(user.active for user in app.users.values())


@every_store
def test_what_waits_and_is_no_longer_wanted_is_given_up_at_once(kind: str) -> None:
    play = playground(fresh(kind))
    play.push_user("ada")
    assert play.actions("ready") == ["create_user"]
    play.push_delete("ada")
    assert play.actions("ready") == []
    assert play.actions("superseded") == ["create_user"]


@every_store
def test_what_may_have_arrived_is_not_given_up(kind: str) -> None:
    app = MemoryTarget(late_faults={1: DOWN})
    play = playground(fresh(kind), app=app)
    play.push_user("ada")
    sweep(play)
    play.push_delete("ada")
    assert play.actions("retrying") == ["create_user"]


@every_store
def test_who_was_made_inactive_to_be_sure_has_the_groups_of_one_who_was_deactivated(
    kind: str,
) -> None:
    """Her memberships were given up with her; the account that is there after all has them."""
    app = MemoryTarget(late_faults={1: DOWN})
    play = playground(fresh(kind), app=app)
    play.push_user("ada")
    sweep(play)
    play.push_group("staff", "ada")
    play.push_active("ada", active=False)
    assert "add_member" in play.actions("superseded")
    pass_time(play, HOUR)
    assert not play.at_app("ada").active
    assert play.in_app("staff") == {"ada"}

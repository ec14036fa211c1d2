"""In no 24 hours does the guard let more go than its budget, whatever clocks and workers do."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import strategies as st

from models.actions import Ownership
from models.identity import TargetKey, UserKey
from models.instant import DAY, HOUR, MINUTE, SECOND, Instant
from models.plans import Budget, OperationName, Planned
from models.store import (
    accounts,
    bindings,
    budgets,
    guard_clock,
    holds,
    identities,
    orders,
    outbox,
    queue,
)
from models.store.database import Database
from models.verdicts import Answer, Verdict
from sync import rule
from sync.guard import Hold
from sync.hourglass import Hourglass
from tests import builders
from tests.builders import ManualClock
from tests.playground import EVERY_STORE, fresh, way_back
from tests.store.laws import law

FLOOR = 2
PEOPLE = 12
every_store = pytest.mark.parametrize("kind", EVERY_STORE)


@dataclass
class Replica:
    """A process with a clock of its own, right or wrong."""

    hourglass: Hourglass
    wall: ManualClock
    skew: Instant = 0


@dataclass
class World:
    """Real time passes here, and every removal that may have reached the target is noted."""

    database: Database
    target: int
    users: list[UserKey]
    replicas: list[Replica] = field(default_factory=list)
    real: Instant = builders.START
    said: int = 0
    removed: list[tuple[Instant, int]] = field(default_factory=list)
    """When, and whom."""
    approved: set[int] = field(default_factory=set)

    def stopwatch(self) -> float:
        return self.real / SECOND

    def boot(self, number: int) -> None:
        """A process begins anew, and remembers nothing."""
        wall = ManualClock(self.real)
        made = Replica(Hourglass(self.database, wall, self.stopwatch), wall)
        if number < len(self.replicas):
            made.skew = self.replicas[number].skew
            self.replicas[number] = made
        else:
            self.replicas.append(made)

    def now(self, number: int) -> Instant:
        """What the clock on the wall of a replica says."""
        replica = self.replicas[number]
        replica.wall.at = self.real + replica.skew
        return replica.wall.at

    def turn(self, number: int) -> None:
        self.now(number)
        self.replicas[number].hourglass.turn()

    def run(self, hours: float) -> None:
        """All replicas are at work for so long."""
        left = round(hours * HOUR)
        while left > 0:
            self.real += min(left, guard_clock.STEP)
            left -= guard_clock.STEP
            for number in range(len(self.replicas)):
                self.turn(number)

    def ask(self, user: int, number: int = 0, *, anew: bool = False) -> bool:
        """Somebody is to be disabled. Whether the guard lets that go on."""
        now = self.now(number)
        self.said += anew
        planned = Planned(
            target=TargetKey(self.target),
            operation=OperationName.DEACTIVATE_USER,
            user=self.users[user],
            because=Verdict(Answer.NO, "So it is.", since=self.said + 1),
            draws_on=Budget.USERS,
        )
        with self.database.write() as tx:
            target = accounts.target(tx, self.target)
            assert target is not None
            ruling = rule.judge(tx, target, [planned], now)
            rule.settle(tx, target, ruling, now)
        return not isinstance(ruling, Hold)

    def begin(self, number: int, most: int) -> list[int]:
        now = self.now(number)
        with self.database.write() as tx:
            sent = queue.relay(tx, now, lease=MINUTE, limit=most)
            ids = [one for _, batch in sent for one in batch]
            if not ids:
                return []
            rows = queue.claim(tx, ids, owner="me", lease=MINUTE, now=now)
        for row in rows:
            if row.hold_id is None:
                self.removed.append((self.real, row.user_id))
            else:
                self.approved.add(row.id)
        return [row.id for row in rows]

    def end(self, number: int, ids: list[int], how: str) -> None:
        now = self.now(number)
        with self.database.write() as tx:
            if how == "killed":
                queue.reap(tx, now, everything=True)
            elif how == "no answer":
                queue.retry(tx, ids, owner="me", run_at=now, error="None.", now=now)
            else:
                queue.finish(tx, ids, owner="me", state=how, now=now)

    def each(self, number: int, change: Callable[[Any, Any, Instant], object]) -> None:
        """Do something with every action."""
        now = self.now(number)
        with self.database.write() as tx:
            for row in tx.rows("SELECT * FROM actions ORDER BY id"):
                change(tx, row, now)

    def drawn(self) -> int:
        with self.database.read() as tx:
            return budgets.drawn(tx, self.target, self.real).get(Budget.USERS, 0)

    def worst_day(self) -> int:
        """The most who were removed within any 24 hours."""
        return max(
            (
                len({user for at, user in self.removed if start <= at < start + DAY})
                for start, _ in self.removed
            ),
            default=0,
        )


def world(kind: str, replicas: int = 1, floor: int = FLOOR) -> World:
    found, target, users, back = _staffed(kind, floor)
    back()
    made_world = World(found, target, list(users))
    for number in range(replicas):
        made_world.boot(number)
        made_world.turn(number)
    return made_world


@lru_cache
def _staffed(kind: str, floor: int) -> tuple[Database, int, list[UserKey], Callable[[], None]]:
    """Everybody is at the target. Made once, and brought back by the last of these."""
    found = fresh(kind)
    made = builders.world(found, guard={"floor": floor, "share": 0})
    with found.write() as tx:
        users = [identities.insert_user(tx, made.connection.key, 1) for _ in range(PEOPLE)]
        for user in users:
            bindings.bind_user(
                tx,
                made.target,
                user,
                remote_id=f"r{user}",
                ownership=Ownership.OURS,
                digest="",
                active=True,
                now=1,
            )
    return found, made.target, users, way_back(found)


def spend(made: World) -> None:
    """The budget is used up."""
    for user in range(FLOOR):
        assert made.ask(user)
    made.end(0, made.begin(0, 10), "done")
    assert not made.ask(FLOOR)


@every_store
def test_a_budget_is_there_again_after_a_day_at_work(kind: str) -> None:
    made = world(kind)
    spend(made)
    made.run(23.9)
    assert made.drawn() == FLOOR
    made.run(0.5)
    assert made.drawn() == 0


@every_store
@pytest.mark.parametrize("hours", [25, -25])
def test_a_clock_that_is_set_refills_no_budget(kind: str, hours: int) -> None:
    made = world(kind)
    spend(made)
    made.replicas[0].skew = hours * HOUR
    made.run(1)
    assert not made.ask(FLOOR + 1)
    made.replicas[0].skew = 0
    made.run(1)
    assert not made.ask(FLOOR + 2)
    made.run(22.5)
    assert made.drawn() == 0, "and a wrong clock keeps nobody waiting for longer than a day"


@every_store
def test_a_night_without_a_process_refills_no_budget(kind: str) -> None:
    made = world(kind)
    spend(made)
    made.real += 40 * DAY
    made.turn(0)
    assert not made.ask(FLOOR + 1)
    made.boot(0)
    made.turn(0)
    assert not made.ask(FLOOR + 2)


@every_store
def test_two_replicas_an_hour_apart_do_not_count_time_twice(kind: str) -> None:
    made = world(kind, replicas=2)
    made.replicas[1].skew = HOUR
    spend(made)
    made.run(23.9)
    assert made.drawn() == FLOOR
    made.run(0.5)
    assert made.drawn() == 0


@every_store
def test_what_was_begun_and_given_up_has_drawn_and_what_never_began_has_not(kind: str) -> None:
    made = world(kind)
    assert made.ask(0)
    made.end(0, made.begin(0, 1), "no answer")
    assert made.ask(1)
    made.each(0, lambda tx, row, now: orders.give_up(tx, row.id, now))
    assert made.drawn() == 1


@every_store
def test_what_died_a_day_ago_is_tried_again_only_with_room_for_it(kind: str) -> None:
    made = world(kind)
    assert made.ask(0)
    made.end(0, made.begin(0, 1), "dead")
    made.run(25)
    for user in range(1, FLOOR + 1):
        assert made.ask(user)
    made.end(0, made.begin(0, 10), "done")
    with made.database.write() as tx:
        row = tx.row("SELECT * FROM actions WHERE state = 'dead'")
        assert row is not None
        why = rule.objection(tx, row, made.now(0))
    assert why is not None and "2 are allowed without approval" in why


EVENTS = st.one_of(
    st.tuples(st.just("ask"), st.integers(0, 2), st.booleans()),
    st.tuples(st.just("ask"), st.integers(0, 2), st.booleans()),
    st.tuples(
        st.just("work"),
        st.integers(1, 4),
        st.sampled_from(["done", "done", "dead", "superseded", "no answer", "killed"]),
    ),
    st.tuples(st.just("run"), st.sampled_from([0.02, 1.0, 12.0])),
    st.tuples(st.just("sleep"), st.sampled_from([1, 23, 30])),
    st.tuples(st.just("set the clock"), st.sampled_from([-25, 1, 25, 9000])),
    st.tuples(st.sampled_from(["turn", "boot", "approve", "give up", "try again"])),
)


@law(history=st.lists(st.tuples(st.integers(0, 1), EVENTS), max_size=25))
def test_in_no_day_is_a_budget_passed(kind: str, history: list[tuple[int, Any]]) -> None:
    made = world(kind, replicas=2, floor=1)
    for replica, event in history:
        _happen(made, replica, event)
        assert made.worst_day() <= 1


def _happen(made: World, replica: int, event: tuple[Any, ...]) -> None:
    match event:
        case ("ask", user, anew):
            made.ask(user, replica, anew=anew)
        case ("work", most, how):
            made.end(replica, made.begin(replica, most), how)
        case ("run", hours):
            made.run(hours)
        case ("sleep", hours):
            made.real += hours * HOUR
        case ("set the clock", hours):
            made.replicas[replica].skew += hours * HOUR
        case ("turn",):
            made.turn(replica)
        case ("boot",):
            made.boot(replica)
        case ("approve",):
            _approve(made, replica)
        case ("give up",):
            made.each(replica, lambda tx, row, now: orders.give_up(tx, row.id, now))
        case ("try again",):
            made.each(replica, _try_again)


def _approve(made: World, replica: int) -> None:
    now = made.now(replica)
    with made.database.write() as tx:
        for one in holds.standing(tx, made.target):
            if holds.decide(tx, one.id, state="approved", by="ada", now=now):
                outbox.release(tx, one.id, now)


def _try_again(tx: Any, row: Any, now: Instant) -> None:
    drew = row.drawn_at
    if row.state != "dead" or rule.objection(tx, row, now) is None:
        orders.try_again(tx, row.id, now)
    else:
        tx.update("actions", row.id, {"drawn_at": drew})  # as a request that is refused undoes it

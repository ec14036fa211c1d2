"""The queue: every change of state happens once, and in order for each object."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pytest

from models.actions import Ownership
from models.evidence import Channel
from models.identity import GroupKey, TargetKey, UserKey
from models.instant import DAY, HOUR, MINUTE
from models.plans import Budget, HoldKind, OperationName, Planned
from models.store import accounts, bindings, budgets, holds, identities, memberships, outbox, queue
from models.store.database import Database, Tx
from models.verdicts import Answer, Verdict
from sync import rule
from sync.guard import Guard, Hold
from tests import builders
from tests.playground import EVERY_STORE, fresh

NOW = builders.START
LEASE = 10
every_store = pytest.mark.parametrize("kind", EVERY_STORE)


@dataclass
class Queue:
    database: Database
    target: int
    users: list[UserKey]
    group: GroupKey

    def enqueue(self, *planned: Planned, now: int = NOW) -> None:
        with self.database.write() as tx:
            outbox.enqueue(tx, planned, now)

    def relay(self, now: int = NOW) -> list[list[int]]:
        with self.database.write() as tx:
            return [ids for _, ids in queue.relay(tx, now, lease=LEASE)]

    def claim(self, ids: list[int], owner: str = "me", now: int = NOW) -> list[int]:
        with self.database.write() as tx:
            rows = queue.claim(tx, ids, owner=owner, lease=LEASE, now=now)
            return sorted(row.id for row in rows)

    def finish(self, ids: list[int], *, owner: str = "me", state: str = "done") -> int:
        with self.database.write() as tx:
            return queue.finish(tx, ids, owner=owner, state=state, now=NOW)

    def retry(self, ids: list[int], *, owner: str = "me", run_at: int = NOW) -> int:
        with self.database.write() as tx:
            return queue.retry(tx, ids, owner=owner, run_at=run_at, error="It is busy.", now=NOW)

    def reap(self, now: int) -> int:
        with self.database.write() as tx:
            return queue.reap(tx, now)

    def states(self) -> list[str]:
        with self.database.read() as tx:
            return [row.state for row in tx.rows("SELECT state FROM actions ORDER BY id")]

    def drawn(self, now: int = NOW) -> dict[Budget, int]:
        with self.database.read() as tx:
            return budgets.drawn(tx, self.target, now)

    def update(self, user: int = 0, desired: str = "a") -> Planned:
        return Planned(
            target=TargetKey(self.target),
            operation=OperationName.UPDATE_USER,
            user=self.users[user],
            desired=desired,
            because=Verdict(Answer.YES, "So it is.", decided_by=Channel.PUSH, since=NOW),
        )

    def removal(self, user: int = 0, *, since: int = NOW, explicit: bool = False) -> Planned:
        return Planned(
            target=TargetKey(self.target),
            operation=OperationName.DEACTIVATE_USER,
            user=self.users[user],
            because=Verdict(Answer.NO, "So it is.", decided_by=Channel.PULL, since=since),
            draws_on=Budget.USERS_EXPLICIT if explicit else Budget.USERS,
        )

    def member(self, user: int = 0, *, add: bool = True) -> Planned:
        return Planned(
            target=TargetKey(self.target),
            operation=OperationName.ADD_MEMBER if add else OperationName.REMOVE_MEMBER,
            user=self.users[user],
            group=self.group,
            because=Verdict(Answer.YES if add else Answer.NO, "So it is.", since=NOW),
            draws_on=None if add else Budget.MEMBERSHIPS,
        )


def queued(kind: str, users: int = 4) -> Queue:
    found = fresh(kind)
    world = builders.world(found, guard={"floor": 2, "share": 0})
    with found.write() as tx:
        link = world.connection.key
        keys = [identities.insert_user(tx, link, NOW) for _ in range(users)]
        group = identities.insert_group(tx, link, "ops", NOW)
        memberships.mention(tx, group, set(keys))
    return Queue(found, world.target, keys, group)


def bind(tx: Tx, held: Queue, user: UserKey) -> None:
    bindings.bind_user(
        tx,
        held.target,
        user,
        remote_id=f"r{user}",
        ownership=Ownership.OURS,
        digest="",
        active=True,
        now=NOW,
    )


@every_store
def test_an_operation_is_queued_sent_claimed_and_done_once(kind: str) -> None:
    held = queued(kind)
    held.enqueue(held.update())
    ((action,),) = held.relay()
    assert held.relay() == []
    assert held.claim([action]) == [action]
    assert held.claim([action], owner="other") == []
    assert held.finish([action]) == 1
    assert held.finish([action]) == 0
    assert held.states() == ["done"]


@every_store
def test_the_same_operation_waits_once(kind: str) -> None:
    held = queued(kind)
    held.enqueue(held.update())
    held.enqueue(held.update())
    assert held.states() == ["ready"]


@every_store
def test_another_operation_on_the_object_supersedes_the_one_that_waits(kind: str) -> None:
    held = queued(kind)
    held.enqueue(held.update(desired="a"))
    held.enqueue(held.update(desired="b"))
    assert held.states() == ["superseded", "ready"]


@every_store
def test_nobody_else_ends_what_we_began(kind: str) -> None:
    held = queued(kind)
    held.enqueue(held.update())
    ((action,),) = held.relay()
    held.claim([action])
    assert held.finish([action], owner="other") == 0
    assert held.retry([action], owner="other") == 0
    assert held.states() == ["running"]


@every_store
def test_an_object_has_one_operation_under_way_and_the_next_waits_for_its_end(kind: str) -> None:
    held = queued(kind)
    held.enqueue(held.update(desired="a"))
    ((first,),) = held.relay()
    held.enqueue(held.update(desired="b"))
    assert held.relay() == []
    held.claim([first])
    assert held.relay() == []
    held.finish([first])
    assert held.relay() == [[first + 1]]


@every_store
def test_what_was_put_back_is_tried_again_at_its_time(kind: str) -> None:
    held = queued(kind)
    held.enqueue(held.update())
    ((action,),) = held.relay()
    held.claim([action])
    assert held.retry([action], run_at=NOW + MINUTE) == 1
    assert held.relay(NOW + MINUTE - 1) == []
    assert held.relay(NOW + MINUTE) == [[action]]


@every_store
def test_what_was_put_back_gives_way_to_a_newer_operation(kind: str) -> None:
    held = queued(kind)
    held.enqueue(held.update(desired="a"))
    ((first,),) = held.relay()
    held.claim([first])
    held.enqueue(held.update(desired="b"))
    held.retry([first])
    assert held.states() == ["superseded", "ready"]


@every_store
def test_what_a_dead_worker_had_is_freed_when_its_lease_lapsed(kind: str) -> None:
    held = queued(kind)
    held.enqueue(held.update())
    ((action,),) = held.relay()
    assert held.reap(NOW + LEASE) == 0
    held.claim([action], now=NOW + LEASE)
    assert held.reap(NOW + LEASE + 1) == 0
    assert held.reap(NOW + 2 * LEASE + 1) == 1
    assert held.relay(NOW + 2 * LEASE + 1) == [[action]]


@every_store
def test_a_message_that_was_lost_is_sent_again(kind: str) -> None:
    held = queued(kind)
    held.enqueue(held.update())
    held.relay()
    assert held.reap(NOW + LEASE + 1) == 1
    assert len(held.relay(NOW + LEASE + 1)) == 1


@every_store
def test_a_membership_waits_until_its_user_and_its_group_are_there(kind: str) -> None:
    held = queued(kind)
    held.enqueue(held.member())
    assert held.relay() == []
    with held.database.write() as tx:
        bind(tx, held, held.users[0])
    assert held.relay() == []
    with held.database.write() as tx:
        _bind_group(tx, held)
    assert len(held.relay()) == 1


@every_store
def test_a_membership_that_was_begun_once_does_not_sleep_when_its_user_comes(kind: str) -> None:
    held = queued(kind)
    with held.database.write() as tx:
        _bind_group(tx, held)
        bind(tx, held, held.users[0])
    held.enqueue(held.member())
    (sent,) = held.relay()
    held.claim(sent)
    with held.database.write() as tx:
        bindings.unbind_user(tx, held.target, held.users[0])
    held.retry(sent)
    held.relay()
    with held.database.write() as tx:
        bind(tx, held, held.users[0])
    held.reap(NOW + LEASE + 1)
    assert held.relay(NOW + LEASE + 1) == [sent]


def _bind_group(tx: Tx, held: Queue) -> None:
    bindings.bind_group(
        tx, held.target, held.group, remote_id="rg", ownership=Ownership.OURS, digest="", now=NOW
    )


@every_store
def test_members_of_a_group_travel_together_and_additions_apart_from_removals(kind: str) -> None:
    held = queued(kind)
    with held.database.write() as tx:
        _bind_group(tx, held)
        for user in held.users:
            bind(tx, held, user)
    held.enqueue(held.member(0), held.member(1), held.member(2, add=False), held.update(3))
    assert sorted(len(ids) for ids in held.relay()) == [1, 1, 2]


@every_store
def test_nothing_is_sent_to_a_suspended_target(kind: str) -> None:
    held = queued(kind)
    held.enqueue(held.update())
    with held.database.write() as tx:
        accounts.suspend_target(tx, held.target, "The token is wrong.", NOW)
    assert held.relay() == []
    with held.database.write() as tx:
        accounts.resume_target(tx, held.target, NOW)
    assert len(held.relay()) == 1


@every_store
def test_a_removal_draws_for_a_day_and_not_longer(kind: str) -> None:
    held = queued(kind)
    held.enqueue(held.removal(0), held.removal(1, explicit=True), held.update(2))
    assert held.drawn() == {Budget.USERS: 1, Budget.USERS_EXPLICIT: 1}
    for ids in held.relay():
        held.claim(ids)
        held.finish(ids)
    assert held.drawn(NOW + DAY - 1) == {Budget.USERS: 1, Budget.USERS_EXPLICIT: 1}
    assert held.drawn(NOW + DAY) == {}


@every_store
def test_a_removal_that_waited_draws_on_the_day_it_is_done(kind: str) -> None:
    """A target that was away for a day must not lose two days' worth at once."""
    held = queued(kind)
    held.enqueue(held.removal(0))
    later = NOW + 30 * HOUR
    assert held.drawn(later) == {Budget.USERS: 1}
    ((action,),) = held.relay(later)
    held.claim([action], now=later)
    held.finish([action])
    assert held.drawn(later + HOUR) == {Budget.USERS: 1}


@every_store
def test_a_removal_that_was_given_up_draws_nothing(kind: str) -> None:
    held = queued(kind)
    held.enqueue(held.removal(0))
    held.enqueue(held.update(0))
    assert held.drawn() == {}


@every_store
def test_held_operations_wait_for_approval_and_draw_nothing(kind: str) -> None:
    held = queued(kind)
    key = _hold(held, held.removal(0), held.removal(1))
    assert held.relay() == []
    assert held.drawn() == {}
    with held.database.write() as tx:
        assert holds.decide(tx, key, state="approved", by="ada", now=NOW)
        assert outbox.release(tx, key, NOW) == 2
    assert len(held.relay()) == 2
    assert held.drawn() == {}


def _hold(held: Queue, *planned: Planned) -> int:
    with held.database.write() as tx:
        key = holds.create(tx, held.target, HoldKind.USERS, "It is too much.", NOW)
        outbox.hold(tx, key, planned, NOW)
    return key


@every_store
def test_a_hold_is_decided_once(kind: str) -> None:
    held = queued(kind)
    key = _hold(held, held.removal(0))
    with held.database.write() as tx:
        assert holds.decide(tx, key, state="refused", by="ada", now=NOW)
        assert not holds.decide(tx, key, state="approved", by="bob", now=NOW)


@every_store
def test_what_is_approved_supersedes_what_waits_for_the_same_object(kind: str) -> None:
    held = queued(kind)
    key = _hold(held, held.removal(0))
    held.enqueue(held.update(0))
    with held.database.write() as tx:
        outbox.release(tx, key, NOW)
    assert held.states() == ["ready", "superseded"]


@every_store
def test_held_operations_that_nobody_plans_any_more_are_given_up(kind: str) -> None:
    held = queued(kind)
    one, two, three = held.removal(0), held.removal(1), held.removal(2)
    _hold(held, one, two, three)
    with held.database.write() as tx:
        given_up = outbox.drop_unplanned(
            tx,
            held.target,
            [one.fingerprint],
            NOW,
            keys=[one.object_key, two.object_key],
            connection=None,
        )
    assert given_up == 1
    assert held.states() == ["held", "superseded", "held"]


@every_store
def test_a_plan_of_one_connection_does_not_give_up_what_another_has_held(kind: str) -> None:
    held = queued(kind)
    _hold(held, held.removal(0))
    with held.database.write() as tx:
        other = builders.connection(tx, builders.organization(tx, "other", ()), slug="x").key
        outbox.drop_unplanned(tx, held.target, [], NOW, keys=None, connection=other)
    assert held.states() == ["held"]


Judged = Callable[[], Any]


@every_store
def test_the_guard_lets_no_more_go_than_its_budget_whoever_asks_at_once(kind: str) -> None:
    """Eight requests, each with one removal, and a budget of two."""
    held = queued(kind, users=8)
    gate = threading.Barrier(8)

    def ask(number: int) -> bool:
        gate.wait()
        with held.database.write() as tx:
            target = accounts.target(tx, held.target)
            assert target is not None
            ruling = rule.judge(tx, target, [held.removal(number)], NOW)
            rule.settle(tx, target, ruling, NOW)
            return isinstance(ruling, Hold)

    with ThreadPoolExecutor(8) as pool:
        stopped = list(pool.map(ask, range(8)))
    assert Guard(floor=2, share=0).allowance(Budget.USERS, 0) == 2
    assert stopped.count(False) == 2
    assert held.states().count("ready") == 2
    with held.database.read() as tx:
        assert tx.value("SELECT count(*) FROM holds WHERE state = 'open'") == 1


@every_store
def test_workers_that_claim_at_once_never_share_an_action_or_pass_another_on_an_object(
    kind: str,
) -> None:
    held = queued(kind)
    gate = threading.Barrier(4)
    seen: list[tuple[str, int]] = []
    under_way: dict[str, str] = {}
    lock = threading.Lock()
    broken: list[str] = []

    def object_of(action: int) -> str:
        with held.database.read() as tx:
            return str(tx.value("SELECT object_key FROM actions WHERE id = :key", {"key": action}))

    def work(owner: str) -> None:
        gate.wait()
        for _ in range(12):
            for ids in held.relay():
                for action in held.claim(ids, owner=owner):
                    name = object_of(action)
                    with lock:
                        if name in under_way:
                            broken.append(name)
                        under_way[name] = owner
                        seen.append((name, action))
                    with lock:
                        del under_way[name]
                    held.finish([action], owner=owner)

    def plan(number: int) -> None:
        gate.wait()
        for version in range(10):
            for user in range(len(held.users)):
                held.enqueue(held.update(user, desired=f"{number} {version}"))

    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(work, f"w{one}") for one in range(3)] + [pool.submit(plan, 1)]
        for job in jobs:
            job.result()
    assert not broken
    assert len({action for _, action in seen}) == len(seen), "an action was begun twice"
    for user in held.users:
        of_user = [action for name, action in seen if name == f"u{user}"]
        assert of_user == sorted(of_user)


@every_store
def test_an_operation_that_fails_is_known_to_fail_while_it_is_tried_again(kind: str) -> None:
    held = queued(kind)
    held.enqueue(held.update())
    ((action,),) = held.relay()
    held.claim([action])
    held.finish([action], state="dead")
    assert _failing(held) == [action]
    held.enqueue(held.update())
    assert _failing(held) == [action], "that it waits to be tried again mends nothing"
    ((again,),) = held.relay()
    held.claim([again])
    held.finish([again])
    assert _failing(held) == []


def _failing(held: Queue) -> list[int]:
    with held.database.read() as tx:
        link = tx.value("SELECT id FROM connections")
        return [row.id for row in outbox.failing(tx, held.target, link)]


@every_store
def test_a_removal_for_a_new_reason_is_another_operation(kind: str) -> None:
    held = queued(kind)
    held.enqueue(held.removal(0))
    held.enqueue(replace(held.removal(0), because=held.removal(0, since=NOW + 1).because))
    assert held.states() == ["superseded", "ready"]
    assert held.drawn() == {Budget.USERS: 1}

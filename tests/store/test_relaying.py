"""What is taken from a queue, and what a long one costs: rows that are looked at, not time."""

from collections.abc import Iterable
from typing import Any

import pytest

from models.actions import Ownership
from models.evidence import Channel
from models.identity import GroupKey, TargetKey, UserKey
from models.instant import MINUTE, Instant
from models.plans import OperationName, Planned
from models.store import bindings, identities, memberships, outbox, queue
from models.store.database import Tx
from models.verdicts import Answer, Verdict
from tests import builders
from tests.builders import START as NOW
from tests.builders import World
from tests.playground import EVERY_STORE, fresh

every_store = pytest.mark.parametrize("kind", EVERY_STORE)
SO = Verdict(Answer.YES, "So it is.", decided_by=Channel.PUSH, since=NOW)


def world(kind: str) -> World:
    return builders.world(fresh(kind))


def users(tx: Tx, made: World, count: int) -> list[UserKey]:
    return [identities.insert_user(tx, made.connection.key, NOW) for _ in range(count)]


def update(target: int, user: UserKey) -> Planned:
    return Planned(
        target=TargetKey(target),
        operation=OperationName.UPDATE_USER,
        user=user,
        desired="a",
        because=SO,
    )


def member(target: int, group: GroupKey, user: UserKey) -> Planned:
    return Planned(
        target=TargetKey(target),
        operation=OperationName.ADD_MEMBER,
        group=group,
        user=user,
        because=SO,
    )


def at_target(tx: Tx, made: World, people: Iterable[UserKey], now: Instant = NOW) -> None:
    for user in people:
        bindings.bind_user(
            tx,
            made.target,
            user,
            remote_id=f"r{user}",
            ownership=Ownership.OURS,
            digest="",
            active=True,
            now=now,
        )


def group_at_target(tx: Tx, made: World, group: GroupKey, now: Instant = NOW) -> None:
    bindings.bind_group(
        tx,
        made.target,
        group,
        remote_id=f"g{group}",
        ownership=Ownership.OURS,
        digest="",
        now=now,
    )


def taken(tx: Tx, now: Instant = NOW, limit: int = 200) -> list[tuple[int, list[int]]]:
    return queue.relay(tx, now, lease=MINUTE, limit=limit)


@every_store
def test_nothing_is_taken_of_an_object_of_which_a_younger_row_is_at_work(kind: str) -> None:
    """A row that comes back, approved or tried again, is older than one begun meanwhile."""
    made = world(kind)
    with made.database.write() as tx:
        (user,) = users(tx, made, 1)
        for state in ("held", "running"):
            outbox.enqueue(tx, [update(made.target, user)], NOW)
            tx.run("UPDATE actions SET state = :state WHERE state = 'ready'", {"state": state})
        tx.run("UPDATE actions SET state = 'ready' WHERE state = 'held'")
        assert taken(tx) == []
        tx.run("UPDATE actions SET state = 'done' WHERE state = 'running'")
        assert len(taken(tx)) == 1


@every_store
def test_what_waits_for_a_reference_is_looked_at_once_until_that_is_there(kind: str) -> None:
    made = world(kind)
    with made.database.write() as tx:
        people = users(tx, made, 30)
        group = identities.insert_group(tx, made.connection.key, "ops", NOW)
        memberships.mention(tx, group, set(people))
        outbox.enqueue(tx, [member(made.target, group, user) for user in people], NOW)
        assert taken(tx) == []
        assert not queue.has_ready(tx, NOW)
        at_target(tx, made, people[:2], NOW + 1)
        assert queue.has_ready(tx, NOW + 1)
        assert taken(tx, NOW + 1) == []
        group_at_target(tx, made, group, NOW + 2)
        ((_, ids),) = taken(tx, NOW + 2)
        assert len(ids) == 2
        assert not queue.has_ready(tx, NOW + 2)
        assert taken(tx, NOW + 2 + queue.PARKED) == []


@every_store
def test_a_backlog_that_waits_for_references_keeps_nothing_else_waiting(kind: str) -> None:
    made = world(kind)
    with made.database.write() as tx:
        people = users(tx, made, 700)
        group = identities.insert_group(tx, made.connection.key, "ops", NOW)
        outbox.enqueue(tx, [member(made.target, group, user) for user in people], NOW)
        outbox.enqueue(tx, [update(made.target, people[-1])], NOW + 1)
        assert [len(ids) for _, ids in taken(tx, NOW + 1, limit=1)] == [1]


@every_store
def test_the_backlog_of_one_target_keeps_no_other_waiting(kind: str) -> None:
    made = world(kind)
    with made.database.write() as tx:
        other = builders.target(tx, made.connection.organization, made.connection.key, slug="other")
        people = users(tx, made, 20)
        outbox.enqueue(tx, [update(made.target, user) for user in people], NOW)
        outbox.enqueue(tx, [update(other, people[0])], NOW + 1)
        found = taken(tx, NOW + 1, limit=10)
        assert sum(len(ids) for target, ids in found if target == other) == 1
        assert sum(len(ids) for target, ids in found) == 10


@every_store
def test_the_oldest_are_found_without_sorting_or_reading_the_backlog(kind: str) -> None:
    made = world(kind)
    plan = _explained(made)
    assert "ix_actions_due" in plan
    assert "ix_actions_begun" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


def _explained(made: World) -> str:
    """How the database would find the oldest rows that are due."""
    heard: list[tuple[str, Any]] = []

    class Listening(Tx):
        def column(self, sql: str, params: Any = None) -> list[Any]:
            heard.append((sql, params))
            return super().column(sql, params)

    with made.database.write() as tx:
        if tx.dialect == "postgresql":
            tx.run("SET LOCAL enable_seqscan = off")
            tx.run("SET LOCAL enable_bitmapscan = off")
        queue._oldest(Listening(tx.connection), made.target, NOW, limit=10)
        ((sql, params),) = heard
        word = "EXPLAIN" if tx.dialect == "postgresql" else "EXPLAIN QUERY PLAN"
        return "\n".join(str(tuple(row)) for row in tx.rows(f"{word} {sql}", params))

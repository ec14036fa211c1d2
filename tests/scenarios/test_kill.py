"""Killing any process with -9 at any time loses nothing and does nothing out of order."""

import json
import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pika
import pytest
import redis

from models.store.database import Database
from sync import actors
from tests.scenarios.daemon import Daemon, Link, daemon, furnish, recording_target, wait_until
from tests.scenarios.pushing import Provider, Thing, listed

Json = dict[str, Any]
SEPARATE = ("web", "worker1", "worker2", "scheduler")
SECONDS = float(os.environ.get("TRUEUP_TEST_KILL_SECONDS", "10"))
"""How long processes are killed."""


@dataclass
class Killer(threading.Thread):
    """Kills one process after the other, and starts it again at once.

    Mostly it lets one begin its work first; every fifth it kills whatever it is doing.
    """

    found: Daemon
    pauses: tuple[float, float]
    """Seconds, at the least and at the most."""
    dice: random.Random
    killed: int = 0

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.stopping = threading.Event()

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        while not self.stopping.wait(self.dice.uniform(*self.pauses)):
            names = sorted(self.found.running)
            if self.dice.random() < 0.8:
                names = [name for name in names if self.found.is_ready(name)]
            if not names:
                continue
            weights = [4 if name.startswith("worker") else 1 for name in names]
            name = self.dice.choices(names, weights)[0]
            self.found.kill(name)
            self.found.start(name)
            self.killed += 1

    def stop(self) -> None:
        self.stopping.set()
        self.join(30)


@dataclass
class Stage:
    """One installation under way: who pushes, where it goes, and what was written down there."""

    found: Daemon
    link: Link
    database: Database
    record: Path

    @property
    def url(self) -> str:
        return self.link.scim(self.found)

    def unfinished(self) -> int:
        with self.database.read() as tx:
            return int(
                tx.value(
                    "SELECT count(*) FROM actions "
                    "WHERE state IN ('ready', 'queued', 'running', 'retrying')"
                )
            )

    def states(self) -> dict[str, int]:
        with self.database.read() as tx:
            return {r[0]: r[1] for r in tx.rows("SELECT state, count(*) FROM actions GROUP BY 1")}

    def events(self) -> list[Json]:
        return [json.loads(line) for line in self.record.read_text().splitlines()]

    def harass(self, midway: Any = None) -> list[Provider]:
        """Push and kill at the same time, then wait until the queue is empty."""
        providers = [Provider(self.url, number) for number in range(4)]
        killer = Killer(self.found, (0.3, 1.0), random.Random(1))
        for one in (*providers, killer):
            one.start()
        time.sleep(SECONDS / 2)
        if midway is not None:
            midway()
        time.sleep(SECONDS / 2)
        wait_until(lambda: killer.killed >= 5, 60, "kills, on a slow machine")
        killer.stop()
        wait_until(lambda: sum(one.acknowledged for one in providers) > 20, 60, "pushes")
        for provider in providers:
            provider.stop()
        began = time.monotonic()
        wait_until(lambda: self.unfinished() == 0, 90, "an empty queue")
        print(
            f"{killer.killed} kills, {sum(one.acknowledged for one in providers)} acknowledged,",
            f"{sum(one.unanswered for one in providers)} unanswered,",
            f"{len(self.events())} changes at the target, {self.states()},",
            f"empty after {time.monotonic() - began:.1f} s",
        )
        return providers


def check(stage: Stage, providers: list[Provider]) -> None:
    users, groups = listed(stage.url, "Users"), listed(stage.url, "Groups")
    things = [thing for one in providers for thing in (*one.users, *one.groups)]
    see_everything_acknowledged(things, {"Users": users, "Groups": groups})
    events = stage.events()
    held = last_state(events)
    see_the_same(users, groups, held)
    see_legal_order(stage, events, {thing.name: thing for thing in things})
    assert set(stage.states()) <= {"done", "superseded"}, stage.states()


def see_everything_acknowledged(things: list[Thing], door: dict[str, dict[str, Json]]) -> None:
    """(a) The door shows exactly what was acknowledged."""
    for collection, shown in door.items():
        expected = {one.id: one for one in things if one.collection == collection and one.id}
        assert set(shown) == set(expected)
        for key, one in expected.items():
            assert shown[key]["displayName"] == one.label
            if collection == "Users":
                assert shown[key]["active"] == one.active
            else:
                assert {m["value"] for m in shown[key].get("members", [])} == one.members


def last_state(events: list[Json]) -> dict[str, dict[str, Json]]:
    """What the target holds at the end, by collection and its own ids."""
    held: dict[str, dict[str, Json]] = {"Users": {}, "Groups": {}}
    for event in events:
        one = event["now"]
        held[event["collection"]][one["id"]] = one
        if event["what"] == "delete":
            del held[event["collection"]][one["id"]]
    return held


def see_the_same(
    users: dict[str, Json], groups: dict[str, Json], held: dict[str, dict[str, Json]]
) -> None:
    """(b) The target holds what the door says, and (e) nothing twice."""
    ours = {one["externalId"]: one for one in held["Users"].values()}
    assert len(ours) == len(held["Users"])
    names = [one["userName"] for one in held["Users"].values()]
    assert len(names) == len(set(names))
    for key, user in users.items():
        if user["active"]:
            assert ours[key]["active"]
            assert ours[key]["displayName"] == user["displayName"]
        else:
            assert key not in ours or not ours[key]["active"]
    assert not any(one["active"] for key, one in ours.items() if key not in users)
    there = {one["externalId"]: one for one in held["Groups"].values()}
    assert len(there) == len(held["Groups"])
    assert set(there) == set(groups)
    for key, group in groups.items():
        assert there[key]["displayName"] == group["displayName"]
        wanted = {ours[m["value"]]["id"] for m in group.get("members", []) if m["value"] in ours}
        assert {m["value"] for m in there[key].get("members", [])} == wanted


def see_legal_order(stage: Stage, events: list[Json], things: dict[str, Thing]) -> None:
    """(c) Of each object, no old word after a newer one, and no return from the dead."""
    newest: dict[str, int] = {}
    alive: dict[str, bool] = {}
    for event in events:
        one = event["now"]
        key = one["externalId"]
        name, _, version = one["displayName"].rpartition(" v")
        seen = newest.get(key, 0)
        assert int(version) >= seen, f"{name}: version {version} after {seen}"
        if event["what"] == "create":
            assert not alive.get(key), f"{name} was created twice"
            assert key not in alive or int(version) > seen, f"{name} came back by an old word"
        if event["collection"] == "Users" and one["active"]:
            assert things[name].was_active[int(version)], f"{name} v{version} was not active"
        newest[key], alive[key] = int(version), event["what"] != "delete"


@contextmanager
def stage(path: Path, processes: tuple[str, ...], **settings: str) -> Iterator[Stage]:
    home = path / "home"
    home.mkdir()
    record = path / "record.jsonl"
    with recording_target(record) as target, daemon(home, **settings) as found:
        database = found.open_database()
        link = furnish(database, target)
        for name in processes:
            found.start(name, ready=True)
        try:
            yield Stage(found, link, database, record)
        finally:
            database.close()


def test_nothing_is_lost_by_kills_embedded_on_sqlite(tmp_path: Path) -> None:
    with stage(tmp_path, ("serve",)) as played:
        check(played, played.harass())


@pytest.mark.servers
@pytest.mark.timeout(240)
def test_nothing_is_lost_by_kills_on_postgresql_alone(tmp_path: Path, postgresql: str) -> None:
    with stage(tmp_path, SEPARATE, DATABASE_URL=postgresql) as played:
        check(played, played.harass())


@pytest.mark.servers
@pytest.mark.timeout(240)
def test_nothing_is_lost_by_kills_with_redis(
    tmp_path: Path, postgresql: str, redis_url: str
) -> None:
    """Not even when Redis forgets everything in the middle."""
    client = redis.Redis.from_url(redis_url)
    client.flushdb()
    settings = {"DATABASE_URL": postgresql, "BROKER_URL": redis_url}
    with stage(tmp_path, SEPARATE, **settings) as played:
        check(played, played.harass(midway=client.flushdb))
    client.close()


@pytest.mark.servers
@pytest.mark.timeout(240)
def test_nothing_is_lost_by_kills_with_rabbitmq(
    tmp_path: Path, postgresql: str, amqp_url: str
) -> None:
    forget(amqp_url)
    settings = {"DATABASE_URL": postgresql, "BROKER_URL": amqp_url}
    with stage(tmp_path, SEPARATE, **settings) as played:
        check(played, played.harass())


def forget(broker: str) -> None:
    """Messages of earlier tests."""
    connection = pika.BlockingConnection(pika.URLParameters(broker))
    for queue in (actors.DELIVER, actors.PERFORM):
        channel = connection.channel()
        try:
            channel.queue_purge(queue)
        except pika.exceptions.ChannelClosedByBroker:
            continue  # there is no such queue yet
    connection.close()

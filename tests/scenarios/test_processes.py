"""Each kind of process alone: how it starts, ends, and bears what is around it going away."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo

import httpx
import pika
import pytest
import redis
from sqlalchemy import text

from models.clock import Clock
from models.instant import MINUTE, SECOND, Instant
from models.store.database import Database, dumps
from models.store.migrate import migrate
from sync import actors, schedule, settings
from sync.settings import SettingsError
from tests import builders
from tests.scenarios.daemon import (
    TOKEN,
    Daemon,
    Link,
    daemon,
    free_port,
    furnish,
    recording_target,
    wait_until,
)
from tests.scenarios.test_kill import forget

STOCKHOLM = ZoneInfo("Europe/Stockholm")


def push(found: Daemon, link: Link, name: str) -> int:
    """Create a user; the status of the answer."""
    answer = httpx.post(
        f"{link.scim(found)}/Users",
        json={
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": f"{name}@acme.example",
            "externalId": name,
            "displayName": f"Secret {name}",
        },
        headers={"authorization": f"Bearer {TOKEN}"},
        trust_env=False,
        timeout=30,
    )
    return answer.status_code


def states(database: Database) -> dict[str, int]:
    with database.read() as tx:
        found = tx.rows("SELECT state, count(*) AS total FROM actions GROUP BY state")
    return {row.state: row.total for row in found}


@contextmanager
def opened(found: Daemon) -> Iterator[Database]:
    database = found.open_database()
    try:
        yield database
    finally:
        database.close()


# -- start and end ----------------------------------------------------------------------------


def test_a_second_instance_on_the_same_home_is_refused(tmp_path: Path) -> None:
    with daemon(tmp_path) as found:
        found.start("serve", ready=True)
        for command in ("serve", "worker", "scheduler", "web"):
            again = found.run(command, TRUEUP_PORT=str(free_port()))
            assert again.returncode == 2
            assert again.stderr.startswith("Another instance of Trueup is running on ")
            assert again.stderr.count("\n") == 1
        assert httpx.get(f"{found.url}/healthz", trust_env=False).text == "ok\n"


def test_a_port_in_use_is_told_in_a_sentence(tmp_path: Path) -> None:
    with daemon(tmp_path) as found, socket.create_server(("127.0.0.1", found.port)):
        ended = found.run("serve")
    assert ended.returncode == 2
    assert f"cannot listen on 127.0.0.1, port {found.port}" in ended.stderr
    assert "shown once" not in ended.stdout


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("TRUEUP_COLOUR", "blue", "TRUEUP_COLOUR is no setting."),
        ("TRUEUP_PORT", "http", "TRUEUP_PORT is wrong:"),
        ("TRUEUP_MASTER_KEY", "short", "TRUEUP_MASTER_KEY is wrong:"),
        ("TRUEUP_BROKER_URL", "kafka://x", "TRUEUP_BROKER_URL must begin with"),
        ("TRUEUP_DATABASE_URL", "mysql://x", "TRUEUP_DATABASE_URL must begin with"),
        ("TRUEUP_ALLOW_NETWORKS", "everything", "TRUEUP_ALLOW_NETWORKS is wrong:"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_sentence(
    tmp_path: Path, name: str, value: str, says: str
) -> None:
    ended = Daemon(tmp_path).run("serve", **{name: value})
    assert ended.returncode == 2
    assert ended.stderr.startswith(says)
    assert ended.stderr.count("\n") == 1
    assert ended.stdout == ""


def test_an_unknown_setting_in_the_env_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("TRUEUP_PROT=8081\n")
    for name in [one for one in os.environ if one.startswith("TRUEUP_")]:
        monkeypatch.delenv(name)
    with pytest.raises(SettingsError, match="TRUEUP_PROT is no setting"):
        settings.load()


def test_the_first_key_is_printed_once_in_the_life_of_a_home(tmp_path: Path) -> None:
    with daemon(tmp_path) as found:
        found.start("serve", ready=True)
        assert found.said("serve").count("API key, shown once: ") == 1
        assert found.stop("serve") == 0
        found.start("serve", ready=True)
        assert "shown once" not in found.said("serve")


def test_being_told_to_stop_finishes_or_puts_back_what_is_under_way(tmp_path: Path) -> None:
    record = tmp_path / "record"
    with (
        recording_target(record, faults=0) as target,
        daemon(tmp_path) as found,
        opened(found) as database,
    ):
        link = furnish(database, target)
        found.start("serve", ready=True)
        for number in range(30):
            assert push(found, link, f"ada{number}") == 201
        began = time.monotonic()
        assert found.stop("serve") == 0
        assert time.monotonic() - began < 15  # two, where nobody else wants the processor
        assert set(states(database)) <= {"ready", "retrying", "done"}
        assert "Traceback" not in found.said("serve")
        found.start("serve", ready=True)
        wait_until(lambda: states(database) == {"done": 30}, 20, "all delivered")
    assert len(record.read_text().splitlines()) == 30


# -- schedules --------------------------------------------------------------------------------


def at(*when: int) -> Instant:
    return round(datetime(*when, tzinfo=STOCKHOLM).timestamp() * SECOND)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("expression", "after", "comes"),
    [
        pytest.param("0 0 * * 0", at(2026, 7, 1), at(2026, 7, 5), id="sunday is 0"),
        pytest.param("0 0 * * 7", at(2026, 7, 1), at(2026, 7, 5), id="sunday is 7"),
        pytest.param("0 0 * * 1", at(2026, 7, 1), at(2026, 7, 6), id="monday is 1"),
        pytest.param(
            "30 2 * * *", at(2026, 3, 29), at(2026, 3, 29, 3), id="in the gap: at its end"
        ),
        pytest.param(
            "30 2 * * *", at(2026, 10, 25, 2, 31), at(2026, 10, 26, 2, 30), id="only once"
        ),
    ],
)
def test_a_schedule_means_what_cron_means(expression: str, after: Instant, comes: Instant) -> None:
    assert schedule.slot_after(expression, "Europe/Stockholm", after) == comes
    assert schedule.newest_slot(expression, "Europe/Stockholm", comes) == comes
    assert schedule.newest_slot(expression, "Europe/Stockholm", comes - 1) < after


def test_a_day_that_never_comes_is_no_schedule() -> None:
    with pytest.raises(ValueError, match="is no cron expression"):
        schedule.check_cron("0 0 30 2 *", "UTC")


def scheduled(database: Database, *expressions: str) -> None:
    migrate(database)
    with database.write() as tx:
        acme = builders.organization(tx)
        for number, expression in enumerate(expressions):
            pull = {"kind": "okta", "schedule": expression, "timezone": "Europe/Stockholm"}
            builders.connection(tx, acme, slug=f"idp{number}", pull=pull)


class Frozen(Clock):
    def __init__(self, at: Instant) -> None:
        self.at = at

    def now(self) -> Instant:
        return self.at


def see_one_run_for_each_slot(database: Database) -> None:
    """Two schedulers tick at the same moment, three nights in a row."""
    scheduled(database, "0 2 * * *", "not a schedule", "0 3 * * *")
    nights = [at(2026, 11, day, 4) for day in (2, 3, 4)]
    for night in nights:
        barrier = threading.Barrier(2)

        def tick(night: Instant = night, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            schedule.tick(database, Frozen(night))

        threads = [threading.Thread(target=tick) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with database.write() as tx:
            tx.run("UPDATE runs SET state = 'complete'")
    with database.read() as tx:
        slots = [row.slot for row in tx.rows("SELECT slot FROM runs")]
    assert len(slots) == len(set(slots)) == 2 * len(nights)


def test_two_schedulers_start_one_run_for_each_slot(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/trueup.db")
    see_one_run_for_each_slot(database)
    database.close()


@pytest.mark.servers
def test_two_schedulers_start_one_run_for_each_slot_on_postgresql(postgresql: str) -> None:
    database = Database(postgresql)
    see_one_run_for_each_slot(database)
    database.close()


def test_nights_missed_are_made_up_by_one_run(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/trueup.db")
    scheduled(database, "* * * * *")
    began = time.monotonic()
    assert schedule.tick(database, Frozen(at(2027, 11, 2, 4))) == 1
    assert time.monotonic() - began < 2
    assert schedule.tick(database, Frozen(at(2027, 11, 2, 4))) == 0
    database.close()


def test_delta_rounds_come_by_their_own_schedule_between_the_full_reads(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/trueup.db")
    scheduled(database, "0 2 * * *")
    with database.write() as tx:
        pull = dumps({"schedule": "0 2 * * *", "delta_schedule": "*/10 * * * *"})
        tx.run("UPDATE connections SET pull = :pull", {"pull": pull})
    night = Frozen(at(2027, 11, 2, 4))
    assert schedule.tick(database, night) == 2
    assert schedule.tick(database, night) == 0
    night.at += 10 * MINUTE
    assert schedule.tick(database, night) == 1
    with database.read() as tx:
        kinds = [row.kind for row in tx.rows("SELECT kind FROM runs ORDER BY id")]
    assert kinds == ["pull", "delta"], "a round that still waits is not queued twice"
    database.close()


# -- what is around goes away -------------------------------------------------------------------


def test_another_writer_on_the_file_is_waited_for(tmp_path: Path) -> None:
    with recording_target(tmp_path / "record") as target, daemon(tmp_path) as found:
        with opened(found) as database:
            link = furnish(database, target)
        found.start("serve", ready=True)
        other = sqlite3.connect(tmp_path / "trueup.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        answers: list[int] = []
        thread = threading.Thread(target=lambda: answers.append(push(found, link, "ada")))
        thread.start()
        time.sleep(2)
        assert answers == []
        other.execute("COMMIT")
        thread.join(20)
        other.close()
        assert answers == [201]


@pytest.mark.servers
def test_a_web_process_alone_strands_nothing(tmp_path: Path, postgresql: str) -> None:
    """Without a broker it cannot send, so it must not set anything aside either."""
    chosen = {"DATABASE_URL": postgresql}
    with (
        recording_target(tmp_path / "record", faults=0) as target,
        daemon(tmp_path, **chosen) as found,
        opened(found) as database,
    ):
        link = furnish(database, target)
        found.start("web", ready=True)
        assert push(found, link, "ada") == 201
        time.sleep(1)
        assert states(database) == {"ready": 1}
        found.start("worker", ready=True)
        wait_until(lambda: states(database) == {"done": 1}, 10, "delivered")
        assert push(found, link, "bob") == 201
        wait_until(lambda: states(database) == {"done": 2}, 1, "delivered soon")


@pytest.mark.servers
def test_work_outlives_every_connection_to_postgresql(tmp_path: Path, postgresql: str) -> None:
    chosen = {"DATABASE_URL": postgresql}
    with (
        recording_target(tmp_path / "record", faults=0) as target,
        daemon(tmp_path, **chosen) as found,
        opened(found) as database,
    ):
        link = furnish(database, target)
        found.start("web", ready=True)
        found.start("worker", ready=True)
        found.start("scheduler", ready=True)
        for number in range(3):
            hang_up_on_everybody(database)
            wait_until(lambda n=number: push(found, link, f"ada{n}") == 201, 20, "a push")
            done = {"done": number + 1}
            wait_until(lambda done=done: states(database) == done, 40, "delivered")
        assert all(one.poll() is None for one in found.running.values())


def hang_up_on_everybody(database: Database) -> None:
    sql = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with database.engine.connect() as connection:
        connection.execute(text(sql))


@contextmanager
def own_redis(port: int, folder: Path) -> Iterator[None]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    command = [program, "--port", str(port), "--save", "", "--dir", str(folder)]
    one = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    client = redis.Redis(port=port)

    def answers() -> bool:
        with suppress(redis.ConnectionError):
            return bool(client.ping())
        return False

    try:
        wait_until(answers, 10, "an answer of Redis")
        yield
    finally:
        client.close()
        one.kill()
        one.wait(10)


@pytest.mark.servers
def test_redis_may_come_late_and_go_at_any_time(tmp_path: Path, postgresql: str) -> None:
    port = free_port()
    chosen = {"DATABASE_URL": postgresql, "BROKER_URL": f"redis://127.0.0.1:{port}/0"}
    with (
        recording_target(tmp_path / "record", faults=0) as target,
        daemon(tmp_path, **chosen) as found,
        opened(found) as database,
    ):
        link = furnish(database, target)
        see_it_bear_an_outage(found, link, database, lambda: own_redis(port, tmp_path))


@pytest.mark.servers
def test_rabbitmq_may_come_late_and_go_at_any_time(
    tmp_path: Path, postgresql: str, amqp_url: str
) -> None:
    forget(amqp_url)
    parts, port = urlsplit(amqp_url), free_port()
    place = f"{parts.username}:{parts.password}@127.0.0.1:{port}"
    url = urlunsplit(parts._replace(netloc=place))
    chosen = {"DATABASE_URL": postgresql, "BROKER_URL": url}
    behind = (parts.hostname or "127.0.0.1", parts.port or 5672)
    with (
        recording_target(tmp_path / "record", faults=0) as target,
        daemon(tmp_path, **chosen) as found,
        opened(found) as database,
    ):
        link = furnish(database, target)
        see_it_bear_an_outage(found, link, database, lambda: passage(port, behind))


def see_it_bear_an_outage(
    found: Daemon, link: Link, database: Database, broker: Callable[[], Any]
) -> None:
    """Started without a broker; then there is one, then none, then one again."""
    found.start("web", ready=True)
    found.start("worker", ready=True)
    assert push(found, link, "before") == 201
    for number in range(2):
        with broker():
            wait_until(lambda n=number: states(database) == {"done": 1 + 2 * n}, 40, "delivered")
            assert push(found, link, f"while{number}") == 201
            wait_until(lambda n=number: states(database) == {"done": 2 + 2 * n}, 40, "delivered")
        assert push(found, link, f"after{number}") == 201
        time.sleep(1)
        assert states(database).get("queued", 0) == 0, "sent to nobody"
    assert all(one.poll() is None for one in found.running.values())
    assert found.stop("web") == 0
    assert found.stop("worker") == 0
    assert "Traceback" not in found.said("web") + found.said("worker")


@contextmanager
def passage(port: int, behind: tuple[str, int]) -> Iterator[None]:
    """A way to a server, which can be closed with everything that is on it."""
    door = socket.create_server(("127.0.0.1", port))
    pairs: list[socket.socket] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                near, _ = door.accept()
                far = socket.create_connection(behind)
                pairs.extend((near, far))
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=carry, args=(source, sink), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield
    finally:
        for one in (door, *pairs):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def carry(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


# -- what travels -------------------------------------------------------------------------------


def see_ids_only(message: dict[str, Any], database: Database) -> None:
    assert message["actor_name"] == actors.DELIVER
    assert message["kwargs"] == {}
    ((key,),) = message["args"]
    with database.read() as tx:
        assert tx.value("SELECT id FROM actions") == key
    assert set(message["options"]) <= {"redis_message_id"}


@pytest.mark.servers
def test_a_message_in_redis_carries_ids_and_nothing_else(
    tmp_path: Path, postgresql: str, redis_url: str
) -> None:
    client = redis.Redis.from_url(redis_url)
    client.flushdb()
    chosen = {"DATABASE_URL": postgresql, "BROKER_URL": redis_url}
    with daemon(tmp_path, **chosen) as found, opened(found) as database:
        link = furnish(database, "http://127.0.0.1:9")
        found.start("web", ready=True)
        assert push(found, link, "ada") == 201
        place = f"trueup:{actors.DELIVER}.msgs"
        wait_until(lambda: client.hlen(place) == 1, 10, "a message")
        everything = client.hgetall(place)
    client.close()
    ((_, raw),) = everything.items()
    assert b"ada" not in raw
    with opened(found) as database:
        see_ids_only(json.loads(raw), database)


@pytest.mark.servers
def test_a_message_in_rabbitmq_carries_ids_and_nothing_else(
    tmp_path: Path, postgresql: str, amqp_url: str
) -> None:
    forget(amqp_url)
    chosen = {"DATABASE_URL": postgresql, "BROKER_URL": amqp_url}
    with daemon(tmp_path, **chosen) as found, opened(found) as database:
        link = furnish(database, "http://127.0.0.1:9")
        found.start("web", ready=True)
        assert push(found, link, "ada") == 201
        connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
        bodies: list[bytes] = []

        def taken() -> bool:
            channel = connection.channel()
            with suppress(pika.exceptions.ChannelClosedByBroker):
                _, _, body = channel.basic_get(actors.DELIVER, auto_ack=True)
                bodies.extend([body] if body else [])
            return bool(bodies)

        wait_until(taken, 10, "a message")
        connection.close()
        assert b"ada" not in bodies[0]
        see_ids_only(json.loads(bodies[0]), database)


# -- stopped, and going on ------------------------------------------------------------------------


@pytest.mark.servers
@pytest.mark.timeout(180)
def test_a_worker_that_was_frozen_leaves_the_newest_word_standing(
    tmp_path: Path, postgresql: str
) -> None:
    """SIGSTOP for longer than a lease, while others go on with its objects."""
    record = tmp_path / "record"
    chosen = {"DATABASE_URL": postgresql}
    with (
        recording_target(record, faults=0) as target,
        daemon(tmp_path, **chosen) as found,
        opened(found) as database,
    ):
        link = furnish(database, target)
        for name in ("web", "worker1", "worker2"):
            found.start(name, ready=True)
        for number in range(60):
            assert push(found, link, f"ada{number}") == 201
            if number == 30:
                found.signal("worker1", signal.SIGSTOP)
        wait_until(lambda: states(database) == {"done": 60}, 60, "all done by the other")
        found.signal("worker1", signal.SIGCONT)
        time.sleep(3)
        wait_until(lambda: set(states(database)) <= {"done", "superseded"}, 30, "peace")
    created = [json.loads(line)["now"]["externalId"] for line in record.read_text().splitlines()]
    assert len(created) == len(set(created)) == 60

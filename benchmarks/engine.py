"""Everything after the read: narrow, decide again, compare a target, plan, queue, explain.

    python -m benchmarks.engine [--small] [--users 100000] [--groups 10000]
        [--memberships 2000000] [--only-explain] [--url postgresql+psycopg://…]

100,000 users in 10,000 groups with 2,000,000 memberships, of which push and read say the same
and which one target holds; `--small` has a hundredth of that. An address must name a database
of its own. Prints, as the table of `docs/performance.md`, seconds and processor seconds of our
process, and by how much its peak of memory grew. `--only-explain` asks for explanations and does
nothing else of it. The company is arithmetic and nothing of it is
kept, so the peak is ours; the target tells its pages without a network.
"""

import argparse
import resource
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Row

from benchmarks import load, scim
from benchmarks.company import Application, Filled, change, company, fill, profile
from benchmarks.table import table_line
from connectors.base import Target
from models.clock import Clock
from models.evidence import Channel
from models.identity import GroupKey, Membership, TargetKey, UserKey
from models.instant import HOUR, MINUTE
from models.plans import OperationName, Planned
from models.store import cases, narrowing, outbox, queue
from models.store.database import Database
from models.store.ledger import Touched
from models.store.migrate import migrate
from models.store.vault import hashed
from models.verdicts import Answer, Verdict
from sync import decide, intake
from sync.peers import Peers
from sync.pushing.push import Push
from sync.reconcile import Reconciliation
from sync.undecided import undecided
from tests import builders

EXPLAINED, TOUCHED, TIMES, QUEUED = 200, 500, 5, 20_000


class Later(Clock):
    """Some hours after everything was said, so that nothing is stale."""

    def __init__(self) -> None:
        self.start = time.time_ns() // 1000

    def now(self) -> int:
        return builders.START + 3 * HOUR + time.time_ns() // 1000 - self.start


class Alone(Peers):
    """One target, in memory."""

    def __init__(self, target: Target) -> None:
        self.only = target

    def target(self, row: Row[Any]) -> Target:
        return self.only


def timed(what: str, work: Callable[[], object]) -> None:
    wall, processor, before = time.perf_counter(), time.process_time(), peak()
    found = work()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    told = "" if found is None else str(found)
    row(what, f"{wall:.3f}", f"{processor:.3f}", f"{peak() - before:.0f}", told)


def row(*cells: str) -> None:
    print(table_line(cells), flush=True)


def peak() -> float:
    """The most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def narrow(database: Database, filled: Filled) -> None:
    key = filled.connection.key
    with database.read() as tx:
        for what, target in (("narrow, one target", filled.target), ("narrow, channels", 0)):
            found = narrowing.candidates(tx, key, target)
            timed(what, lambda found=found: sum(len(users) for _, users in found))
        now = Later().now()
        timed("decide all again", lambda: len(undecided(tx, filled.connection, now).users))


def reconcile(database: Database, filled: Filled, what: str) -> None:
    """While somebody is pushed every 20 ms."""
    clock, target = Later(), Application(filled.company)
    work = Reconciliation(database, Alone(target), clock, filled.connection, beat=clock.now)
    timed("the target's listing alone", lambda: sum(1 for _ in target.observe()))
    with pushing(database, filled) as waits:
        timed(what, lambda: work.reconcile()[1])
    row("… worst wait of a push meanwhile", f"{max(waits):.3f}", "", "", f"{len(waits)} pushes")


@contextmanager
def pushing(database: Database, filled: Filled) -> Iterator[list[float]]:
    """Seconds that each push took: a member added who is one already."""
    done, waits, clock = threading.Event(), [0.0], Later()
    with database.read() as tx:
        first = tx.value("SELECT public_id FROM users WHERE id = :key", {"key": filled.user})

    def push() -> None:
        while not done.wait(0.02):
            start = time.perf_counter()
            with database.write() as tx:
                Push(tx, filled.connection, clock).add_members(GroupKey(filled.group), [first])
            waits.append(time.perf_counter() - start)

    pusher = threading.Thread(target=push)
    pusher.start()
    try:
        yield waits
    finally:
        done.set()
        pusher.join()


def touch(database: Database, filled: Filled) -> None:
    """Others each time. At first statements are prepared too, and pages read from the disk."""
    walls, cpus = list[float](), list[float]()
    for first in range(TIMES):
        near = range(first, first + 7 * TOUCHED, 7)
        touched = Touched(users={UserKey(filled.user + n % filled.company.users) for n in near})
        with database.trial() as tx:
            wall, processor = time.perf_counter(), time.process_time()
            intake.resolve(tx, filled.connection, touched, Later().now())
            walls.append(time.perf_counter() - wall)
            cpus.append(time.process_time() - processor)
    wall, processor = statistics.median(walls), statistics.median(cpus)
    told = f"median of {TIMES}; the first {cpus[0]:.3f}"
    row(f"{TOUCHED} touched users", f"{wall:.3f}", f"{processor:.3f}", "", told)


def explain(database: Database, filled: Filled) -> None:
    """What stands about one membership, and the verdict on it."""
    chance, took, now = Random(3), list[float](), Later().now()
    for _ in range(EXPLAINED):
        team = chance.choice(filled.company.teams)
        user = UserKey(filled.user + next(team.members(filled.company.users)))
        asked = Membership(GroupKey(filled.group + team.number), user)
        start = time.perf_counter()
        with database.read() as tx:
            for record in cases.members(tx, [asked], filled.target):
                decide.member(record, filled.connection.policy, now)
        took.append(1000 * (time.perf_counter() - start))
    took.sort()
    told = f"p50 {took[len(took) // 2]:.2f} ms, p99 {took[-3]:.2f} ms"
    row(f"{EXPLAINED} explanations", f"{sum(took) / 1000:.3f}", "", "", told)


def explain_over_http(home: Path, url: str, filled: Filled) -> None:
    """As an administrator asks `trueup web`, one question after another."""
    chance, key = Random(4), {"Authorization": "Bearer bench"}

    def asks() -> Iterator[bytes]:
        while True:
            team = chance.choice(filled.company.teams)
            number = next(team.members(filled.company.users))
            query = {"user": profile(number).user_name, "group": team.name}
            yield load.request("GET", f"/api/v1/explain?{urlencode(query)}", key)

    with scim.web(home, url) as server:
        server.drive(asks(), 1, connections=1)
        found = server.drive(asks(), 5, connections=1)
    p50, p99 = found.percentile(0.5), found.percentile(0.99)
    told = f"p50 {p50:.2f} ms, p99 {p99:.2f} ms, {found.errors} failed"
    row(
        f"{len(found.latencies)} explanations over HTTP",
        f"{found.seconds:.3f}",
        f"{found.cpu:.3f}",
        "",
        told,
    )


def deliver(database: Database, filled: Filled) -> None:
    """Rows of the outbox: written, taken by a worker in batches, and ended."""
    so = Verdict(Answer.YES, "So it is.", decided_by=Channel.PUSH, since=builders.START)
    planned = [
        Planned(
            target=TargetKey(filled.target),
            operation=OperationName.ADD_MEMBER,
            group=GroupKey(filled.group + n % len(filled.company.teams)),
            user=UserKey(filled.user + n // len(filled.company.teams)),
            because=so,
        )
        for n in range(QUEUED)
    ]
    changes = [{"group": one.group, "user": one.user, "at": builders.START} for one in planned]

    def apply() -> None:
        with database.write() as tx:
            tx.many(
                """
                INSERT INTO memberships (group_id, user_id, push_yes) VALUES (:group, :user, :at)
                ON CONFLICT (group_id, user_id) DO UPDATE SET push_yes = excluded.push_yes
                """,
                changes,
            )
            outbox.enqueue(tx, planned, builders.START)

    timed(f"apply {QUEUED} changes with outbox rows", apply)
    timed(f"take and acknowledge {QUEUED} rows", lambda: drain(database))


def drain(database: Database) -> int:
    ended, now = 0, Later().now()
    while True:
        with database.write() as tx:
            batches = queue.relay(tx, now, lease=MINUTE, limit=1000)
        ids = [one for _, batch in batches for one in batch]
        if not ids:
            return ended
        with database.write() as tx:
            queue.claim(tx, ids, owner="bench", lease=MINUTE, now=now)
        with database.write() as tx:
            ended += queue.finish(tx, ids, owner="bench", state="done", now=now)


def filled_with(database: Database, users: int, groups: int, memberships: int) -> Filled:
    made = company(users, groups, memberships)
    where = "SQLite" if database.is_sqlite else "PostgreSQL"
    print(f"{where}; {users:,} users, {groups:,} groups, {made.memberships:,} memberships\n")
    row("work", "seconds", "cpu", "MB more", "found")
    row("---", "--:", "--:", "--:", "---")
    filled: list[Filled] = []
    timed(f"fill {made.memberships} memberships", lambda: filled.append(fill(database, made)))
    with database.write() as tx:
        key = {"public_id": "bench", "name": "bench", "hash": hashed("bench")}
        tx.insert("api_keys", {**key, "created_at": builders.START, "updated_at": builders.START})
    return filled[0]


def measure(database: Database, filled: Filled) -> None:
    narrow(database, filled)
    touch(database, filled)
    reconcile(database, filled, "reconcile, nothing changed")
    change(database, filled, 0.01)
    narrow(database, filled)
    reconcile(database, filled, "reconcile, 1 % changed")
    with database.write() as tx:
        tx.run("DELETE FROM actions")
    deliver(database, filled)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--small", action="store_true")
    options.add_argument("--users", type=int, default=100_000)
    options.add_argument("--groups", type=int, default=10_000)
    options.add_argument("--memberships", type=int, default=2_000_000)
    options.add_argument("--only-explain", action="store_true")
    options.add_argument("--url", default="")
    given = options.parse_args()
    sizes = (given.users, given.groups, given.memberships)
    if given.small:
        sizes = (1_000, 100, 20_000)
    with tempfile.TemporaryDirectory() as home:
        database = Database(given.url or f"sqlite:///{Path(home)}/trueup.db")
        migrate(database)
        filled = filled_with(database, *sizes)
        explain(database, filled)
        if not given.only_explain:
            measure(database, filled)
        database.close()
        explain_over_http(Path(home), given.url, filled)


if __name__ == "__main__":
    main()

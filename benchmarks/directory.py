"""Read and reconcile a directory of 100,000 users in 10,000 groups with 2,000,000 memberships.

    python -m benchmarks.directory [--users 100000] [--groups 10000] [--memberships 2000000]
        [--url postgresql+psycopg://…]

Prints seconds for: the first full read, a read in which nothing changed, one in which 1 % of
the memberships did, a reconciliation (everything decided again), and one explanation; and
the peak memory of the process. The directory is made in memory, so no network is measured.
"""

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from connectors.base import (
    DirectoryGroup,
    DirectoryMembers,
    DirectoryUser,
    ReadEnded,
    ReadPart,
)
from models.clock import Clock
from models.store import cases, runs
from models.store.database import Database
from models.store.migrate import migrate
from sync.connection import Connection
from sync.peers import Peers
from sync.pull import Reading
from sync.reconcile import Reconciliation
from sync.settings import Settings
from tests import builders

PAGE = 999


class Directory:
    """A made-up directory that is the same every time: group sizes are log-normal."""

    def __init__(self, users: int, groups: int, memberships: int) -> None:
        chance = random.Random(1)
        sizes = [chance.lognormvariate(3.5, 1.6) for _ in range(groups)]
        share = memberships / sum(sizes)
        self.users = [f"{chance.getrandbits(128):032x}" for _ in range(users)]
        self.groups = [
            (f"{chance.getrandbits(128):032x}", self._some(chance, max(1, round(size * share))))
            for size in sizes
        ]

    def _some(self, chance: random.Random, size: int) -> frozenset[int]:
        count = len(self.users)
        start, step = chance.randrange(count), chance.randrange(1, count) | 1
        return frozenset((start + step * i) % count for i in range(min(size, count // 2)))

    def change(self, share: float) -> None:
        """Half of the changes take a member out, half put one in; scattered."""
        chance = random.Random(2)
        for index, (name, members) in enumerate(self.groups):
            kept = {one for one in members if chance.random() >= share / 2}
            fresh = {chance.randrange(len(self.users)) for _ in range(len(members) - len(kept))}
            self.groups[index] = (name, frozenset(kept | fresh))

    def read(self) -> Iterator[ReadPart]:
        for start in range(0, len(self.users), PAGE):
            page = range(start, min(start + PAGE, len(self.users)))
            yield [
                DirectoryUser(
                    id=self.users[i],
                    user_name=f"user{i:07d}@corp.example",
                    email=f"user{i:07d}@corp.example",
                    first_name="Test",
                    last_name=f"User {i}",
                    display_name=f"Test User {i}",
                )
                for i in page
            ]
        for start in range(0, len(self.groups), PAGE):
            some = self.groups[start : start + PAGE]
            yield [DirectoryGroup(name, f"group {name[:8]}") for name, _ in some]
        for name, members in self.groups:
            yield DirectoryMembers(name, frozenset(self.users[i] for i in members))
        yield ReadEnded(expected_users=len(self.users), expected_groups=len(self.groups))

    def close(self) -> None:
        pass


def timed(what: str, work: Callable[[], object]) -> None:
    start = time.perf_counter()
    found = work()
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what:44} {seconds:8.2f} s   peak {peak:5.0f} MB   {found}", flush=True)


def full_read(database: Database, connection: Connection, directory: Directory) -> str:
    clock = Clock()
    with database.write() as tx:
        key = runs.start(tx, connection.key, "pull", clock.now())
        runs.take(tx, key, clock.now(), lease=10**9)
        run = runs.claim(tx, key, owner="bench", lease=10**12, now=clock.now())
    assert run is not None
    reading = Reading(database, connection, key, started=run.started_at, beat=clock.now)
    certificate = reading.read(directory)  # type: ignore[arg-type]
    with database.write() as tx:
        reading.conclude(tx)
        runs.end(tx, key, owner="bench", state="complete", now=clock.now())
    return f"{certificate.problem or 'complete'}, {reading.changes} changes"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--users", type=int, default=100_000)
    options.add_argument("--groups", type=int, default=10_000)
    options.add_argument("--memberships", type=int, default=2_000_000)
    options.add_argument("--url", default="")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as home:
        database = Database(given.url or f"sqlite:///{home}/trueup.db")
        migrate(database)
        measure(database, Path(home), Directory(given.users, given.groups, given.memberships))


def measure(database: Database, home: Path, directory: Directory) -> None:
    with database.write() as tx:
        key = builders.organization(tx, slug=f"bench{time.time_ns()}", domains=())
        policy = {"lag": 0, "admit": "all", "shrink": 1}
        connection = builders.connection(
            tx, key, push=False, pull={"kind": "memory"}, policy=policy
        )
    timed("first full read", lambda: full_read(database, connection, directory))
    timed("full read, nothing changed", lambda: full_read(database, connection, directory))
    directory.change(0.01)
    timed("full read, 1 % changed", lambda: full_read(database, connection, directory))
    peers = Peers(Settings(home=home).vault(), Settings().limits)
    clock = Clock()
    work = Reconciliation(database, peers, clock, connection, beat=clock.now)
    timed("reconcile, everything decided for the first time", work.reconcile)
    work.findings.clear()
    timed("reconcile again", lambda: len(work.reconcile()[1]))
    with database.read() as tx:
        user = tx.value("SELECT max(user_id) FROM memberships")
        timed("one user's memberships", lambda: len(cases.members_of_user(tx, user)))


if __name__ == "__main__":
    main()

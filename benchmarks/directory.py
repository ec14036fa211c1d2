"""Read a directory of 100,000 users in 10,000 groups with 2,000,000 memberships, night by night.

    python -m benchmarks.directory [--small] [--users 100000] [--groups 10000]
        [--memberships 2000000] [--runs 1] [--without-pushes] [--url postgresql+psycopg://…]

The directory is made up and written to files, as pages of Microsoft Graph; what is measured
begins with their bytes, and ends when all that follows from them stands in the ledger, committed
(what is decided of it then is measured by `benchmarks.engine`). Each work has a process of its
own. Printed, as the table of `docs/performance.md`, are seconds in all and until the members
begin ("users"), processor seconds, how many times those of its reference that is, the peak of
the memory above what the process needed before (a database open, nothing read), and the rows
that were written.

The references know one directory and nothing else. "Staged and inserted" loads everything as
rows, then into the tables of the ledger by one statement, in one transaction. "Compared without
staging" compares each group with the ledger as its pages arrive, and writes nothing.

The last lines read again while memberships are pushed, forty a second, and tell how long these
took, which is mostly how long they waited for the read. --url is for an empty database.
"""

import argparse
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import bare, load
from benchmarks.made import Made, PagesRead
from benchmarks.table import table_line
from connectors.base import DirectoryMembers, ReadPart
from models.clock import Clock
from models.store import organizations, runs
from models.store.database import Database, Tx, dumps
from models.store.migrate import migrate
from sync import connection as connections
from sync.connection import Connection
from sync.pushing.push import Push
from sync.reading.pull import Reading

SHARES = (0.0, 0.001, 0.01, 0.1)
OURS, BARE = "ours", "bare"
PUSHED = "somebody@corp.example"
COLUMNS = (
    "work",
    "database",
    "seconds",
    "times the reference",
    "users",
    "cpu",
    "times the reference",
    "MB above idle",
    "rows written",
)


def main() -> None:
    given = _options().parse_args()
    if given.work:
        print(json.dumps(WORKS[given.work](_database(given), given)))
        return
    with tempfile.TemporaryDirectory(prefix="trueup-bench-") as home:
        _measure(given, Path(home))


def _options() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    found.add_argument("--small", action="store_true", help="a twentieth of everything")
    found.add_argument("--users", type=int, default=100_000)
    found.add_argument("--groups", type=int, default=10_000)
    found.add_argument("--memberships", type=int, default=2_000_000)
    found.add_argument("--runs", type=int, default=1, help="of each night; the median is shown")
    found.add_argument("--without-pushes", action="store_true")
    found.add_argument("--url", default="")
    found.add_argument("--work", default="", help=argparse.SUPPRESS)
    found.add_argument("--pages", type=Path, help=argparse.SUPPRESS)
    found.add_argument("--schema", default="", help=argparse.SUPPRESS)
    found.add_argument("--pushed", action="store_true", help=argparse.SUPPRESS)
    return found


def _measure(given: argparse.Namespace, home: Path) -> None:
    if given.small:
        given.users, given.groups = given.users // 20, given.groups // 20
        given.memberships //= 20
    made = Made(given.users, given.groups, given.memberships)
    pages = home / "pages"
    made.write(pages)
    print(
        f"{len(made.users):,} users, {len(made.groups):,} groups, {made.memberships:,} memberships"
        f"\n\n{table_line(COLUMNS)}\n|---|---|{'--:|' * (len(COLUMNS) - 2)}",
        flush=True,
    )

    def work(what: str, name: str, of: dict[str, Any] | None = None) -> dict[str, Any]:
        told = _child(given, home, name, pages, OURS if name == "read" else BARE)
        print(_line(given, what, told, of), flush=True)
        return told

    for schema in (OURS, BARE):
        _child(given, home, "prepare", pages, schema)
    work("first: read", "read", work("first: rows staged and inserted (reference)", "insert"))
    for share in SHARES:
        for _ in range(given.runs):
            made.change(share)
            made.write(pages)
            name = f"{share:.1%} changed" if share else "nothing changed"
            of = work(f"{name}: compared without staging (reference)", "compare")
            work(f"{name}: read", "read", of)
    if not given.without_pushes:
        _measure_pushes(given, home, made, pages)


def _measure_pushes(given: argparse.Namespace, home: Path, made: Made, pages: Path) -> None:
    made.change(0.01)
    made.write(pages)
    told = [("1.0% changed", _child(given, home, "read", pages, OURS, pushed=True))]
    _child(given, home, "prepare", pages, OURS)
    told.append(("first read", _child(given, home, "read", pages, OURS, pushed=True)))
    for what, one in told:
        waits = sorted(one["waits"])
        print(
            f"\n{what}, {_place(given)}, {len(waits)} memberships pushed meanwhile: "
            f"median {statistics.median(waits):.0f} ms, "
            f"99 of 100 {waits[len(waits) * 99 // 100]:.0f} ms, worst {waits[-1]:.0f} ms"
        )


def _child(
    given: argparse.Namespace,
    home: Path,
    work: str,
    pages: Path,
    schema: str,
    *,
    pushed: bool = False,
) -> dict[str, Any]:
    url = given.url or f"sqlite:///{home}/{schema}.db"
    command = [sys.executable, "-m", "benchmarks.directory", "--work", work, "--url", url]
    command += ["--pages", str(pages), "--schema", schema, *["--pushed"] * pushed]
    said = subprocess.run(command, cwd=load.ROOT, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, Any] = json.loads(said.stdout)
    return told


def _line(
    given: argparse.Namespace, what: str, told: dict[str, Any], of: dict[str, Any] | None
) -> str:
    """`of`: the reference."""

    def times(name: str) -> str:
        return "" if of is None else f"{told[name] / of[name]:.2f}"

    return table_line(
        [
            what,
            _place(given),
            f"{told['seconds']:.2f}",
            times("seconds"),
            f"{told['users']:.2f}",
            f"{told['cpu']:.2f}",
            times("cpu"),
            f"{told['peak']:.0f}",
            f"{told['written']:,}",
        ]
    )


def _place(given: argparse.Namespace) -> str:
    return "PostgreSQL" if given.url else "SQLite"


def _database(given: argparse.Namespace) -> Database:
    """On PostgreSQL a schema of its own for each of the two."""
    if given.url.startswith("sqlite"):
        return Database(given.url)
    joined = "&" if "?" in given.url else "?"
    return Database(f"{given.url}{joined}options=-csearch_path%3Dbench_{given.schema}")


def _prepare(database: Database, given: argparse.Namespace) -> dict[str, Any]:
    """Empty tables; in ours a connection, with somebody who is pushed."""
    if database.is_sqlite:
        path = Path(given.url.removeprefix("sqlite:///"))
        for one in path.parent.glob(f"{path.name}*"):
            one.unlink()
    else:
        with database.write() as tx:
            tx.run(f"DROP SCHEMA IF EXISTS bench_{given.schema} CASCADE")
            tx.run(f"CREATE SCHEMA bench_{given.schema}")
    migrate(database)
    if given.schema == OURS:
        with database.write() as tx:
            _connect(tx)
    return {}


def _connect(tx: Tx) -> None:
    clock = Clock()
    now = clock.now()
    acme = organizations.insert(tx, "acme", "Acme", now=now)
    row = {
        "public_id": str(uuid.uuid4()),
        "organization_id": acme,
        "slug": "idp",
        "provider": "generic",
        "push": True,
        "pull": dumps({"kind": "memory", "scope": "all"}),
        "policy": dumps({"lag": 0, "shrink": 1}),
        "pull_users": 0,
        "pull_groups": 0,
        "created_at": now,
        "updated_at": now,
    }
    push = Push(tx, connections.load(tx, tx.insert("connections", row)), clock)
    push.create_user({"userName": PUSHED, "externalId": PUSHED})
    push.create_group({"displayName": PUSHED, "externalId": PUSHED}, [])


def _insert(database: Database, given: argparse.Namespace) -> dict[str, Any]:
    found = Measured(database)
    staged, seconds = bare.stage_and_insert(database, given.pages)
    return found.told(seconds, staged)


def _compare(database: Database, given: argparse.Namespace) -> dict[str, Any]:
    found = Measured(database)
    compared = bare.compare(database, given.pages)
    told = found.told(compared.in_all, compared.users)
    bare.apply(database, compared)
    return told


def _read(database: Database, given: argparse.Namespace) -> dict[str, Any]:
    with database.read() as tx:
        connection = connections.load(tx, tx.value("SELECT max(id) FROM connections"))
    found = Measured(database)
    start = time.perf_counter()
    source = Timed(given.pages)
    with pushing(database, connection, given.pushed) as waits:
        full_read(database, connection, source)
        seconds = time.perf_counter() - start
    return found.told(seconds, source.members_at - start, waits)


def full_read(database: Database, connection: Connection, source: PagesRead) -> None:
    clock = Clock()
    with database.write() as tx:
        key = runs.start(tx, connection.key, "pull", clock.now())
        runs.relay(tx, clock.now(), lease=10**9)
        run = runs.claim(tx, key, owner=OURS, lease=10**12, now=clock.now())
    assert run is not None
    reading = Reading(database, connection, key, started=run.started_at, beat=clock.now)
    certificate = reading.read(source)  # type: ignore[arg-type]  # it answers no point reads
    assert certificate.is_complete, certificate.problem
    with database.write() as tx:
        reading.conclude(tx, clock.now())
        runs.end(tx, key, owner=OURS, state="complete", now=clock.now())


class Timed(PagesRead):
    """Notes when it is asked for the first members."""

    members_at = 0.0

    def read(self) -> Iterator[ReadPart]:
        for part in super().read():
            if isinstance(part, DirectoryMembers) and not self.members_at:
                self.members_at = time.perf_counter()
            yield part


@contextmanager
def pushing(database: Database, connection: Connection, is_asked: bool) -> Iterator[list[float]]:
    """Push a membership now and then; milliseconds until each was committed."""
    waits: list[float] = []
    done = threading.Event()

    def push() -> None:
        clock = Clock()
        while not done.wait(0.025):
            start = time.perf_counter()
            with database.write() as tx:
                _push(Push(tx, connection, clock), is_member=len(waits) % 2 == 0)
            waits.append((time.perf_counter() - start) * 1000)

    thread = threading.Thread(target=push)
    if is_asked:
        thread.start()
    yield waits
    done.set()
    if is_asked:
        thread.join()


def _push(push: Push, *, is_member: bool) -> None:
    sql = "SELECT id, public_id FROM {} WHERE scim_external_id = :name"
    group = push.tx.row(sql.format("groups"), {"name": PUSHED})
    user = push.tx.row(sql.format("users"), {"name": PUSHED})
    assert group is not None and user is not None
    (push.add_members if is_member else push.remove_members)(group.id, [user.public_id])


class Measured:
    """What this process needs from now on."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.written = _written(database)
        gc.collect()
        self.idle = _memory("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")
        self.cpu = time.process_time()

    def told(self, seconds: float, users: float, waits: Sequence[float] = ()) -> dict[str, Any]:
        cpu, peak = time.process_time() - self.cpu, _memory("VmHWM") - self.idle
        return {
            "seconds": seconds,
            "users": users,
            "cpu": cpu,
            "peak": peak,
            "written": _written(self.database) - self.written,
            "waits": waits,
        }


def _memory(which: str) -> float:
    """Megabytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(which))


def _written(database: Database) -> int:
    """Rows, since the beginning of time."""
    if database.is_sqlite:
        with database.read() as tx:
            return int(tx.connection.connection.dbapi_connection.total_changes)
    database.close()  # for statistics are told at the end of a session
    time.sleep(1)
    with database.read() as tx:
        return int(
            tx.value(
                "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables "
                "WHERE schemaname = current_schema()"
            )
            or 0
        )


WORKS: dict[str, Callable[[Database, argparse.Namespace], dict[str, Any]]] = {
    "prepare": _prepare,
    "insert": _insert,
    "compare": _compare,
    "read": _read,
}

if __name__ == "__main__":
    main()

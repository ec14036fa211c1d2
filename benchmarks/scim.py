"""Push users and groups over SCIM, as an identity provider does, and count.

    python -m benchmarks.scim [--url postgresql+psycopg://…] [--users 10000] [--seconds 5]
        [--runs 3] [--peer]

`trueup web` runs in a process of its own on the first core with one connection, one target that
holds everything already, and nobody who delivers: what is measured is to authenticate, check,
write down, decide, queue and commit, durably. 16 keep-alive connections ask from the last core.
Every row is the median of several runs. S is one static answer of 1 KB, in the same run.
Without --url the database is SQLite in a temporary folder, with `synchronous=FULL`. With it,
let it be an empty database of its own: what is made there is left there.
"""

import argparse
import itertools
import math
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import msgspec

from benchmarks import load
from benchmarks.load import Result, Server
from benchmarks.seed import Seeded, seed, user_name
from models.store.database import Database
from models.store.migrate import migrate

PEER = "scim2-server"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    who: str
    work: str
    result: Result
    floor: Result
    peak: float
    """Megabytes of the server, at the most so far."""

    @property
    def in_floors(self) -> float:
        """How many S of processor time one answer costs the web."""
        return self.result.cost / self.floor.cost if self.floor.cost else float("nan")


@dataclass(slots=True)
class Provider:
    """Asks one SCIM service for what is to be measured."""

    server: Server
    prefix: str
    token: str
    users: list[str]
    """Ids, in the order of their user names."""
    groups: dict[int, list[str]]
    """Ids by how many members there are."""
    fresh: list[str] = field(default_factory=list)
    """Ids of users who were created while we measured."""
    _tag: int = field(default_factory=time.time_ns)
    _next: Iterator[int] = field(default_factory=itertools.count)

    def ask(self, method: str, path: str, body: object = None) -> bytes:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/scim+json",
            "Accept": "application/scim+json, application/json",
        }
        raw = b"" if body is None else msgspec.json.encode(body)
        return load.request(method, self.prefix + path, headers, raw)

    def create(self) -> Iterator[bytes]:
        for number in self._next:
            name = f"new-{self._tag}-{number}"
            yield self.ask("POST", "/Users", user_body(f"{name}@corp.example", name))

    def find(self) -> Iterator[bytes]:
        for number in _scattered(len(self.users)):
            wanted = quote(f'userName eq "{user_name(number)}"')
            yield self.ask("GET", f"/Users?filter={wanted}&startIndex=1&count=100")

    def patch_active(self, some: int) -> Iterator[bytes]:
        """The first so many users, out and in again by turns."""
        for active in itertools.cycle((False, True)):
            for key in self.users[:some]:
                operation = {"op": "replace", "value": {"active": active}}
                yield self._patch(f"/Users/{key}", operation)

    def add_member(self, size: int) -> Iterator[bytes]:
        """Users who were created a moment ago, into groups of this size."""
        groups = itertools.cycle(self.groups[size])
        for key in itertools.cycle(self.fresh):
            operation = {"op": "add", "path": "members", "value": [{"value": key}]}
            yield self._patch(f"/Groups/{next(groups)}", operation)

    def show_group(self, size: int, query: str = "") -> Iterator[bytes]:
        return (self.ask("GET", f"/Groups/{g}{query}") for g in itertools.cycle(self.groups[size]))

    def note_fresh(self, body: bytes) -> None:
        self.fresh.append(msgspec.json.decode(body)["id"])

    def _patch(self, path: str, operation: object) -> bytes:
        return self.ask("PATCH", path, {"schemas": [PATCH], "Operations": [operation]})


def user_body(name: str, external: str) -> object:
    """What Okta and Entra send, more or less."""
    return {
        "schemas": [USER, ENTERPRISE],
        "userName": name,
        "externalId": external,
        "active": True,
        "displayName": f"Test User {external}",
        "name": {"formatted": "Test User", "familyName": "User", "givenName": "Test"},
        "emails": [{"primary": True, "type": "work", "value": name}],
        "title": "Engineer",
        "preferredLanguage": "en-US",
        "phoneNumbers": [{"type": "work", "value": "+1-555-0100"}],
        "locale": "en-US",
        ENTERPRISE: {"employeeNumber": external[-12:], "department": "Platform"},
    }


def _scattered(count: int) -> Iterator[int]:
    """Every number below `count` again and again, not in order."""
    return (number * 7919 % count for number in itertools.count())


def measure_all(given: argparse.Namespace, floor: Result) -> Iterator[Row]:
    """We first, then the peer."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        yield from measure(ours(stack, home, given), "Trueup", floor, given)
    if given.peer:
        with ExitStack() as stack:
            yield from measure(peer(stack, given), PEER, floor, given)


def measure_floor(given: argparse.Namespace) -> Result:
    port = load.free_port()
    with load.served(load.uvicorn("benchmarks.floor:app", port), port) as server:
        same = itertools.repeat(load.request("GET", "/"))
        return load.measured(server, same, given.seconds, runs=given.runs)


def measure(who: Provider, name: str, floor: Result, given: argparse.Namespace) -> Iterator[Row]:
    def run(work: str, requests: Iterator[bytes], heard: load.Heard | None = None) -> Row:
        result = load.measured(who.server, requests, given.seconds, runs=given.runs, heard=heard)
        return Row(name, work, result, floor, who.server.peak())

    yield run("GET filter userName eq", who.find())
    for size in who.groups:
        yield run(f"GET group of {size:,} members", who.show_group(size))
    largest = max(who.groups)
    without = who.show_group(largest, "?excludedAttributes=members")
    yield run(f"GET group of {largest:,}, no members", without)
    yield run("POST /Users", who.create(), who.note_fresh)
    yield run("PATCH user active, 100 users by turns", who.patch_active(100))
    for size in who.groups:
        yield run(f"PATCH add 1 member, group of {size:,}", who.add_member(size))


def ours(stack: ExitStack, home: Path, given: argparse.Namespace) -> Provider:
    """The daemon's web on a seeded database."""
    database = Database(given.url or f"sqlite:///{home}/trueup.db")
    migrate(database)
    seeded = seed(database, given.users, groups_of(given.users))
    database.close()
    server = stack.enter_context(web(home, given.url))
    return provider_of(server, seeded)


def provider_of(server: Server, seeded: Seeded) -> Provider:
    prefix = f"/scim/v2/{seeded.connection}"
    return Provider(server, prefix, seeded.token, seeded.users, seeded.groups)


def web(home: Path, url: str, **settings: str) -> AbstractContextManager[Server]:
    """`trueup web` on the first core."""
    port = load.free_port()
    return load.served(
        [sys.executable, str(load.ROOT / "trueup.py"), "web"],
        port,
        TRUEUP_HOME=str(home),
        TRUEUP_PORT=str(port),
        TRUEUP_DATABASE_URL=url,
        **settings,
    )


def groups_of(users: int) -> dict[int, int]:
    """How many groups there are of each size: few large ones, many small ones."""
    wanted = {10: 200, 1_000: 10, 10_000: 2}
    return {size: count for size, count in wanted.items() if size <= users}


def peer(stack: ExitStack, given: argparse.Namespace) -> Provider:
    """scim2-server, told of the same users and groups over HTTP."""
    port = load.free_port()
    server = stack.enter_context(load.served(load.uvicorn("benchmarks.peer:app", port), port))
    found = Provider(server, "/v2", "none", [], {})
    ids: dict[str, str] = {}

    def note(body: bytes) -> None:
        made = msgspec.json.decode(body)
        ids[made.get("userName") or made["displayName"]] = made["id"]

    names = [user_name(number) for number in range(given.users)]
    bodies = (user_body(name, f"{number:07}") for number, name in enumerate(names))
    _all(server, (found.ask("POST", "/Users", body) for body in bodies), note)
    found.users = [ids[name] for name in names]
    for size, count in groups_of(given.users).items():
        titles = [f"group {size} {number}" for number in range(count)]
        _all(
            server,
            (found.ask("POST", "/Groups", _group(t, found.users[:size])) for t in titles),
            note,
        )
        found.groups[size] = [ids[title] for title in titles]
    return found


def _group(title: str, members: list[str]) -> object:
    listed = [{"value": one} for one in members]
    return {"schemas": [GROUP], "displayName": title, "members": listed}


def _all(server: Server, requests: Iterator[bytes], note: load.Heard) -> None:
    result = server.drive(requests, load.LONGEST, heard=note)
    if result.errors:
        raise RuntimeError(f"{result.errors} of the requests that seed were refused")


def options(about: str | None) -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    found.add_argument("--url", default="")
    found.add_argument("--users", type=int, default=10_000)
    found.add_argument("--seconds", type=float, default=5)
    found.add_argument("--runs", type=int, default=3)
    return found


COLUMNS = "per second", "p50 ms", "p99 ms", "errors", "cpu ms", "in S", "peak MB"
HEAD = " " * 52 + "".join(f"{name:>11}" for name in COLUMNS)


def cells(row: Row) -> list[str]:
    """What stands under the columns."""
    found = row.result
    return [
        f"{found.rate:,.0f}" if found.rate >= 10 else f"{found.rate:.1f}",
        f"{found.percentile(0.5):,.1f}",
        f"{found.percentile(0.99):,.1f}",
        str(found.errors),
        f"{found.cost:,.2f}",
        f"{row.in_floors:,.0f}",
        "" if math.isnan(row.peak) else f"{row.peak:,.0f}",
    ]


def line(row: Row) -> str:
    return f"{row.who:13}{row.work:39}" + "".join(f"{one:>11}" for one in cells(row))


def main() -> None:
    asked = options(__doc__)
    asked.add_argument("--peer", action="store_true")
    given = asked.parse_args()
    floor = measure_floor(given)
    print(HEAD)
    print(line(Row("floor", "S: one static answer of 1 KB", floor, floor, math.nan)))
    for row in measure_all(given, floor):
        print(line(row), flush=True)


if __name__ == "__main__":
    main()

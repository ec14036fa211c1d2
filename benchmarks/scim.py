"""Push users and groups over SCIM, as an identity provider does, and count.

    python -m benchmarks.scim [--url postgresql+psycopg://…] [--users 10000] [--seconds 5]
        [--runs 3] [--only WORD] [--no-ceiling] [--peer NAME …] [--peer-url postgresql://…]

`trueup web` runs in a process of its own on the first core with one connection, one target that
holds everything already, and nobody who delivers: what is measured is to authenticate, check,
write down, decide, queue and commit, durably. 16 keep-alive connections ask from the last core.
Every row is the median of several runs. S is one static answer of 1 KB; the ceiling
(`benchmarks.ceiling`) is asked the same, once, on the same kind of database in the same run.
Without --url the database is SQLite in a temporary folder, with `synchronous=FULL`. With it,
let it be an empty database of its own: what is made there is left there.

Peers are asked after ours, one by one, on the same core by the same client:

    scim2-server   in memory, asks for no token; 10,000 users at the most
    polis          on PostgreSQL, sends no webhooks; needs Node 20 with npm
    django-scim2   on PostgreSQL; 10,000 users at the most

The first is installed with the tests, the others are fetched into folders that git ignores when
they are first asked for, and use a schema of their own, dropped after, in the database that
--peer-url names. What a peer cannot do, or not in a sensible time, has no row of it.
"""

import argparse
import itertools
import math
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import msgspec

from benchmarks import load
from benchmarks.load import Result, Server
from benchmarks.peer import Peer
from benchmarks.peers import add_peer_options, peers_asked
from benchmarks.provider import Provider
from benchmarks.seed import Seeded, groups_of, seed
from benchmarks.table import Row, cells, table_head, table_line
from models.store.database import Database
from models.store.migrate import migrate

DEEP = 900
"""A page far into a list."""
REPLACED = 1_000
"""Members that one request replaces."""
ALONE = ", one client"
"""Of a work that takes so long that sixteen at one group would only wait for each other."""

Works = dict[str, Callable[[], Iterator[bytes]]]


def measure_all(
    given: argparse.Namespace, floor: Result, peers: Sequence[Peer] = ()
) -> Iterator[Row]:
    """The ceiling, then we, then the peers."""
    ceilings: dict[str, Result] = {}
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if not given.no_ceiling:
            once = argparse.Namespace(**{**vars(given), "runs": 1})
            for row in measure(ceiling(stack, home, given), "ceiling", floor, once, {}):
                ceilings[row.work] = row.result
                yield row
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        yield from measure(ours(stack, home, given), "Trueup", floor, given, ceilings)
    for peer in peers:
        with ExitStack() as stack:
            who = peer.start(stack, min(given.users, peer.most), given.peer_url)
            yield from measure(who, peer.name, floor, given, {}, peer)


def measure_floor(given: argparse.Namespace) -> Result:
    port = load.free_port()
    with load.served(load.uvicorn("benchmarks.floor:app", port), port) as server:
        same = itertools.repeat(load.request("GET", "/"))
        return load.measured(server, same, given.seconds, runs=given.runs)


def measure(
    who: Provider,
    name: str,
    floor: Result,
    given: argparse.Namespace,
    ceilings: dict[str, Result],
    peer: Peer | None = None,
) -> Iterator[Row]:
    for work, requests in works(who).items():
        is_asked = given.only in work or work.startswith("POST")
        if not is_asked or (peer and peer.leaves_out(work)):
            continue
        result = load.measured(
            who.server,
            requests(),
            given.seconds,
            runs=given.runs,
            connections=1 if work.endswith(ALONE) else load.CONNECTIONS,
            heard=who.note_fresh if work.startswith("POST") else None,
            warm_up=peer.warm_up if peer else load.WARM_UP,
        )
        yield Row(name, work, result, floor, who.server.peak(), ceilings.get(work))


def works(who: Provider) -> Works:
    """In this order: who is added was created before, who is removed was added before."""
    largest = max(who.groups)
    shown = [size for size in who.groups if size <= 10_000]
    without = "?excludedAttributes=members"
    found: Works = {
        "POST /Users": who.create,
        "GET filter userName eq": who.find,
        f"GET page {DEEP} of all users": lambda: who.page(DEEP),
        "PATCH user active, 100 users by turns": lambda: who.patch_active(100),
    }
    for size in shown:
        found[f"GET group of {size:,} members"] = lambda size=size: who.show_group(size)
    found[f"GET group of {shown[-1]:,}, no members"] = lambda: who.show_group(shown[-1], without)
    for size in who.groups:
        found[f"PATCH add 1 member, group of {size:,}"] = lambda size=size: who.add_member(size)
    for size in who.groups:
        work = f"PATCH remove 1 member, group of {size:,}"
        found[work] = lambda size=size: who.remove_member(size)
    some = min(REPLACED, largest // 2)
    work = f"PATCH replace {some:,} members of {largest:,}{ALONE}"
    return {**found, work: lambda: who.replace_members(largest, some)}


def ceiling(stack: ExitStack, home: Path, given: argparse.Namespace) -> Provider:
    """What only keeps what it is told."""
    port, sizes = load.free_port(), groups_of(given.users)
    server = stack.enter_context(
        load.served(
            load.uvicorn("benchmarks.ceiling:app", port),
            port,
            CEILING_USERS=str(given.users),
            CEILING_GROUPS=msgspec.json.encode(sizes).decode(),
            CEILING_PATH=f"{home}/ceiling.db",
            CEILING_URL=given.url.replace("+psycopg", ""),
        )
    )
    users = [f"u{number:07}" for number in range(given.users)]
    groups = {size: [f"g{size}-{n}" for n in range(count)] for size, count in sizes.items()}
    return Provider(server, "", "none", users, groups)


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


def options(about: str | None) -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    found.add_argument("--url", default="")
    found.add_argument("--users", type=int, default=10_000)
    found.add_argument("--seconds", type=float, default=5)
    found.add_argument("--runs", type=int, default=3)
    found.add_argument("--only", default="", help="rows that have this word in them")
    found.add_argument("--no-ceiling", action="store_true")
    return found


def main() -> None:
    asked = options(__doc__)
    add_peer_options(asked)
    given = asked.parse_args()
    peers = peers_asked(asked, given)
    floor = measure_floor(given)
    print(table_head("", "work"))
    rows = [Row("floor", "S: one static answer of 1 KB", floor, floor, math.nan)]
    for row in itertools.chain(rows, measure_all(given, floor, peers)):
        print(table_line([row.who, row.work, *cells(row)]), flush=True)


if __name__ == "__main__":
    main()

"""Hand in ID tokens as an application's backend does, and count.

    python -m benchmarks.login [--url postgresql+psycopg://…] [--users 10000] [--logins 1500]
        [--runs 3]

Every token is another user's and is signed beforehand by an issuer in a process of its own. Of
each, `POST /login/observations` checks the signature and the claims, records the login, compares
the groups it names with what was pushed, decides, and commits. RS256 first, then ES256, each as
the median of several runs. For the rest see `benchmarks.scim`.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import msgspec

from benchmarks import load
from benchmarks.issuer import CLIENT
from benchmarks.load import Result, Server
from benchmarks.scim import measure_floor, options, web
from benchmarks.seed import Seeded, groups_of, seed
from benchmarks.table import HEAD, Row, line
from models.store.database import Database
from models.store.migrate import migrate

ALGORITHMS = ("RS256", "ES256")
WARM_UP = 200
"""Logins before those that are counted."""


def measure_all(given: argparse.Namespace, floor: Result) -> Iterator[Row]:
    port = load.free_port()
    needed = (given.logins * given.runs + WARM_UP) * len(ALGORITHMS)
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        command = [sys.executable, "-m", "benchmarks.issuer", str(port)]
        stack.enter_context(load.served(command, port))
        login = {"protocol": "oidc", "issuer": f"http://127.0.0.1:{port}", "client_id": CLIENT}
        database = Database(given.url or f"sqlite:///{home}/trueup.db")
        migrate(database)
        users = max(given.users, needed)
        seeded = seed(database, users, groups_of(users), login=login)
        database.close()
        server = stack.enter_context(web(home, given.url, TRUEUP_ALLOW_NETWORKS="127.0.0.0/8"))
        for turn, algorithm in enumerate(ALGORITHMS):
            first = turn * needed // len(ALGORITHMS)
            tokens = signed(port, algorithm, first, needed // len(ALGORITHMS))
            work = f"login observation, {algorithm}"
            result = measured(server, requests(seeded, tokens), given)
            yield Row("Trueup", work, result, floor, server.peak())


def signed(port: int, algorithm: str, first: int, count: int) -> list[str]:
    url = f"http://127.0.0.1:{port}/tokens"
    params = {"algorithm": algorithm, "first": str(first), "count": str(count)}
    answer = httpx.post(url, params=params, timeout=600, trust_env=False)
    return answer.raise_for_status().text.splitlines()


def requests(seeded: Seeded, tokens: list[str]) -> list[bytes]:
    headers = {"Authorization": f"Bearer {seeded.key}", "Content-Type": "application/json"}
    bodies = ({"connection": seeded.connection, "id_token": token} for token in tokens)
    return [
        load.request("POST", "/login/observations", headers, msgspec.json.encode(body))
        for body in bodies
    ]


def measured(server: Server, asked: list[bytes], given: argparse.Namespace) -> Result:
    """Each run is as many logins, however long they take."""
    server.drive(iter(asked[:WARM_UP]), load.LONGEST)
    parts = [WARM_UP + turn * given.logins for turn in range(given.runs)]
    return load.repeated(
        [server.drive(iter(asked[at : at + given.logins]), load.LONGEST) for at in parts]
    )


def login_options(about: str | None) -> argparse.ArgumentParser:
    found = options(about)
    found.add_argument("--logins", type=int, default=1_500)
    return found


def main() -> None:
    given = login_options(__doc__).parse_args()
    print(HEAD)
    for row in measure_all(given, measure_floor(given)):
        print(line(row), flush=True)


if __name__ == "__main__":
    main()

"""Polis's library behind a bare server of Node, on the first core."""

import os
import subprocess
import sys
import uuid
from contextlib import ExitStack
from pathlib import Path

import msgspec

from benchmarks import load
from benchmarks.peer import Peer, require, schema_of_its_own
from benchmarks.provider import Provider, user_body
from benchmarks.seed import groups_of, user_name

NAME = "polis"
HERE = Path(__file__).resolve().parent
LOCK = HERE / "package-lock.json"
INSTALLED = HERE / "node_modules" / ".package-lock.json"
"""Which npm writes last."""
CONNECTIONS = 16
"""To the database; node-postgres would have 10."""


def install() -> None:
    require(NAME, "node", "npm")
    if INSTALLED.exists() and INSTALLED.stat().st_mtime >= LOCK.stat().st_mtime:
        return
    where = INSTALLED.parent.relative_to(load.ROOT)
    print(f"Installing {NAME} in {where}, some 280 MB", file=sys.stderr)
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(["npm", "ci", *quiet], cwd=HERE, check=True, stdout=sys.stderr)
    INSTALLED.touch()


def start(stack: ExitStack, count: int, url: str) -> Provider:
    settings = stack.enter_context(schema_of_its_own(url))
    settings["POLIS_URL"] = f"{url}{'&' if '?' in url else '?'}max_conns={CONNECTIONS}"
    users = [
        {**user_body(user_name(number), f"{number:07}"), "id": str(uuid.uuid4())}
        for number in range(count)
    ]
    groups = [
        {"id": str(uuid.uuid4()), "displayName": f"group {size} {number}", "size": size}
        for size, of_the_size in groups_of(count).items()
        for number in range(of_the_size)
    ]
    made = subprocess.run(
        ["node", HERE / "seed.mjs"],
        input=msgspec.json.encode({"users": users, "groups": groups}),
        env={**os.environ, **settings},
        check=True,
        stdout=subprocess.PIPE,
    )
    directory = msgspec.json.decode(made.stdout, type=dict[str, str])
    port = load.free_port()
    settings |= {"POLIS_DIRECTORY": directory["id"], "POLIS_PORT": str(port)}
    server = stack.enter_context(load.served(["node", str(HERE / "server.mjs")], port, **settings))
    ids = {
        size: [str(group["id"]) for group in groups if group["size"] == size]
        for size in groups_of(count)
    }
    return Provider(server, "", directory["secret"], [str(user["id"]) for user in users], ids)


POLIS = Peer(
    name=NAME,
    storage="PostgreSQL",
    most=100_000,
    # It answers without members, whatever is asked for, and puts in and takes out each by itself.
    without=("GET group", "replace"),
    install=install,
    start=start,
    warm_up=8,  # until Node has compiled what is asked for, a POST takes thrice the time
)

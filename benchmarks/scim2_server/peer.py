"""scim2-server on the first core, told of everything over HTTP."""

from collections.abc import Iterator
from contextlib import ExitStack

import msgspec

from benchmarks import load
from benchmarks.load import Server
from benchmarks.peer import Peer
from benchmarks.provider import GROUP, Provider, user_body
from benchmarks.seed import groups_of, user_name


def start(stack: ExitStack, count: int, _url: str) -> Provider:
    port = load.free_port()
    command = load.uvicorn("benchmarks.scim2_server.app:app", port)
    server = stack.enter_context(load.served(command, port))
    found = Provider(server, "/v2", "none", [], {})
    ids: dict[str, str] = {}

    def note(body: bytes) -> None:
        made = msgspec.json.decode(body)
        ids[made.get("userName") or made["displayName"]] = made["id"]

    names = [user_name(number) for number in range(count)]
    bodies = (user_body(name, f"{number:07}") for number, name in enumerate(names))
    _all(server, (found.ask("POST", "/Users", body) for body in bodies), note)
    found.users = [ids[name] for name in names]
    for size, groups in groups_of(count).items():
        titles = [f"group {size} {number}" for number in range(groups)]
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


SCIM2_SERVER = Peer(
    name="scim2-server",
    storage="memory",
    most=10_000,  # it takes minutes to be told of more
    without=("remove", "replace"),
    install=lambda: None,
    start=start,
)

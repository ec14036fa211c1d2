"""A SCIM service provider in a process of its own, which writes down every change it accepts.

It is slow on purpose, and now and then it says 429, or 500: sometimes before it did what it
was asked, sometimes after. It takes a port, a file, the share of faults, and the seconds that
it thinks about each request.
"""

import json
import os
import random
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Json = dict[str, Any]

FILTER = re.compile(r'(\w+) eq "(.*)"')
MEMBER = re.compile(r'members\[value eq "(.*)"\]')
NAMES = {"Users": "userName", "Groups": "displayName"}


class Shelf:
    """What it holds, and the file in which each change stands before it is answered."""

    def __init__(self, path: Path) -> None:
        self.held: dict[str, dict[str, Json]] = {"Users": {}, "Groups": {}}
        self.lock = threading.Lock()
        self._file = path.open("a")
        self._next = 0

    def create(self, collection: str, body: Json) -> Json | None:
        """None when the name is taken."""
        name = NAMES[collection]
        if any(one[name].lower() == body[name].lower() for one in self.held[collection].values()):
            return None
        self._next += 1
        made = {**body, "id": f"{collection[0].lower()}{self._next}"}
        self.held[collection][made["id"]] = made
        self.note("create", collection, made)
        return made

    def change(self, collection: str, one: Json, operations: list[Json]) -> None:
        for operation in operations:
            change(one, operation)
        self.note("change", collection, one)

    def delete(self, collection: str, one: Json) -> None:
        del self.held[collection][one["id"]]
        if collection == "Users":
            for group in self.held["Groups"].values():
                group["members"] = [m for m in group.get("members", []) if m["value"] != one["id"]]
        self.note("delete", collection, one)

    def note(self, what: str, collection: str, one: Json) -> None:
        self._file.write(json.dumps({"what": what, "collection": collection, "now": one}) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def change(one: Json, operation: Json) -> None:
    """The PATCHes that Trueup sends (RFC 7644 §3.5.2)."""
    path, members = operation.get("path"), one.setdefault("members", [])
    if operation["op"] == "replace" and path is None:
        one.update(operation["value"])
    elif operation["op"] == "add" and path == "members":
        there = {m["value"] for m in members}
        members += [m for m in operation["value"] if m["value"] not in there]
    elif operation["op"] == "remove" and (found := MEMBER.fullmatch(path)):
        one["members"] = [m for m in members if m["value"] != found[1]]
    else:
        raise ValueError(f"an unknown operation: {operation}")


class Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    shelf: Shelf
    dice: random.Random
    faults: float
    seconds: float
    """To think, about, before anything is done."""

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._serve(self._get)

    def do_POST(self) -> None:
        self._serve(self._write)

    do_PATCH = do_DELETE = do_POST

    def _serve(self, answer: Any) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        url = urlsplit(self.path)
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        time.sleep(self.seconds * self.dice.uniform(0.5, 1.5))
        chance = self.dice.random()
        if chance < self.faults / 2:
            self._say(429, {}, "Retry-After: 1")
            return
        if chance < self.faults:
            self._say(500, {})
            return
        with self.shelf.lock:
            status, said = answer(parts, parse_qs(url.query), body)
        if self.command != "GET" and chance < self.faults * 1.5:
            status, said = 500, {}  # done all the same
        self._say(status, said)

    def _get(self, parts: list[str], query: dict[str, list[str]], _: Json) -> tuple[int, Json]:
        if parts[0] == "ServiceProviderConfig":
            return 200, {"patch": {"supported": True}, "filter": {"supported": True}}
        held = self.shelf.held[parts[0]]
        if len(parts) == 2:
            return (200, held[parts[1]]) if parts[1] in held else (404, {})
        found = list(held.values())
        for text in query.get("filter", []):
            name, value = FILTER.fullmatch(text).groups()  # type: ignore[union-attr]
            found = [one for one in found if str(one.get(name, "")).lower() == value.lower()]
        start = int(query.get("startIndex", ["1"])[0]) - 1
        page = found[start : start + int(query.get("count", ["100"])[0])]
        return 200, {"totalResults": len(found), "Resources": page}

    def _write(self, parts: list[str], _: object, body: Json) -> tuple[int, Json]:
        shelf, collection = self.shelf, parts[0]
        if self.command == "POST":
            made = shelf.create(collection, body)
            return (201, made) if made else (409, {"scimType": "uniqueness"})
        one = shelf.held[collection].get(parts[1])
        if one is None:
            return 404, {}
        if self.command == "DELETE":
            shelf.delete(collection, one)
            return 204, {}
        shelf.change(collection, one, body["Operations"])
        return 200, one

    def _say(self, status: int, said: Json, *headers: str) -> None:
        body = json.dumps(said).encode() if said else b""
        self.send_response(status)
        for header in headers:
            self.send_header(*header.split(": "))
        self.send_header("Content-Type", "application/scim+json")
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Its clients are killed all the time."""


def main(port: int, path: Path, *, faults: float, seconds: float) -> None:
    Door.shelf, Door.dice, Door.faults, Door.seconds = (
        Shelf(path),
        random.Random(7),
        faults,
        seconds,
    )
    server = Server(("127.0.0.1", port), Door)
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), faults=float(sys.argv[3]), seconds=float(sys.argv[4]))

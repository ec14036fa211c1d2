"""The ceiling: what one Python process could reach that only keeps what it is told.

The same requests on three narrow tables: no schema is checked, no channel compared, nothing
decided; a write and one row of an outbox are committed, durably. A measuring stick, no product.
Users are `u0000000` and so on, groups `g10-0`: the size, and which of that size.
"""

import asyncio
import os
import re
import sqlite3
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import psycopg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

COUNT = int(os.environ.get("CEILING_USERS", "1000"))
SIZES = {int(size): int(n) for size, n in msgspec.json.decode(os.environ["CEILING_GROUPS"]).items()}
URL = os.environ.get("CEILING_URL", "")
PATH = os.environ.get("CEILING_PATH", "")
CONNECTIONS = 8
TABLES = (
    "CREATE TABLE users (id {key}, sid text UNIQUE, name text UNIQUE, raw text)",
    "CREATE TABLE groups (id {key}, sid text UNIQUE, version integer)",
    "CREATE TABLE members (g bigint, u bigint, PRIMARY KEY (g, u))",
    "CREATE TABLE outbox (id {key}, kind text, subject text)",
)
_NAME = re.compile(r'userName eq "([^"]*)"')
_ACTIVE = re.compile(r'"active":(?:true|false)')
_VALUE = re.compile(r'"([^"]*)"')
_PAGE = """
    SELECT raw FROM users WHERE id IN (SELECT id FROM users ORDER BY id LIMIT ? OFFSET ?)
"""
_MEMBERS = """
    SELECT u.sid FROM groups g JOIN members m ON m.g = g.id JOIN users u ON u.id = m.u
    WHERE g.sid = ?
"""
_CHANGE = {
    "add": "INSERT INTO members SELECT g.id, u.id FROM groups g, users u "
    "WHERE g.sid = ? AND u.sid = ? ON CONFLICT DO NOTHING",
    "remove": "DELETE FROM members WHERE g = (SELECT id FROM groups WHERE sid = ?) "
    "AND u = (SELECT id FROM users WHERE sid = ?)",
}
Rows = Sequence[Sequence[Any]]


def _raw(sid: str, name: str) -> str:
    body = {"userName": name, "active": True, "displayName": f"Test {name}", "id": sid}
    return msgspec.json.encode(body).decode()


def _seeds() -> dict[str, tuple[str, list[tuple[Any, ...]]]]:
    names = [f"user{number:07}@corp.example" for number in range(COUNT)]
    users = [(n, f"u{n:07}", name, _raw(f"u{n:07}", name)) for n, name in enumerate(names)]
    sids = [(f"g{size}-{n}", size) for size, count in SIZES.items() for n in range(count)]
    groups = [(key, sid, 1) for key, (sid, _) in enumerate(sids)]
    members = [(key, user) for key, (_, size) in enumerate(sids) for user in range(size)]
    return {
        "users": ("id, sid, name, raw", users),
        "groups": ("id, sid, version", groups),
        "members": ("g, u", members),
    }


class Sqlite:
    """Everything on the loop; what is written in one turn of it shares a commit."""

    async def open(self) -> None:
        self._waiting: list[tuple[Callable[[], Rows], asyncio.Future[Rows]]] = []
        self._link = sqlite3.connect(PATH, isolation_level=None, cached_statements=256)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-16384"):
            self._link.execute(f"PRAGMA {pragma}")
        self._link.execute("BEGIN")
        for one in TABLES:
            self._link.execute(one.format(key="integer PRIMARY KEY"))
        for table, (columns, rows) in _seeds().items():
            places = ", ".join("?" * (columns.count(",") + 1))
            self._link.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows)
        self._link.execute("COMMIT")

    async def read(self, sql: str, given: Sequence[Any]) -> Rows:
        return self._link.execute(sql, given).fetchall()

    async def write(self, *steps: tuple[str, Sequence[Any]]) -> Rows:
        """What the first step answers."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Rows] = loop.create_future()

        def work() -> Rows:
            found = [self._link.execute(sql, given).fetchall() for sql, given in steps]
            return found[0]

        if not self._waiting:
            loop.call_soon(loop.call_soon, self._flush)
        self._waiting.append((work, answer))
        return await answer

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._link.execute("BEGIN IMMEDIATE")
        done = [(answer, work()) for work, answer in waiting]
        self._link.execute("COMMIT")
        for answer, rows in done:
            answer.set_result(rows)


class Postgres:
    """A few connections, and a transaction of its own for each write."""

    async def open(self) -> None:
        self._free: asyncio.Queue[psycopg.AsyncConnection[Any]] = asyncio.Queue()
        for _ in range(CONNECTIONS):
            link = await psycopg.AsyncConnection.connect(URL, autocommit=True)
            self._free.put_nowait(link)
        await link.execute("DROP SCHEMA IF EXISTS ceiling CASCADE")
        await link.execute("CREATE SCHEMA ceiling")
        for one in TABLES:
            key = "bigint GENERATED BY DEFAULT AS IDENTITY (START 1000000000) PRIMARY KEY"
            await link.execute(one.format(key=key).replace("TABLE ", "TABLE ceiling."))
        for table, (columns, rows) in _seeds().items():
            copy = f"COPY ceiling.{table} ({columns}) FROM STDIN"
            async with link.cursor() as cursor, cursor.copy(copy) as into:
                for row in rows:
                    await into.write_row(row)
        await link.execute("ANALYZE")
        for _ in range(CONNECTIONS):
            each = await self._free.get()
            await each.execute("SET search_path = ceiling")
            self._free.put_nowait(each)

    async def read(self, sql: str, given: Sequence[Any]) -> Rows:
        link = await self._free.get()
        try:
            return await (await link.execute(sql.replace("?", "%s"), given)).fetchall()
        finally:
            self._free.put_nowait(link)

    async def write(self, *steps: tuple[str, Sequence[Any]]) -> Rows:
        """What the first step answers. All are sent at once."""
        link = await self._free.get()
        try:
            async with link.pipeline(), link.transaction():
                sent = [await link.execute(sql.replace("?", "%s"), given) for sql, given in steps]
            return await sent[0].fetchall() if sent[0].description else []
        finally:
            self._free.put_nowait(link)


store: Sqlite | Postgres = Postgres() if URL else Sqlite()


def _outbox(kind: str, subject: str) -> tuple[str, Sequence[Any]]:
    return "INSERT INTO outbox (kind, subject) VALUES (?, ?)", (kind, subject)


def _answer(body: str, status: int = 200) -> Response:
    return Response(body, status, media_type="application/scim+json")


async def create(request: Request) -> Response:
    body, sid = msgspec.json.decode(await request.body()), str(uuid.uuid4())
    raw = msgspec.json.encode(body | {"id": sid}).decode()
    insert = "INSERT INTO users (sid, name, raw) VALUES (?, ?, ?)"
    await store.write((insert, (sid, body["userName"], raw)), _outbox("created", sid))
    return _answer(raw, 201)


async def find(request: Request) -> Response:
    asked = request.query_params
    if "filter" in asked:
        match = _NAME.match(asked["filter"])
        assert match is not None
        rows = await store.read("SELECT raw FROM users WHERE name = ?", (match[1],))
    else:
        page = int(asked["count"]), int(asked["startIndex"]) - 1
        sql = (
            "SELECT raw FROM users WHERE id IN (SELECT id FROM users ORDER BY id LIMIT ? OFFSET ?)"
        )
        rows = await store.read(sql, page)
    return _answer(f'{{"totalResults":{len(rows)},"Resources":[{",".join(r[0] for r in rows)}]}}')


async def change_user(request: Request) -> Response:
    sid, body = request.path_params["id"], msgspec.json.decode(await request.body())
    active = "true" if body["Operations"][0]["value"]["active"] else "false"
    ((raw,),) = await store.read("SELECT raw FROM users WHERE sid = ?", (sid,))
    after = _ACTIVE.sub(f'"active":{active}', raw)
    update = "UPDATE users SET raw = ? WHERE sid = ?"
    await store.write((update, (after, sid)), _outbox("changed", sid))
    return _answer(after)


async def change_group(request: Request) -> Response:
    sid, body = request.path_params["id"], msgspec.json.decode(await request.body())
    steps = [("UPDATE groups SET version = version + 1 WHERE sid = ?", (sid,))]
    for one in body["Operations"]:
        for user in _VALUE.findall(one["path"]) or [each["value"] for each in one["value"]]:
            steps += [(_CHANGE[one["op"]], (sid, user)), _outbox(one["op"], user)]
    await store.write(*steps)
    return Response(status_code=204)


async def show_group(request: Request) -> Response:
    sid = request.path_params["id"]
    rows = [] if request.query_params else await store.read(_MEMBERS, (sid,))
    each = [{"value": one, "$ref": f"/Users/{one}", "type": "User"} for (one,) in rows]
    return _answer(msgspec.json.encode({"id": sid, "members": each}).decode())


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    await store.open()
    yield


app = Starlette(
    routes=[
        Route("/Users", create, methods=["POST"]),
        Route("/Users", find),
        Route("/Users/{id}", change_user, methods=["PATCH"]),
        Route("/Groups/{id}", change_group, methods=["PATCH"]),
        Route("/Groups/{id}", show_group),
    ],
    lifespan=lifespan,
)

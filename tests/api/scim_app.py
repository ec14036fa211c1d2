"""The SCIM service over real HTTP on loopback, with one connection and its token."""

import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from sqlalchemy import create_engine, text
from sqlmodel import SQLModel
from starlette.applications import Starlette
from starlette.routing import Mount

from api import context as contexts
from api.context import Context
from api.scim.routes import service
from models.store.database import Tx
from models.store.identities import new_public_id
from models.store.vault import hashed, new_token
from sync.connection import Connection
from sync.settings import Settings
from tests import builders

MEDIA_TYPE = "application/scim+json"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"

Json = dict[str, Any]

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)]
"""The databases, as the parameters of a fixture."""


@dataclass(frozen=True, slots=True)
class Service:
    """What runs: its world, and how the one connection reaches it."""

    context: Context
    connection: Connection
    token: str
    url: str

    def client(self, token: str | None = None) -> httpx.Client:
        """Another client of the same connection."""
        headers = {"Authorization": f"Bearer {token or self.token}", "Content-Type": MEDIA_TYPE}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=30)


@dataclass(frozen=True, slots=True)
class Idp:
    """An identity provider's hand: every answer that has a body is looked at."""

    service: Service
    http: httpx.Client

    def call(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        content = None if body is None else dumped(body)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.http.request(method, path, content=content, headers=names)
        if answer.content:
            assert answer.headers["content-type"] == MEDIA_TYPE
        if answer.status_code >= 400:
            assert answer.json()["schemas"] == [ERROR]
            assert answer.json()["status"] == str(answer.status_code)
        return answer

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.call("GET", path, **headers)

    def find(self, collection: str, filter: str, **params: str) -> Json:
        query = httpx.QueryParams({"filter": filter, **params})
        answer = self.get(f"/{collection}?{query}")
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def names(self, collection: str, filter: str, **params: str) -> list[str]:
        name = "userName" if collection == "Users" else "displayName"
        return [one[name] for one in self.find(collection, filter, **params)["Resources"]]

    def user(self, name: str, /, **attributes: object) -> Json:
        return self._made("/Users", {"schemas": [USER], "userName": name, **attributes})

    def group(self, name: str, members: list[str] | None = None, /, **attributes: object) -> Json:
        body = {"schemas": [GROUP], "displayName": name, **attributes}
        if members is not None:
            body["members"] = [{"value": one} for one in members]
        return self._made("/Groups", body)

    def patch(self, path: str, *operations: Json, **headers: str) -> httpx.Response:
        body = {"schemas": [PATCH_OP], "Operations": list(operations)}
        return self.call("PATCH", path, body, **headers)

    def members(self, group: Json) -> set[str]:
        found = self.get(f"/Groups/{group['id']}").json()
        return {one["value"] for one in found["members"]}

    def _made(self, path: str, body: Json) -> Json:
        answer = self.call("POST", path, body)
        assert answer.status_code == 201, answer.text
        made: Json = answer.json()
        return made


def dumped(body: object) -> bytes:
    """As it is when it is bytes already: not every test sends JSON."""
    return body if isinstance(body, bytes) else httpx.Request("POST", "/", json=body).content


def add_token(tx: Tx, connection: Connection) -> str:
    token = new_token("scim")
    values = {
        "public_id": new_public_id(),
        "connection_id": connection.key,
        "hash": hashed(token),
        "created_at": builders.START,
        "updated_at": builders.START,
    }
    tx.insert("scim_tokens", values)
    return token


@contextmanager
def serving_on(database: str, home: Path) -> Iterator[Service]:
    if database == "sqlite":
        with serving(home) as service:
            yield service
        return
    with scratch_database() as url, serving(home, url) as service:
        yield service


@contextmanager
def serving(home: Path, database_url: str = "", **channels: Any) -> Iterator[Service]:
    """Fresh tables, an organization, a connection, and a server on a free port.

    The connection pushes; `channels` are those it has besides.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        outside = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = Settings(_env_file=None, home=home, database_url=database_url, base_url=outside)
        context = contexts.build(settings)
        SQLModel.metadata.create_all(context.database.engine)
        with context.database.write() as tx:
            link = builders.connection(tx, builders.organization(tx), **channels)
            token = add_token(tx, link)
        try:
            with _running(context, listener):
                yield Service(context, link, token, f"{outside}/scim/v2/{link.public_id}")
        finally:
            context.close()


@contextmanager
def _running(context: Context, listener: socket.socket) -> Iterator[None]:
    app = Starlette(routes=[Mount("/scim/v2/{connection_id}", app=service)])
    app.state.context = context
    config = uvicorn.Config(app, log_level="critical", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(5)


@contextmanager
def scratch_database() -> Iterator[str]:
    """An empty database of its own on the PostgreSQL server that is there for tests."""
    server = os.environ["TRUEUP_TEST_DATABASE_URL"]
    name = f"scim_{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield engine.url.set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
            engine.dispose()

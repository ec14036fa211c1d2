"""The administrators' API on a fresh database, and a few things in it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Row
from sqlmodel import SQLModel
from starlette.applications import Starlette
from starlette.testclient import TestClient

from api import admin, auth, problems
from api.context import Context, build
from connectors.base import Source, Target
from connectors.memory import MemorySource, MemoryTarget
from models.evidence import Channel, GroupSaid, MembersAdded, Observation, UserSaid
from models.identity import GroupKey, Identifier, UserKey
from models.store import accounts, identities, runs
from models.store.database import Tx
from sync import connection as connections
from sync import intake
from sync.connection import Connection
from sync.peers import Peers
from sync.settings import Settings
from sync.work import Work

API = "/api/v1"
FIRST = "the-first-administrators-key"
LOOPBACK = "127.0.0.0/8"
OKTA_TOKEN = "okta-secret-00aa11bb"
TARGET_TOKEN = "target-secret-22cc33dd"
CLIENT_SECRET = "client-secret-44ee55ff"

OKTA: dict[str, Any] = {
    "kind": "okta",
    "org_url": "https://acme.okta.com",
    "token": OKTA_TOKEN,
    "scope": "all",
}
OIDC: dict[str, Any] = {
    "protocol": "oidc",
    "issuer": "https://acme.okta.com",
    "client_id": "app",
    "client_secret": CLIENT_SECRET,
    "groups_claim": "groups",
}
SCIM: dict[str, Any] = {
    "kind": "scim",
    "url": "http://127.0.0.1:9/scim/v2",
    "auth": {"type": "bearer", "token": TARGET_TOKEN},
}


class MemoryPeers(Peers):
    """Directories and targets in memory, by the slug of their connection or target."""

    sources: dict[str, MemorySource]
    targets: dict[str, MemoryTarget]

    def source(self, connection: Connection) -> Source:
        return self.sources[connection.slug]

    def target(self, row: Row[Any]) -> Target:
        return self.targets.setdefault(row.slug, MemoryTarget())


@dataclass
class Office:
    """An administrator at work."""

    client: TestClient
    context: Context
    key: str = FIRST
    peers: MemoryPeers = field(repr=False, kw_only=True)

    def work(self) -> int:
        """Carry out every run that is waiting; answers how many those were."""
        worker = Work(self.context.database, self.peers, self.context.clock, "test")
        done = 0
        while waiting := self._waiting():
            for run in waiting:
                worker.perform(run)
            done += len(waiting)
        return done

    def _waiting(self) -> list[int]:
        with self.context.database.write() as tx:
            return runs.relay(tx, self.context.clock.now(), lease=60_000_000)

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        headers = {"authorization": f"Bearer {self.key}"}
        options = {"headers": headers, **more}
        if body is not None:
            options["json"] = body
        return self.client.request(method, API + path, **options)

    def get(self, path: str, **params: Any) -> Any:
        answer = self.ask("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def made(self, path: str, body: Any, status: int = 201) -> Any:
        answer = self.ask("POST", path, body)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def refused(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, str]:
        """The status and the sentence of a problem document."""
        answer = self.ask(method, path, body, **more)
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        assert answer.json()["status"] == answer.status_code
        return answer.status_code, answer.json()["detail"]

    def limited_to(self, organization: str) -> "Office":
        made = self.made("/keys", {"name": f"of {organization}", "organization": organization})
        return replace(self, key=made["key"])


@contextmanager
def office(home: Path) -> Iterator[Office]:
    """On SQLite, or on the PostgreSQL of TRUEUP_TEST_ADMIN_DATABASE_URL, which is emptied."""
    settings = Settings(
        home=home,
        admin_key=FIRST,
        allow_networks=LOOPBACK,
        base_url="https://trueup.example",
        database_url=os.environ.get("TRUEUP_TEST_ADMIN_DATABASE_URL", ""),
    )
    built = build(settings)
    peers = MemoryPeers(built.vault, settings.limits)
    peers.sources, peers.targets = {}, {}
    context = replace(built, peers=peers)
    SQLModel.metadata.drop_all(context.database.engine)
    SQLModel.metadata.create_all(context.database.engine)
    auth.ensure_first_key(context)
    app = Starlette(routes=admin.routes, exception_handlers=problems.handlers)
    app.state.context = context
    try:
        yield Office(TestClient(app), context, peers=peers)
    finally:
        context.close()


def organization(at: Office, slug: str = "acme") -> Any:
    body = {"slug": slug, "name": slug.title(), "domains": [f"{slug}.example"]}
    return at.made("/organizations", body)


def connection(at: Office, organization: str = "acme", slug: str = "okta", **more: Any) -> Any:
    body = {"organization": organization, "slug": slug, "provider": "okta", "push": True, **more}
    return at.made("/connections", body)


def target(at: Office, organization: str = "acme", slug: str = "app", **more: Any) -> Any:
    return at.made("/targets", {"organization": organization, "slug": slug, **SCIM, **more})


@dataclass
class Staff:
    """What an identity provider has pushed into a connection: ada and bob in ops."""

    connection: int
    ada: UserKey
    bob: UserKey
    ops: GroupKey


def staff(at: Office, name: str = "acme~okta") -> Staff:
    with at.context.database.write() as tx:
        now = at.context.clock.now()
        row = at_name(tx, name)
        connection = connections.load(tx, row)
        ada, bob = (person(tx, connection, one, now) for one in ("ada", "bob"))
        ops = identities.insert_group(tx, row, "ops", now)
        identities.name_group(tx, row, ops, Identifier("name", "ops"), proof="push", now=now)
        facts = (
            GroupSaid(group=ops, exists=True, name="ops"),
            MembersAdded(ops, frozenset({ada, bob})),
        )
        said(tx, connection, facts, now)
    return Staff(row, ada, bob, ops)


def at_name(tx: Tx, name: str) -> int:
    found = accounts.connection_named(tx, name)
    assert found is not None
    return int(found.id)


def person(tx: Tx, connection: Connection, name: str, now: int) -> UserKey:
    user = identities.insert_user(tx, connection.key, now)
    identities.name_user(
        tx, connection.key, user, Identifier("user_name", name), proof="push", now=now
    )
    attributes = {"user_name": name, "email": f"{name}@acme.example", "first_name": name.title()}
    said(
        tx, connection, (UserSaid(user=user, exists=True, active=True, attributes=attributes),), now
    )
    return user


def said(tx: Tx, connection: Connection, facts: Any, now: int) -> None:
    observation = Observation(channel=Channel.PUSH, event="test", as_of=now, facts=tuple(facts))
    intake.take(tx, connection, observation, now)

"""A small world for tests: a database, an organization, a connection, a target in memory."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlmodel import SQLModel

import models.tables  # noqa: F401  (fills the metadata)
from models.clock import Clock
from models.instant import Instant
from models.store.database import Database, Tx, dumps
from models.store.identities import new_public_id
from sync import connection as connections
from sync.connection import Connection

START: Instant = 1_790_000_000_000_000


@dataclass
class ManualClock(Clock):
    """A clock that tests move; every look at it is one microsecond later."""

    at: Instant = START

    def now(self) -> Instant:
        self.at += 1
        return self.at


def database(path: Path | None = None, url: str | None = None) -> Database:
    """Fresh tables, in a file or at a given address."""
    found = Database(url or f"sqlite:///{path}/trueup.db")
    SQLModel.metadata.drop_all(found.engine)
    SQLModel.metadata.create_all(found.engine)
    return found


def organization(tx: Tx, slug: str = "acme", domains: tuple[str, ...] = ("acme.example",)) -> int:
    now = START
    key = tx.insert(
        "organizations",
        {
            "public_id": new_public_id(),
            "slug": slug,
            "name": slug.title(),
            "created_at": now,
            "updated_at": now,
        },
    )
    for name in domains:
        tx.run(
            "INSERT INTO domains (name, organization_id) VALUES (:name, :key)",
            {"name": name, "key": key},
        )
    return key


def connection(
    tx: Tx,
    organization: int,
    *,
    slug: str = "idp",
    provider: str = "generic",
    push: bool = True,
    pull: dict[str, Any] | None = None,
    login: dict[str, Any] | None = None,
    policy: dict[str, Any] | None = None,
) -> Connection:
    key = tx.insert(
        "connections",
        {
            "public_id": new_public_id(),
            "organization_id": organization,
            "slug": slug,
            "provider": provider,
            "push": push,
            "pull": None if pull is None else dumps(pull),
            "login": None if login is None else dumps(login),
            "policy": dumps(policy or {}),
            "pull_users": 0,
            "pull_groups": 0,
            "created_at": START,
            "updated_at": START,
        },
    )
    return connections.load(tx, key)


def target(
    tx: Tx,
    organization: int,
    connection: int,
    *,
    slug: str = "app",
    guard: dict[str, Any] | None = None,
) -> int:
    key = tx.insert(
        "targets",
        {
            "public_id": new_public_id(),
            "organization_id": organization,
            "slug": slug,
            "kind": "memory",
            "config": dumps({}),
            "guard": dumps(guard or {}),
            "mapping": dumps({}),
            "state": "active",
            "created_at": START,
            "updated_at": START,
        },
    )
    tx.run(
        "INSERT INTO target_connections (target_id, connection_id) VALUES (:target, :connection)",
        {"target": key, "connection": connection},
    )
    return key


@dataclass
class World:
    """One of everything."""

    database: Database
    connection: Connection
    target: int
    clock: ManualClock = field(default_factory=ManualClock)


def world(found: Database, **options: Any) -> World:
    guard = options.pop("guard", None)
    with found.write() as tx:
        acme = organization(tx)
        link = connection(tx, acme, **options)
        app = target(tx, acme, link.key, guard=guard)
    return World(found, link, app)

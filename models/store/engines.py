"""Connections to SQLite and PostgreSQL, each as the store needs them."""

import time
from typing import Any

import msgspec
from psycopg.types.json import set_json_loads
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlmodel import SQLModel

from models.store import driver, folding, statements
from models.store.lean import LeanConnection

folding.create_with(SQLModel.metadata)

IDLE = 2.0
"""Seconds after which a connection to a server is tried before it is used again."""
LOG = 8000
"""Pages (of 4 KB) that SQLite's log may have before they are moved to their places, each only as
it was last. So a page that a first read writes again and again is moved once for many of them."""
STILL = 30
"""Seconds after which PostgreSQL ends a transaction that stands still. A process that was frozen
in the middle of one would keep its locks from everybody for as long as it is frozen."""


def sqlite(url: str) -> Engine:
    engine = create_engine(
        url,
        pool_size=20,
        max_overflow=30,
        connect_args={"cached_statements": 512},
        json_deserializer=msgspec.json.decode,
    )

    @event.listens_for(engine, "connect")
    def prepare(dbapi: Any, _record: object) -> None:
        dbapi.isolation_level = None
        folding.register(dbapi)
        for pragma in (
            "busy_timeout=30000",  # first: the others wait by it
            "journal_mode=WAL",
            "synchronous=FULL",
            f"wal_autocheckpoint={LOG}",
            "foreign_keys=ON",
            "cache_size=-12288",
            "temp_store=MEMORY",
        ):
            dbapi.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        link = driver.Link(connection)
        if link.raw.in_transaction:  # `Database.read_often` began by itself
            return
        writes = connection.get_execution_options().get("writes")
        sql = "BEGIN IMMEDIATE" if writes else "BEGIN"
        driver.ran(link, sql, (), driver.count)

    return engine


def postgres(url: str) -> Engine:
    set_json_loads(msgspec.json.decode)
    decode = msgspec.json.decode
    engine = create_engine(url, pool_size=20, max_overflow=30, json_deserializer=decode)
    _ping_idle(engine)

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, given: Any, named: Any) -> LeanConnection:
        return LeanConnection.connect(*given, **named)

    @event.listens_for(engine, "connect")
    def prepare(dbapi: Any, _record: object) -> None:
        dbapi.prepared_max = statements.KEPT
        dbapi.execute(f"SET idle_in_transaction_session_timeout = '{STILL}s'")
        dbapi.commit()

    return engine


def _ping_idle(engine: Engine) -> None:
    """The server may be another than it was when a connection was used last."""

    @event.listens_for(engine, "checkin")
    def note(_dbapi: Any, record: Any) -> None:
        record.info["used"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ping(dbapi: Any, record: Any, _proxy: object) -> None:
        if time.monotonic() - record.info.get("used", 0) < IDLE:
            return
        try:
            engine.dialect.do_ping(dbapi)
        except engine.dialect.loaded_dbapi.Error as trouble:
            raise DisconnectionError from trouble  # the pool tries another

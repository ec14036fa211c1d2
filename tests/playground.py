"""A small company to play with: a directory that is read, a provider that pushes, people who
sign in, and one application, all in memory around the real store."""

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Row, event
from sqlmodel import SQLModel

from connectors.base import DirectoryGroup, DirectoryUser, ReadEnded, Source, Target
from connectors.memory import MemorySource, MemoryTarget
from connectors.memory.history import History
from models.identity import GroupKey, Identifier, Membership, UserKey
from models.instant import Instant
from models.plans import Planned
from models.store import (
    accounts,
    bindings,
    cases,
    directory,
    holds,
    identities,
    links,
    outbox,
    queue,
    runs,
)
from models.store.database import Database, Tx, dumps
from models.store.ledger import Touched
from models.verdicts import Answer
from sync import connection as connections
from sync import decide, intake
from sync.connection import Connection
from sync.deliver import Delivery
from sync.peers import Peers
from sync.pushing.push import Push
from sync.reconcile import Plan, Reconciliation
from sync.tokens import login
from sync.tokens.claims import GroupsClaim, GroupsState
from sync.tokens.login import Login, Observed
from sync.tokens.subject import Subject
from sync.work import Work
from tests import builders
from tests.builders import ManualClock

OWNER = "worker"
Fault = Exception


class Crash(Exception):
    """The process ended here."""


class Twins(Peers):
    """Peers that are in memory."""

    def __init__(self, source: Callable[[], Source], app: Target) -> None:
        self.reader = source
        self.app = app

    def source(self, connection: Connection) -> Source:
        return self.reader()

    def target(self, row: Row[Any]) -> Target:
        return self.app


@dataclass
class Company:
    """What the directory would say, were it asked now."""

    users: dict[str, DirectoryUser] = field(default_factory=dict)
    groups: dict[str, DirectoryGroup] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    nested: dict[str, set[str]] = field(default_factory=dict)
    history: History = field(default_factory=History)

    def hire(self, *names: str, active: bool = True) -> None:
        for name in names:
            self.users[name] = DirectoryUser(id=name, user_name=mail(name), active=active)

    def found(self, group: str, *names: str) -> None:
        self.groups[group] = DirectoryGroup(group, group.title())
        self.members[group] = set(names)

    def dismiss(self, name: str) -> None:
        self.users.pop(name, None)
        for members in self.members.values():
            members.discard(name)

    def dissolve(self, group: str) -> None:
        self.groups.pop(group, None)
        self.members.pop(group, None)

    def source(
        self, faults: Mapping[int, Fault] | None = None, expected: ReadEnded | None = None
    ) -> MemorySource:
        return MemorySource(
            self.users.values(),
            self.groups.values(),
            self.members,
            faults=faults,  # type: ignore[arg-type]  # a crash is no error of a connector
            expected=expected,
            history=self.history,
            nested=self.nested,
        )


def mail(name: str) -> str:
    return f"{name}@acme.example"


EVERY_STORE = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgresql", id="postgresql", marks=pytest.mark.servers),
]
POSTGRESQL = "TRUEUP_TEST_DATABASE_URL"
TABLES = SQLModel.metadata.sorted_tables


def fresh(kind: str = "sqlite") -> Database:
    """Empty tables. The same tables every time, for making them costs more than a test."""
    found = _store(kind)
    wipe(found)
    return found


@lru_cache
def _store(kind: str) -> Database:
    found = _sqlite() if kind == "sqlite" else _postgresql()
    SQLModel.metadata.create_all(found.engine)
    return found


def _sqlite() -> Database:
    """Without waiting for the disk."""
    found = Database(f"sqlite:///{tempfile.mkdtemp(prefix='trueup-test-')}/trueup.db")

    @event.listens_for(found.engine, "connect")
    def relax(dbapi: Any, _record: object) -> None:
        dbapi.execute("PRAGMA synchronous=OFF")

    return found


PLANS = {"plan_cache_mode": "force_generic_plan", "jit": "off"}
"""Tables of ten rows are looked through in less time than it takes to plan how."""
TIDY = 100
"""Examples after which PostgreSQL forgets the rows of former ones. They are looked through too."""
_NUMBERS = count(1)


def _postgresql() -> Database:
    """A schema for each worker, made anew."""
    url = os.environ.get(POSTGRESQL, "")
    if not url:
        pytest.skip(f"{POSTGRESQL} names no database")
    schema = f"playground_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    plain = Database(url)
    with plain.write() as tx:
        tx.run(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        tx.run(f"CREATE SCHEMA {schema}")
    plain.close()
    settings = {"search_path": schema, "synchronous_commit": "off"} | PLANS
    options = "%20".join(f"-c{name}%3D{value}" for name, value in settings.items())
    return Database(f"{url}{'&' if '?' in url else '?'}options={options}")


def wipe(found: Database) -> None:
    """Empty every table, and count from one again. (TRUNCATE takes fifty times as long.)"""
    _emptied(found)()


@lru_cache
def _emptied(found: Database) -> Callable[[], None]:
    return _back_on_sqlite(found, {}) if found.is_sqlite else _back_on_postgresql(found, [])


def way_back(found: Database) -> Callable[[], None]:
    """To what the tables hold now and nothing else, from wherever they have got to.

    The tables stay, for whoever makes them anew makes every connection prepare all its statements
    anew: on SQLite that took a quarter of the time of an example.
    """
    with found.read() as tx:
        held = {one.name: tx.tuples(f"SELECT * FROM {one.name}") for one in TABLES}
    held = {name: rows for name, rows in held.items() if rows}
    if found.is_sqlite:
        return _back_on_sqlite(found, held)
    return _back_on_postgresql(found, list(held))


def _back_on_sqlite(found: Database, held: Mapping[str, list[Any]]) -> Callable[[], None]:
    emptying = [f"DELETE FROM {one.name}" for one in reversed(TABLES)]
    filling = [
        (f"INSERT INTO {name} VALUES ({', '.join('?' * len(rows[0]))})", rows)
        for name, rows in held.items()
    ]

    def back() -> None:
        with _raw(found) as raw:
            raw.execute("BEGIN IMMEDIATE")
            for step in emptying:
                raw.execute(step)
            for step, rows in filling:
                raw.executemany(step, rows)
            raw.execute("COMMIT")

    return back


def _back_on_postgresql(found: Database, held: list[str]) -> Callable[[], None]:
    """A function, as the server plans only once what it does; beside it what it brings back."""
    steps = [f"DELETE FROM {one.name}" for one in reversed(TABLES)]
    with found.write() as tx:
        beside = f"{tx.value('SELECT current_schema()')}_{next(_NUMBERS)}"
        tx.run(f"DROP SCHEMA IF EXISTS {beside} CASCADE; CREATE SCHEMA {beside}")
        for name in held:
            tx.run(f"CREATE TABLE {beside}.{name} AS SELECT * FROM {name}")
            steps.append(f"INSERT INTO {name} SELECT * FROM {beside}.{name}")
        for name in (one.name for one in TABLES if "id" in one.c):
            numbers = tx.value(f"SELECT pg_get_serial_sequence('{name}', 'id')")
            first = tx.value(f"SELECT coalesce(max(id), 0) + 1 FROM {name}")
            steps.append(f"PERFORM setval('{numbers}', {first if name in held else 1}, false)")
        body = "".join(f"{step}; " for step in steps)
        tx.run(
            f"CREATE FUNCTION {beside}.back() RETURNS void LANGUAGE plpgsql "
            f"AS $$ BEGIN {body}END $$"
        )

    times = count(1)

    def back() -> None:
        with found.write() as tx:
            tx.run(f"SELECT {beside}.back()")
        if next(times) % TIDY == 0:
            alone = {"isolation_level": "AUTOCOMMIT"}
            with found.engine.connect().execution_options(**alone) as connection:
                connection.exec_driver_sql(f"VACUUM {', '.join(one.name for one in TABLES)}")

    return back


@dataclass
class Playground:
    """One connection, one target, and the whole engine between them."""

    database: Database
    key: int
    target: int
    app: MemoryTarget
    clock: ManualClock = field(default_factory=ManualClock)
    company: Company = field(default_factory=Company)
    tokens: int = 0
    next_source: Callable[[], Source] | None = None

    # -- the pieces of the engine ---------------------------------------------------------

    def __post_init__(self) -> None:
        self.twins = Twins(self._source, self.app)

    def _source(self) -> Source:
        chosen, self.next_source = self.next_source, None
        return chosen() if chosen else self.company.source()

    @property
    def connection(self) -> Connection:
        with self.database.read() as tx:
            return connections.load(tx, self.key)

    @property
    def work(self) -> Work:
        return Work(self.database, self.twins, self.clock, OWNER)

    @property
    def delivery(self) -> Delivery:
        return Delivery(self.database, self.twins, self.clock, OWNER)

    @property
    def reconciliation(self) -> Reconciliation:
        return Reconciliation(
            self.database, self.twins, self.clock, self.connection, beat=self.clock.now
        )

    # -- the provider pushes --------------------------------------------------------------

    @contextmanager
    def pushing(self) -> Iterator[Push]:
        connection = self.connection
        with self.database.write() as tx:
            yield Push(tx, connection, self.clock)

    def push_user(self, called: str, **said: Any) -> UserKey:
        """Create, or put, as the provider would."""
        resource = {"userName": mail(called), "externalId": called, "active": True} | said
        known = self.pushed("users", str(resource["externalId"]))
        with self.pushing() as push:
            if known is not None:
                push.replace_user(UserKey(known), resource)
                return UserKey(known)
            return UserKey(push.create_user(resource)[0].id)

    def push_group(self, group: str, *names: str) -> GroupKey:
        resource = {"displayName": group.title(), "externalId": group}
        known = self.pushed("groups", group)
        with self.pushing() as push:
            if known is not None:
                push.describe_group(GroupKey(known), resource)
                push.add_members(GroupKey(known), self.ids(push.tx, names))
                return GroupKey(known)
            return push.create_group(resource, self.ids(push.tx, names))

    def push_add(self, group: str, *names: str) -> None:
        known = self.pushed("groups", group)
        if known is not None:
            with self.pushing() as push:
                push.add_members(GroupKey(known), self.ids(push.tx, names))

    def push_remove(self, group: str, *names: str) -> None:
        known = self.pushed("groups", group)
        if known is not None:
            with self.pushing() as push:
                push.remove_members(GroupKey(known), self.ids(push.tx, names))

    def push_members(self, group: str, *names: str) -> None:
        known = self.pushed("groups", group)
        if known is not None:
            with self.pushing() as push:
                push.replace_members(GroupKey(known), self.ids(push.tx, names))

    def push_active(self, name: str, *, active: bool) -> None:
        if self.pushed("users", name) is not None:
            self.push_user(name, active=active)

    def push_delete(self, name: str) -> None:
        known = self.pushed("users", name)
        if known is not None:
            with self.pushing() as push:
                push.delete_user(UserKey(known))

    def push_delete_group(self, group: str) -> None:
        known = self.pushed("groups", group)
        if known is not None:
            with self.pushing() as push:
                push.delete_group(GroupKey(known))

    def pushed(self, table: str, external_id: str) -> int | None:
        with self.database.read() as tx:
            found = tx.value(
                f"SELECT id FROM {table} WHERE scim_external_id = :id AND scim IS NOT NULL",
                {"id": external_id},
            )
        return None if found is None else int(found)

    def ids(self, tx: Tx, names: Iterable[str]) -> list[str]:
        """What the provider calls members: our public id, or one that is not known yet."""
        found = []
        for name in names:
            sql = "SELECT public_id FROM users WHERE scim_external_id = :id AND scim IS NOT NULL"
            found.append(str(tx.value(sql, {"id": name}) or name))
        return found

    # -- the directory is read --------------------------------------------------------------

    def read(
        self,
        faults: Mapping[int, Fault] | None = None,
        expected: ReadEnded | None = None,
        *,
        meanwhile: Callable[[], None] | None = None,
        source: Source | None = None,
    ) -> Row[Any]:
        """One full read, without the reconciliation that follows. Answers the run.

        `meanwhile` is done when the read has begun and nothing of it was told.
        """

        def begun() -> Source:
            found = source or self.company.source(faults, expected)
            if meanwhile is not None:
                meanwhile()
            return found

        self.next_source = begun
        run = self._start("pull")
        self.work.perform(run)
        self.next_source = None
        return self._run(run)

    def delta(self, faults: Mapping[int, Fault] | None = None) -> Row[Any]:
        """One delta round. Answers the run."""
        self.next_source = lambda: self.company.source(faults)
        run = self._start("delta")
        self.work.perform(run)
        self.next_source = None
        return self._run(run)

    def point_read(self, name: str, faults: Mapping[int, Fault] | None = None) -> Row[Any]:
        self.next_source = lambda: self.company.source(faults)
        run = self._start("point_read", user=self.user(name))
        self.work.perform(run)
        self.next_source = None
        return self._run(run)

    def _start(self, kind: str, user: int | None = None) -> int:
        with self.database.write() as tx:
            tx.run("DELETE FROM runs WHERE state = 'ready'")
            run = runs.start(tx, self.key, kind, self.clock.now(), user=user)
            taken = runs.relay(tx, self.clock.now(), lease=1_000_000)
        assert taken == [run]
        return run

    def _run(self, run: int) -> Row[Any]:
        with self.database.read() as tx:
            found = runs.get(tx, run)
        assert found is not None
        return found

    def resume_reading(self) -> None:
        """Carry out a read or round that waits, and nothing that follows from it."""
        with self.database.write() as tx:
            taken = runs.relay(tx, self.clock.now(), lease=1_000_000)
        for run in taken:
            if self._run(run).kind in ("pull", "delta"):
                self.work.perform(run)
        with self.database.write() as tx:
            tx.run("DELETE FROM runs WHERE state IN ('ready', 'queued')")

    def work_off(self) -> list[str]:
        """Carry out the runs that wait, and say which kinds they were."""
        done: list[str] = []
        while True:
            with self.database.write() as tx:
                taken = runs.relay(tx, self.clock.now(), lease=1_000_000)
            if not taken:
                return done
            for run in taken:
                done.append(self._run(run).kind)
                self.work.perform(run)

    # -- people sign in --------------------------------------------------------------------

    def token(
        self,
        name: str,
        *groups: str,
        state: GroupsState = GroupsState.LISTED,
        at: Instant | None = None,
        digest: str | None = None,
        subject: Subject | None = None,
    ) -> Observed:
        """A token, issued `at`, is used now."""
        self.tokens += 1
        connection = self.connection
        with self.database.write() as tx:
            now = self.clock.now()
            shown = Login(
                subject=subject or person(name),
                groups=GroupsClaim(state, tuple(sorted(groups))),
                digest=digest or f"token {self.tokens}",
                as_of=now if at is None else at,
            )
            return login.observe(tx, connection, shown, now)

    # -- an administrator ------------------------------------------------------------------

    def rescope(self, scope: object) -> None:
        """As a change of the connection does."""
        with self.database.write() as tx:
            pull = {"kind": "memory", "scope": scope}
            tx.update("connections", self.key, {"pull": dumps(pull)})
            links.rescope(tx, self.key, self.clock.now())

    def remove_group(self, group: str, *, restore: bool = False) -> None:
        key, now = self.group(group), self.clock.now()
        with self.database.write() as tx:
            directory.mark_removed(tx, key, 0 if restore else now, now)
            intake.resolve(tx, connections.load(tx, self.key), Touched(groups={key}), now)

    def open_hold(self) -> Row[Any] | None:
        with self.database.read() as tx:
            return next(iter(holds.standing(tx, self.target)), None)

    def held(self) -> list[str]:
        """Fingerprints on the open holds."""
        with self.database.read() as tx:
            found = holds.standing(tx, self.target)
            return [row.fingerprint for one in found for row in outbox.held(tx, one.id)]

    def approve(self) -> bool:
        return self._decide("approved")

    def refuse(self) -> bool:
        return self._decide("refused")

    def _decide(self, state: str) -> bool:
        now = self.clock.now()
        with self.database.write() as tx:
            decided = [
                one.id
                for one in holds.standing(tx, self.target)
                if holds.decide(tx, one.id, state=state, by="ada", now=now)
            ]
            for hold in decided if state == "approved" else []:
                outbox.release(tx, hold, now)
            return bool(decided)

    # -- the engine at work ----------------------------------------------------------------

    def reconcile(self) -> Plan:
        return self.reconciliation.reconcile()[0]

    def deliver(self, rounds: int = 50) -> None:
        """Carry out what is ready until nothing is."""
        for _ in range(rounds):
            with self.database.write() as tx:
                batches = queue.relay(tx, self.clock.now(), lease=1_000_000)
            if not batches:
                return
            for _, ids in batches:
                self.delivery.deliver(ids)
        raise AssertionError("the deliveries have no end")

    def reap(self) -> None:
        with self.database.write() as tx:
            queue.reap(tx, self.clock.now(), everything=True)
            runs.reap(tx, self.clock.now(), everything=True)

    def settle(self) -> None:
        """Whatever follows from what is known now: until nothing is planned or waits."""
        self.reap()
        self.deliver()
        self.reconcile()
        self.deliver()

    # -- to look at ------------------------------------------------------------------------

    def user(self, name: str) -> UserKey:
        found = self.find(name)
        assert found is not None, f"nobody is called {name}"
        return found

    def find(self, name: str) -> UserKey | None:
        with self.database.read() as tx:
            asked = [Identifier(space, name) for space in ("id", "external_id", "subject")]
            asked.append(Identifier("user_name", mail(name)))
            found = identities.users_named(tx, self.key, asked)
        return next((found[one] for one in asked if one in found), None)

    def group(self, name: str) -> GroupKey:
        with self.database.read() as tx:
            asked = [Identifier(space, name) for space in ("id", "external_id", "claim", "name")]
            found = identities.groups_named(tx, self.key, asked)
        return next(found[one] for one in asked if one in found)

    def row(self, name: str) -> Row[Any]:
        with self.database.read() as tx:
            found = tx.row("SELECT * FROM users WHERE id = :key", {"key": self.user(name)})
        assert found is not None
        return found

    def answer(self, name: str, group: str) -> Answer:
        """The verdict on a membership; a hold where nobody ever spoke of it."""
        with self.database.read() as tx:
            asked = [Membership(self.group(group), self.user(name))]
            for record in cases.members(tx, asked):
                return decide.member(record, self.connection.policy, self.clock.now()).answer
        return Answer.HOLD

    def decisions(self) -> dict[str, Any]:
        """What is decided about everybody and everything, by keys."""
        policy, now = self.connection.policy, self.clock.now()
        found: dict[str, Any] = {}
        with self.database.read() as tx:
            for user in cases.users(tx, tx.column("SELECT id FROM users")):
                verdict = decide.user(user, policy, now)
                found[f"u{user.key}"] = (verdict.exists.answer, verdict.active.answer)
            for group in cases.groups(tx, tx.column("SELECT id FROM groups")):
                found[f"g{group.key}"] = decide.group(group, policy, now).exists.answer
                for member in cases.members_of_group(tx, group.key):
                    name = f"m{group.key}:{member.membership.user}"
                    found[name] = decide.member(member, policy, now).answer
        return found

    def plan(self) -> list[Planned]:
        """What the target would need now."""
        with self.database.read() as tx:
            target = accounts.target(tx, self.target)
            assert target is not None
            return self.reconciliation._planned(tx, target)

    def at_app(self, name: str) -> Any:
        """The user as the application holds it, or None."""
        return next((one for one in self.app.users.values() if one.user_name == mail(name)), None)

    def in_app(self, group: str) -> set[str]:
        """Who is in a group at the application, by name."""
        found = [one for one in self.app.groups.values() if one.name.casefold() == group]
        if not found:
            return set()
        members = found[0].members or frozenset()
        return {self.app.users[one].user_name.partition("@")[0] for one in members}

    def findings(self, *states: str) -> set[str]:
        with self.database.read() as tx:
            rows = tx.rows(
                "SELECT kind FROM findings WHERE state IN :states",
                {"states": list(states or ("open", "accepted"))},
            )
        return {row.kind for row in rows}

    def actions(self, state: str) -> list[str]:
        """The operations in a state, oldest first."""
        with self.database.read() as tx:
            rows = tx.rows(
                "SELECT operation FROM actions WHERE state = :state ORDER BY id", {"state": state}
            )
        return [row.operation for row in rows]

    def bound(self) -> dict[str, Any]:
        """What we believe the target to hold."""
        with self.database.read() as tx:
            users = {row.user_id: row.remote_id for row in bindings.users_at(tx, self.target)}
            groups = {row.group_id: row.remote_id for row in bindings.groups_at(tx, self.target)}
            members = {
                (users[user], groups[group])
                for group in groups
                for user in bindings.members_at(tx, self.target, group)
            }
        return {"users": users, "groups": groups, "members": members}


def person(name: str) -> Subject:
    return Subject(
        user_id=name,
        user_id_claim="sub",
        user_id_is_explicit=True,
        user_name=mail(name),
        email=mail(name),
        email_verified=True,
    )


def playground(found: Database, app: MemoryTarget | None = None, **options: Any) -> Playground:
    """Fresh tables, and one of everything. Options are those of `builders.world`."""
    wipe(found)
    scope = options.pop("scope", "all")
    if options.pop("pull", True):
        options["pull"] = {"kind": "memory", "scope": scope}
    if options.pop("login", True):
        options["login"] = {"protocol": "oidc"}
    made = builders.world(found, **options)
    return Playground(found, made.connection.key, made.target, app or MemoryTarget())


@dataclass(frozen=True, slots=True)
class Built:
    """A playground as it was when it had just been made."""

    playground: Playground
    back: Callable[[], None]


_BUILT: dict[tuple[str, str], Built] = {}


def rewound(kind: str, name: str, build: Callable[[Database], Playground]) -> Playground:
    """What `build` makes. It is made once for a name, and copied after that."""
    found = _store(kind)
    if (kind, name) not in _BUILT:
        made = build(fresh(kind))
        _BUILT[kind, name] = Built(made, way_back(found))
    made = _BUILT[kind, name].playground
    _BUILT[kind, name].back()
    app = MemoryTarget(made.app.users.values(), made.app.groups.values())
    company = Company(
        dict(made.company.users),
        dict(made.company.groups),
        {group: set(names) for group, names in made.company.members.items()},
        {group: set(inside) for group, inside in made.company.nested.items()},
        History(dict(made.company.history.snapshots), made.company.history.taken),
    )
    clock = ManualClock(made.clock.at)
    return Playground(
        found, made.key, made.target, app, clock=clock, company=company, tokens=made.tokens
    )


@contextmanager
def _raw(found: Database) -> Iterator[sqlite3.Connection]:
    pooled = found.engine.raw_connection()
    try:
        yield pooled.driver_connection  # type: ignore[misc]
    finally:
        pooled.close()

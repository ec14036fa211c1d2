"""What reading a directory costs at the least: the two references of `benchmarks.directory`.

Both know one directory and nothing else: no other witness, no incomplete read, no denial.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from models.store.database import Database

AT = 1_790_000_000_000_000
Load = Callable[[Any, str, str, Iterable[Sequence[Any]]], None]
_ALIAS = "connection_id, {0}_id, namespace, value, valid_from, proof"
_USER = (
    "id, public_id, connection_id, push_said, pull_said, login_said, pull_yes, pull_active_yes, "
    "pull_known, pull_digest, scim_version, active, wanted, created_at, updated_at"
)
_GROUP = (
    "id, public_id, connection_id, name, pull_name, pull_yes, pull_known, login_known, "
    "scim_version, wanted, created_at, updated_at"
)


class User(msgspec.Struct, gc=False):
    id: str
    userPrincipalName: str
    displayName: str | None = None
    givenName: str | None = None
    surname: str | None = None
    mail: str | None = None
    accountEnabled: bool = True


class Group(msgspec.Struct, gc=False):
    id: str
    displayName: str


class Member(msgspec.Struct, gc=False):
    id: str


class _Users(msgspec.Struct, gc=False):
    value: list[User]


class _Groups(msgspec.Struct, gc=False):
    value: list[Group]


class _Members(msgspec.Struct, gc=False):
    value: list[Member]


_users = msgspec.json.Decoder(_Users).decode
_groups = msgspec.json.Decoder(_Groups).decode
_members = msgspec.json.Decoder(_Members).decode
_encode = msgspec.json.Encoder().encode


def _digest(user: User) -> str:
    return blake2b(_encode(user), digest_size=8).hexdigest()


def _lines(path: Path, kind: bytes) -> Iterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            if line.startswith(kind):
                yield line[2:]


def _by_group(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Page by page: a large group comes several times, one after the other."""
    for line in _lines(path, b"M"):
        name, page = line.split(b"\t", 1)
        yield name.decode(), [one.id for one in _members(page).value]


def stage_and_insert(database: Database, path: Path) -> tuple[float, float]:
    """Everything into empty tables: the memberships as rows of a table without an index first,
    then by one statement into the ledger's. Seconds until they are staged, and in all."""
    start = time.perf_counter()
    with database.write() as tx:
        raw: Any = tx.connection.connection.dbapi_connection
        load = _insert if database.is_sqlite else _copy
        _place(raw, load)
        users, groups = _load_users(raw, load, path), _load_groups(raw, load, path)
        raw.cursor().execute("CREATE TEMP TABLE staged (g bigint, u bigint)")
        rows = ((groups[name], users[one]) for name, some in _by_group(path) for one in some)
        load(raw, "staged", "g, u", rows)
        staged = time.perf_counter() - start
        raw.cursor().execute(
            "INSERT INTO memberships (group_id, user_id, push_yes, push_no, pull_yes, pull_no, "
            f"login_yes, login_no) SELECT g, u, 0, 0, {AT}, 0, 0, 0 FROM staged"
        )
    return staged, time.perf_counter() - start


def _insert(raw: Any, table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
    places = ", ".join("?" * (columns.count(",") + 1))
    raw.cursor().executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows)


def _copy(raw: Any, table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
    with raw.cursor().copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _place(raw: Any, load: Load) -> None:
    row = (1, "bare", "bare", "Bare", AT, AT)
    load(raw, "organizations", "id, public_id, slug, name, created_at, updated_at", [row])
    columns = (
        "id, public_id, organization_id, slug, provider, push, policy, pull_users, pull_groups, "
        "created_at, updated_at"
    )
    row = (1, "bare", 1, "bare", "generic", False, "{}", 0, 0, AT, AT)
    load(raw, "connections", columns, [row])


def _load_users(raw: Any, load: Load, path: Path) -> dict[str, int]:
    keys: dict[str, int] = {}
    for line in _lines(path, b"U"):
        page = dict(enumerate(_users(line).value, len(keys) + 1))
        keys |= {user.id: key for key, user in page.items()}
        load(raw, "users", _USER, [_user_row(key, user) for key, user in page.items()])
        names = [(1, key, "id", one.id, AT, "directory") for key, one in page.items()]
        names += [
            (1, key, "user_name", one.userPrincipalName, AT, "directory")
            for key, one in page.items()
        ]
        load(raw, "user_aliases", _ALIAS.format("user"), names)
    return keys


def _user_row(key: int, user: User) -> tuple[Any, ...]:
    said = _encode(user).decode()
    marks = (AT, AT, True, _digest(user), 0, True, False, AT, AT)
    return (key, f"u{key}", 1, "{}", said, "{}", *marks)


def _load_groups(raw: Any, load: Load, path: Path) -> dict[str, int]:
    keys: dict[str, int] = {}
    for line in _lines(path, b"G"):
        page = dict(enumerate(_groups(line).value, len(keys) + 1))
        keys |= {group.id: key for key, group in page.items()}
        rows = [
            (key, f"g{key}", 1, one.displayName, one.displayName, AT, True, False, 0, False, AT, AT)
            for key, one in page.items()
        ]
        load(raw, "groups", _GROUP, rows)
        names = [(1, key, "id", one.id, AT, "directory") for key, one in page.items()]
        names += [(1, key, "name", one.displayName, AT, "directory") for key, one in page.items()]
        load(raw, "group_aliases", _ALIAS.format("group"), names)
    return keys


@dataclass
class Compared:
    """Seconds, and what differed."""

    users: float
    in_all: float
    changed: list[tuple[int, str]]
    added: list[tuple[int, int]]
    removed: list[tuple[int, int]]


def compare(database: Database, path: Path) -> Compared:
    """Without staging: users by a dictionary of digests that is consumed as pages arrive, each
    group by a set against a set. Nothing is written."""
    start = time.perf_counter()
    with database.read() as tx:
        raw: Any = tx.connection.connection.dbapi_connection
        cursor = raw.cursor()
        users, changed = _compare_users(cursor, path)
        middle = time.perf_counter()
        found = Compared(middle - start, 0, changed, [], [])
        _compare_groups(cursor, path, users, found)
        found.in_all = time.perf_counter() - start
    return found


def _compare_users(cursor: Any, path: Path) -> tuple[dict[str, int], list[tuple[int, str]]]:
    cursor.execute(
        "SELECT a.value, u.id, u.pull_digest FROM user_aliases a JOIN users u ON u.id = a.user_id "
        "WHERE a.namespace = 'id'"
    )
    keys: dict[str, int] = {}
    digests: dict[str, str] = {}
    for name, key, digest in cursor:
        keys[name], digests[name] = key, digest
    changed = []
    for line in _lines(path, b"U"):
        for user in _users(line).value:
            digest = _digest(user)
            if digests.pop(user.id) != digest:
                changed.append((keys[user.id], digest))
    return keys, changed


def _compare_groups(cursor: Any, path: Path, users: dict[str, int], found: Compared) -> None:
    cursor.execute("SELECT value, group_id FROM group_aliases WHERE namespace = 'id'")
    groups = dict(cursor.fetchall())
    place = "?" if cursor.__class__.__module__ == "sqlite3" else "%s"
    sql = f"SELECT user_id FROM memberships WHERE group_id = {place}"

    def compared(group: int, listed: set[int]) -> None:
        cursor.execute(sql, (group,))
        before = {key for (key,) in cursor}
        if before != listed:
            found.added += [(group, one) for one in listed - before]
            found.removed += [(group, one) for one in before - listed]

    last, listed = "", set[int]()
    for name, members in _by_group(path):
        if name != last and last:
            compared(groups[last], listed)
            listed = set()
        last = name
        listed.update([users[one] for one in members])
    compared(groups[last], listed)


def apply(database: Database, found: Compared) -> None:
    """So that the next comparison finds what this one read."""
    place = "?" if database.is_sqlite else "%s"
    with database.write() as tx:
        raw: Any = tx.connection.connection.dbapi_connection
        cursor = raw.cursor()
        cursor.executemany(
            f"DELETE FROM memberships WHERE group_id = {place} AND user_id = {place}", found.removed
        )
        cursor.executemany(
            "INSERT INTO memberships (group_id, user_id, push_yes, push_no, pull_yes, pull_no, "
            f"login_yes, login_no) VALUES ({place}, {place}, 0, 0, {AT}, 0, 0, 0)",
            found.added,
        )
        cursor.executemany(
            f"UPDATE users SET pull_digest = {place} WHERE id = {place}",
            [(digest, key) for key, digest in found.changed],
        )

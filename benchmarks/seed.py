"""A connection with users and groups that were pushed, in bulk, and a target that holds them."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import models.tables  # noqa: F401  (so that builders can be used)
from models.identity import Profile
from models.plans import digest, profile_digest
from models.store.database import Database, Tx, dumps
from models.store.vault import hashed, new_token
from tests import builders

START = builders.START
PAGE = 5000
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


@dataclass(frozen=True, slots=True)
class Seeded:
    """What a client needs to know of it."""

    connection: str
    """Public id, as those of users and groups are."""
    token: str
    """For SCIM."""
    key: str
    """For the admin API and the logins."""
    users: list[str]
    groups: dict[int, list[str]]


def user_name(number: int) -> str:
    return f"user{number:07}@corp.example"


def groups_of(users: int) -> dict[int, int]:
    """How many groups there are of each size: few large ones, many small ones."""
    wanted = {10: 200, 1_000: 10, 10_000: 2, 100_000: 1}
    return {size: count for size, count in wanted.items() if size <= users}


def seed(
    database: Database,
    users: int,
    groups: dict[int, int],
    *,
    login: dict[str, Any] | None = None,
) -> Seeded:
    """`groups` says how many there are of each size; their members are the first users.

    Channels agree, the target holds everything, and its guard holds nothing back.
    """
    with database.write() as tx:
        slug = f"bench{uuid.uuid4().hex[:12]}"
        organization = builders.organization(tx, slug=slug, domains=())
        link = builders.connection(tx, organization, login=login)
        guard = {"floor": 10**9, "share": 1}
        target = builders.target(tx, organization, link.key, guard=guard)
        token, key = new_token("scim"), new_token("tuk")
        _keys(tx, link.key, token, key)
        people = _users(tx, link.key, target, users)
        teams = _groups(tx, link.key, target, groups, list(people.values()))
    if not database.is_sqlite:
        with database.write() as tx:
            tx.run("ANALYZE")  # which PostgreSQL does by itself within a minute
    return Seeded(link.public_id, token, key, list(people), teams)


def _keys(tx: Tx, connection: int, token: str, key: str) -> None:
    common = {"created_at": START, "updated_at": START}
    tx.insert(
        "scim_tokens",
        {"public_id": _id(), "connection_id": connection, "hash": hashed(token), **common},
    )
    tx.insert("api_keys", {"public_id": _id(), "name": "bench", "hash": hashed(key), **common})


def _users(tx: Tx, connection: int, target: int, count: int) -> dict[str, int]:
    """Public id to key."""
    rows = [_user(connection, number) for number in range(count)]
    _insert(tx, "users", rows)
    found = tx.rows(
        "SELECT id, public_id FROM users WHERE connection_id = :key ORDER BY scim_name_key",
        {"key": connection},
    )
    keys = {row.public_id: row.id for row in found}
    _insert(tx, "user_aliases", list(_aliases(connection, "user", keys, rows)))
    bindings = (
        {
            "target_id": target,
            "user_id": keys[row["public_id"]],
            "remote_id": f"r{keys[row['public_id']]}",
            "ownership": "ours",
            "active": True,
            "digest": profile_digest(_profile(row["user_name"])),
            "updated_at": START,
        }
        for row in rows
    )
    _insert(tx, "user_bindings", list(bindings))
    return keys


def _user(connection: int, number: int) -> dict[str, Any]:
    name = user_name(number)
    profile = _profile(name)
    said = {
        "user_name": [name, START],
        "email": [name, START],
        "first_name": ["Test", START],
        "last_name": ["User", START],
        "display_name": [profile.display_name, START],
    }
    resource = {
        "schemas": [USER],
        "userName": name,
        "externalId": f"{number:07}",
        "active": True,
        "displayName": profile.display_name,
        "name": {"givenName": "Test", "familyName": "User"},
        "emails": [{"primary": True, "type": "work", "value": name}],
    }
    return {
        **_pushed(connection, resource, name),
        "push_active_yes": START,
        "push_said": dumps(said),
        "pull_said": "{}",
        "login_said": "{}",
        "pull_digest": "",
        "user_name": name,
        "email": name,
        "first_name": "Test",
        "last_name": "User",
        "display_name": profile.display_name,
        "active": True,
    }


def _pushed(connection: int, resource: dict[str, Any], name: str) -> dict[str, Any]:
    """What users and groups have in common."""
    return {
        "public_id": _id(),
        "connection_id": connection,
        "push_yes": START,
        "pull_known": False,
        "scim": dumps(resource),
        "scim_name_key": name,
        "scim_external_id": resource["externalId"],
        "scim_version": 1,
        "scim_created": START,
        "scim_modified": START,
        "wanted": True,
        "created_at": START,
        "updated_at": START,
    }


def _profile(name: str) -> Profile:
    return Profile(
        user_name=name,
        email=name,
        first_name="Test",
        last_name="User",
        display_name=f"Test {name}",
    )


def _groups(
    tx: Tx, connection: int, target: int, sizes: dict[int, int], people: Sequence[int]
) -> dict[int, list[str]]:
    names = [(f"group {size} {n}", size) for size, count in sizes.items() for n in range(count)]
    rows = [_group(connection, name) for name, _ in names]
    _insert(tx, "groups", rows)
    found = tx.rows(
        "SELECT id, public_id FROM groups WHERE connection_id = :key", {"key": connection}
    )
    keys = {row.public_id: row.id for row in found}
    _insert(tx, "group_aliases", list(_aliases(connection, "group", keys, rows)))
    teams: dict[int, list[str]] = {}
    for row, (name, size) in zip(rows, names, strict=True):
        teams.setdefault(size, []).append(row["public_id"])
        _fill(tx, target, keys[row["public_id"]], name, people[:size])
    return teams


def _group(connection: int, name: str) -> dict[str, Any]:
    resource = {"schemas": [GROUP], "displayName": name, "externalId": f"ext {name}"}
    return {
        **_pushed(connection, resource, name),
        "push_name": name,
        "push_name_at": START,
        "login_known": False,
        "name": name,
    }


def _fill(tx: Tx, target: int, group: int, name: str, members: Sequence[int]) -> None:
    binding = {"target_id": target, "group_id": group, "ownership": "ours", "updated_at": START}
    held = {**binding, "remote_id": f"r{group}", "digest": digest(name)}
    _insert(tx, "group_bindings", [held])
    _insert(
        tx,
        "memberships",
        [{"group_id": group, "user_id": user, "push_yes": START} for user in members],
    )
    _insert(
        tx,
        "member_bindings",
        [{"target_id": target, "group_id": group, "user_id": user} for user in members],
    )


def _aliases(
    connection: int, kind: str, keys: dict[str, int], rows: Sequence[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    named = "user_name" if kind == "user" else "name"
    for row in rows:
        for namespace, column in ((named, "scim_name_key"), ("external_id", "scim_external_id")):
            yield {
                "connection_id": connection,
                f"{kind}_id": keys[row["public_id"]],
                "namespace": namespace,
                "value": row[column],
                "valid_from": START,
                "proof": "push",
            }


def _insert(tx: Tx, table: str, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    names = list(rows[0])
    holders = ", ".join(f":{name}" for name in names)
    sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({holders})"
    left = iter(rows)
    while some := list(islice(left, PAGE)):
        tx.many(sql, some)


def _id() -> str:
    return str(uuid.uuid4())

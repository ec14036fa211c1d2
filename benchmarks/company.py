"""A made-up company, the same every time: its ledger, filled by SQL, and a target that holds it.

Nothing of it is kept in memory: who is in which group is arithmetic, here and in SQL.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from connectors.base import ObservedPart, ObserveEnded, RemoteGroup, RemoteUser
from models.actions import Operation, Outcome
from models.identity import Profile
from models.instant import HOUR, MINUTE
from models.plans import digest, profile_digest
from models.store.database import Database, Tx
from sync.connection import Connection
from tests import builders

START = builders.START
USERS_PAGE, GROUPS_PAGE = 500, 100


@dataclass(frozen=True, slots=True)
class Team:
    """A group: every `step`th user from `first` on, `size` of them."""

    number: int
    first: int
    step: int
    size: int

    @property
    def name(self) -> str:
        return f"group {self.number:06d}"

    def members(self, count: int) -> Iterator[int]:
        return ((self.first + self.step * i) % count for i in range(self.size))


@dataclass(frozen=True, slots=True)
class Company:
    """Sizes of groups are log-normal."""

    users: int
    teams: tuple[Team, ...]

    @property
    def memberships(self) -> int:
        return sum(team.size for team in self.teams)


def company(users: int, groups: int, memberships: int) -> Company:
    chance = random.Random(1)
    sizes = [chance.lognormvariate(3.5, 1.6) for _ in range(groups)]
    share = memberships / sum(sizes)
    teams = [
        Team(n, chance.randrange(users), 1, min(max(1, round(size * share)), users // 2))
        for n, size in enumerate(sizes)
    ]
    return Company(users, tuple(_spread(chance, team, users) for team in teams))


def _spread(chance: random.Random, team: Team, users: int) -> Team:
    """A step that has no divisor in common with the number of users lists nobody twice."""
    step = next(s for s in iter(lambda: chance.randrange(1, users), None) if s % 2 and s % 5)
    return Team(team.number, team.first, step, team.size)


def profile(number: int) -> Profile:
    name = f"user{number:07d}@corp.example"
    return Profile(
        user_name=name,
        email=name,
        first_name="Test",
        last_name=f"User {number}",
        display_name=f"Test User {number}",
    )


@dataclass(frozen=True, slots=True)
class Filled:
    """A company in a ledger."""

    company: Company
    connection: Connection
    target: int
    user: int
    """Key of the first user; the others follow."""
    group: int


def fill(database: Database, made: Company) -> Filled:
    """Push and read agree on everything, and the target holds all of it."""
    with database.write() as tx:
        organization = builders.organization(tx, slug="bench", domains=())
        link = builders.connection(tx, organization, pull={"kind": "memory"})
        target = builders.target(tx, organization, link.key)
        tx.update(
            "connections",
            link.key,
            {"pull_cover_yes": START + HOUR, "pull_cover_no": START + HOUR - MINUTE},
        )
        first = _users(tx, link.key, target, made)
    with database.write() as tx:
        team = _groups(tx, link.key, target, made)
    filled = Filled(made, link, target, first, team)
    with database.write() as tx:
        _memberships(tx, filled)
    with database.write() as tx:
        tx.run("ANALYZE")
    return filled


def _users(tx: Tx, connection: int, target: int, made: Company) -> int:
    first = int(tx.value("SELECT coalesce(max(id), 0) + 1 FROM users"))
    for start in range(0, made.users, 5000):
        numbers = range(start, min(made.users, start + 5000))
        tx.many(_USER, [_user(connection, first + n, n) for n in numbers])
        tx.many(_USER_BINDING, [_bound(target, first + n, n) for n in numbers])
    return first


_USER = """
    INSERT INTO users (id, public_id, connection_id, push_yes, pull_yes, push_active_yes,
        pull_active_yes, push_said, pull_said, login_said, pull_known, pull_digest, scim,
        scim_name_key, scim_version, user_name, email, first_name, last_name, display_name,
        active, wanted, created_at, updated_at)
    VALUES (:id, :public, :connection, :at, :at, :at, :at, :said, :said, '{}', :true, '', :scim,
        :name, 1, :name, CAST(:name AS VARCHAR), 'Test', :last, :display, :true, :true, :at, :at)"""
_USER_BINDING = """
    INSERT INTO user_bindings (target_id, user_id, remote_id, ownership, active, digest, updated_at)
    VALUES (:target, :id, :remote, 'ours', :true, :digest, :at)"""
_SCIM = (
    '{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"{name}",'
    '"active":true,"name":{{"givenName":"Test","familyName":"{last}"}},'
    '"displayName":"{display}","emails":[{{"primary":true,"type":"work","value":"{name}"}}]}}'
)


def _user(connection: int, key: int, number: int) -> dict[str, Any]:
    who = profile(number)
    said = {
        "user_name": who.user_name,
        "email": who.email,
        "first_name": who.first_name,
        "last_name": who.last_name,
        "display_name": who.display_name,
    }
    written = ",".join(f'"{name}":["{value}",{START}]' for name, value in said.items())
    texts = {"name": who.user_name, "last": who.last_name, "display": who.display_name}
    return {
        "id": key,
        "public": f"u{connection}-{number:07d}",
        "connection": connection,
        "said": f"{{{written}}}",
        "scim": _SCIM.format(**texts),
        "true": True,
        "at": START,
        **texts,
    }


def _bound(target: int, key: int, number: int) -> dict[str, Any]:
    return {
        "target": target,
        "id": key,
        "remote": remote_id("u", number),
        "true": True,
        "digest": profile_digest(profile(number)),
        "at": START,
    }


def remote_id(kind: str, number: int) -> str:
    """As long as a UUID, as targets' ids are."""
    return f"{kind}{number:07d}-0000-4000-8000-000000000000"


def _groups(tx: Tx, connection: int, target: int, made: Company) -> int:
    first = int(tx.value("SELECT coalesce(max(id), 0) + 1 FROM groups"))
    rows = [
        {
            "id": first + team.number,
            "public": f"g{connection}-{team.number:06d}",
            "connection": connection,
            "target": target,
            "remote": remote_id("g", team.number),
            "name": team.name,
            "digest": digest(team.name),
            "true": True,
            "false": False,
            "at": START,
        }
        for team in made.teams
    ]
    tx.many(
        """
        INSERT INTO groups (id, public_id, connection_id, push_yes, pull_yes, push_name,
            push_name_at, pull_name, pull_name_at, pull_known, login_known, scim_name_key,
            scim_version, name, wanted, created_at, updated_at)
        VALUES (:id, :public, :connection, :at, :at, :name, :at, :name, :at, :true, :false,
            CAST(:name AS TEXT), 1, :name, :true, :at, :at)
        """,
        rows,
    )
    tx.many(
        """
        INSERT INTO group_bindings (target_id, group_id, remote_id, ownership, digest, updated_at)
        VALUES (:target, :id, :remote, 'ours', :digest, :at)
        """,
        rows,
    )
    return first


def _memberships(tx: Tx, filled: Filled) -> None:
    """Ordered by user within a group, as the tables are."""
    count = filled.company.users
    tx.run("CREATE TEMPORARY TABLE numbers (i INTEGER PRIMARY KEY)")
    tx.many("INSERT INTO numbers VALUES (:i)", [{"i": i} for i in range(count)])
    rows = [
        {
            "group": filled.group + team.number,
            "user": filled.user,
            "target": filled.target,
            "count": count,
            "first": team.first,
            "step": team.step,
            "size": team.size,
            "at": START,
        }
        for team in filled.company.teams
    ]
    who = """:user + (:first + CAST(:step AS BIGINT) * i) % :count FROM numbers
        WHERE i < :size ORDER BY 2"""
    tx.many(
        "INSERT INTO memberships (group_id, user_id, push_yes, pull_yes) "
        f"SELECT :group, {who.replace('FROM', ', :at, :at FROM')}",
        rows,
    )
    tx.many(
        "INSERT INTO member_bindings (target_id, group_id, user_id) "
        f"SELECT :target, :group, {who.replace('BY 2', 'BY 3')}",
        rows,
    )
    tx.run("DROP TABLE numbers")


def change(database: Database, filled: Filled, share: float) -> None:
    """Half of the changes are of the directory (it lists them no more), half of the target."""
    every = round(2 / share)
    params = {"every": every, "at": START + 2 * HOUR, "target": filled.target}
    with database.write() as tx:
        tx.run(
            "UPDATE memberships SET pull_no = :at WHERE (group_id + user_id) % :every = 0", params
        )
        tx.run(
            """
            DELETE FROM member_bindings
            WHERE target_id = :target AND (group_id + user_id) % :every = 1
            """,
            params,
        )


@dataclass(slots=True)
class Application:
    """A target that holds all of a company, and tells it page by page."""

    company: Company

    def observe(self) -> Iterator[ObservedPart]:
        for start in range(0, self.company.users, USERS_PAGE):
            numbers = range(start, min(self.company.users, start + USERS_PAGE))
            yield [_remote_user(number) for number in numbers]
        for start in range(0, len(self.company.teams), GROUPS_PAGE):
            yield [self._group(team) for team in self.company.teams[start : start + GROUPS_PAGE]]
        yield ObserveEnded()

    def _group(self, team: Team) -> RemoteGroup:
        members = frozenset(remote_id("u", n) for n in team.members(self.company.users))
        return RemoteGroup(remote_id("g", team.number), None, team.name, members)

    def apply(self, operation: Operation) -> Outcome:
        raise NotImplementedError("nothing is delivered here")

    def check(self) -> list[str]:
        return []

    def close(self) -> None:
        pass


def _remote_user(number: int) -> RemoteUser:
    who = profile(number)
    return RemoteUser(
        remote_id=remote_id("u", number),
        external_id=None,
        user_name=who.user_name,
        email=who.email,
        first_name=who.first_name,
        last_name=who.last_name,
        display_name=who.display_name,
    )

"""A company in the fake Okta, a source that reads it, and what a right read tells of it."""

from collections.abc import Callable
from typing import Any

from connectors.base import DirectoryGroup, DirectoryUser
from connectors.http import Limits, networks
from connectors.okta import Okta, OktaPull
from tests.fakes.okta import Directory, FakeOkta, Group, User
from tests.fakes.okta.server import TOKEN

LIMITS = Limits(allow=networks("127.0.0.0/8"), read=5.0)
ACTIVE = {"ACTIVE", "PASSWORD_EXPIRED", "RECOVERY", "LOCKED_OUT", "PROVISIONED"}
INACTIVE = {"STAGED", "SUSPENDED", "DEPROVISIONED"}


def company() -> Directory:
    """Enough of everything for three pages of two, or three."""
    directory = Directory()
    statuses = ["ACTIVE", "SUSPENDED", "STAGED", "LOCKED_OUT", "RECOVERY", "PASSWORD_EXPIRED"]
    staff = [directory.add_user(f"{status.lower()}@acme.example", status) for status in statuses]
    left = [directory.add_user(f"left{n}@acme.example", "DEPROVISIONED") for n in range(5)]
    groups = [directory.add_group(name, *staff[:5]) for name in ("Eng", "Ops, EU", 'The "A"')]
    directory.add_group("Empty")
    directory.add_group("Alumni", staff[0], *left[:2])
    directory.add_app(dict.fromkeys([user.id for user in staff], "ACTIVE"), *groups)
    return directory


def source(
    fake: FakeOkta,
    scope: Any = "all",
    *,
    limits: Limits = LIMITS,
    sleep: Callable[[float], None] = lambda _: None,
    **pull: Any,
) -> Okta:
    """By the fake's token, unless `pull` brings something else."""
    given = {"kind": "okta", "org_url": fake.url, "token": TOKEN, "scope": scope, **pull}
    return Okta(OktaPull.model_validate(given), limits=limits, sleep=sleep)


def scope_of(fake: FakeOkta, kind: str) -> Any:
    """The three kinds of scope. The groups are named by id, but one."""
    groups = list(fake.directory.groups.values())
    if kind == "app":
        return {"app_id": next(iter(fake.directory.apps))}
    return {"groups": [groups[1].id, groups[2].id, 'The "A"']} if kind == "groups" else "all"


def as_read(user: User) -> DirectoryUser:
    return DirectoryUser(
        id=user.id,
        user_name=user.login,
        email=user.login,
        first_name="F",
        last_name="L",
        active=user.status in ACTIVE,
    )


def people(fake: FakeOkta, *ids: str) -> list[DirectoryUser]:
    """Those users, or all of them."""
    return [as_read(fake.directory.users[id]) for id in ids or fake.directory.users]


def as_listed(group: Group) -> DirectoryGroup:
    return DirectoryGroup(group.id, group.name)


def members(*groups: Group) -> dict[str, frozenset[str]]:
    return {group.id: frozenset(group.members) for group in groups}


def named(fake: FakeOkta, *names: str) -> list[Group]:
    return [group for group in fake.directory.groups.values() if group.name in names]

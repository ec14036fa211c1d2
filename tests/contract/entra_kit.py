"""An Entra tenant of a few users and groups, and connections to it; shared by the Entra tests."""

from typing import Any

from connectors.base import DirectoryGroup, DirectoryUser
from connectors.entra import Entra, EntraPull
from connectors.http import Limits, networks
from tests.contract import source_suite
from tests.fakes.graph import FakeGraph
from tests.fakes.graph_sign_in import CLIENT, TENANT
from tests.fakes.graph_tenant import Tenant
from tests.fakes.tls import contexts

LIMITS = Limits(allow=networks("127.0.0.0/8,::1/128"))
APP = "5a1e5a1e-0000-4000-8000-000000000002"
SCOPES: dict[str, Any] = {
    "all": "all",
    "groups": {"groups": ["eng", "nest", "m365"]},
    "app": {"app_id": APP},
}


def populate(tenant: Tenant) -> None:
    """Nested groups, a circle of groups, members that are no users, a group without members."""
    for name in ("ada", "bob", "cyd", "dan", "eve"):
        tenant.add_user(name, mail=f"{name}@acme.example")
    tenant.add_user("nomail")
    tenant.add_user("left", accountEnabled=False)
    tenant.add_group("eng", *[("user", name) for name in ("ada", "bob", "cyd", "dan", "left")])
    tenant.add_group("nest", ("group", "eng"), ("user", "eve"), ("group", "loop"))
    tenant.add_group("loop", ("group", "nest"), ("device", "d1"), ("servicePrincipal", "s1"))
    tenant.add_group("m365", ("user", "nomail"), ("orgContact", "c1"), mailEnabled=True)
    tenant.add_group("empty")
    tenant.roles["ada"] = ["Global Reader"]
    tenant.assigned[APP] = [
        ("User", "nomail"),
        ("Group", "nest"),
        ("ServicePrincipal", "s1"),
        ("Group", "m365"),
        ("Group", "nest"),
    ]


def pull(fake: FakeGraph, scope: Any = "all", **changes: Any) -> EntraPull:
    usual = {
        "kind": "entra",
        "tenant_id": TENANT,
        "client_id": CLIENT,
        "client_secret": fake.secret,
        "authority": fake.url,
        "graph_url": fake.url,
        "scope": scope,
    }
    return EntraPull.model_validate(usual | changes)


class Ready:
    """A token without signing in, which other tests are about."""

    def __init__(self, fake: FakeGraph) -> None:
        self._fake = fake
        self._current = fake.issue()

    def __call__(self, refused: str | None = None) -> str:
        if refused == self._current:
            self._current = self._fake.issue()
        return self._current


def entra(
    fake: FakeGraph,
    scope: str = "all",
    *,
    slept: list[float] | None = None,
    limits: Limits = LIMITS,
) -> Entra:
    return Entra(
        pull(fake, SCOPES[scope]),
        limits=limits,
        tls=contexts()[1],
        token=Ready(fake),
        sleep=([] if slept is None else slept).append,
    )


def signing_in(fake: FakeGraph, **changes: Any) -> Entra:
    return Entra(
        pull(fake, **changes), limits=LIMITS, tls=contexts()[1], sleep=lambda seconds: None
    )


def hidden(fake: FakeGraph) -> list[str]:
    return [fake.secret, *fake.issued]


def as_user(tenant: Tenant, name: str) -> DirectoryUser:
    row = tenant.users[name]
    return DirectoryUser(
        id=name,
        user_name=row["userPrincipalName"],
        email=row["mail"],
        first_name=row["givenName"],
        last_name=row["surname"],
        display_name=row["displayName"],
        active=row["accountEnabled"],
    )


def whole(fake: FakeGraph, scope: str) -> source_suite.Told:
    """What a read of this scope has to tell."""
    tenant = fake.tenant
    groups = {
        "all": list(tenant.groups),
        "groups": ["eng", "nest", "m365"],
        "app": ["nest", "m365"],
    }[scope]
    users = {
        "all": set(tenant.users),
        "groups": {user for group in groups for user in tenant.users_in(group)},
        "app": {"eve", "nomail"},
    }[scope]
    return source_suite.Told(
        users={name: as_user(tenant, name) for name in users},
        groups={id: DirectoryGroup(id, f"Group {id}") for id in groups},
        members={id: tenant.users_in(id) & users for id in groups},
    )

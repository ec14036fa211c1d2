"""Real identity providers push, people sign in, and the drift report says what does not agree."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from connectors.http import Http, Limits, networks
from models.clock import Clock
from models.instant import SECOND
from tests.fakes.issuer import FakeIssuer
from tests.fakes.issuer import running as issuing
from tests.fakes.scim2_server import TOKEN, Tenant, scim2_server
from tests.scenarios.daemon import Daemon, daemon, wait_until
from tests.scenarios.pushers import Pusher, canaille, scim_sim

pytestmark = pytest.mark.servers

KEY = "tuk_only_for_this_test"
LOOPBACK = Limits(read=90, total=120, allow=networks("127.0.0.0/8"))


@dataclass
class House:
    """The daemon, the application behind it, and whoever pushes to it."""

    daemon: Daemon
    issuer: FakeIssuer
    target: Tenant
    http: Http
    scim: dict[str, str]

    def api(self, method: str, path: str, body: Any = None) -> Any:
        return self._ask(method, f"{self.daemon.url}{path}", KEY, body)

    def pushed(self, path: str) -> Any:
        return self._ask("GET", self.scim["base_url"] + path, self.scim["token"])

    def login(self, person: dict[str, Any], *groups: str) -> Any:
        """Now. A provider calls people in tokens by the id that it pushes, if it does."""
        time.sleep(1.1)  # tokens are dated to the second, and the push is a moment old
        now = Clock().now()
        token = self.issuer.id_token(
            "app",
            now,
            sub=person.get("externalId", person["userName"]),
            preferred_username=person["userName"],
            groups=list(groups),
            auth_time=now // SECOND,
        )
        body = {"connection": "acme~idp", "id_token": token}
        return self.api("POST", "/login/observations", body)

    def staff(self) -> set[str]:
        """Who is in the group at the application."""
        users = self.target.call("GET", "Users").get("Resources", [])
        names = {one["id"]: one["userName"] for one in users}
        groups = self.target.call("GET", "Groups").get("Resources", [])
        members = [m for one in groups for m in one.get("members", [])]
        return {names[one["value"]] for one in members}

    def report(self) -> set[tuple[str, str | None]]:
        """What stands open, and of whom."""
        self.api("POST", "/api/v1/connections/acme~idp/reconcile?wait=60")
        wanted = quote('state eq "open"')
        found = self.api("GET", f"/api/v1/drift/findings?filter={wanted}&limit=200")["items"]
        return {(one["kind"], (one["user"] or {}).get("user_name")) for one in found}

    def _ask(self, method: str, url: str, token: str, body: Any = None) -> Any:
        headers = {"authorization": f"Bearer {token}"}
        reply = self.http.send(method, url, json=body, headers=headers)
        assert 200 <= reply.status < 300, (reply.status, reply.body[:500])
        return reply.json()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with (
        issuing() as issuer,
        scim2_server(tmp_path / "target.log") as server,
        daemon(tmp_path, ADMIN_KEY=KEY) as trueup,
    ):
        trueup.start("serve", ready=True)
        http = Http(limits=LOOPBACK)
        house = House(trueup, issuer, server.tenant(), http, {})
        house.api("POST", "/api/v1/organizations", {"slug": "acme", "name": "Acme", "domains": []})
        login = {"protocol": "oidc", "issuer": issuer.url, "client_id": "app"}
        login |= {"groups_claim": "groups", "mapping": {"user_id": "sub", "email": "email"}}
        connection = {"organization": "acme", "slug": "idp", "provider": "generic", "push": True}
        made = house.api("POST", "/api/v1/connections", connection | {"login": login})
        house.scim = made["scim"]
        house.api("POST", "/api/v1/targets", _target(house.target))
        yield house
        http.close()


def _target(tenant: Tenant) -> dict[str, Any]:
    return {
        "organization": "acme",
        "slug": "app",
        "kind": "scim",
        "url": tenant.url,
        "auth": {"type": "bearer", "token": TOKEN},
        "connections": ["idp"],
    }


def test_what_canaille_pushes_reaches_the_application_and_the_drift_report(
    house: House, tmp_path: Path
) -> None:
    untold = {"policy": {"tolerances": {"cursors_untold": True}}}
    house.api("PATCH", "/api/v1/connections/acme~idp", untold)
    with canaille(house.scim["base_url"], house.scim["token"], tmp_path) as pusher:
        _from_the_first_push_to_the_last(house, pusher)


def test_what_scim_sim_pushes_reaches_the_application_and_the_drift_report(
    house: House, tmp_path: Path
) -> None:
    scim = house.scim
    with scim_sim(scim["base_url"], scim["token"], tmp_path, house.pushed) as pusher:
        _from_the_first_push_to_the_last(house, pusher)


def _from_the_first_push_to_the_last(house: House, pusher: Pusher) -> None:
    pusher.hire()
    ada, bob = pusher.names
    wait_until(lambda: house.staff() == {ada, bob}, 30, "both are in the group")
    assert house.report() == set()
    people = {one["userName"]: one for one in house.pushed("/Users")["Resources"]}

    pusher.take_out()
    wait_until(lambda: house.staff() == {bob}, 30, "one has left the group")
    house.login(people[ada], "Staff")
    assert ("token_ahead_of_directory", ada) in house.report()
    assert house.staff() == {bob}

    pusher.end()
    wait_until(lambda: house.staff() == set(), 30, "nobody is in the group")
    house.login(people[bob])
    assert ("login_of_inactive_user", bob) in house.report()

"""One membership through every room: pushed, read, seen in a token, decided, delivered, shown.

The daemon is the real one, the target is scim2-server; the directory and the issuer are
fakes of our own.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connectors.http import Http, Limits, Reply, networks
from models.clock import Clock
from models.instant import SECOND
from tests.fakes.issuer import FakeIssuer
from tests.fakes.issuer import running as issuing
from tests.fakes.okta import Directory, FakeOkta, Fault
from tests.fakes.okta.server import TOKEN as OKTA_TOKEN
from tests.fakes.scim2_server import TOKEN, Tenant, scim2_server
from tests.scenarios.daemon import Daemon, daemon, wait_until

KEY = "tuk_only_for_this_test"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
LOOPBACK = Limits(read=90, total=120, allow=networks("127.0.0.0/8"))


@dataclass
class House:
    """The daemon and everything around it."""

    daemon: Daemon
    okta: FakeOkta
    issuer: FakeIssuer
    target: Tenant
    scim: dict[str, str]
    http: Http

    def api(self, method: str, path: str, body: Any = None) -> Any:
        return good(self.ask(method, f"/api/v1{path}", body)).json()

    def ask(self, method: str, path: str, body: Any = None, token: str = KEY) -> Reply:
        headers = {"authorization": f"Bearer {token}"}
        return self.http.send(method, self.daemon.url + path, json=body, headers=headers)

    def push(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"authorization": f"Bearer {self.scim['token']}"}
        reply = good(
            self.http.send(method, self.scim["base_url"] + path, json=body, headers=headers)
        )
        return reply.json() if reply.body else None

    def push_user(self, id: str, name: str) -> str:
        made = self.push("POST", "/Users", {"userName": name, "externalId": id, "active": True})
        return str(made["id"])

    def add(self, group: str, user: str) -> None:
        value = [{"value": user}]
        self.push("PATCH", f"/Groups/{group}", patch("add", "members", value))

    def pull(self, state: str = "complete") -> Any:
        run = self.api("POST", "/connections/acme~okta/pull?wait=60")
        assert run["state"] == state, run
        self.api("POST", "/connections/acme~okta/reconcile?wait=60")
        return run

    def login(self, user: str, *groups: str, minutes_ago: int = 0) -> Any:
        now = Clock().now()
        token = self.issuer.id_token(
            "app", now, sub=user, groups=list(groups), auth_time=now // SECOND - minutes_ago * 60
        )
        body = {"connection": "acme~okta", "id_token": token}
        return good(self.ask("POST", "/login/observations", body)).json()

    def members(self, group: str) -> set[str]:
        """User names in a group, as the target tells another client."""
        users = self.target.call("GET", "Users").get("Resources", [])
        names = {one["id"]: one["userName"] for one in users}
        return {
            names[member["value"]]
            for one in self.target.call("GET", "Groups").get("Resources", [])
            if one["displayName"] == group
            for member in one.get("members", [])
        }

    def is_active(self, name: str) -> bool:
        users = self.target.call("GET", "Users").get("Resources", [])
        return any(one.get("active", True) for one in users if one["userName"] == name)

    def kinds(self) -> set[str]:
        found = self.api("GET", "/drift/findings?filter=state%20eq%20%22open%22&limit=200")
        return {one["kind"] for one in found["items"]}


def good(reply: Reply) -> Reply:
    assert 200 <= reply.status < 300, (reply.status, reply.body[:500])
    return reply


def patch(op: str, path: str, value: Any = None) -> dict[str, Any]:
    operation = {"op": op, "path": path}
    return {
        "schemas": [PATCH],
        "Operations": [operation if value is None else {**operation, "value": value}],
    }


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("OKTA_TESTING_TESTINGDISABLEHTTPSCHECK", "true")
    okta = FakeOkta(Directory(), page_size=50)
    with (
        okta,
        issuing() as issuer,
        scim2_server(tmp_path / "target.log") as server,
        daemon(tmp_path, ADMIN_KEY=KEY) as trueup,
    ):
        trueup.start("serve", ready=True)
        target, http = server.tenant(), Http(limits=LOOPBACK)
        built = House(trueup, okta, issuer, target, {}, http)
        built.api("POST", "/organizations", {"slug": "acme", "name": "Acme", "domains": []})
        built.scim = built.api("POST", "/connections", connection(okta, issuer))["scim"]
        built.api("POST", "/targets", target_of(target))
        yield built
        http.close()


def connection(okta: FakeOkta, issuer: FakeIssuer) -> dict[str, Any]:
    pull = {"kind": "okta", "org_url": okta.url, "token": OKTA_TOKEN, "scope": "all"}
    login = {
        "protocol": "oidc",
        "issuer": issuer.url,
        "client_id": "app",
        "groups_claim": "groups",
    }
    return {
        "organization": "acme",
        "slug": "okta",
        "provider": "okta",
        "push": True,
        "pull": {**pull, "schedule": "0 2 * * *", "timezone": "Europe/Stockholm"},
        "login": login,
        "policy": {"lag": 0},
    }


def target_of(tenant: Tenant) -> dict[str, Any]:
    return {
        "organization": "acme",
        "slug": "app",
        "kind": "scim",
        "url": tenant.url,
        "auth": {"type": "bearer", "token": TOKEN},
        "connections": ["okta"],
        "guard": {"floor": 2, "share": 0},
    }


def test_a_membership_goes_through_every_room(house: House) -> None:
    directory = house.okta.directory
    ada, bob = directory.add_user("ada@acme.example"), directory.add_user("bob@acme.example")
    team = directory.add_group("Engineering", ada)
    pushed = {one.login: house.push_user(one.id, one.login) for one in (ada, bob)}
    group = house.push("POST", "/Groups", {"displayName": "Engineering"})["id"]
    house.add(group, pushed["ada@acme.example"])
    wait_until(lambda: house.members("Engineering") == {"ada@acme.example"}, 20, "the push")

    # read at night: the directory knows one membership more
    team.members.append(bob.id)
    house.pull()
    both = {"ada@acme.example", "bob@acme.example"}
    wait_until(lambda: house.members("Engineering") == both, 20, "the read")
    assert "missed_push" in house.kinds()

    # seen in a token: an old one changes nothing, a newer one asks the directory
    answer = house.login(bob.id, "Engineering", "Finance", minutes_ago=600)
    assert answer["groups"]["state"] == "listed"
    assert answer["user"]["user_name"] == "bob@acme.example"
    finance = directory.add_group("Finance", ada)
    house.push("POST", "/Groups", {"displayName": "Finance"})
    house.pull()
    finance.members.append(bob.id)
    time.sleep(1.1)  # tokens are dated to the second, and the read is a moment old
    house.login(bob.id, "Engineering", "Finance")
    wait_until(lambda: "bob@acme.example" in house.members("Finance"), 20, "the point read")

    # explained
    explained = house.api("GET", "/explain?user=bob@acme.example&group=Finance")
    assert "pull" in str(explained)
    found = house.api("GET", f'/memberships?filter=group.id%20eq%20"{group}"'.replace('"', "%22"))
    assert {one["verdict"] for one in found["items"]} == {"yes"}


def test_a_read_that_breaks_off_removes_nobody_and_is_reported(house: House) -> None:
    directory = house.okta.directory
    people = [directory.add_user(f"user{number}@acme.example") for number in range(8)]
    directory.add_group("Engineering", *people)
    for one in people:
        house.push_user(one.id, one.login)
    house.push("POST", "/Groups", {"displayName": "Engineering"})
    house.pull()
    wait_until(lambda: len(house.members("Engineering")) == 8, 20, "the first read")

    directory.groups[max(directory.groups)].members.clear()
    house.okta.faults.append(Fault("500", "/api/v1/groups"))
    assert "500" in house.pull("incomplete")["problem"]
    assert len(house.members("Engineering")) == 8
    assert "pull_incomplete" in house.kinds()


def test_a_mass_removal_waits_for_a_person_and_is_done_exactly(house: House) -> None:
    directory = house.okta.directory
    people = [directory.add_user(f"user{number}@acme.example") for number in range(8)]
    team = directory.add_group("Engineering", *people)
    for one in people:
        house.push_user(one.id, one.login)
    house.push("POST", "/Groups", {"displayName": "Engineering"})
    house.pull()
    wait_until(lambda: len(house.members("Engineering")) == 8, 20, "the first read")

    team.members = team.members[:2]
    house.pull()
    assert len(house.members("Engineering")) == 8
    (hold,) = house.api("GET", "/holds?filter=state%20eq%20%22open%22")["items"]
    assert len(hold["operations"]) == 6
    assert "held_by_guard" in house.kinds()
    house.api("POST", f"/holds/{hold['id']}/approve")
    wait_until(lambda: len(house.members("Engineering")) == 2, 20, "the approval")


def test_a_leaver_goes_at_once_when_the_provider_says_so(house: House) -> None:
    directory = house.okta.directory
    ada = directory.add_user("ada@acme.example")
    pushed = house.push_user(ada.id, ada.login)
    wait_until(lambda: house.is_active("ada@acme.example"), 20, "the push")
    house.push("PATCH", f"/Users/{pushed}", patch("replace", "active", False))
    wait_until(lambda: not house.is_active("ada@acme.example"), 20, "the removal")
    time.sleep(1.1)
    answer = house.login(ada.id)
    assert {one["kind"] for one in answer["findings"]} == {"login_of_inactive_user"}


def test_a_rehearsal_looks_at_the_target_and_changes_nothing(house: House) -> None:
    ada = house.okta.directory.add_user("ada@acme.example")
    house.push_user(ada.id, ada.login)
    wait_until(lambda: house.is_active("ada@acme.example"), 20, "the push")
    (there,) = house.target.call("GET", "Users")["Resources"]
    house.target.call("DELETE", f"Users/{there['id']}")

    run = house.api("POST", "/connections/acme~okta/reconcile?wait=60&dry_run=true")
    assert [one["operation"] for one in run["plan"]["operations"]] == ["create_user"]
    assert not house.target.call("GET", "Users").get("Resources")
    assert "missing_at_target" not in house.kinds()

    house.api("POST", "/connections/acme~okta/reconcile?wait=60")
    wait_until(lambda: house.is_active("ada@acme.example"), 20, "the repair")
    assert "missing_at_target" in house.kinds()


def test_a_refused_plan_stays_undone_and_is_still_reported(house: House) -> None:
    directory = house.okta.directory
    people = [directory.add_user(f"user{number}@acme.example") for number in range(6)]
    team = directory.add_group("Engineering", *people)
    for one in people:
        house.push_user(one.id, one.login)
    house.push("POST", "/Groups", {"displayName": "Engineering"})
    house.pull()
    wait_until(lambda: len(house.members("Engineering")) == 6, 20, "the first read")
    team.members = team.members[:1]
    house.pull()
    (hold,) = house.api("GET", "/holds?filter=state%20eq%20%22open%22")["items"]
    house.api("POST", f"/holds/{hold['id']}/refuse")

    house.pull()
    assert len(house.members("Engineering")) == 6
    found = house.api("GET", "/drift/findings?filter=kind%20eq%20%22held_by_guard%22")["items"]
    standing = [one for one in found if one["state"] == "open"]
    assert ["refused" in one["summary"] for one in standing] == [True]

"""A target in trouble is told of: suspended, or holding what stands in the way of ours."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.scim2_server import TOKEN, Tenant, scim2_server
from tests.scenarios.daemon import Daemon, daemon, wait_until

KEY = "tuk_only_for_this_test"


@dataclass
class Place:
    """A daemon with two connections, both of which provision one target."""

    daemon: Daemon
    target: Tenant
    scim: dict[str, dict[str, str]]

    def api(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"authorization": f"Bearer {KEY}"}
        url = f"{self.daemon.url}/api/v1{path}"
        answer = httpx.request(method, url, json=body, headers=headers, trust_env=False, timeout=90)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def push(self, link: str, collection: str, **body: Any) -> str:
        headers = {"authorization": f"Bearer {self.scim[link]['token']}"}
        url = f"{self.scim[link]['base_url']}/{collection}"
        answer = httpx.post(url, json=body, headers=headers, trust_env=False, timeout=30)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def reconcile(self, link: str) -> Any:
        return self.api("POST", f"/connections/acme~{link}/reconcile?wait=60")["plan"]

    def kinds(self, link: str) -> list[str]:
        found = self.api("GET", "/drift/findings?filter=state%20eq%20%22open%22")["items"]
        return [one["kind"] for one in found if one["connection_name"] == f"acme/{link}"]

    def settled(self) -> bool:
        states = {one["state"] for one in self.api("GET", "/actions?limit=200")["items"]}
        return not states & {"ready", "queued", "running", "retrying"}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    log = tmp_path / "target.log"
    with scim2_server(log) as server, daemon(tmp_path, ADMIN_KEY=KEY) as trueup:
        trueup.start("serve", ready=True)
        made = Place(trueup, server.tenant(), {})
        made.api("POST", "/organizations", {"slug": "acme", "name": "Acme", "domains": []})
        for slug in ("one", "two"):
            link = {"organization": "acme", "slug": slug, "provider": "generic", "push": True}
            made.scim[slug] = made.api("POST", "/connections", link)["scim"]
        target = {"organization": "acme", "slug": "app", "kind": "scim", "url": made.target.url}
        auth = {"type": "bearer", "token": TOKEN}
        made.api("POST", "/targets", target | {"auth": auth, "connections": ["one", "two"]})
        yield made


def test_a_suspended_target_is_told_of_once_until_it_is_mended(place: Place) -> None:
    wrong = {"auth": {"type": "bearer", "token": "wrong"}}
    place.api("PATCH", "/targets/acme~app", wrong)
    place.push("one", "Users", userName="ada")
    state = "/targets/acme~app"
    wait_until(lambda: place.api("GET", state)["state"] == "suspended", 20, "the suspension")
    place.reconcile("one")
    place.reconcile("one")
    assert place.kinds("one") == ["action_failing"]

    place.api("PATCH", "/targets/acme~app", {"auth": {"type": "bearer", "token": TOKEN}})
    place.api("POST", "/targets/acme~app/resume")
    wait_until(place.settled, 20, "what waited")
    place.reconcile("one")
    assert place.kinds("one") == []


def test_one_account_that_two_connections_want_is_no_drift_of_the_first(place: Place) -> None:
    ada = place.push("one", "Users", userName="ada")
    place.push("one", "Groups", displayName="Team", members=[{"value": ada}])
    wait_until(place.settled, 20, "the first")
    place.push("two", "Users", userName="ada")
    wait_until(place.settled, 20, "the second")

    assert place.reconcile("one")["operations"] == []
    assert place.kinds("one") == []
    place.reconcile("two")
    place.reconcile("two")
    assert place.kinds("two") == ["foreign_at_target"]
    assert place.reconcile("one")["operations"] == []


def test_a_path_with_a_slash_too_many_leads_nowhere(place: Place) -> None:
    url = f"{place.daemon.url}/api/v1/organizations/"
    answer = httpx.get(url, headers={"host": "evil.example"}, trust_env=False)
    assert answer.status_code == 404
    assert "location" not in answer.headers


def test_a_database_that_is_away_is_a_failure_and_no_drift(tmp_path: Path) -> None:
    with daemon(tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/none/at.db") as trueup:
        ended = trueup.run("drift")
    assert ended.returncode == 3
    assert ended.stderr.startswith("The database cannot be used:")
    assert ended.stderr.count("\n") == 1

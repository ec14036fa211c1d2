"""A connection with logins only, at a certified provider: tokens make groups, and end them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.http import Http, Limits, networks
from tests.scenarios.daemon import Daemon, daemon
from tests.scenarios.test_oidc_provider import Provider, installed, provider

__all__ = ["installed", "provider"]

pytestmark = pytest.mark.servers

KEY = "tuk_only_for_this_test"
LOOPBACK = Limits(allow=networks("127.0.0.0/8"))


@pytest.fixture
def trueup(tmp_path: Path, provider: Provider) -> Iterator[Daemon]:
    with daemon(tmp_path, ADMIN_KEY=KEY) as made:
        made.start("serve", ready=True)
        ask(made, "/api/v1/organizations", {"slug": "acme", "name": "Acme", "domains": []})
        told = provider.settings("RS256")
        login = {"protocol": "oidc", "issuer": told.issuer, "client_id": told.client_id}
        connection = {"organization": "acme", "slug": "idp", "provider": "generic"}
        ask(made, "/api/v1/connections", {**connection, "push": False, "login": login})
        yield made


def ask(trueup: Daemon, path: str, body: Any = None) -> Any:
    method = "GET" if body is None else "POST"
    headers = {"authorization": f"Bearer {KEY}"}
    http = Http(limits=LOOPBACK)
    reply = http.request(method, trueup.url + path, json=body, headers=headers)
    http.close()
    return reply.json()


def sign_in(trueup: Daemon, provider: Provider, user: str) -> Any:
    token = provider.sign_in(user, "RS256", nonce=user)
    body = {"connection": "acme~idp", "id_token": token}
    return ask(trueup, "/login/observations", body)


def test_a_login_brings_the_user_and_the_groups_that_the_token_lists(
    trueup: Daemon, provider: Provider
) -> None:
    answer = sign_in(trueup, provider, "ada")
    assert answer["groups"]["state"] == "listed"
    assert answer["user"]["email"] == "ada@acme.example"
    groups = {one["name"] for one in ask(trueup, "/api/v1/groups")["items"]}
    assert groups == {"ACME\\Admins", "Engineering"}
    memberships = ask(trueup, "/api/v1/memberships")["items"]
    assert [one["verdict"] for one in memberships] == ["yes", "yes"]
    assert {one["decided_by"]["channel"] for one in memberships} == {"login"}


def test_a_login_without_a_groups_claim_is_diagnosed_and_removes_nothing(
    trueup: Daemon, provider: Provider
) -> None:
    answer = sign_in(trueup, provider, "cyd")
    assert answer["groups"]["state"] == "absent"
    assert answer["groups"]["problem"]
    assert "claim_absent" in {one["kind"] for one in answer["findings"]}

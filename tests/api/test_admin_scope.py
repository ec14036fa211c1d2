"""Who may ask, whose things they see, and what nobody is ever shown."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api import admin, auth
from api.admin import operations
from api.admin.aliases import AliasQuery, NewGroupAlias, NewUserAlias
from api.attempts import Attempts
from api.operation import Operation
from connectors.memory import MemorySource
from models.findings import Finding, Kind, Severity
from models.plans import HoldKind
from models.store import findings, holds, identities, proposals, reports, requests
from models.store.vault import hashed
from tests.api.admin_kit import (
    API,
    CLIENT_SECRET,
    FIRST,
    OIDC,
    OKTA,
    OKTA_TOKEN,
    TARGET_TOKEN,
    Office,
    at_name,
    connection,
    office,
    organization,
    staff,
    target,
)


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Two organizations, each with one of everything."""
    with office(tmp_path_factory.mktemp("scope")) as found:
        for slug in ("acme", "bolt"):
            organization(found, slug)
            connection(found, slug, pull=OKTA, login=OIDC)
            target(found, slug, connections=["okta"])
            furnish(found, slug)
        yield found


A_REQUEST: dict[str, Any] = dict.fromkeys(requests.COLUMNS) | {
    "method": "GET",
    "path": "/Users",
    "status": 200,
    "changes": None,
    "tolerances": None,
    "body_size": 0,
    "took": 1,
    "created_at": 1,
}


def furnish(at: Office, slug: str) -> None:
    at.peers.sources["okta"] = MemorySource()
    people = staff(at, f"{slug}~okta")
    with at.context.database.write() as tx:
        now, key = at.context.clock.now(), at_name(tx, f"{slug}~okta")
        place = tx.value(
            "SELECT target_id FROM target_connections WHERE connection_id = :key", {"key": key}
        )
        one = Finding(
            kind=Kind.MISSED_PUSH,
            severity=Severity.LOW,
            connection=key,
            target=place,
            user=people.ada,
            summary=f"About {slug}.",
            suggestion="",
        )
        findings.see(tx, [one], now)
        run = tx.value("SELECT max(id) FROM runs WHERE connection_id = :key", {"key": key})
        reports.keep(tx, key, run, now, unseen={})
        holds.create(tx, place, HoldKind.USERS, f"Of {slug}.", now=now)
        later = identities.insert_group(tx, key, f"Later of {slug}", now)
        proposals.propose(tx, key, (people.ops, later), {"both": 5}, now)
        requests.keep(tx, A_REQUEST | {"public_id": f"request-{slug}"}, connection=key)
    at.made("/keys", {"name": f"of {slug}", "organization": slug})


def things(at: Office, slug: str) -> dict[str, str]:
    """The id of one of each noun of an organization, as a key of all sees them."""
    whole = Office(at.client, at.context, FIRST, peers=at.peers)
    owner = f'connection eq "{slug}~okta"'
    place = f'target eq "{slug}~app"'

    def first(path: str, test: str) -> str:
        return str(whole.get(path, filter=test)["items"][0]["id"])

    return {
        "organizations": f"{slug}",
        "connections": f"{slug}~okta",
        "targets": f"{slug}~app",
        "users": first("/users", owner),
        "groups": first("/groups", owner),
        "findings": first("/drift/findings", owner),
        "reports": first("/drift/reports", owner),
        "actions": first("/actions", place),
        "holds": first("/holds", place),
        "runs": first("/runs", owner),
        "proposals": first("/proposals", owner),
        "keys": first("/keys", f'organization eq "{slug}"'),
        "requests": f"request-{slug}",
    }


WITH_AN_ID = [one for one in operations if "{id}" in one.path]
LISTS = [one for one in operations if "filter" in one.query.model_fields and "{" not in one.path]
BODIES: dict[str, Any] = {"/connections": {}, "/targets": {}}


def named(one: Operation) -> str:
    return f"{one.method} {one.path}"


def path_of(one: Operation, ids: dict[str, str]) -> str:
    noun = re.split(r"/", one.path.split("/{id}")[0])[-1]
    asked = "?namespace=name&value=x" if one.query is AliasQuery else ""
    return (
        one.path.replace("{id}", ids[noun])
        .replace("{token}", "any")
        .replace("{request}", ids["requests"])
        + asked
    )


def a_body(one: Operation) -> Any:
    """Something that is read as a body, and would be a harmless change."""
    if one.body in (NewUserAlias, NewGroupAlias):
        return {"namespace": "external_id", "value": "x"}
    return {"name": "x"} if one.path == "/organizations/{id}" and one.method == "PATCH" else {}


@pytest.mark.parametrize("one", WITH_AN_ID, ids=named)
def test_another_organizations_things_are_as_if_they_were_not_there(
    at: Office, one: Operation
) -> None:
    theirs = path_of(one, things(at, "bolt"))
    missing = path_of(one, dict.fromkeys(things(at, "bolt"), "no~such"))
    acme = at.limited_to("acme")

    answer = acme.ask(one.method, theirs, a_body(one))
    unknown = acme.ask(one.method, missing, a_body(one))

    assert answer.status_code == 404, answer.text
    assert unknown.status_code == 404, unknown.text
    assert {**answer.json(), "detail": ""} == {**unknown.json(), "detail": ""}


@pytest.mark.parametrize("one", LISTS, ids=named)
def test_a_list_shows_an_organization_only_its_own(at: Office, one: Operation) -> None:
    bolt = {**things(at, "bolt"), "name": "bolt"}
    text = at.limited_to("acme").ask(one.method, one.path).text

    assert "bolt" not in text
    assert all(value not in text for value in bolt.values())
    whole = Office(at.client, at.context, FIRST, peers=at.peers)
    assert "bolt" in whole.ask(one.method, one.path).text or one.path == "/memberships"


@pytest.mark.parametrize("path", ["/drift", "/drift.csv"])
def test_the_summary_counts_only_ones_own(at: Office, path: str) -> None:
    text = at.limited_to("acme").ask("GET", path).text
    whole = Office(at.client, at.context, FIRST, peers=at.peers).ask("GET", path).text
    assert "bolt" not in text
    assert text != whole


def test_a_limited_key_reads_its_own_things(at: Office) -> None:
    acme, ids = at.limited_to("acme"), things(at, "acme")
    for one in WITH_AN_ID:
        if one.method == "GET" and not one.path.endswith("/check"):
            assert acme.ask("GET", path_of(one, ids)).status_code == 200, one.path


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        pytest.param("/organizations", {"slug": "c", "name": "C"}, 403, id="an organization"),
        pytest.param(
            "/connections",
            {"organization": "bolt", "slug": "x", "provider": "okta", "push": True},
            404,
            id="a connection of another",
        ),
        pytest.param(
            "/targets",
            {
                "organization": "bolt",
                "slug": "x",
                "kind": "scim",
                "url": "http://127.0.0.1/",
                "auth": {"type": "none"},
            },
            404,
            id="a target of another",
        ),
        pytest.param("/keys", {"name": "x", "organization": "bolt"}, 404, id="a key of another"),
    ],
)
def test_a_limited_key_makes_nothing_outside(at: Office, path: str, body: Any, status: int) -> None:
    assert at.limited_to("acme").refused("POST", path, body)[0] == status


def test_a_limited_key_makes_only_keys_that_are_limited_too(at: Office) -> None:
    made = at.limited_to("acme").made("/keys", {"name": "more"})
    assert made["organization"] == "acme"


@pytest.mark.parametrize("change", [{"domains": ["gmail.example"]}, {"slug": "other"}])
def test_a_customers_own_key_does_not_say_which_domains_are_its(at: Office, change: Any) -> None:
    assert at.limited_to("acme").refused("PATCH", "/organizations/acme", change)[0] == 403


def test_explain_finds_only_ones_own_people(at: Office) -> None:
    bolt = things(at, "bolt")["users"]
    acme = at.limited_to("acme")
    assert acme.refused("GET", "/explain", params={"user": bolt})[0] == 404
    assert acme.get("/explain", user="ada")["user"]["id"] != bolt


@pytest.mark.parametrize("one", operations, ids=named)
def test_nobody_is_answered_without_a_live_key(at: Office, one: Operation) -> None:
    path = API + re.sub(r"{\w+}", "x", one.path)
    at.client.app.state.context = replace(at.context, attempts=Attempts())  # type: ignore[attr-defined]
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic eDp5"}):
        answer = at.client.request(one.method, path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"


def test_no_secret_is_ever_shown(at: Office) -> None:
    whole = Office(at.client, at.context, FIRST, peers=at.peers)
    texts = []
    for slug in ("acme", "bolt"):
        ids = things(at, slug)
        for one in operations:
            if one.method == "GET":
                texts.append(
                    whole.ask("GET", path_of(one, ids) if "{" in one.path else one.path).text
                )
    wrong = {"slug": "y", "organization": "acme", "provider": "okta", "login": {**OIDC, "x": 1}}
    texts.append(whole.ask("POST", "/connections", {**wrong, "pull": {**OKTA, "token": 5}}).text)
    bad = {"type": "bearer", "token": f"{TARGET_TOKEN} with spaces"}
    texts.append(whole.ask("PATCH", "/targets/acme~app", {"auth": bad}).text)
    texts.append(whole.ask("PATCH", "/connections/acme~okta", {"push": OKTA_TOKEN}).text)
    broken = f'{{"token": "{OKTA_TOKEN}'.encode()
    texts.append(whole.ask("POST", "/connections", content=broken).text)
    texts.append(whole.ask("GET", "/explain", params={"user": "ada"}).text)
    texts += [at.client.get(path).text for path in ("/openapi.json", "/docs")]

    assert all(len(text) for text in texts)
    with at.context.database.read() as tx:
        hashes = [row.hash for row in tx.rows("SELECT hash FROM api_keys")]
        hashes += [row.hash for row in tx.rows("SELECT hash FROM scim_tokens")]
    for secret in (OKTA_TOKEN, TARGET_TOKEN, CLIENT_SECRET, FIRST, "gAAAA", *hashes):
        assert not any(secret in text for text in texts), secret


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        pytest.param(b"{", {}, 400, id="half an object"),
        pytest.param(b"", {}, 400, id="nothing"),
        pytest.param(b'{"slug": NaN}', {}, 400, id="not a number"),
        pytest.param(b"\xff\xfe", {}, 400, id="no UTF-8"),
        pytest.param(b"[" * 100_000, {}, 400, id="too deep"),
        pytest.param(
            b"slug=a",
            {"content-type": "application/x-www-form-urlencoded"},
            400,
            id="a form, which curl says of any body",
        ),
        pytest.param(b"slug=a", {"content-type": "text/plain"}, 415, id="no JSON"),
        pytest.param(b'"' + b"x" * 1024 * 1024 + b'"', {}, 413, id="too large"),
    ],
)
def test_a_body_that_cannot_be_read_gets_one_sentence(
    at: Office, content: bytes, headers: dict[str, str], status: int
) -> None:
    key = {"authorization": f"Bearer {FIRST}", "content-type": "application/json"}
    answer = at.client.post(f"{API}/organizations", content=content, headers={**key, **headers})
    assert answer.status_code == status
    assert answer.json()["detail"].endswith(".")


def test_a_large_body_without_a_length_is_cut_off(at: Office) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * 65_536

    headers = {"authorization": f"Bearer {FIRST}", "content-type": "application/json"}
    answer = at.client.post(f"{API}/organizations", content=pieces(), headers=headers)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("PUT", "/organizations", 405), ("GET", "/", 404)],
)
def test_a_path_that_is_none_of_ours_is_a_problem_document(
    at: Office, method: str, path: str, status: int
) -> None:
    assert at.refused(method, path)[0] == status


def test_the_first_key_is_made_once_and_only_where_there_is_none(tmp_path: Path) -> None:
    with office(tmp_path) as here:
        with here.context.database.write() as tx:
            tx.run("DELETE FROM api_keys")
        unset = here.context.settings.model_copy(update={"admin_key": ""})
        context = replace(here.context, settings=unset)
        made = auth.ensure_first_key(context)
        assert made is not None
        assert auth.ensure_first_key(context) is None
        assert Office(here.client, here.context, made, peers=here.peers).get("/keys")["items"]


def test_a_revoked_first_key_stays_revoked(tmp_path: Path) -> None:
    with office(tmp_path) as here:
        other = here.made("/keys", {"name": "other"})
        first = here.get("/keys", filter='name eq "first administrator"')["items"][0]
        assert here.ask("DELETE", f"/keys/{first['id']}").status_code == 204
        assert auth.ensure_first_key(here.context) is None
        assert here.refused("GET", "/keys")[0] == 401
        with here.context.database.read() as tx:
            kept = tx.value("SELECT count(*) FROM api_keys WHERE hash = :h", {"h": hashed(FIRST)})
        assert kept == 1 and other["key"]


def test_the_use_of_a_key_is_noted_to_the_minute(tmp_path: Path) -> None:
    with office(tmp_path) as here:
        first = here.get("/keys")["items"][0]["last_used_at"]
        assert first is not None
        assert here.get("/keys")["items"][0]["last_used_at"] == first


def test_the_routes_are_the_operations_and_the_description(at: Office) -> None:
    (mount, *rest) = admin.routes
    assert len(mount.routes or []) == len(operations)
    assert [getattr(one, "path", "") for one in rest] == ["/openapi.json", "/docs"]

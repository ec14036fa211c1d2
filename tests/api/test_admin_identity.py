"""Aliases, proposals, and tokens that deny again: what an administrator decides about identity."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.identity import GroupKey
from models.store import claims, identities, proposals
from tests.api.admin_kit import OIDC, Office, at_name, connection, office, organization, staff


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as found:
        organization(found)
        connection(found)
        yield found


def only(at: Office, path: str) -> Any:
    (found,) = at.get(path)["items"]
    return found


def test_an_administrator_names_a_group_and_takes_the_name_back(at: Office) -> None:
    staff(at)
    path = f"/groups/{only(at, '/groups')['id']}/aliases"
    made = at.made(path, {"namespace": "claim", "value": "4711"})["items"]
    assert made[-1]["proof"] == "administrator"
    chosen = {"namespace": "claim", "value": "4711"}
    assert at.ask("DELETE", path, params=chosen).status_code == 204
    closed = at.get(path)["items"][-1]
    assert (closed["value"], closed["valid_to"] is not None) == ("4711", True)
    status, why = at.refused("DELETE", path, params=chosen)
    assert (status, "No valid alias" in why) == (404, True)


def test_a_name_that_is_given_to_another_user_is_the_others_no_more(at: Office) -> None:
    staff(at)
    ada, bob = (
        at.get("/users", filter=f'user_name eq "{name}"')["items"][0] for name in ("ada", "bob")
    )
    at.made(f"/users/{ada['id']}/aliases", {"namespace": "user_name", "value": "BOB"})
    aliases = at.get(f"/users/{bob['id']}/aliases")["items"]
    assert [(one["value"], one["valid_to"] is None) for one in aliases] == [("bob", False)]


@pytest.mark.parametrize(
    "body",
    [
        {"namespace": "email", "value": "x"},
        {"namespace": "subject", "value": ""},
        {"namespace": "subject", "value": "a\x00b"},
        {"namespace": "subject"},
        {"namespace": "subject", "value": "x" * 1025},
    ],
    ids=["unknown namespace", "empty", "control character", "no value", "too long"],
)
def test_an_alias_that_makes_no_sense_is_refused(at: Office, body: Any) -> None:
    staff(at)
    path = f"/users/{at.get('/users')['items'][0]['id']}/aliases"
    before = at.get(path)
    assert at.refused("POST", path, body)[0] in (400, 422)
    assert at.get(path) == before


def propose(at: Office) -> str:
    with at.context.database.write() as tx:
        link, now = at_name(tx, "acme~logins"), at.context.clock.now()
        pair = [identities.insert_group(tx, link, name, now) for name in ("ops", "4711")]
        proposals.propose(tx, link, (pair[0], GroupKey(pair[1])), {"both": 9, "former": 9}, now)
        (row,) = proposals.opened(tx, link)
    return str(row.public_id)


@pytest.fixture
def proposed(at: Office) -> str:
    connection(at, slug="logins", provider="generic", push=False, login=OIDC)
    return propose(at)


def test_a_proposal_is_accepted_and_split_again(at: Office, proposed: str) -> None:
    shown = only(at, "/proposals")
    assert (shown["state"], shown["numbers"]["both"]) == ("open", 9)
    assert (shown["former"]["name"], shown["later"]["name"]) == ("ops", "4711")
    assert at.made(f"/proposals/{proposed}/accept", None, 200)["state"] == "accepted"
    alias = {"namespace": "claim", "value": "x"}
    status, why = at.refused("POST", f"/groups/{shown['later']['id']}/aliases", alias)
    assert (status, "one with another" in why) == (409, True)
    assert at.made(f"/proposals/{proposed}/split", None, 200)["state"] == "split"
    for word in ("accept", "refuse", "split"):
        assert at.refused("POST", f"/proposals/{proposed}/{word}")[0] == 409
    assert at.get(f"/proposals/{proposed}")["decided_by"]


def test_a_proposal_is_refused_once(at: Office, proposed: str) -> None:
    assert at.made(f"/proposals/{proposed}/refuse", None, 200)["state"] == "refused"
    assert at.refused("POST", f"/proposals/{proposed}/accept")[0] == 409
    assert at.get("/proposals", filter='state eq "open"')["items"] == []


def test_nobody_decides_about_the_proposals_of_another_organization(
    at: Office, proposed: str
) -> None:
    organization(at, "other")
    limited = at.limited_to("other")
    assert limited.get("/proposals")["items"] == []
    assert limited.refused("POST", f"/proposals/{proposed}/accept")[0] == 404
    assert limited.refused("POST", "/connections/acme~logins/claims/resume")[0] == 404


def test_tokens_deny_again_when_an_administrator_says_so(at: Office, proposed: str) -> None:
    path = "/connections/acme~logins/claims/resume"
    assert at.refused("POST", path)[0] == 409
    with at.context.database.write() as tx:
        link = at_name(tx, "acme~logins")
        assert claims.suspend(tx, link, at.context.clock.now())
    at.made(path, None, 200)
    with at.context.database.read() as tx:
        assert claims.suspended_at(tx, link) == 0


def test_a_connection_with_proposals_can_be_deleted(at: Office, proposed: str) -> None:
    at.made(f"/proposals/{proposed}/accept", None, 200)
    assert at.ask("DELETE", "/connections/acme~logins").status_code == 204
    assert at.get("/proposals")["items"] == []

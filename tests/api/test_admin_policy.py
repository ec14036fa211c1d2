"""The policy of a connection: shown in sentences, refused by name, looked at before it is set."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.admin_kit import OIDC, OKTA, Office, connection, office, organization, staff, target

AT = "/connections/acme~okta"


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as found:
        organization(found)
        connection(found)
        yield found


def dry(at: Office, body: Any) -> Any:
    answer = at.ask("PATCH", AT, body, params={"dry_run": "true"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_connection_and_its_check_tell_the_policy_in_sentences(at: Office) -> None:
    told = at.get(AT)["policy_explained"]
    assert "Push decides: it is the only directory channel." in told
    assert at.get(AT + "/check")["policy_explained"] == told
    at.ask("PATCH", AT, {"policy": {"groups": {"only": ["app-*"]}}})
    assert any("“app-*”" in one for one in at.get(AT)["policy_explained"])


WRONG = {
    "unknown": ({"colour": 1}, "no setting 'colour'"),
    "an authority that is not there": ({"authority": {"active": "pull"}}, "authority.active"),
    "a lease without logins": ({"login_grants": "lease"}, "login_grants"),
    "groups both ways": ({"groups": {"only": ["a"], "never": ["A"]}}, "policy groups"),
    "a role": ({"default_role": ["admin"]}, "default_role"),
}


@pytest.mark.parametrize(("policy", "words"), WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("dry_run", ["true", "false"])
def test_a_wrong_policy_is_refused_by_name_and_changes_nothing(
    at: Office, policy: dict[str, Any], words: str, dry_run: str
) -> None:
    before = at.get(AT)
    status, sentence = at.refused("PATCH", AT, {"policy": policy}, params={"dry_run": dry_run})
    assert status == 422
    assert words in sentence
    assert at.get(AT) == before


@pytest.mark.parametrize("dry_run", ["true", "false"])
def test_a_slug_that_is_taken_is_refused_dry_or_not(at: Office, dry_run: str) -> None:
    connection(at, slug="entra")
    refused = at.refused("PATCH", AT, {"slug": "entra"}, params={"dry_run": dry_run})
    assert refused == (409, "acme has a connection entra already.")


def test_a_time_to_live_of_reads_must_fit_their_schedule(at: Office) -> None:
    pull = {**OKTA, "schedule": "0 2 * * *"}
    body = {"pull": pull, "policy": {"ttl": {"pull": "47h"}}}
    status, sentence = at.refused("PATCH", AT, body)
    assert (status, "ttl.pull" in sentence) == (422, True)


def test_a_preview_tells_what_would_follow_and_changes_nothing(at: Office) -> None:
    target(at, connections=["okta"])
    staff(at)
    before, runs = at.get(AT), at.get("/runs")
    found = dry(at, {"policy": {"groups": {"never": ["ops"]}}})
    assert found["changes"] == {"users": 0, "groups": 1, "memberships": 2}
    first = found["items"][0]
    assert (first["what"], first["from"], first["to"]) == (
        "the group ops is to be there",
        "yes",
        "no",
    )
    assert "groups.never" in first["why"]
    assert "These groups never exist for this connection: “ops”." in found["policy_explained"]
    assert found["would_hold"] is None
    assert at.get(AT) == before
    assert at.get("/runs") == runs
    (ops,) = at.get("/groups")["items"]
    assert ops["verdict"]["answer"] == "yes"


def test_what_was_previewed_is_then_applied_and_reconciled(at: Office) -> None:
    staff(at)
    answer = at.ask("PATCH", AT, {"policy": {"groups": {"never": ["ops"]}}})
    assert answer.json()["policy"] == {"groups": {"never": ["ops"]}}
    assert at.work() == 1
    (ops,) = at.get("/groups")["items"]
    assert ops["verdict"]["answer"] == "no"
    assert {one["verdict"] for one in at.get("/memberships")["items"]} == {"no"}


def test_a_preview_of_another_channel_tells_its_policy(at: Office) -> None:
    found = dry(at, {"login": OIDC, "policy": {"login_grants": "lease"}})
    assert any("login_grants" in one for one in found["policy_explained"])


def test_a_new_connection_cannot_be_previewed(at: Office) -> None:
    body = {"organization": "acme", "slug": "other", "provider": "okta", "push": True}
    status, sentence = at.refused("POST", "/connections", body, params={"dry_run": "true"})
    assert (status, sentence.startswith("dry_run")) == (422, True)
    assert [one["slug"] for one in at.get("/connections")["items"]] == ["okta"]


def test_users_have_the_role_of_the_policy(at: Office) -> None:
    staff(at)
    assert {one["role"] for one in at.get("/users")["items"]} == {None}
    at.ask("PATCH", AT, {"policy": {"default_role": "member"}})
    ada, _ = at.get("/users", sort="user_name")["items"]
    assert ada["role"] == at.get(f"/users/{ada['id']}")["role"] == "member"


def test_a_verdict_names_the_policy_that_decided(at: Office) -> None:
    staff(at)
    at.ask("PATCH", AT, {"policy": {"authority": {"memberships": "push"}}})
    one, _ = at.get("/memberships")["items"]
    assert "this connection lets push decide memberships" in one["decided_by"]["why"]

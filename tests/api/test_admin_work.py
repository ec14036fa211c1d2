"""Runs that are waited for, actions that are retried or given up, holds that are decided."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api import commands
from connectors.base import DirectoryUser, RemoteUser
from connectors.errors import Misconfigured
from connectors.memory import MemorySource, MemoryTarget
from models.evidence import Channel, Observation, UserSaid
from models.identity import UserKey
from models.instant import DAY
from sync import connection as connections
from sync import intake
from tests.api.admin_kit import OKTA, Office, connection, office, organization, staff, target


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as found:
        organization(found)
        connection(found, pull=OKTA)
        target(found, connections=["okta"], guard={"floor": 0, "share": 0.0})
        found.peers.sources["okta"] = MemorySource([DirectoryUser(id="1", user_name="ada")])
        found.work()
        yield found


def test_a_run_that_is_not_waited_for_is_answered_as_it_stands(at: Office) -> None:
    answer = at.ask("POST", "/connections/acme~okta/pull")
    assert answer.status_code == 202
    run = answer.json()
    assert (run["kind"], run["state"], run["certificate"]) == ("pull", "running", None)
    assert answer.headers["location"] == f"/api/v1/runs/{run['id']}"


def test_asking_twice_for_a_read_that_has_not_begun_starts_one(at: Office) -> None:
    first = at.ask("POST", "/connections/acme~okta/pull").json()
    second = at.ask("POST", "/connections/acme~okta/pull").json()
    assert first["id"] == second["id"]


def test_a_read_that_ends_while_it_is_waited_for_is_answered_in_full(at: Office) -> None:
    worker = threading.Thread(target=_work_soon, args=(at,))
    worker.start()
    answer = at.ask("POST", "/connections/acme~okta/pull?wait=20")
    worker.join()

    assert answer.status_code == 200
    run = answer.json()
    assert run["state"] == "complete"
    assert run["counts"]["users"] == 1
    assert run["certificate"]["complete"] is True
    assert at.get(f"/runs/{run['id']}") == run


def _work_soon(at: Office) -> None:
    while not at.work():
        time.sleep(0.02)


def test_waiting_ends_when_the_seconds_ran_out(at: Office) -> None:
    began = time.monotonic()
    assert at.ask("POST", "/connections/acme~okta/pull?wait=0.3").status_code == 202
    assert 0.3 <= time.monotonic() - began < 5


def test_a_dry_run_answers_the_plan_and_changes_nothing(at: Office) -> None:
    staff(at)
    actions = at.get("/actions")["items"]
    asked = at.ask("POST", "/connections/acme~okta/reconcile?dry_run=true").json()
    at.work()

    run = at.get(f"/runs/{asked['id']}")
    assert run["dry_run"] is True
    operations = [one["operation"] for one in run["plan"]["operations"]]
    assert operations[:2] == ["create_user", "create_user"]
    assert run["plan"]["held"] is None
    assert at.get("/actions")["items"] == actions


def test_a_failed_run_says_why(at: Office) -> None:
    at.peers.sources["okta"] = MemorySource(faults={1: Misconfigured("The token was revoked.")})
    asked = at.ask("POST", "/connections/acme~okta/pull").json()
    at.work()
    run = at.get(f"/runs/{asked['id']}")
    assert run["state"] in ("incomplete", "failed")
    assert "The token was revoked." in run["problem"]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        pytest.param("/connections/acme~push/pull", 422, "no pull channel", id="nothing to read"),
        pytest.param("/connections/acme~okta/pull?wait=301", 422, "wait", id="too long"),
        pytest.param("/connections/acme~okta/pull?wait=-1", 422, "wait", id="negative"),
        pytest.param("/connections/acme~okta/pull?wait=inf", 422, "wait", id="endless"),
        pytest.param("/connections/acme~okta/pull?wait=1&wait=2", 400, "twice", id="twice"),
        pytest.param("/connections/acme~okta/reconcile?dry_run=x", 422, "dry_run", id="flag"),
        pytest.param("/connections/nobody/pull", 404, "nobody", id="unknown"),
    ],
)
def test_a_run_that_cannot_be_asked_for_gets_one_sentence(
    at: Office, path: str, status: int, words: str
) -> None:
    connection(at, slug="push")
    before = at.get("/runs")
    answer = at.refused("POST", path)
    assert answer[0] == status
    assert words in answer[1]
    assert at.get("/runs") == before


def test_lists_of_runs_leave_the_plans_out(at: Office) -> None:
    (run, *_) = at.get("/runs", filter='kind eq "reconcile" and state eq "complete"')["items"]
    assert run["plan"] is None
    assert at.get(f"/runs/{run['id']}")["plan"] is not None


def the_action(at: Office, operation: str, **columns: Any) -> Any:
    """One action of that name, put into a state."""
    (found, *_) = at.get("/actions", filter=f'operation eq "{operation}"')["items"]
    if columns:
        sets = ", ".join(f"{name} = :{name}" for name in columns)
        with at.context.database.write() as tx:
            tx.run(
                f"UPDATE actions SET {sets} WHERE public_id = :id", {**columns, "id": found["id"]}
            )
    return found


def test_an_action_says_what_it_does_to_whom_and_why(at: Office) -> None:
    staff(at)
    action = the_action(at, "add_member")
    assert action["state"] == "ready"
    assert action["object"]["type"] == "membership"
    assert action["object"]["user"]["user_name"] == "ada"
    assert action["object"]["group"]["name"] == "ops"
    assert action["target_name"] == "acme/app"
    assert (action["because"]["answer"], action["because"]["decided_by"]) == ("yes", "push")


def test_a_dead_action_is_ready_again_when_it_is_retried(at: Office) -> None:
    staff(at)
    action = the_action(at, "create_group", state="dead", attempts=20, error="No.")
    again = at.ask("POST", f"/actions/{action['id']}/retry").json()
    assert (again["state"], again["attempts"], again["error"]) == ("ready", 0, None)


def test_a_dead_action_is_not_retried_over_a_newer_one(at: Office) -> None:
    staff(at)
    action = the_action(at, "create_group", state="dead")
    with at.context.database.write() as tx:
        tx.run(
            "INSERT INTO actions (public_id, target_id, operation, object_key, group_id, "
            "fingerprint, because, state, attempts) SELECT 'newer', target_id, operation, "
            "object_key, group_id, 'f', because, 'ready', 0 FROM actions WHERE public_id = :id",
            {"id": action["id"]},
        )
    status, sentence = at.refused("POST", f"/actions/{action['id']}/retry")
    assert status == 409 and "newer one" in sentence


@pytest.mark.parametrize("state", ["ready", "queued", "running", "done", "held", "superseded"])
def test_only_what_failed_is_retried(at: Office, state: str) -> None:
    staff(at)
    action = the_action(at, "create_group", state=state)
    assert at.refused("POST", f"/actions/{action['id']}/retry")[0] == 409
    assert the_action(at, "create_group")["state"] == state


@pytest.mark.parametrize("state", ["ready", "queued", "retrying", "dead"])
def test_what_nobody_has_begun_is_given_up(at: Office, state: str) -> None:
    staff(at)
    action = the_action(at, "create_group", state=state)
    ended = at.ask("POST", f"/actions/{action['id']}/cancel").json()
    assert ended["state"] == "superseded"


@pytest.mark.parametrize("state", ["running", "done", "held", "superseded"])
def test_what_is_under_way_or_over_is_not_given_up(at: Office, state: str) -> None:
    staff(at)
    action = the_action(at, "create_group", state=state)
    assert at.refused("POST", f"/actions/{action['id']}/cancel")[0] == 409


def held(at: Office) -> Any:
    """Ada has left, and the guard lets nobody go."""
    people = staff(at)
    there = RemoteUser(remote_id="r1", external_id=None, user_name="ada")
    at.peers.targets["app"] = MemoryTarget([there])
    with at.context.database.write() as tx:
        now = at.context.clock.now()
        tx.run(
            "INSERT INTO user_bindings (target_id, user_id, remote_id, ownership, active, digest) "
            "VALUES (1, :user, 'r1', 'ours', TRUE, '')",
            {"user": people.ada},
        )
        gone = UserSaid(user=people.ada, exists=False)
        told = Observation(channel=Channel.PUSH, event="t", as_of=now, facts=(gone,))
        intake.take(tx, connections.load(tx, people.connection), told, now)
    (hold,) = at.get("/holds", filter='state eq "open"')["items"]
    return hold


def test_a_hold_lists_what_it_stops_and_why(at: Office) -> None:
    hold = held(at)
    assert hold["target_name"] == "acme/app"
    assert hold["counts"] == {"deactivate_user": 1}
    (operation,) = hold["operations"]
    assert operation["object"]["user"]["user_name"] == "ada"
    assert operation["state"] == "held"
    assert "0 are allowed without approval" in hold["why"]
    assert at.get(f"/holds/{hold['id']}") == hold


def leave(at: Office, user: int, *, event: str = "t", exists: bool = False) -> None:
    """A push says whether somebody is there."""
    with at.context.database.write() as tx:
        now = at.context.clock.now()
        said = UserSaid(user=UserKey(user), exists=exists)
        told = Observation(channel=Channel.PUSH, event=event, as_of=now, facts=(said,))
        intake.take(tx, connections.load(tx, 1), told, now)


def test_a_hold_that_another_removal_joins_or_leaves_says_how_many_wait(at: Office) -> None:
    hold = held(at)
    assert hold["why"].startswith("1 removal of users named by the provider was asked for; 0 were")
    there = [one["object"]["user"] for one in hold["operations"]]
    with at.context.database.write() as tx:
        bob = tx.value("SELECT id FROM users ORDER BY id DESC LIMIT 1")
        ada = tx.value("SELECT id FROM users WHERE public_id = :one", {"one": there[0]["id"]})
        tx.run(
            "INSERT INTO user_bindings (target_id, user_id, remote_id, ownership, active, digest) "
            "VALUES (1, :user, 'r2', 'ours', TRUE, '')",
            {"user": bob},
        )
    leave(at, bob, event="u")
    joined = at.get(f"/holds/{hold['id']}")
    assert joined["counts"] == {"deactivate_user": 2}
    assert joined["why"].startswith("2 removals wait here for approval. The guard said last: 1 ")
    assert joined["updated_at"] > hold["updated_at"]
    leave(at, ada, event="v", exists=True)
    left = at.get(f"/holds/{hold['id']}")
    assert left["counts"] == {"deactivate_user": 1}
    assert left["why"].startswith("1 removal waits here for approval. The guard said last: 1 ")
    assert left["why"].count("The guard said last") == 1


def test_a_dry_run_tells_what_is_held_already(at: Office) -> None:
    hold = held(at)
    asked = at.ask("POST", "/connections/acme~okta/reconcile?dry_run=true").json()
    at.work()
    plan = at.get(f"/runs/{asked['id']}")["plan"]
    waits = [one["operation"] for one in plan["operations"] if one["held"]]
    assert waits == ["deactivate_user"]
    assert (plan["held"], plan["would_hold"]) == (hold["id"], hold["why"])
    params = {"dry_run": "true"}
    seen = at.ask("PATCH", "/connections/acme~okta", {"policy": {}}, params=params).json()
    assert seen["would_hold"] == f"At app: {hold['why']}"
    assert at.get(f"/holds/{hold['id']}") == hold


def test_a_dry_run_of_the_command_line_says_that_something_is_held(at: Office) -> None:
    assert not commands.reconcile(at.context, "acme/okta", dry_run=True)
    held(at)
    assert commands.reconcile(at.context, "acme/okta", dry_run=True)


def test_an_approved_hold_lets_exactly_its_operations_go(at: Office) -> None:
    hold = held(at)
    approved = at.made(f"/holds/{hold['id']}/approve", {"digest": hold["digest"]}, 200)
    assert (approved["state"], approved["decided_by"]) == ("approved", "first administrator")
    assert [one["state"] for one in approved["operations"]] == ["ready"]
    assert [one["id"] for one in approved["operations"]] == [
        one["id"] for one in hold["operations"]
    ]


def test_an_approval_without_a_digest_needs_no_body(at: Office) -> None:
    hold = held(at)
    assert at.ask("POST", f"/holds/{hold['id']}/approve").json()["state"] == "approved"


def test_a_refused_hold_stops_the_same_removal_from_being_asked_for_again(at: Office) -> None:
    hold = held(at)
    refused = at.ask("POST", f"/holds/{hold['id']}/refuse").json()
    assert refused["state"] == "refused"
    at.ask("POST", "/connections/acme~okta/reconcile")
    at.work()
    assert at.get("/holds", filter='state eq "open"')["items"] == []
    assert the_action(at, "deactivate_user")["state"] == "held"
    (there,) = at.get("/explain", user="ada")["targets"]
    assert f"The operation deactivate user was refused ({hold['id']})" in there["sentence"]


def test_a_hold_that_nobody_asks_for_any_more_says_so(at: Office) -> None:
    hold = held(at)
    leave(at, 1, event="back", exists=True)
    assert at.get(f"/holds/{hold['id']}")["state"] == "expired"
    for decide in ("approve", "refuse"):
        answer = at.refused("POST", f"/holds/{hold['id']}/{decide}")
        assert answer == (409, "Nothing of this hold is asked for any more.")


@pytest.mark.parametrize(
    "decide", [pytest.param("approve", id="approve"), pytest.param("refuse", id="refuse")]
)
def test_a_hold_is_decided_once(at: Office, decide: str) -> None:
    hold = held(at)
    at.ask("POST", f"/holds/{hold['id']}/{decide}")
    status, sentence = at.refused("POST", f"/holds/{hold['id']}/approve")
    assert status == 409 and "already" in sentence


def test_another_digest_approves_nothing(at: Office) -> None:
    hold = held(at)
    status, sentence = at.refused("POST", f"/holds/{hold['id']}/approve", {"digest": "0" * 32})
    assert status == 409 and "changed" in sentence
    assert at.get(f"/holds/{hold['id']}") == hold


def test_an_expired_hold_is_not_approved_and_makes_room_for_a_new_one(at: Office) -> None:
    hold = held(at)
    with at.context.database.write() as tx:
        tx.run("UPDATE holds SET expires_at = :then", {"then": at.context.clock.now() - DAY})

    assert at.get(f"/holds/{hold['id']}")["state"] == "expired"
    for decide in ("approve", "refuse"):
        status, sentence = at.refused("POST", f"/holds/{hold['id']}/{decide}")
        assert status == 409 and "expired" in sentence
    at.ask("POST", "/connections/acme~okta/reconcile")
    at.work()
    (new,) = at.get("/holds", filter='state eq "open"')["items"]
    assert new["id"] != hold["id"]
    assert new["counts"] == hold["counts"]

"""Healing a finding does exactly what it shows, or says in a sentence why not."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.memory import MemorySource, MemoryTarget
from models.evidence import Channel, Observation, UserSaid
from models.findings import Finding, Kind, Severity
from models.identity import UserKey
from models.store import findings
from models.store.database import dumps
from sync import connection as connections
from sync import intake
from sync.deliver import Delivery
from tests.api.admin_kit import OKTA, Office, connection, office, organization, staff, target


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as found:
        organization(found)
        connection(found)
        target(found, connections=["okta"])
        found.peers.targets["app"] = MemoryTarget()
        staff(found)
        settle(found)
        yield found


def settle(at: Office) -> None:
    """Reconcile, and carry out what is queued."""
    at.ask("POST", "/connections/acme~okta/reconcile")
    at.work()
    deliver(at)


def deliver(at: Office) -> None:
    worker = Delivery(at.context.database, at.peers, at.context.clock, "test")
    for _ in range(9):
        with at.context.database.write() as tx:
            ids = [row.id for row in tx.rows("SELECT id FROM actions WHERE state = 'ready'")]
            for one in ids:
                tx.run("UPDATE actions SET state = 'queued' WHERE id = :id", {"id": one})
        if not ids:
            return
        for one in ids:
            worker.deliver([one])


def lost(at: Office) -> Any:
    """Ada's account is gone from the application; nothing is queued about it yet."""
    app = at.peers.targets["app"]
    (ada,) = [one for one in app.users.values() if one.user_name == "ada"]
    del app.users[ada.remote_id]
    at.ask("POST", "/connections/acme~okta/reconcile")
    at.work()
    with at.context.database.write() as tx:
        tx.run("UPDATE actions SET state = 'superseded' WHERE state = 'ready'")
    return shown(at, "missing_at_target")


def shown(at: Office, kind: str) -> Any:
    (found,) = at.get("/drift/findings", filter=f'kind eq "{kind}" and state eq "open"')["items"]
    return found


def test_a_finding_names_the_operation_that_heals_it_and_healing_queues_just_that(
    at: Office,
) -> None:
    found = lost(at)
    assert found["action"]["operation"] == "create_user"
    answer = at.made(f"/drift/findings/{found['id']}/heal", None, 200)
    assert answer["operation"] == "create_user" and answer["state"] == "ready"
    assert answer["fingerprint"] == found["action"]["fingerprint"]
    assert answer["object"]["user"]["user_name"] == "ada"
    again = at.made(f"/drift/findings/{found['id']}/heal", None, 200)
    assert again["id"] == answer["id"], "it is on its way already"
    deliver(at)
    assert {one.user_name for one in at.peers.targets["app"].users.values()} == {"ada", "bob"}
    settle(at)
    assert at.get(f"/drift/findings/{found['id']}")["state"] == "healed"


def test_what_would_be_done_otherwise_now_is_not_done(at: Office) -> None:
    found = lost(at)
    with at.context.database.write() as tx:
        now = at.context.clock.now()
        said = UserSaid(user=UserKey(1), attributes={"first_name": "Adele"})
        observation = Observation(channel=Channel.PUSH, event="user", as_of=now, facts=(said,))
        intake.take(tx, connections.load(tx, 1), observation, now)
        tx.run("UPDATE actions SET state = 'superseded' WHERE state = 'ready'")
    status, sentence = at.refused("POST", f"/drift/findings/{found['id']}/heal")
    assert status == 409 and "not what this finding shows" in sentence
    assert at.get("/actions", filter='state eq "ready"')["items"] == []


def test_who_saw_another_action_than_is_shown_now_is_told(at: Office) -> None:
    found = lost(at)
    path = f"/drift/findings/{found['id']}/heal"
    status, sentence = at.refused("POST", path, params={"fingerprint": "another"})
    assert status == 409 and "another action by now" in sentence
    params = {"fingerprint": found["action"]["fingerprint"]}
    assert at.ask("POST", path, params=params).status_code == 200


def test_what_is_healed_already_is_not_done_again(at: Office) -> None:
    found = lost(at)
    at.made(f"/drift/findings/{found['id']}/heal", None, 200)
    deliver(at)
    status, sentence = at.refused("POST", f"/drift/findings/{found['id']}/heal")
    assert status == 409 and "Nothing is to be done about it now" in sentence


def test_a_finding_without_an_action_says_what_a_person_may_do(at: Office) -> None:
    with at.context.database.write() as tx:
        one = Finding(
            kind=Kind.CLAIM_ABSENT,
            severity=Severity.MEDIUM,
            connection=1,
            summary="There is no claim.",
            suggestion="Mend the claim.",
        )
        findings.see(tx, [one], at.context.clock.now())
    found = shown(at, "claim_absent")
    assert found["action"] is None
    status, sentence = at.refused("POST", f"/drift/findings/{found['id']}/heal")
    assert status == 409 and sentence.endswith("Mend the claim.")


def test_healing_a_removal_passes_the_guard(at: Office) -> None:
    """Somebody put bob back by hand, and the guard lets no removal go without approval."""
    with at.context.database.write() as tx:
        tx.run("UPDATE targets SET guard = :guard", {"guard": dumps({"floor": 0, "share": 0})})
    app = at.peers.targets["app"]
    (bob,) = [one for one in app.users.values() if one.user_name == "bob"]
    with at.context.database.write() as tx:
        now = at.context.clock.now()
        said = UserSaid(user=UserKey(2), active=False)
        observation = Observation(channel=Channel.PUSH, event="user", as_of=now, facts=(said,))
        intake.take(tx, connections.load(tx, 1), observation, now)
        tx.run("UPDATE actions SET state = 'done' WHERE state IN ('held', 'ready')")
        tx.run("UPDATE user_bindings SET active = :no WHERE user_id = 2", {"no": False})
    app.users[bob.remote_id] = replace(bob, active=True)
    at.ask("POST", "/connections/acme~okta/reconcile")
    at.work()
    found = shown(at, "attribute_drift")
    assert found["action"]["operation"] == "deactivate_user"
    answer = at.made(f"/drift/findings/{found['id']}/heal", None, 200)
    assert answer["state"] == "held"
    assert app.users[bob.remote_id].active


def test_what_is_wrong_with_a_read_is_healed_by_reading_again(tmp_path: Path) -> None:
    with office(tmp_path) as at:
        organization(at)
        connection(at, pull=OKTA)
        at.peers.sources["okta"] = MemorySource()
        with at.context.database.write() as tx:
            one = Finding(
                kind=Kind.PULL_INCOMPLETE,
                severity=Severity.HIGH,
                connection=1,
                summary="It broke off.",
                suggestion="Read again.",
            )
            findings.see(tx, [one], at.context.clock.now())
        found = shown(at, "pull_incomplete")
        assert found["action"] == {"operation": "pull", "fingerprint": None}
        answer = at.ask("POST", f"/drift/findings/{found['id']}/heal")
        assert (answer.status_code, answer.json()["kind"]) == (202, "pull")

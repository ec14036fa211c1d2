"""Reports are kept, compared with each other, paged through, and handed out as CSV."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import Transient
from connectors.memory import MemorySource, MemoryTarget
from models.findings import Evidence, Finding, Kind, Severity
from models.store import findings, reports, runs
from tests.api.admin_kit import OKTA, Office, connection, office, organization, staff, target

DRIFT = Finding(
    kind=Kind.MISSED_PUSH,
    severity=Severity.MEDIUM,
    connection=1,
    summary="",
    suggestion="Look.",
    evidence=(Evidence(channel="push", says="no"),),
)


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as found:
        organization(found)
        connection(found, pull=OKTA)
        yield found


def one(name: str, severity: Severity = Severity.MEDIUM) -> Finding:
    return replace(DRIFT, detail=name, summary=name, severity=severity)


def reconciled(at: Office, *found: Finding) -> str:
    """A reconciliation that found just this; answers the id of its report."""
    now = at.context.clock.now()
    with at.context.database.write() as tx:
        findings.see(tx, found, now)
        findings.heal_unseen(tx, 1, now, kinds=["missed_push"])
        run = runs.start(tx, 1, "reconcile", now)
        reports.keep(tx, 1, run, at.context.clock.now(), unseen={})
    return str(at.get("/drift/reports", sort="-created_at")["items"][0]["id"])


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item["summary"] for item in items]


def test_a_report_is_compared_with_the_one_before(at: Office) -> None:
    first = reconciled(at, one("old"), one("gone"))
    second = reconciled(at, one("old"), one("late"))

    told = at.get(f"/drift/reports/{second}")
    assert told["against"] == first
    assert (names(told["new"]), names(told["healed"])) == (["late"], ["gone"])
    assert (names(told["standing"]), names(told["flapping"])) == (["old"], [])
    assert told["totals"] == {"new": 1, "healed": 1, "standing": 1, "flapping": 0}
    assert names(told["items"]) == ["late", "old"]
    assert [(p["report"], p["total"]) for p in told["trend"]] == [(first, 2), (second, 2)]
    assert told["trend"][0]["counts"] == {"missed_push": 2}


def test_the_first_report_has_nothing_to_be_compared_with(at: Office) -> None:
    told = at.get(f"/drift/reports/{reconciled(at, one('a'))}")
    assert told["against"] is None
    assert (names(told["new"]), told["healed"]) == (["a"], [])


def test_a_report_is_compared_with_any_other_one(at: Office) -> None:
    first = reconciled(at, one("a"))
    reconciled(at)
    third = reconciled(at, one("a"))
    assert names(at.get(f"/drift/reports/{third}")["new"]) == ["a"]
    told = at.get(f"/drift/reports/{third}", against=first)
    assert (names(told["new"]), names(told["standing"])) == ([], ["a"])


def test_reports_of_two_connections_are_not_compared(at: Office) -> None:
    report = reconciled(at)
    connection(at, slug="other")
    with at.context.database.write() as tx:
        now = at.context.clock.now()
        reports.keep(tx, 2, runs.start(tx, 2, "reconcile", now), now, unseen={})
    (other,) = at.get("/drift/reports", filter='connection eq "acme~other"')["items"]
    path = f"/drift/reports/{report}"
    status, sentence = at.refused("GET", path, params={"against": other["id"]})
    assert status == 422 and "same connection" in sentence
    assert at.refused("GET", path, params={"against": "none"})[0] == 404
    assert at.refused("GET", f"{path}.csv", params={"against": other["id"]})[0] == 422


def test_what_a_report_found_is_paged_through_and_filtered(at: Office) -> None:
    reconciled(at, *(one(f"{number:03}") for number in range(7)))
    report = reconciled(at, *(one(f"{number:03}", Severity.HIGH) for number in range(5, 12)))
    path, found, cursor = f"/drift/reports/{report}/findings", [], None
    while True:
        page = at.get(path, limit=3, **({} if cursor is None else {"cursor": cursor}))
        found += names(page["items"])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(found) == [f"{number:03}" for number in range(5, 12)]
    healed = at.get(path, change="healed", filter='severity eq "medium"')["items"]
    assert names(healed) == [f"{number:03}" for number in range(5)]
    assert {item["change"] for item in healed} == {"healed"}
    assert at.refused("GET", path, params={"change": "odd"})[0] == 422


def test_the_worst_comes_first(at: Office) -> None:
    report = reconciled(at, one("a", Severity.LOW), one("b", Severity.CRITICAL), one("c"))
    told = at.get(f"/drift/reports/{report}", limit=2)
    assert names(told["new"]) == ["b", "c"]
    assert told["totals"]["new"] == 3
    by = at.get("/drift/findings", sort="-severity")["items"]
    assert [item["severity"] for item in by] == ["critical", "medium", "low"]


def test_a_comparison_comes_as_csv(at: Office) -> None:
    reconciled(at, one("old"), one("gone"))
    report = reconciled(at, one("old"), *(one(str(number)) for number in range(250)))

    def rows(**params: str) -> list[dict[str, str]]:
        answer = at.ask("GET", f"/drift/reports/{report}.csv", params=params)
        assert answer.status_code == 200, answer.text
        return list(csv.DictReader(io.StringIO(answer.text)))

    assert len(rows()) == 251
    assert [(row["summary"], row["change"]) for row in rows(change="healed")] == [
        ("gone", "healed")
    ]
    assert [row["summary"] for row in rows(change="standing")] == ["old"]


def test_the_trend_of_the_summary_has_a_point_a_day(at: Office) -> None:
    reconciled(at, one("a"))
    reconciled(at, one("a"), one("b"))
    (point,) = at.get("/drift")["trend"]
    assert (point["total"], point["counts"]) == (2, {"missed_push": 2})
    assert point["at"].endswith("T00:00:00.000Z")


def test_a_report_is_made_when_nothing_changed_and_names_targets_it_could_not_see(
    at: Office,
) -> None:
    at.peers.sources["okta"] = MemorySource()
    at.peers.targets["app"] = MemoryTarget(faults={1: Transient("It is asleep.")})
    target(at, connections=["okta"])
    staff(at)
    for _ in range(2):
        at.ask("POST", "/connections/acme~okta/reconcile")
        at.work()
    report, again = at.get("/drift/reports")["items"]
    assert report["unseen"] == [
        {
            "target": at.get("/targets/acme~app")["id"],
            "target_name": "app",
            "problem": "It is asleep.",
        }
    ]
    assert again["unseen"] == []

"""Findings, reports and their CSV."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.admin import tables
from connectors.memory import MemorySource
from models.findings import Evidence, Finding, Kind, Severity
from models.instant import DAY, MINUTE, to_text
from models.store import findings, reports
from tests.api.admin_kit import OKTA, Office, connection, office, organization, staff, target

EVIL = '=HYPERLINK("https://evil.example","click")'


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as found:
        organization(found)
        connection(found, pull=OKTA)
        target(found)
        yield found


def see(at: Office, *, summary: str = "It differs.", user: int | None = None) -> Any:
    """One finding, seen now."""
    with at.context.database.write() as tx:
        one = Finding(
            kind=Kind.MISSED_PUSH,
            severity=Severity.MEDIUM,
            connection=1,
            target=1,
            user=user,
            summary=summary,
            suggestion="Look.",
            evidence=(Evidence(channel="target", says="yes", as_of=at.context.clock.now()),),
        )
        findings.see(tx, [one], at.context.clock.now())
    return at.get("/drift/findings")["items"][-1]


def test_a_finding_is_shown_with_evidence_from_each_side(at: Office) -> None:
    found = see(at, user=staff(at).ada)

    (same,) = at.get("/drift/findings", filter='kind eq "missed_push" and state eq "open"')["items"]
    assert same == found == at.get(f"/drift/findings/{found['id']}")
    assert found["user"]["user_name"] == "ada" and found["group"] is None
    assert (found["connection_name"], found["target_name"]) == ("acme/okta", "acme/app")
    assert found["evidence"][0]["channel"] == "target"
    assert found["flips"] == 0


def test_an_accepted_finding_stands_until_its_time_with_the_note(at: Office) -> None:
    found = see(at)
    until = to_text(at.context.clock.now() + DAY)

    body = {"until": until, "note": "Known since May."}
    accepted = at.made(f"/drift/findings/{found['id']}/accept", body, 200)

    assert (accepted["state"], accepted["accepted_until"]) == ("accepted", until)
    assert accepted["note"] == "Known since May."
    assert accepted["accepted_by"] == "first administrator"
    assert accepted["evidence"] == found["evidence"]


def test_the_note_of_an_accepted_finding_outlives_the_next_reconciliation(at: Office) -> None:
    found = see(at)
    at.made(f"/drift/findings/{found['id']}/accept", {"note": "Known."}, 200)
    assert see(at)["note"] == "Known."
    assert see(at)["state"] == "accepted"


def test_a_finding_that_is_opened_again_has_no_note(at: Office) -> None:
    found = see(at)
    at.made(f"/drift/findings/{found['id']}/accept", {"note": "Known."}, 200)
    again = at.made(f"/drift/findings/{found['id']}/reopen", None, 200)
    assert (again["state"], again["note"], again["accepted_until"]) == ("open", None, None)
    assert again["evidence"] == found["evidence"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param({"until": "2020-01-01T00:00:00Z"}, "to come", id="past"),
        pytest.param({"until": "tomorrow"}, "no time", id="no time"),
        pytest.param({"until": 5}, "until must be a text", id="number"),
        pytest.param({"reason": "x"}, "reason is not known", id="unknown"),
        pytest.param({"note": "x" * 1001}, "at most 1000", id="long"),
    ],
)
def test_a_wrong_acceptance_changes_nothing(at: Office, body: Any, words: str) -> None:
    found = see(at)
    status, sentence = at.refused("POST", f"/drift/findings/{found['id']}/accept", body)
    assert status == 422 and words in sentence
    assert at.get(f"/drift/findings/{found['id']}") == found


def test_a_healed_finding_is_not_accepted(at: Office) -> None:
    found = see(at)
    with at.context.database.write() as tx:
        now = at.context.clock.now() + MINUTE
        findings.heal_unseen(tx, 1, now, kinds=["missed_push"])
    assert at.refused("POST", f"/drift/findings/{found['id']}/accept")[0] == 409
    assert at.refused("POST", f"/drift/findings/{found['id']}/heal")[0] == 409


def test_a_healed_finding_is_not_opened_again(at: Office) -> None:
    found = see(at)
    with at.context.database.write() as tx:
        findings.heal_unseen(tx, 1, at.context.clock.now() + MINUTE, kinds=["missed_push"])
        assert not findings.reopen(tx, 1, at.context.clock.now())
    answer = at.refused("POST", f"/drift/findings/{found['id']}/reopen")
    assert answer == (409, "This finding is healed: there is nothing to reopen.")
    assert at.get(f"/drift/findings/{found['id']}")["state"] == "healed"


def test_healing_what_is_about_a_user_asks_the_directory_for_that_user(at: Office) -> None:
    found = see(at, user=staff(at).ada)
    answer = at.ask("POST", f"/drift/findings/{found['id']}/heal")
    assert answer.status_code == 202
    assert answer.json()["kind"] == "point_read"
    assert answer.json()["user"]["user_name"] == "ada"


def test_a_reconciliation_leaves_a_report_that_is_kept_as_it_stood(at: Office) -> None:
    at.peers.sources["okta"] = MemorySource()
    staff(at)
    at.ask("POST", "/connections/acme~okta/reconcile")
    at.work()

    (report,) = at.get("/drift/reports")["items"]
    (run,) = at.get("/runs")["items"]
    assert report["run"] == run["id"]
    in_full = at.get(f"/drift/reports/{report['id']}")
    assert {name: in_full[name] for name in report} == report
    assert sum(report["counts"].values()) == len(in_full["items"])
    assert at.get("/drift")["reports"] == [report]


def test_the_summary_counts_what_stands(at: Office) -> None:
    see(at, user=staff(at).ada)
    see(at)
    summary = at.get("/drift")
    assert summary["total"] == 2
    assert summary["by_kind"] == {"missed_push": 2}
    assert summary["by_severity"] == {"medium": 2}
    assert summary["by_state"] == {"open": 2}


def rows(at: Office, path: str, **params: str) -> list[dict[str, str]]:
    answer = at.ask("GET", path, params=params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_findings_come_as_csv_whose_cells_are_no_formulas(at: Office) -> None:
    found = see(at, summary=EVIL)

    (row,) = rows(at, "/drift/findings.csv", filter='state eq "open"')
    assert row["summary"] == f"'{EVIL}"
    assert (row["id"], row["flips"]) == (found["id"], "0")
    (one,) = rows(at, f"/drift/findings/{found['id']}.csv")
    assert one == row
    assert rows(at, "/drift/findings.csv", filter='state eq "healed"') == []


def test_a_report_and_the_summary_come_as_csv(at: Office) -> None:
    see(at, summary=EVIL)
    with at.context.database.write() as tx:
        tx.run(
            "INSERT INTO runs (public_id, connection_id, kind, work_key, state, dry_run, "
            "attempts, counts) VALUES ('r', 1, 'reconcile', 'k', 'complete', FALSE, 1, '{}')"
        )
        reports.keep(tx, 1, 1, at.context.clock.now(), unseen={})
    (report,) = at.get("/drift/reports")["items"]
    (row,) = rows(at, f"/drift/reports/{report['id']}.csv")
    assert (row["kind"], row["summary"]) == ("missed_push", f"'{EVIL}")
    assert row["change"] == "new"
    (line,) = rows(at, "/drift/reports.csv")
    assert (line["id"], line["connection"], line["run"]) == (report["id"], "acme/okta", "r")
    assert (line["total"], line["counts"]) == ("1", "1 missed_push")
    assert rows(at, "/drift.csv") == [
        {"kind": "missed_push", "severity": "medium", "state": "open", "total": "1"}
    ]


def test_a_long_list_of_findings_is_whole_as_csv(at: Office) -> None:
    with at.context.database.write() as tx:
        many = [
            Finding(
                kind=Kind.MISSED_PUSH,
                severity=Severity.LOW,
                connection=1,
                detail=str(number),
                summary=str(number),
                suggestion="",
            )
            for number in range(450)
        ]
        findings.see(tx, many, at.context.clock.now())
    found = [int(row["summary"]) for row in rows(at, "/drift/findings.csv")]
    assert found == list(range(450))


def test_a_wrong_filter_of_a_csv_is_refused_before_a_line_is_sent(at: Office) -> None:
    assert at.refused("GET", "/drift/findings.csv", params={"filter": "x eq 1"})[0] == 400


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "＝"])
def test_no_cell_begins_like_a_formula(start: str) -> None:
    (head, line) = tables.lines(["a"], [[f"{start}1+1"]])
    (row,) = csv.DictReader(io.StringIO(head + line))
    assert row["a"] == f"'{start}1+1"


def test_a_number_below_zero_stays_a_number() -> None:
    assert list(tables.lines(["a"], [[-1]])) == ["a\r\n", "-1\r\n"]

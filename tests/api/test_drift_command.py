"""`trueup drift` shows the newest report, what is new first, and tells cron by its exit."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from api.drift_command import drift
from models.findings import Evidence, Finding, Kind, Severity
from models.store import findings, reports, runs
from tests.api.admin_kit import Office, connection, office, organization

DRIFT = Finding(
    kind=Kind.MISSED_PUSH,
    severity=Severity.MEDIUM,
    connection=1,
    summary="",
    suggestion="Look at it.",
    evidence=(Evidence(channel="push", says="no"),),
)


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as found:
        organization(found)
        connection(found)
        yield found


def one(name: str, severity: Severity = Severity.MEDIUM) -> Finding:
    return replace(DRIFT, detail=name, summary=f"{name}.", severity=severity)


def reconciled(at: Office, *found: Finding) -> None:
    now = at.context.clock.now()
    with at.context.database.write() as tx:
        findings.see(tx, found, now)
        findings.heal_unseen(tx, 1, now, kinds=["missed_push"])
        run = runs.start(tx, 1, "reconcile", now)
        reports.keep(tx, 1, run, at.context.clock.now(), unseen={})


def test_what_is_new_comes_first_then_what_stands_then_what_healed(
    at: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    reconciled(at, one("Old", Severity.HIGH), one("Gone"))
    reconciled(at, one("Old", Severity.HIGH), one("New", Severity.LOW))
    assert drift(at.context, "json")
    told = json.loads(capsys.readouterr().out)
    assert [(item["summary"], item["change"]) for item in told] == [
        ("New.", "new"),
        ("Old.", "standing"),
        ("Gone.", "healed"),
    ]
    assert told[0]["connection"] == "acme/okta"
    assert drift(at.context, "csv")
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["change"] for row in rows] == ["new", "standing", "healed"]
    assert drift(at.context, "table")
    text = capsys.readouterr().out
    assert "1 new, 1 standing, 1 healed" in text
    assert text.index("New.") < text.index("Old.") < text.index("Gone.")
    assert text.count("Look at it.") == 1


def test_what_only_informs_or_was_accepted_or_healed_is_no_drift(
    at: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not drift(at.context, "table")
    assert "No reconciliation" in capsys.readouterr().out
    reconciled(at, one("Gone"), one("Known"))
    assert drift(at.context, "csv")
    with at.context.database.write() as tx:
        key = tx.value("SELECT id FROM findings WHERE summary = 'Known.'")
        findings.accept(tx, key, until=None, note=None, by="ada", now=at.context.clock.now())
    reconciled(at, one("Known"), one("Note", Severity.INFO))
    for form in ("json", "csv", "table"):
        assert not drift(at.context, form)

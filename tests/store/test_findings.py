"""The life of a finding, and that a report can be told at any later time as it stood."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from models.findings import Evidence, Finding, Kind, Severity
from models.instant import DAY, Instant
from models.store import ended, findings, listing, removal, standing
from models.store.database import Database, Tx
from models.store.listing import Asked
from models.store.lists.report import Change, chosen, of_report, total
from tests.builders import World, world
from tests.playground import EVERY_STORE, fresh

DRIFT = Finding(
    kind=Kind.MISSED_PUSH,
    severity=Severity.MEDIUM,
    connection=1,
    summary="It differs.",
    suggestion="Look.",
    evidence=(Evidence(channel="push", says="no"),),
)
WORSE = replace(DRIFT, severity=Severity.HIGH, summary="It differs a lot.")


@pytest.fixture(params=EVERY_STORE)
def at(request: pytest.FixtureRequest) -> Iterator[World]:
    yield world(fresh(request.param))


def other(number: int) -> Finding:
    return replace(DRIFT, detail=str(number), summary=f"Number {number}.")


def see(at: World, *found: Finding) -> Instant:
    """One reconciliation that finds just this."""
    now = at.clock.now()
    with at.database.write() as tx:
        findings.see(tx, found, now)
        findings.heal_unseen(tx, 1, now, kinds=["missed_push"])
    return now


def row(at: World) -> Any:
    with at.database.read() as tx:
        return tx.row("SELECT * FROM findings ORDER BY id LIMIT 1")


def stood(
    database: Database, when: Instant, then: Instant | None = None, change: Change | None = None
) -> list[tuple[str, str, str]]:
    with database.read() as tx:
        lists = of_report(1, when, then)
        rows = listing.page(tx, lists, Asked(limit=50), chosen(change, when, then)).rows
        assert len(rows) == total(tx, 1, chosen(change, when, then))
    return [(one.summary, one.severity, one.state) for one in rows]


def how_many(tx: Tx) -> int:
    return int(tx.value("SELECT count(*) FROM finding_spells"))


def test_what_is_seen_twice_is_one_finding_and_one_spell(at: World) -> None:
    see(at, DRIFT)
    see(at, DRIFT, DRIFT)
    with at.database.read() as tx:
        assert tx.value("SELECT count(*) FROM findings") == 1
        assert how_many(tx) == 1
    assert row(at).flips == 0
    assert row(at).last_seen > row(at).first_seen


def test_evidence_that_is_merely_newer_begins_no_spell(at: World) -> None:
    see(at, replace(DRIFT, evidence=(Evidence(channel="push", says="no", as_of=DAY),)))
    see(at, replace(DRIFT, evidence=(Evidence(channel="push", says="no", as_of=2 * DAY),)))
    with at.database.read() as tx:
        assert how_many(tx) == 1
    assert "1970-01-03" in str(row(at).evidence)


def test_a_report_stays_as_it_stood_whatever_becomes_of_its_findings(at: World) -> None:
    first = see(at, DRIFT)
    second = see(at, WORSE)
    third = see(at)
    assert stood(at.database, first) == [("It differs.", "medium", "open")]
    assert stood(at.database, second) == [("It differs a lot.", "high", "open")]
    assert stood(at.database, third) == []
    fourth = see(at, DRIFT)
    assert stood(at.database, first) == stood(at.database, fourth)
    assert stood(at.database, second) == [("It differs a lot.", "high", "open")]
    assert stood(at.database, first - 1) == []


def test_two_reports_differ_by_what_is_new_and_what_healed(at: World) -> None:
    first = see(at, other(1), other(2))
    second = see(at, other(2), other(3))

    def texts(change: Change, when: Instant, then: Instant | None) -> list[str]:
        return [summary for summary, _, _ in stood(at.database, when, then, change)]

    assert texts(Change.NEW, second, first) == ["Number 3."]
    assert texts(Change.HEALED, second, first) == ["Number 1."]
    assert texts(Change.STANDING, second, first) == ["Number 2."]
    assert texts(Change.NEW, first, second) == ["Number 1."]
    assert texts(Change.NEW, first, None) == ["Number 1.", "Number 2."]
    assert texts(Change.HEALED, first, None) == []


def test_every_row_says_what_changed(at: World) -> None:
    first = see(at, other(1), other(2))
    second = see(at, other(2), other(3))
    with at.database.read() as tx:
        lists = of_report(1, second, first)
        rows = listing.page(tx, lists, Asked(), chosen(None, second, first)).rows
        healed = listing.page(tx, lists, Asked(), chosen(Change.HEALED, second, first)).rows
    assert [(one.summary, one.change) for one in rows] == [
        ("Number 2.", "standing"),
        ("Number 3.", "new"),
    ]
    assert [one.change for one in healed] == ["healed"]


def test_what_heals_and_comes_back_three_times_flaps(at: World) -> None:
    for _ in range(3):
        see(at, DRIFT, other(1))
        last = see(at, other(1))
    assert stood(at.database, last, None, Change.FLAPPING) == []
    last = see(at, DRIFT, other(1))
    assert stood(at.database, last, None, Change.FLAPPING) == [("It differs.", "medium", "open")]
    assert row(at).flips == 3
    at.clock.at += 15 * DAY
    last = see(at, DRIFT, other(1))
    assert stood(at.database, last, None, Change.FLAPPING) == []


def test_an_accepted_finding_opens_again_when_it_gets_worse_without_a_flip(at: World) -> None:
    see(at, DRIFT)
    with at.database.write() as tx:
        now = at.clock.now()
        assert findings.accept(tx, row(at).id, until=None, note="Known.", by="ada", now=now)
    accepted = see(at, DRIFT)
    assert (row(at).state, row(at).note, row(at).accepted_by) == ("accepted", "Known.", "ada")
    opened = see(at, WORSE)
    assert (row(at).state, row(at).note, row(at).flips) == ("open", None, 0)
    assert stood(at.database, accepted) == [("It differs.", "medium", "accepted")]
    assert stood(at.database, opened) == [("It differs a lot.", "high", "open")]


def test_an_accepted_finding_heals_and_comes_back_open(at: World) -> None:
    see(at, DRIFT)
    with at.database.write() as tx:
        findings.accept(tx, row(at).id, until=None, note=None, by="ada", now=at.clock.now())
    see(at)
    assert row(at).state == "healed"
    see(at, DRIFT)
    assert (row(at).state, row(at).flips, row(at).accepted_by) == ("open", 1, None)


def test_what_a_person_decided_is_resolved_and_not_healed(at: World) -> None:
    see(at, DRIFT)
    with at.database.write() as tx:
        assert findings.resolve(tx, DRIFT.subject, at.clock.now())
        assert not findings.resolve(tx, DRIFT.subject, at.clock.now())
    last = see(at)
    assert row(at).state == "resolved"
    assert stood(at.database, last) == []


def test_an_approval_resolves_what_waited_for_it_and_nothing_else(at: World) -> None:
    held = replace(DRIFT, kind=Kind.HELD_BY_GUARD, detail="h1")
    other = replace(held, detail="h2")
    with at.database.write() as tx:
        findings.see(tx, [held, other, replace(DRIFT, detail="h1")], at.clock.now())
        findings.resolve_hold(tx, "h1", at.clock.now())
        rows = tx.rows("SELECT kind, state FROM findings ORDER BY id")
    assert [(one.kind, one.state) for one in rows] == [
        ("held_by_guard", "resolved"),
        ("held_by_guard", "open"),
        ("missed_push", "open"),
    ]


def test_what_was_written_down_before_there_were_spells_gets_one(at: World) -> None:
    see(at, DRIFT)
    with at.database.write() as tx:
        tx.run("DELETE FROM finding_spells")
        tx.run("UPDATE findings SET sides = ''")
    assert stood(at.database, see(at, DRIFT)) == [("It differs.", "medium", "open")]


def test_spells_that_ended_long_ago_are_forgotten(at: World) -> None:
    see(at, DRIFT, other(1))
    last = see(at, other(1))
    at.clock.at += DAY
    with at.database.write() as tx:
        key = tx.value("SELECT id FROM connections")
        assert ended.forget_spells(tx, last + 1, connection=key, limit=10) == 1
        assert how_many(tx) == 1
    assert stood(at.database, last) == [("Number 1.", "medium", "open")]


def test_what_is_closed_by_name_is_in_no_later_report(at: World) -> None:
    first = see(at, DRIFT)
    with at.database.write() as tx:
        standing.resolve(tx, 1, "missed_push", at.clock.now())
    assert stood(at.database, at.clock.now()) == []
    assert stood(at.database, first) == [("It differs.", "medium", "open")]


def test_a_connection_and_a_target_are_forgotten_with_their_findings(at: World) -> None:
    see(at, DRIFT, replace(DRIFT, target=at.target, detail="there"))
    with at.database.write() as tx:
        removal.forget_target(tx, at.target)
        assert how_many(tx) == 1
        removal.forget_connection(tx, 1)
        assert how_many(tx) == 0

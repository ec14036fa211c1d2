"""Drift at a glance, and the reports of each reconciliation."""

from collections import Counter
from typing import Any

from api.admin.call import Answer, AnyRow, Call, find
from api.admin.findings import EvidenceShown
from api.admin.shapes import Kept, ListOf, Shown, kept
from api.operation import NoBody, NoQuery, Noun
from api.paging import ListQuery, page
from models.store import overview
from models.store.database import Tx, loads
from models.store.lists.drift import REPORTS, reports_with


class Report(Kept):
    connection: str
    connection_name: str
    run: str
    counts: dict[str, int]


class ReportItem(Shown):
    finding: str
    kind: str
    severity: str
    state: str
    user: str | None
    group: str | None
    target: str | None
    summary: str
    suggestion: str
    evidence: list[EvidenceShown]


class ReportInFull(Report):
    items: list[ReportItem]


class Summary(Shown):
    total: int
    by_kind: dict[str, int]
    by_severity: dict[str, int]
    by_state: dict[str, int]
    reports: list[Report]
    """The newest of each connection."""


def summary(call: Call[NoQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        counts = overview.standing(tx, call.organization)
        newest = overview.newest_reports(tx, call.organization)
        rows = reports_with(tx, newest)
    by: dict[str, Counter[str]] = {"kind": Counter(), "severity": Counter(), "state": Counter()}
    for row in counts:
        by["kind"][row.kind] += row.total
        by["severity"][row.severity] += row.total
        by["state"][row.state] += row.total
    return Answer(
        Summary(
            total=by["kind"].total(),
            by_kind=by["kind"],
            by_severity=by["severity"],
            by_state=by["state"],
            reports=[_shown(row) for row in rows],
        )
    )


def listed(call: Call[ListQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        rows, cursor = page(tx, REPORTS, call.query, organization=call.organization)
    items = [_shown(row) for row in rows.rows]
    return Answer(ListOf[Report](items=items, next_cursor=cursor))


def read(call: Call[NoQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        row = find(tx, call, REPORTS, name=call.path["id"], noun="report")
        return Answer(ReportInFull(**_fields(row), items=items(tx, row)))


def items(tx: Tx, row: AnyRow) -> list[ReportItem]:
    """What stood at that reconciliation, as it stood."""
    return [
        ReportItem.model_validate(
            {
                **one,
                "evidence": [
                    EvidenceShown.model_validate(word)
                    for word in one["evidence"]
                    if word["channel"] != "administrator"
                ],
            }
        )
        for one in loads(overview.report_items(tx, row.id))
    ]


def _shown(row: Any) -> Report:
    return Report(**_fields(row))


def _fields(row: Any) -> dict[str, Any]:
    return {
        **kept(row),
        "connection": row.connection_id_shown,
        "connection_name": row.connection_name,
        "run": row.run_shown,
        "counts": row.counts,
    }


_on = Noun("drift", "/drift")
operations = [
    _on.get("", summary, "Drift now: counts, and the newest report of each.", gives=Summary),
    _on.get("/reports", listed, "List reports.", query=ListQuery, gives=ListOf[Report]),
    _on.get("/reports/{id}", read, "Read a report.", gives=ReportInFull),
]

"""Drift as CSV, for those who sort and filter it themselves."""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from api.admin import findings, reports, tables
from api.admin.call import AnyRow, Call, Table
from api.admin.findings import Finding
from api.admin.reports import ItemsQuery, ReportItem
from api.context import Context
from api.operation import CSV, NoBody, NoQuery, Noun
from api.paging import MOST, ListQuery, page
from models.instant import to_text
from models.store import overview
from models.store.lists.drift import FINDINGS, REPORTS

FINDING = (
    "id",
    "kind",
    "severity",
    "state",
    "connection",
    "target",
    "user",
    "group",
    "summary",
    "suggestion",
    "first_seen",
    "last_seen",
    "flips",
)
ITEM = (
    "finding",
    "kind",
    "severity",
    "state",
    "change",
    "target",
    "user",
    "group",
    "summary",
    "suggestion",
)


REPORT = ("id", "connection", "run", "created_at", "total", "counts")


class FileQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    filter: str | None = None
    sort: str = ""


class ChangeQuery(FileQuery):
    against: str | None = reports.AGAINST
    change: reports.Chosen = reports.CHANGE


def all_findings(call: Call[FileQuery, NoBody]) -> Table:
    """The first page is read at once, so that a wrong filter is still refused."""
    query = ListQuery(limit=MOST, filter=call.query.filter, sort=call.query.sort)
    first = _page(call.context, query, call.organization)
    rows = _rows(call.context, query, first, organization=call.organization)
    return Table("findings.csv", tables.lines(FINDING, rows))


def one_finding(call: Call[NoQuery, NoBody]) -> Table:
    with call.context.database.read() as tx:
        one = findings.shown(findings.found(tx, call))
    return Table("finding.csv", tables.lines(FINDING, [_finding(one)]))


def report(call: Call[ChangeQuery, NoBody]) -> Table:
    """The first page is read at once, so that a wrong comparison is still refused."""
    asked = call.query
    query = ItemsQuery(limit=MOST, **asked.model_dump())
    with call.context.database.read() as tx:
        row = reports.report(tx, call)
        other = reports.against(tx, call, row, asked.against)
        first = reports.items(tx, row, other, query, change=asked.change)
    return Table("report.csv", tables.lines(ITEM, _items(call.context, query, first, (row, other))))


def all_reports(call: Call[FileQuery, NoBody]) -> Table:
    """The first page is read at once, so that a wrong filter is still refused."""
    query = ListQuery(limit=MOST, filter=call.query.filter, sort=call.query.sort)
    first = _reports(call.context, query, call.organization)
    rows = _every_report(call.context, query, first, organization=call.organization)
    return Table("reports.csv", tables.lines(REPORT, rows))


def summary(call: Call[NoQuery, NoBody]) -> Table:
    with call.context.database.read() as tx:
        rows = overview.standing(tx, call.organization)
    head = ("kind", "severity", "state", "total")
    return Table("drift.csv", tables.lines(head, [tuple(row) for row in rows]))


def _items(
    context: Context,
    query: ItemsQuery,
    read: tuple[list[ReportItem], str | None],
    compared: tuple[AnyRow, AnyRow | None],
) -> Iterator[Sequence[object]]:
    while True:
        found, cursor = read
        yield from (_item(one) for one in found)
        if cursor is None:
            return
        with context.database.read() as tx:
            further = query.model_copy(update={"cursor": cursor})
            read = reports.items(tx, *compared, further, change=query.change)


Read = tuple[list[Finding], str | None]


def _page(context: Context, query: ListQuery, organization: int | None) -> Read:
    with context.database.read() as tx:
        rows, cursor = page(tx, FINDINGS, query, organization=organization)
    return [findings.shown(row) for row in rows.rows], cursor


def _rows(
    context: Context, query: ListQuery, read: Read, *, organization: int | None
) -> Iterator[Sequence[object]]:
    """Page by page, so that a long list is never held whole."""
    while True:
        found, cursor = read
        yield from (_finding(one) for one in found)
        if cursor is None:
            return
        read = _page(context, query.model_copy(update={"cursor": cursor}), organization)


Rows = tuple[list[Sequence[object]], str | None]


def _reports(context: Context, query: ListQuery, organization: int | None) -> Rows:
    with context.database.read() as tx:
        found, cursor = page(tx, REPORTS, query, organization=organization)
    return [_report(row) for row in found.rows], cursor


def _every_report(
    context: Context, query: ListQuery, read: Rows, *, organization: int | None
) -> Iterator[Sequence[object]]:
    while True:
        found, cursor = read
        yield from found
        if cursor is None:
            return
        read = _reports(context, query.model_copy(update={"cursor": cursor}), organization)


def _report(row: Any) -> Sequence[object]:
    """How many of each kind there were goes into one cell."""
    counts = ", ".join(f"{total} {kind}" for kind, total in sorted(row.counts.items()))
    total = sum(row.counts.values())
    made = to_text(row.created_at)
    return row.public_id, row.connection_name, row.run_shown, made, total, counts


def _finding(one: Finding) -> Sequence[object]:
    return (
        one.id,
        one.kind,
        one.severity,
        one.state,
        one.connection_name,
        one.target_name,
        one.user.user_name if one.user else None,
        one.group.name if one.group else None,
        one.summary,
        one.suggestion,
        one.first_seen,
        one.last_seen,
        one.flips,
    )


def _item(one: ReportItem) -> Sequence[object]:
    return tuple(getattr(one, name) for name in ITEM)


_on = Noun("drift", "/drift")
operations = [
    _on.get(".csv", summary, "Drift now, as CSV.", gives=CSV),
    _on.get("/reports.csv", all_reports, "Reports as CSV.", query=FileQuery, gives=CSV),
    _on.get("/reports/{id}.csv", report, "A report as CSV.", query=ChangeQuery, gives=CSV),
    _on.get("/findings.csv", all_findings, "Findings as CSV.", query=FileQuery, gives=CSV),
    _on.get("/findings/{id}.csv", one_finding, "A finding as CSV.", gives=CSV),
]

"""Reports: what stood at each reconciliation, and how that differs from another one."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.admin.call import Answer, AnyRow, Call, find
from api.admin.findings import EvidenceShown
from api.admin.shapes import Kept, ListOf, Shown, kept
from api.operation import NoBody, Noun
from api.paging import MOST, ListQuery, page
from api.problems import Problem
from models.instant import Instant, to_text
from models.store import reports
from models.store.database import Tx, loads
from models.store.lists.drift import REPORTS
from models.store.lists.report import Change, chosen, of_report, total

Chosen = Literal["new", "healed", "standing", "flapping"] | None
AGAINST = Field(
    default=None,
    max_length=64,
    description="Another report of the same connection; without it the one before.",
)
CHANGE = Field(default=None, description="Only these; without it all that stood at this report.")


class Unseen(Shown):
    """A target that could not be looked at, so that its drift is as it was."""

    target: str
    target_name: str
    problem: str


class Report(Kept):
    connection: str
    connection_name: str
    run: str
    counts: dict[str, int]
    unseen: list[Unseen]


class ReportItem(Shown):
    finding: str
    kind: str
    severity: str
    state: str
    change: Change
    user: str | None
    group: str | None
    target: str | None
    summary: str
    suggestion: str
    evidence: list[EvidenceShown]


class Point(Shown):
    """How much was found at one time."""

    at: str
    report: str | None
    total: int
    counts: dict[str, int]


class ReportInFull(Report):
    """Of each list the first ones, the worst before the others; `totals` says how many there are.

    All of them are at `/drift/reports/{id}/findings`, page by page.
    """

    against: str | None
    totals: dict[str, int]
    new: list[ReportItem]
    healed: list[ReportItem]
    standing: list[ReportItem]
    flapping: list[ReportItem]
    items: list[ReportItem]
    trend: list[Point]


class CompareQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    against: str | None = AGAINST
    limit: int = Field(default=MOST, ge=0, le=MOST, description="Findings in each list.")
    last: int = Field(default=30, ge=1, le=366, description="How many reports the trend has.")


class ItemsQuery(ListQuery):
    against: str | None = AGAINST
    change: Chosen = CHANGE


def listed(call: Call[ListQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        rows, cursor = page(tx, REPORTS, call.query, organization=call.organization)
    return Answer(ListOf[Report](items=[shown(row) for row in rows.rows], next_cursor=cursor))


def read(call: Call[CompareQuery, NoBody]) -> Answer:
    query = call.query
    with call.context.database.read() as tx:
        row = report(tx, call)
        other = against(tx, call, row, query.against)
        lists = {one: _first(tx, row, other, one, limit=query.limit) for one in (None, *Change)}
        totals = {
            one.value: total(tx, row.connection_id, chosen(one, row.created_at, _when(other)))
            for one in Change
        }
        points = reports.trend(tx, row.connection_id, row.id, last=query.last)
    return Answer(
        ReportInFull(
            **_fields(row),
            against=None if other is None else other.public_id,
            totals=totals,
            new=lists[Change.NEW],
            healed=lists[Change.HEALED],
            standing=lists[Change.STANDING],
            flapping=lists[Change.FLAPPING],
            items=lists[None],
            trend=[_point(one) for one in points],
        )
    )


def listed_items(call: Call[ItemsQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        row = report(tx, call)
        other = against(tx, call, row, call.query.against)
        found, cursor = items(tx, row, other, call.query, change=call.query.change)
    return Answer(ListOf[ReportItem](items=found, next_cursor=cursor))


def report(tx: Tx, call: Call[Any, Any]) -> AnyRow:
    return find(tx, call, REPORTS, name=call.path["id"], noun="report")


def against(tx: Tx, call: Call[Any, Any], row: AnyRow, name: str | None) -> AnyRow | None:
    """The report to compare with. Raises Problem when that is none of the same connection."""
    if name is None:
        return reports.before(tx, row.connection_id, row.id)
    other = find(tx, call, REPORTS, name=name, noun="report")
    if other.connection_id != row.connection_id:
        raise Problem(422, "Only reports of one and the same connection can be compared.")
    return other


def items(
    tx: Tx, row: AnyRow, other: AnyRow | None, query: ListQuery, *, change: str | None
) -> tuple[list[ReportItem], str | None]:
    """One page of what was found, and the cursor of the next."""
    at, then = row.created_at, _when(other)
    lists = of_report(row.connection_id, at, then)
    which = chosen(None if change is None else Change(change), at, then)
    found, cursor = page(tx, lists, query, which, organization=None)
    return [_item(one) for one in found.rows], cursor


def _first(
    tx: Tx, row: AnyRow, other: AnyRow | None, change: Change | None, *, limit: int
) -> list[ReportItem]:
    if limit == 0:
        return []
    query = ListQuery(limit=limit, sort="-severity")
    return items(tx, row, other, query, change=change)[0]


def _when(other: AnyRow | None) -> Instant | None:
    return None if other is None else other.created_at


def _item(row: Any) -> ReportItem:
    return ReportItem(
        finding=row.public_id,
        kind=row.kind,
        severity=row.severity,
        state=row.state,
        change=Change(row.change),
        user=row.user_name,
        group=row.group_name,
        target=row.target_slug,
        summary=row.summary,
        suggestion=row.suggestion,
        evidence=[EvidenceShown(**one) for one in row.evidence],
    )


def _point(row: Any) -> Point:
    counts = loads(row.counts)
    at = to_text(row.created_at)
    return Point(at=at, report=row.public_id, total=sum(counts.values()), counts=counts)


def shown(row: Any) -> Report:
    return Report(**_fields(row))


def _fields(row: Any) -> dict[str, Any]:
    return {
        **kept(row),
        "connection": row.connection_id_shown,
        "connection_name": row.connection_name,
        "run": row.run_shown,
        "counts": row.counts,
        "unseen": [Unseen(**one) for one in row.unseen or []],
    }


_on = Noun("drift", "/drift/reports")
operations = [
    _on.get("", listed, "List reports.", query=ListQuery, gives=ListOf[Report]),
    _on.get(
        "/{id}",
        read,
        "Read a report, compared with another.",
        query=CompareQuery,
        gives=ReportInFull,
        about="What is new, healed, standing or flapping since the report before, or since "
        "`against`, and the trend of the last reports. Every report is kept as it stood.",
    ),
    _on.get(
        "/{id}/findings",
        listed_items,
        "List what a report found.",
        query=ItemsQuery,
        gives=ListOf[ReportItem],
    ),
]

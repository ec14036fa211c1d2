"""Drift at a glance: what stands now, and how that has gone over the last days."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.admin.call import Answer, Call
from api.admin.reports import Point, Report, shown
from api.admin.shapes import Shown
from api.operation import NoBody, Noun
from models.instant import DAY, Instant, to_text
from models.store import overview, reports
from models.store.database import loads
from models.store.lists.drift import reports_with


class SummaryQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    days: int = Field(default=30, ge=1, le=366, description="How far back the trend goes.")


class Summary(Shown):
    total: int
    by_kind: dict[str, int]
    by_severity: dict[str, int]
    by_state: dict[str, int]
    reports: list[Report]
    """The newest of each connection."""
    trend: list[Point]
    """By day, the oldest first: what the last reports of all connections had found by then."""


def summary(call: Call[SummaryQuery, NoBody]) -> Answer:
    since = (call.now() // DAY - call.query.days + 1) * DAY
    with call.context.database.read() as tx:
        counts = overview.standing(tx, call.organization)
        rows = reports_with(tx, reports.newest(tx, call.organization))
        days = reports.by_day(tx, call.organization, since=since)
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
            reports=[shown(row) for row in rows],
            trend=list(_by_day(days)),
        )
    )


def _by_day(rows: Iterable[Any]) -> Iterable[Point]:
    """A connection that was not looked at on a day counts as it did the day before."""
    days: dict[Instant, dict[int, dict[str, int]]] = {}
    for row in rows:
        days.setdefault(row.created_at // DAY, {})[row.connection_id] = loads(row.counts)
    known: dict[int, dict[str, int]] = {}
    for day in sorted(days):
        known |= days[day]
        counts: Counter[str] = Counter()
        for one in known.values():
            counts.update(one)
        yield Point(at=to_text(day * DAY), report=None, total=counts.total(), counts=counts)


_on = Noun("drift", "/drift")
operations = [
    _on.get(
        "",
        summary,
        "Drift now: counts, the newest report of each connection, and the trend.",
        query=SummaryQuery,
        gives=Summary,
    )
]

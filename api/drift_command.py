"""`trueup drift`: the newest report of every connection, what is new first."""

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy import Row

from api.admin import reports as shape
from api.admin import tables
from api.context import Context
from api.paging import MOST, ListQuery
from models.instant import to_text
from models.store import reports
from models.store.lists.drift import reports_with
from models.store.lists.report import Change

QUIET = {"info"}
STYLES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan", "info": "dim"}
COLUMNS = (
    "change",
    "severity",
    "kind",
    "state",
    "connection",
    "user",
    "group",
    "target",
    "summary",
    "suggestion",
)
ORDER = (Change.NEW, Change.STANDING, Change.HEALED)
console = Console(soft_wrap=False)


def drift(context: Context, form: str) -> bool:
    """Whether anything worth a look stands that nobody has accepted."""
    with context.database.read() as tx:
        newest = list(reports_with(tx, reports.newest(tx, None)))
    match form:
        case "json":
            return _as_json(context, newest)
        case "csv":
            return _as_csv(context, newest)
        case _:
            return _as_table(context, newest)


def _as_json(context: Context, newest: Sequence[Row[Any]]) -> bool:
    found = [one for row in newest for one in _every(context, row)]
    json.dump(found, sys.stdout, indent=1)
    print()
    return any(map(_counts, found))


def _as_csv(context: Context, newest: Sequence[Row[Any]]) -> bool:
    has_found = False

    def lines() -> Iterator[Sequence[object]]:
        nonlocal has_found
        for row in newest:
            for one in _every(context, row):
                has_found = has_found or _counts(one)
                yield [one[name] for name in COLUMNS]

    sys.stdout.writelines(tables.lines(COLUMNS, lines()))
    return has_found


def _as_table(context: Context, newest: Sequence[Row[Any]]) -> bool:
    has_found = False
    if not newest:
        console.print("No reconciliation has reported yet.")
    for row in newest:
        found = list(_every(context, row))
        has_found = has_found or any(map(_counts, found))
        for sentence in _head(row, found):
            console.print(sentence, highlight=False, markup=False)
        if found:
            console.print(table(found[:MOST], title=None))
        if len(found) > MOST:
            console.print(f"… and {len(found) - MOST} more; --csv lists them all.")
    return has_found


def _head(row: Row[Any], found: Sequence[dict[str, Any]]) -> Iterator[str]:
    """What was looked at and when, what became of it, and what was not looked at."""
    totals = {one: sum(item["change"] == one for item in found) for one in ORDER}
    told = ", ".join(f"{total} {change}" for change, total in totals.items() if total)
    yield f"{row.connection_name} at {to_text(row.created_at)}: {told or 'no drift'}."
    for one in row.unseen or []:
        yield f"{one['target_name']} could not be looked at: {one['problem']}"


def _counts(one: dict[str, Any]) -> bool:
    stands = one["change"] != Change.HEALED and one["state"] == "open"
    return stands and one["severity"] not in QUIET


def _every(context: Context, row: Row[Any]) -> Iterator[dict[str, Any]]:
    """What a report found, and what healed since the one before, the worst first."""
    with context.database.read() as tx:
        other = reports.before(tx, row.connection_id, row.id)
    for change in ORDER:
        cursor: str | None = None
        while True:
            query = ListQuery(limit=MOST, cursor=cursor, sort="-severity")
            with context.database.read() as tx:
                items, cursor = shape.items(tx, row, other, query, change=change)
            for one in items:
                yield {"connection": row.connection_name, **one.model_dump(mode="json")}
            if cursor is None:
                break


def table(found: Sequence[dict[str, Any]], *, title: str | None = "Drift") -> Table:
    """Findings as a person reads them; what to do, once for each kind."""
    has_changes = any("change" in one for one in found)
    made = Table(title=title, title_justify="left", expand=True, box=box.SIMPLE_HEAD)
    for column in ["change"] * has_changes + ["severity", "kind"]:
        made.add_column(column, no_wrap=True)
    made.add_column("what disagrees", ratio=1)
    advised: set[str] = set()
    for one in found:
        told = Text(one["summary"])
        if one["suggestion"] and one["kind"] not in advised:
            advised.add(one["kind"])
            told.append(f"\n→ {one['suggestion']}", "dim")
        severity = Text(one["severity"], STYLES.get(one["severity"], ""))
        changed = [one["change"]] if has_changes else []
        made.add_row(*changed, severity, one["kind"], told)
    return made

"""What the commands of the command line do, and how they show it."""

import csv
import json
import sys
import time
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import Row

from api.context import Context
from api.serve import owner
from models.instant import to_text
from models.store import accounts, findings, runs
from models.store.database import loads
from models.store.vault import hashed, new_token
from sync.work import LEASE, Work

QUIET = {"info"}
COLUMNS = ("severity", "kind", "user", "group", "target", "summary", "suggestion")
STYLES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan", "info": "dim"}
console = Console(soft_wrap=False)


class CommandFailed(Exception):
    """The text is a sentence for an operator."""

    def __init__(self, sentence: str, code: int = 3) -> None:
        super().__init__(sentence)
        self.code = code


def connection_row(context: Context, name: str) -> Row[Any]:
    with context.database.read() as tx:
        row = accounts.connection_named(tx, name.replace("/", "~"))
    if row is None:
        raise CommandFailed(f"There is no connection {name}.", 2)
    return row


def reconcile(context: Context, name: str, *, dry_run: bool) -> bool:
    """Whether there is drift or held work. The run is carried out here, daemon or not."""
    row = connection_row(context, name)
    with context.database.write() as tx:
        run = runs.start(tx, row.id, "reconcile", context.clock.now(), dry_run=dry_run)
    ended = _perform(context, run)
    if ended.state != "complete":
        raise CommandFailed(f"The reconciliation {ended.state}: {ended.problem}")
    plan, counts = loads(ended.plan) or {}, loads(ended.counts) or {}
    show_plan(plan)
    if not dry_run:
        show_counts(counts)
    return bool(plan.get("held") or plan.get("would_hold") or (counts and not dry_run))


def _perform(context: Context, run: int) -> Row[Any]:
    """Carry a run out, or wait for whoever does."""
    work = Work(context.database, context.peers, context.clock, owner())
    while True:
        with context.database.write() as tx:
            mine = runs.take(tx, run, context.clock.now(), lease=LEASE)
        if mine:
            work.perform(run)
        with context.database.read() as tx:
            row = runs.get(tx, run)
        if row is None:
            raise CommandFailed("The run has vanished.")
        if row.state in ("complete", "incomplete", "failed"):
            return row
        time.sleep(0.2)


def show_plan(plan: dict[str, Any]) -> None:
    operations = plan.get("operations", [])
    if not operations:
        console.print("Nothing to do: every target is as was decided.")
    for one in operations:
        who = " ".join(one[what]["name"] or "" for what in ("user", "group") if one.get(what))
        held = "  [red]held[/red]" if one.get("held") else ""
        console.print(f"{one['target']}: {one['operation']} {who}{held}", highlight=False)
    for why in (plan.get("would_hold"), plan.get("held") and f"Held: {plan['held']}"):
        if why:
            console.print(why, style="red", highlight=False)


def show_counts(counts: dict[str, int]) -> None:
    if not counts:
        console.print("No drift.")
    for kind, total in sorted(counts.items()):
        console.print(f"{total:6} {kind}", highlight=False)


def drift(context: Context, form: str) -> bool:
    """Whether anything worth a look stands."""
    with context.database.read() as tx:
        found = findings.standing(tx)
    if form == "json":
        json.dump(found, sys.stdout, indent=1)
        print()
    elif form == "csv":
        writer = csv.DictWriter(sys.stdout, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows({k: _cell(v) for k, v in one.items()} for one in found)
    else:
        console.print(table(found))
    return any(one["severity"] not in QUIET for one in found)


def _cell(value: object) -> object:
    """A cell that a spreadsheet would take for a formula is shown as text."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value


def table(found: list[dict[str, Any]]) -> Table:
    """Findings as a person reads them, the worst first."""
    made = Table(title="Drift", title_justify="left", expand=True, show_lines=False)
    made.add_column("severity", no_wrap=True)
    made.add_column("kind", no_wrap=True)
    made.add_column("what disagrees", ratio=3)
    made.add_column("what to do", ratio=2)
    for one in found:
        style = STYLES.get(one["severity"], "")
        made.add_row(
            f"[{style}]{one['severity']}[/]", one["kind"], one["summary"], one["suggestion"]
        )
    return made


def create_key(context: Context, name: str) -> None:
    token, now = new_token("tuk"), context.clock.now()
    with context.database.write() as tx:
        key = accounts.insert_key(tx, name, hashed(token), now)
    print(f"{key} {token}")


def list_keys(context: Context) -> None:
    with context.database.read() as tx:
        for row in accounts.keys(tx):
            used = to_text(row.last_used_at) if row.last_used_at else "never"
            state = "revoked" if row.revoked_at else "live"
            print(f"{row.public_id}  {row.name}  {state}  last used {used}")


def revoke_key(context: Context, key: str) -> None:
    with context.database.write() as tx:
        if not accounts.revoke_key(tx, key, context.clock.now()):
            raise CommandFailed(f"There is no live key {key}.", 2)
    print("Revoked.")

"""What the commands of the command line do, and how they show it."""

import time
from typing import Any

from rich.console import Console
from rich.markup import escape
from sqlalchemy import Row

from api.admin import checks
from api.auth import PREFIX
from api.context import Context
from api.engine import owner
from models.instant import to_text
from models.store import accounts, keys, runs
from models.store.database import loads
from models.store.vault import hashed, new_token
from sync.work import LEASE, Work

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


def check(context: Context, name: str) -> bool:
    """Whether anything is wrong."""
    told = checks.look(context, connection_row(context, name).id)
    for sentence in told.set_up:
        console.print(f"[green]ok[/]     {escape(sentence)}", highlight=False)
    for sentence in told.wrong:
        console.print(f"[red]wrong[/]  {escape(sentence)}", highlight=False)
    return bool(told.wrong)


def create_key(context: Context, name: str) -> None:
    token, now = new_token(PREFIX), context.clock.now()
    with context.database.write() as tx:
        public = keys.create(tx, name, hashed(token), organization=None, now=now)
    print(f"{public} {token}")


def list_keys(context: Context) -> None:
    with context.database.read() as tx:
        for row in keys.every(tx):
            used = to_text(row.last_used_at) if row.last_used_at else "never"
            state = "revoked" if row.revoked_at else "live"
            print(f"{row.public_id}  {row.name}  {state}  last used {used}")


def revoke_key(context: Context, public_id: str) -> None:
    """The last key that may do everything stays, or nobody could make another."""
    with context.database.write() as tx:
        keys.lock(tx)
        row = keys.live(tx, public_id)
        if row is None:
            raise CommandFailed(f"There is no live key {public_id}.", 2)
        if keys.unlimited(tx) == {row.id}:
            raise CommandFailed("This is the last key. Make another one first.", 2)
        keys.revoke(tx, row.id, context.clock.now())
    print("Revoked.")

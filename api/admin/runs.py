"""Runs: asked for, waited for, looked at."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.admin.call import Answer, Call, Later, again, find
from api.admin.connections import found
from api.admin.shapes import Kept, ListOf, kept, when
from api.context import Context
from api.operation import NoBody, NoQuery, Noun
from api.paging import ListQuery, page
from api.problems import Problem
from models.store import runs
from models.store.lists.work import RUNS

ENDED = ("complete", "incomplete", "failed")


class WaitQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    wait: float = Field(
        default=0, ge=0, le=300, allow_inf_nan=False, description="Seconds to wait for the end."
    )


class PullQuery(WaitQuery):
    delta: bool = Field(
        default=False,
        description="Only ask what changed since the last look, where the directory can tell.",
    )


class ReconcileQuery(WaitQuery):
    dry_run: bool = Field(default=False, description="Answer the plan and change nothing.")


class Run(Kept):
    kind: str
    state: str
    connection: str
    connection_name: str
    user: dict[str, str | None] | None
    dry_run: bool
    certificate: dict[str, Any] | None
    counts: dict[str, Any]
    plan: dict[str, Any] | None = None
    problem: str | None
    started_at: str | None
    ended_at: str | None


def listed(call: Call[ListQuery, NoBody]) -> Answer:
    """Without the plans, which may be long."""
    with call.context.database.read() as tx:
        rows, cursor = page(tx, RUNS, call.query, organization=call.organization)
    items = [Run(**_fields(row)) for row in rows.rows]
    return Answer(ListOf[Run](items=items, next_cursor=cursor))


def read(call: Call[NoQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        row = find(tx, call, RUNS, name=call.path["id"], noun="run")
    return Answer(_shown(row))


def pull(call: Call[PullQuery, NoBody]) -> Later:
    with call.context.database.write() as tx:
        connection = found(tx, call)
        if connection.pull is None:
            raise Problem(422, "This connection has no pull channel, so there is nothing to read.")
        kind = "delta" if call.query.delta else "pull"
        run = runs.start(tx, connection.id, kind, call.now())
    return later(call.context, run, call.query.wait)


def reconcile(call: Call[ReconcileQuery, NoBody]) -> Later:
    dry_run = call.query.dry_run
    with call.context.database.write() as tx:
        connection = found(tx, call)
        run = runs.start(tx, connection.id, "reconcile", call.now(), dry_run=dry_run)
    return later(call.context, run, call.query.wait)


def later(context: Context, run: int, seconds: float) -> Later:
    """The run when it has ended, or as it stands when the seconds ran out."""

    def look() -> Answer:
        with context.database.read() as tx:
            row = again(tx, RUNS, run)
        status = 200 if row.state in ENDED else 202
        return Answer(_shown(row), status, {"location": f"/api/v1/runs/{row.public_id}"})

    return Later(look, seconds)


def _shown(row: Any) -> Run:
    return Run(**_fields(row), plan=row.plan)


def _fields(row: Any) -> dict[str, Any]:
    user = {"id": row.user_shown, "user_name": row.user_name} if row.user_shown else None
    return {
        **kept(row),
        "kind": row.kind,
        "state": row.shown_state,
        "connection": row.connection_id_shown,
        "connection_name": row.connection_name,
        "user": user,
        "dry_run": bool(row.dry_run),
        "certificate": row.certificate,
        "counts": row.counts,
        "problem": row.problem,
        "started_at": when(row.started_at),
        "ended_at": when(row.ended_at),
    }


_WAITING = "With `wait`, answers 200 when the run has ended, else 202 with the run as it stands."
_on, _runs = Noun("connections", "/connections/{id}"), Noun("runs", "/runs")
operations = [
    _on.post(
        "/pull",
        pull,
        "Read the directory now.",
        query=PullQuery,
        gives=Run,
        status=(200, 202),
        about=_WAITING,
    ),
    _on.post(
        "/reconcile",
        reconcile,
        "Look at everything once, and mend it.",
        query=ReconcileQuery,
        gives=Run,
        status=(200, 202),
        about=_WAITING,
    ),
    _runs.get("", listed, "List runs, without their plans.", query=ListQuery, gives=ListOf[Run]),
    _runs.get("/{id}", read, "Read a run.", gives=Run),
]

"""Findings: standing disagreements, which a person may accept, open again, or have healed."""

from typing import Annotated, Any

from pydantic import Field

from api.admin.call import Answer, AnyRow, Call, Later, again, find
from api.admin.explain import moment
from api.admin.memberships import GroupRef
from api.admin.runs import Run, WaitQuery, later
from api.admin.shapes import Incoming, Kept, ListOf, Shown, kept, when
from api.operation import NoBody, NoQuery, Noun
from api.paging import ListQuery, page
from api.problems import Problem, wrong
from models.findings import Kind
from models.store import orders, runs
from models.store.database import Tx
from models.store.lists.drift import FINDINGS

OF_SOURCE = frozenset({Kind.PULL_INCOMPLETE, Kind.SCOPE_SHRUNK, Kind.STALE_EVIDENCE})
OF_USER = frozenset(
    {
        Kind.MISSED_PUSH,
        Kind.STALE_PUSH,
        Kind.TOKEN_AHEAD_OF_DIRECTORY,
        Kind.LOGIN_OF_INACTIVE_USER,
        Kind.ATTRIBUTE_CONFLICT,
    }
)


class FoundUser(Shown):
    id: str
    user_name: str | None
    email: str | None


class EvidenceShown(Shown):
    channel: str
    says: str
    value: str | None
    as_of: str | None
    why: str


class Finding(Kept):
    kind: str
    severity: str
    state: str
    connection: str
    connection_name: str
    target: str | None
    target_name: str | None
    user: FoundUser | None
    group: GroupRef | None
    summary: str
    evidence: list[EvidenceShown]
    suggestion: str
    first_seen: str | None
    last_seen: str | None
    flips: int
    accepted_until: str | None
    accepted_by: str | None
    note: str | None


class Acceptance(Incoming):
    until: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="RFC 3339; without it for good."
    )
    note: Annotated[str, Field(max_length=1000)] | None = None


def listed(call: Call[ListQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        rows, cursor = page(tx, FINDINGS, call.query, organization=call.organization)
    items = [shown(row) for row in rows.rows]
    return Answer(ListOf[Finding](items=items, next_cursor=cursor))


def read(call: Call[NoQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        return Answer(shown(found(tx, call)))


def accept(call: Call[NoQuery, Acceptance]) -> Answer:
    now, body = call.now(), call.body
    until = None if body.until is None else moment(body.until)
    if until is not None and until <= now:
        raise wrong("until", "until must be a time to come.")
    with call.context.database.write() as tx:
        row = found(tx, call)
        if not orders.accept(
            tx, row.id, until=until, note=body.note, by=f"Accepted by {call.key.name}.", now=now
        ):
            raise Problem(409, f"This finding is {row.state}: there is nothing to accept.")
        return Answer(shown(again(tx, FINDINGS, row.id)))


def reopen(call: Call[NoQuery, NoBody]) -> Answer:
    with call.context.database.write() as tx:
        row = found(tx, call)
        orders.reopen(tx, row.id, call.now())
        return Answer(shown(again(tx, FINDINGS, row.id)))


def heal(call: Call[WaitQuery, NoBody]) -> Later:
    """A read for what is wrong with a source, a point read for a user, else a reconciliation."""
    with call.context.database.write() as tx:
        row, now = found(tx, call), call.now()
        if row.state not in ("open", "accepted"):
            raise Problem(409, f"This finding is {row.state}: there is nothing to heal.")
        if row.has_pull and row.kind in OF_SOURCE:
            run = runs.start(tx, row.connection_id, "pull", now)
        elif row.has_pull and row.kind in OF_USER and row.user_id is not None:
            run = runs.start(tx, row.connection_id, "point_read", now, user=row.user_id)
        else:
            run = runs.start(tx, row.connection_id, "reconcile", now)
    return later(call.context, run, call.query.wait)


def found(tx: Tx, call: Call[Any, Any]) -> AnyRow:
    return find(tx, call, FINDINGS, name=call.path["id"], noun="finding")


def shown(row: Any) -> Finding:
    """What an administrator said of it stands apart from the evidence."""
    words = [one for one in row.evidence if one["channel"] != orders.ADMINISTRATOR]
    accepted: dict[str, str | None] = next((one for one in row.evidence if one not in words), {})
    user = None
    if row.user_shown:
        user = FoundUser(id=row.user_shown, user_name=row.user_name, email=row.email)
    return Finding(
        **kept(row),
        kind=row.kind,
        severity=row.severity,
        state=row.state,
        connection=row.connection_id_shown,
        connection_name=row.connection_name,
        target=row.target_id_shown,
        target_name=row.target_name,
        user=user,
        group=GroupRef(id=row.group_shown, name=row.group_name) if row.group_shown else None,
        summary=row.summary,
        evidence=[EvidenceShown(**one) for one in words],
        suggestion=row.suggestion,
        first_seen=when(row.first_seen),
        last_seen=when(row.last_seen),
        flips=row.flips,
        accepted_until=when(row.accepted_until),
        accepted_by=accepted.get("why"),
        note=accepted.get("value"),
    )


_on = Noun("drift", "/drift/findings")
operations = [
    _on.get("", listed, "List findings.", query=ListQuery, gives=ListOf[Finding]),
    _on.get("/{id}", read, "Read a finding.", gives=Finding),
    _on.post("/{id}/accept", accept, "Let a finding stand.", takes=Acceptance, gives=Finding),
    _on.post("/{id}/reopen", reopen, "Open a finding again.", gives=Finding),
    _on.post(
        "/{id}/heal",
        heal,
        "Set about healing a finding.",
        query=WaitQuery,
        gives=Run,
        status=(200, 202),
        about="Starts the run that looks again at what disagrees, and mends what it may.",
    ),
]

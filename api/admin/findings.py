"""Findings: standing disagreements, which a person may accept, open again, or have healed."""

from typing import Annotated, Any

from pydantic import Field, RootModel

from api.admin import actions
from api.admin.actions import Action
from api.admin.call import Answer, AnyRow, Call, Later, again, find
from api.admin.explain import moment
from api.admin.memberships import GroupRef
from api.admin.runs import Run, WaitQuery, later
from api.admin.shapes import Incoming, Kept, ListOf, Shown, kept, when
from api.operation import NoBody, NoQuery, Noun
from api.paging import ListQuery, page
from api.problems import Problem, wrong
from models.instant import Instant
from models.store import findings, runs
from models.store.database import Tx
from models.store.lists.drift import FINDINGS
from models.store.lists.work import ACTIONS
from sync.drift import heal as healing
from sync.drift.heal import Refused


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


class FindingAction(Shown):
    """What heals it: an operation at its target, or a read of the directory."""

    operation: str
    fingerprint: str | None


class Healing(RootModel[Action | Run]):
    """The action that was queued, or the run that looks again."""


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
    action: FindingAction | None
    first_seen: str | None
    last_seen: str | None
    flips: int
    accepted_until: str | None
    accepted_by: str | None
    note: str | None


class HealQuery(WaitQuery):
    fingerprint: str | None = Field(
        default=None, max_length=64, description="That of the action as it was shown."
    )


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
        by = call.key.name
        if not findings.accept(tx, row.id, until=until, note=body.note, by=by, now=now):
            raise Problem(409, f"This finding is {row.state}: there is nothing to accept.")
        return Answer(shown(again(tx, FINDINGS, row.id)))


def reopen(call: Call[NoQuery, NoBody]) -> Answer:
    with call.context.database.write() as tx:
        row = found(tx, call)
        if not findings.reopen(tx, row.id, call.now()) and row.state != "open":
            raise Problem(409, f"This finding is {row.state}: there is nothing to reopen.")
        return Answer(shown(again(tx, FINDINGS, row.id)))


def heal(call: Call[HealQuery, NoBody]) -> Answer | Later:
    """A read for what is wrong with a source or a user; else just the action that is shown."""
    with call.context.database.write() as tx:
        row, now = found(tx, call), call.now()
        if row.state not in ("open", "accepted"):
            raise Problem(409, f"This finding is {row.state}: there is nothing to heal.")
        if call.query.fingerprint not in (None, (row.action or {}).get("fingerprint")):
            raise Problem(409, "The finding shows another action by now. Look at it again.")
        kind = _look(row)
        if kind is None:
            return Answer(_healed(tx, row, now))
        user = row.user_id if kind == "point_read" else None
        run = runs.start(tx, row.connection_id, kind, now, user=user)
    return later(call.context, run, call.query.wait)


def _healed(tx: Tx, row: AnyRow, now: Instant) -> actions.Action:
    healed = healing.heal(tx, row, now)
    if isinstance(healed, Refused):
        raise Problem(409, healed.why)
    return actions.shown(again(tx, ACTIONS, healed.action))


def _look(row: AnyRow) -> str | None:
    is_of_pull = row.subject.endswith("/pull")
    return healing.look(row.kind, has_pull=row.has_pull, user=row.user_id, is_of_pull=is_of_pull)


def _action(row: AnyRow) -> FindingAction | None:
    kind = _look(row)
    if kind is not None:
        return FindingAction(operation=kind, fingerprint=None)
    return None if row.action is None else FindingAction(**row.action)


def found(tx: Tx, call: Call[Any, Any]) -> AnyRow:
    return find(tx, call, FINDINGS, name=call.path["id"], noun="finding")


def shown(row: Any) -> Finding:
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
        evidence=[EvidenceShown(**one) for one in row.evidence],
        suggestion=row.suggestion,
        action=_action(row),
        first_seen=when(row.first_seen),
        last_seen=when(row.last_seen),
        flips=row.flips,
        accepted_until=when(row.accepted_until),
        accepted_by=row.accepted_by,
        note=row.note,
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
        "Heal a finding.",
        query=HealQuery,
        gives=Healing,
        status=(200, 202),
        about="Queues exactly the action that the finding shows, and answers it; or starts the "
        "read that it shows, and answers the run. 409 when the finding shows no action, or when "
        "something else would be done by now.",
    ),
]

"""Holds: plans the guard stopped, approved or refused as a whole."""

from typing import Annotated, Any

from pydantic import Field

from api.admin.actions import Action
from api.admin.actions import shown as action_shown
from api.admin.call import Answer, AnyRow, Call, find
from api.admin.shapes import Incoming, Kept, ListOf, kept, when
from api.operation import NoBody, NoQuery, Noun
from api.paging import ListQuery, page
from api.problems import Problem
from models.instant import Instant
from models.plans import digest
from models.store import findings, holds, links, outbox, overview
from models.store import listing as listings
from models.store.database import Tx
from models.store.listing import Asked
from models.store.lists import work
from models.store.lists.work import ACTIONS

SHOWN, IN_FULL = 100, 10_000


class Hold(Kept):
    target: str
    target_name: str
    kind: str
    """users, groups, memberships or protected; a target has one open hold of each at the most."""
    state: str
    counts: dict[str, int]
    operations: list[Action]
    """The first hundred in lists, all when one hold is read."""
    why: str
    digest: str
    """Names exactly these operations; sent with an approval it must still be the same."""
    expires_at: str | None
    decided_by: str | None


class Approval(Incoming):
    digest: Annotated[str, Field(max_length=64)] | None = None


def listed(call: Call[ListQuery, NoBody]) -> Answer:
    now = call.now()
    with call.context.database.read() as tx:
        rows, cursor = page(tx, work.holds(now), call.query, organization=call.organization)
        items = [_shown(tx, row, SHOWN) for row in rows.rows]
    return Answer(ListOf[Hold](items=items, next_cursor=cursor))


def read(call: Call[NoQuery, NoBody]) -> Answer:
    now = call.now()
    with call.context.database.read() as tx:
        return Answer(_shown(tx, _found(tx, call, now), IN_FULL))


def approve(call: Call[NoQuery, Approval]) -> Answer:
    """Exactly what is listed goes on; each operation is compared once more before it is done."""
    now, named = call.now(), call.body.digest
    with call.context.database.write() as tx:
        row = _open(tx, call, now)
        if named is not None and named != _digest(tx, row.id):
            raise Problem(409, "The hold has changed since this digest was made. Look at it again.")
        _decide(tx, call, row, state="approved", now=now)
        outbox.release(tx, row.id, now)
        findings.resolve_hold(tx, row.public_id, now)
        return Answer(_shown(tx, _found(tx, call, now), IN_FULL))


def refuse(call: Call[NoQuery, NoBody]) -> Answer:
    """What was refused stays held back as long as its evidence is the same."""
    now = call.now()
    with call.context.database.write() as tx:
        row = _open(tx, call, now)
        _decide(tx, call, row, state="refused", now=now)
        return Answer(_shown(tx, _found(tx, call, now), IN_FULL))


def _open(tx: Tx, call: Call[Any, Any], now: Instant) -> AnyRow:
    """A hold that waits for a decision, locked so that nothing joins it meanwhile."""
    links.lock(tx, "holds", _found(tx, call, now).id)
    row = _found(tx, call, now)
    if row.shown_state == "expired" and row.expires_at > now:
        raise Problem(409, "Nothing of this hold is asked for any more.")
    if row.shown_state == "expired":
        raise Problem(409, f"This hold expired at {when(row.expires_at)}. Reconcile for a new one.")
    if row.shown_state != "open":
        raise Problem(409, f"This hold was {row.shown_state} already.")
    return row


def _decide(tx: Tx, call: Call[Any, Any], row: AnyRow, *, state: str, now: Instant) -> None:
    if not holds.decide(tx, row.id, state=state, by=call.key.name, now=now):
        raise Problem(409, "Somebody else decided about this hold at the same time.")


def _found(tx: Tx, call: Call[Any, Any], now: Instant) -> AnyRow:
    return find(tx, call, work.holds(now), name=call.path["id"], noun="hold")


def _digest(tx: Tx, hold: int) -> str:
    return digest(*overview.fingerprints(tx, hold))


def _shown(tx: Tx, row: Any, limit: int) -> Hold:
    rows = listings.page(tx, ACTIONS, Asked(limit=limit), *work.in_hold(row.id, row.state)).rows
    return Hold(
        **kept(row),
        target=row.target_id_shown,
        target_name=row.target_name,
        kind=row.kind,
        state=row.shown_state,
        counts=overview.in_holds(tx, [row.id])[row.id],
        operations=[action_shown(one) for one in rows],
        why=row.why,
        digest=_digest(tx, row.id),
        expires_at=when(row.expires_at),
        decided_by=row.decided_by,
    )


_on = Noun("holds", "/holds")
operations = [
    _on.get("", listed, "List holds.", query=ListQuery, gives=ListOf[Hold]),
    _on.get("/{id}", read, "Read a hold with all its operations.", gives=Hold),
    _on.post(
        "/{id}/approve",
        approve,
        "Let all the operations of a hold go on.",
        takes=Approval,
        gives=Hold,
        about="With `digest`, only if the hold still lists exactly what it was made for.",
    ),
    _on.post("/{id}/refuse", refuse, "Refuse all the operations of a hold.", gives=Hold),
]

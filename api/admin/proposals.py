"""Proposals that two groups are one under two identifiers; an administrator decides."""

from collections.abc import Callable
from typing import Any

from api.admin import connections
from api.admin.call import Answer, AnyRow, Call, again, find
from api.admin.connection_shapes import Connection, shown
from api.admin.memberships import GroupRef
from api.admin.shapes import Kept, ListOf, kept
from api.operation import NoBody, NoQuery, Noun
from api.paging import ListQuery, page
from api.problems import Problem
from models.findings import Kind
from models.store import claims, standing
from models.store.lists.accounts import CONNECTIONS
from models.store.lists.proposals import PROPOSALS
from sync.tokens import proposing
from sync.tokens.proposing import CannotDecide


class Proposal(Kept):
    state: str
    """open, accepted, refused, split, or outdated when it does not hold any more."""
    connection: str
    connection_name: str
    former: GroupRef
    later: GroupRef
    numbers: dict[str, float]
    """What speaks for it: users compared, those who had the former, have the later, and both."""
    decided_by: str | None


def listed(call: Call[ListQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        rows, cursor = page(tx, PROPOSALS, call.query, organization=call.organization)
    items = [_shown(row) for row in rows.rows]
    return Answer(ListOf[Proposal](items=items, next_cursor=cursor))


def read(call: Call[NoQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        return Answer(_shown(find(tx, call, PROPOSALS, name=call.path["id"], noun="proposal")))


def accept(call: Call[NoQuery, NoBody]) -> Answer:
    """The later group becomes the former, which keeps its id, grants and place at targets."""
    return _decide(call, proposing.accept)


def refuse(call: Call[NoQuery, NoBody]) -> Answer:
    return _decide(call, proposing.refuse)


def split(call: Call[NoQuery, NoBody]) -> Answer:
    return _decide(call, proposing.split)


def resume(call: Call[NoQuery, NoBody]) -> Answer:
    """From now on a token that lists groups denies the others again, whatever it calls them."""
    with call.context.database.write() as tx:
        row, now = connections.found(tx, call), call.now()
        if not claims.resume(tx, row.id, now):
            raise Problem(409, "The tokens of this connection are not suspended.")
        standing.resolve(tx, row.id, Kind.CLAIM_FORMAT_CHANGED.value, now)
        return Answer(shown(again(tx, CONNECTIONS, row.id), call.context))


def _decide(call: Call[NoQuery, NoBody], act: Callable[..., None]) -> Answer:
    with call.context.database.write() as tx:
        row = find(tx, call, PROPOSALS, name=call.path["id"], noun="proposal")
        try:
            act(tx, row.id, by=call.key.name, now=call.now())
        except CannotDecide as trouble:
            raise Problem(409, str(trouble)) from trouble
        return Answer(_shown(again(tx, PROPOSALS, row.id)))


def _shown(row: AnyRow | Any) -> Proposal:
    return Proposal(
        **kept(row),
        state=row.state,
        connection=row.connection_id_shown,
        connection_name=row.connection_name,
        former=GroupRef(id=row.former_shown, name=row.former_name),
        later=GroupRef(id=row.later_shown, name=row.later_name),
        numbers=row.numbers,
        decided_by=row.decided_by,
    )


_on = Noun("proposals", "/proposals")
operations = [
    _on.get(
        "", listed, "List proposals that groups are one.", query=ListQuery, gives=ListOf[Proposal]
    ),
    _on.get("/{id}", read, "Read a proposal with its numbers.", gives=Proposal),
    _on.post(
        "/{id}/accept",
        accept,
        "Make two groups one.",
        gives=Proposal,
        about="The former keeps its id, its grants and its place at targets, and gets all names "
        "and all evidence. Undone by `split`.",
    ),
    _on.post("/{id}/refuse", refuse, "Leave two groups two.", gives=Proposal),
    _on.post(
        "/{id}/split",
        split,
        "Undo an acceptance.",
        gives=Proposal,
        about="Both are as they were. What was said since stays with the former.",
    ),
    Noun("connections", "/connections/{id}").post(
        "/claims/resume",
        resume,
        "Let tokens deny again what they do not list.",
        gives=Connection,
        about="After `claim_format_changed`, once the proposals are decided. Who is in a group "
        "that tokens do not name any more leaves it at the next login.",
    ),
]

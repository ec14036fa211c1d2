"""Actions: the operations in the queue, and what a person may do about one."""

from typing import Any

from api.admin import evidence
from api.admin.call import Answer, AnyRow, Call, again, find
from api.admin.evidence import VerdictShown
from api.admin.memberships import GroupRef, UserRef
from api.admin.shapes import Kept, ListOf, Shown, kept
from api.operation import NoBody, NoQuery, Noun
from api.paging import ListQuery, page
from api.problems import Problem
from models.store import orders
from models.store.database import Tx, loads
from models.store.lists.work import ACTIONS
from sync import rule


class Object(Shown):
    """A user, a group, or the membership of one in the other."""

    type: str
    user: UserRef | None
    group: GroupRef | None


class Action(Kept):
    target: str
    target_name: str
    object: Object
    operation: str
    state: str
    attempts: int
    error: str | None
    because: VerdictShown
    fingerprint: str


def listed(call: Call[ListQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        rows, cursor = page(tx, ACTIONS, call.query, organization=call.organization)
    items = [shown(row) for row in rows.rows]
    return Answer(ListOf[Action](items=items, next_cursor=cursor))


def read(call: Call[NoQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        return Answer(shown(_found(tx, call)))


def retry(call: Call[NoQuery, NoBody]) -> Answer:
    """It is compared with what is true once more before it is done. A removal draws again."""
    now = call.now()
    with call.context.database.write() as tx:
        row = _found(tx, call)
        waits = row.state in ("dead", "retrying")
        objection = rule.objection(tx, row, now) if waits else None
        if objection is not None:
            raise Problem(409, f"The guard does not let it go on without approval. {objection}")
        if not orders.try_again(tx, row.id, now):
            why = "a newer one on the same object is waiting" if waits else f"it is {row.state}"
            raise Problem(409, f"The action cannot be retried: {why}.")
        return Answer(shown(again(tx, ACTIONS, row.id)))


def cancel(call: Call[NoQuery, NoBody]) -> Answer:
    with call.context.database.write() as tx:
        row = _found(tx, call)
        if not orders.give_up(tx, row.id, call.now()):
            held = " Approve or refuse its hold instead." if row.state == "held" else ""
            raise Problem(409, f"The action cannot be cancelled: it is {row.state}.{held}")
        return Answer(shown(again(tx, ACTIONS, row.id)))


def _found(tx: Tx, call: Call[Any, Any]) -> AnyRow:
    return find(tx, call, ACTIONS, name=call.path["id"], noun="action")


def shown(row: Any) -> Action:
    return Action(
        **kept(row),
        target=row.target_id_shown,
        target_name=row.target_name,
        object=_object(row),
        operation=row.operation,
        state=row.state,
        attempts=row.attempts,
        error=row.error,
        because=evidence.because(loads(row.because)),
        fingerprint=row.fingerprint,
    )


def _object(row: Any) -> Object:
    user = UserRef(id=row.user_shown, user_name=row.user_name) if row.user_shown else None
    group = GroupRef(id=row.group_shown, name=row.group_name) if row.group_shown else None
    kind = "membership" if user and group else "user" if user else "group"
    return Object(type=kind, user=user, group=group)


_on = Noun("actions", "/actions")
operations = [
    _on.get("", listed, "List actions.", query=ListQuery, gives=ListOf[Action]),
    _on.get("/{id}", read, "Read an action.", gives=Action),
    _on.post("/{id}/retry", retry, "Try a failed action again, now.", gives=Action),
    _on.post(
        "/{id}/cancel",
        cancel,
        "Give an action up.",
        gives=Action,
        about="What is still wanted is planned again by the next reconciliation.",
    ),
]

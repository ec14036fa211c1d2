"""Delete connections and targets, never leaving behind by mistake what we had put somewhere."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.admin import connections, targets
from api.admin.call import Answer, Call
from api.operation import NoBody, Noun
from api.problems import Problem
from models.store import links, removal


class DeleteQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    abandon: bool = Field(
        default=False, description="Leave what targets hold as it is, and forget about it."
    )


def delete_connection(call: Call[DeleteQuery, NoBody]) -> Answer:
    """Deleting it is no word of the provider, so nobody is removed from a target by it.

    What we had put there would stay, and nobody would ever take it away again: that must be
    asked for.
    """
    with call.context.database.write() as tx:
        row = connections.found(tx, call)
        links.lock(tx, "connections", row.id)
        if removal.is_at_work(tx, row.id):
            raise Problem(409, "A run of this connection is under way. Try again when it ended.")
        held = [one for one in removal.held_of_connection(tx, row.id) if one.users or one.groups]
        if held and not call.query.abandon:
            where = ", ".join(
                f"{one.slug} ({one.users} users, {one.groups} groups)" for one in held
            )
            raise _still_held(where)
        removal.forget_connection(tx, row.id)
    return Answer(None, 204)


def delete_target(call: Call[DeleteQuery, NoBody]) -> Answer:
    with call.context.database.write() as tx:
        row = targets.found(tx, call)
        links.lock(tx, "targets", row.id)
        users, groups = removal.held_at_target(tx, row.id)
        if (users or groups) and not call.query.abandon:
            raise _still_held(f"{row.slug} ({users} users, {groups} groups)")
        removal.forget_target(tx, row.id)
    return Answer(None, 204)


def _still_held(where: Any) -> Problem:
    return Problem(
        409,
        f"Its users and groups are still held at {where}. Have them removed first, or delete "
        "with abandon=true to leave them there as they are.",
    )


_WHY = (
    "Refused while targets still hold what we put there, unless `abandon` says to leave it. "
    "Nothing at a target is changed by this. Evidence, history and findings are deleted."
)
operations = [
    Noun("connections", "/connections/{id}").delete(
        "", delete_connection, "Delete a connection.", query=DeleteQuery, about=_WHY
    ),
    Noun("targets", "/targets/{id}").delete(
        "", delete_target, "Delete a target.", query=DeleteQuery, about=_WHY
    ),
]

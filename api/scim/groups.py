"""Groups, at `/Groups` and `/Groups/{id}` (RFC 7644 §3).

Their members are never loaded to be changed: the cost follows the request, not the group.
"""

from collections.abc import Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from api.scim import answers, normalise, patch
from api.scim.asking import Ask, Work, ask_of
from api.scim.attributes import Schema
from api.scim.auth import Caller
from api.scim.body import body_of
from api.scim.conditions import version_of
from api.scim.extensions import group_schema
from api.scim.forgiving import forgive
from api.scim.group_document import described
from api.scim.patch import AddMembers, GroupChange, RemoveMembers, ReplaceMembers
from api.scim.projection import EVERYTHING
from api.scim.values import Resource
from models.identity import GroupKey
from models.store import scim
from models.store.database import loads
from sync.pushing import tolerances
from sync.pushing.push import Push

TABLE = "groups"


async def create(request: Request, caller: Caller) -> Response:
    work = creation(await body_of(request, caller.record))
    return await ask_of(request, caller, TABLE).write(work)


async def show(request: Request, caller: Caller) -> Response:
    return await ask_of(request, caller, TABLE).read()


async def replace(request: Request, caller: Caller) -> Response:
    work = replacement(await body_of(request, caller.record))
    return await ask_of(request, caller, TABLE).write(work)


async def change(request: Request, caller: Caller) -> Response:
    work = alteration(await body_of(request, caller.record))
    return await ask_of(request, caller, TABLE).write(work)


async def delete(request: Request, caller: Caller) -> Response:
    return await ask_of(request, caller, TABLE).write(deletion)


def creation(body: object) -> Work:
    return partial(_create, *normalise.group(body))


def replacement(body: object) -> Work:
    return partial(_replace, *normalise.group(body))


def alteration(body: object) -> Work:
    return partial(_change, patch.group_changes(patch.operations(body)))


def deletion(ask: Ask, push: Push) -> Response:
    push.delete_group(GroupKey(ask.hold(push).id))
    return answers.nothing()


def _schema(push: Push) -> Schema:
    return group_schema(push.connection.extensions)


Members = list[str] | None
"""None when the body did not speak of them."""


def _create(resource: Resource, members: Members, /, ask: Ask, push: Push) -> Response:
    key = push.create_group(normalise.extended(resource, _schema(push)), members)
    return ask.shown(push.tx, key, status=201)


def _replace(resource: Resource, members: Members, /, ask: Ask, push: Push) -> Response:
    """A body without members says nothing of them, and an empty list empties the group."""
    key = GroupKey(ask.hold(push).id)
    push.describe_group(key, normalise.extended(resource, _schema(push)))
    if members is not None:
        push.replace_members(key, members)
    else:
        forgive(tolerances.PUT_WITHOUT_MEMBERS)
    return ask.shown(push.tx, key)


def _change(changes: Sequence[GroupChange], ask: Ask, push: Push) -> Response:
    """Without content, as Entra wants it, unless attributes are asked for (RFC 7644 §3.5.2)."""
    row = ask.hold(push)
    _carry_out(push, GroupKey(row.id), changes, document=loads(row.scim))
    if ask.projection != EVERYTHING:
        return ask.shown(push.tx, row.id)
    return answers.nothing(version_of(scim.version_of(push.tx, TABLE, row.id)))


def _carry_out(
    push: Push, group: GroupKey, changes: Sequence[GroupChange], *, document: Resource
) -> None:
    """In order. A rename to what it is called already is none (Okta sends one every time)."""
    for change in changes:
        match change:
            case AddMembers(values):
                push.add_members(group, values)
            case RemoveMembers(values):
                push.remove_members(group, values)
            case ReplaceMembers(values):
                push.replace_members(group, values)
            case _:
                after = described(document, change, _schema(push))
                if after != document:
                    push.describe_group(group, after)
                document = after

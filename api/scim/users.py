"""Users, at `/Users` and `/Users/{id}` (RFC 7644 §3)."""

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.scim import answers, normalise, patch
from api.scim.asking import Ask, ask_of
from api.scim.auth import Caller
from api.scim.body import body_of
from api.scim.patch import Op
from api.scim.spoken import spoken
from api.scim.values import Resource
from models.identity import UserKey
from models.store.database import loads

TABLE = "users"


async def create(request: Request, caller: Caller) -> Response:
    resource = normalise.user(await body_of(request))
    return await run_in_threadpool(_create, ask_of(request, caller, TABLE), resource)


async def show(request: Request, caller: Caller) -> Response:
    return await run_in_threadpool(ask_of(request, caller, TABLE).read)


async def replace(request: Request, caller: Caller) -> Response:
    resource = normalise.user(await body_of(request))
    return await run_in_threadpool(_replace, ask_of(request, caller, TABLE), resource)


async def change(request: Request, caller: Caller) -> Response:
    ops = patch.operations(await body_of(request))
    return await run_in_threadpool(_change, ask_of(request, caller, TABLE), ops)


async def delete(request: Request, caller: Caller) -> Response:
    return await run_in_threadpool(_delete, ask_of(request, caller, TABLE))


def _create(ask: Ask, resource: Resource) -> Response:
    """Okta creates a deactivated user again to bring it back: 200, and not new."""
    with ask.caller.writing() as push:
        key, is_new = push.create_user(resource)
        return ask.shown(push.tx, key, status=201 if is_new else 200)


def _replace(ask: Ask, resource: Resource) -> Response:
    """Whether it is active stays as it was when the body does not mention it."""
    with ask.caller.writing() as push:
        row = ask.hold(push)
        before = loads(row.scim)
        if "active" in before and "active" not in resource:
            push.replace_user(
                UserKey(row.id), resource | {"active": before["active"]}, _ALL_BUT_ACTIVE
            )
        else:
            push.replace_user(UserKey(row.id), resource)
        return ask.shown(push.tx, row.id)


_ALL_BUT_ACTIVE = frozenset({"userName", "emails", "name", "displayName"})


def _change(ask: Ask, ops: Sequence[Op]) -> Response:
    """Always with the user in the answer, which Okta wants and Entra bears."""
    with ask.caller.writing() as push:
        row = ask.hold(push)
        after = patch.apply_to_user(loads(row.scim) | {"id": row.public_id}, ops)
        del after["id"]
        push.replace_user(UserKey(row.id), after, spoken(ops))
        return ask.shown(push.tx, row.id)


def _delete(ask: Ask) -> Response:
    with ask.caller.writing() as push:
        push.delete_user(UserKey(ask.hold(push).id))
    return answers.nothing()

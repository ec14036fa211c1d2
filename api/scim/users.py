"""Users, at `/Users` and `/Users/{id}` (RFC 7644 §3)."""

from collections.abc import Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from api.scim import answers, normalise, patch
from api.scim.asking import Ask, Work, ask_of
from api.scim.auth import Caller
from api.scim.body import body_of
from api.scim.extensions import user_schema
from api.scim.forgiving import forgive
from api.scim.patch import Op
from api.scim.spoken import spoken
from models.identity import UserKey
from models.store.database import loads
from sync.pushing import tolerances
from sync.pushing.push import Push

TABLE = "users"


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
    return partial(_create, body)


def replacement(body: object) -> Work:
    return partial(_replace, body)


def alteration(body: object) -> Work:
    return partial(_change, patch.operations(body))


def deletion(ask: Ask, push: Push) -> Response:
    push.delete_user(UserKey(ask.hold(push).id))
    return answers.nothing()


def _create(body: object, ask: Ask, push: Push) -> Response:
    """Okta creates a deactivated user again to bring it back: 200, and not new."""
    resource = normalise.user(body, user_schema(push.connection.extensions))
    row, is_new = push.create_user(resource)
    if is_new and not push.touched.memberships:
        return ask.show(push.tx, row, status=201, in_groups=False)
    return ask.show(push.tx, row, status=201 if is_new else 200)


def _replace(body: object, ask: Ask, push: Push) -> Response:
    """Whether it is active stays as it was when the body does not mention it."""
    schema = user_schema(push.connection.extensions)
    resource = normalise.user(body, schema)
    row = ask.hold(push)
    before = loads(row.scim).get("active")
    if before is None or "active" in resource:
        row = push.replace_user(UserKey(row.id), resource, before=row)
    else:
        forgive(tolerances.PUT_WITHOUT_ACTIVE)
        said = _ALL_BUT_ACTIVE | {one.name for one in schema.extensions}
        row = push.replace_user(UserKey(row.id), resource | {"active": before}, said, row)
    return ask.show(push.tx, row)


_ALL_BUT_ACTIVE = frozenset({"userName", "emails", "name", "displayName"})


def _change(ops: Sequence[Op], ask: Ask, push: Push) -> Response:
    """Always with the user in the answer, which Okta wants and Entra bears."""
    row, schema = ask.hold(push), user_schema(push.connection.extensions)
    after = patch.apply_to_user(loads(row.scim) | {"id": row.public_id}, ops, schema)
    del after["id"]
    return ask.show(
        push.tx, push.replace_user(UserKey(row.id), after, spoken(ops, schema), before=row)
    )

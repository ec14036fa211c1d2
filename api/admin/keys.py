"""API keys of administrators and applications, each shown once."""

from typing import Any

from api.admin.call import Answer, Call, find
from api.admin.shapes import Incoming, Kept, ListOf, Name, Reference, kept, when
from api.auth import PREFIX
from api.operation import NoBody, NoQuery, Noun
from api.paging import ListQuery, page
from api.problems import Problem
from models.store import keys
from models.store.lists.accounts import KEYS, ORGANIZATIONS
from models.store.vault import hashed, new_token


class NewKey(Incoming):
    name: Name
    organization: Reference | None = None


class ApiKey(Kept):
    name: str
    organization: str | None
    """The one it is limited to; null means all."""
    last_used_at: str | None
    revoked_at: str | None


class MadeKey(ApiKey):
    key: str
    """Shown once."""


def listed(call: Call[ListQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        rows, cursor = page(tx, KEYS, call.query, organization=call.organization)
    items = [ApiKey(**_fields(row)) for row in rows.rows]
    return Answer(ListOf[ApiKey](items=items, next_cursor=cursor))


def create(call: Call[NoQuery, NewKey]) -> Answer:
    """A key that is limited makes keys that are limited as it is."""
    token, body, owner = new_token(PREFIX), call.body, call.organization
    with call.context.database.write() as tx:
        if body.organization is not None:
            name = body.organization
            owner = find(tx, call, ORGANIZATIONS, name=name, noun="organization").id
        public = keys.create(tx, body.name, hashed(token), organization=owner, now=call.now())
        row = find(tx, call, KEYS, name=public or "", noun="key")
    return Answer(MadeKey(**_fields(row), key=token), 201)


def revoke(call: Call[NoQuery, NoBody]) -> Answer:
    """The last key that may do everything stays, or nobody could make another."""
    with call.context.database.write() as tx:
        keys.lock(tx)
        row = find(tx, call, KEYS, name=call.path["id"], noun="key")
        if keys.unlimited(tx) == {row.id}:
            raise Problem(409, "This is the last key of an administrator. Make another one first.")
        keys.revoke(tx, row.id, call.now())
    return Answer(None, 204)


def _fields(row: Any) -> dict[str, Any]:
    return {
        **kept(row),
        "name": row.name,
        "organization": row.organization_slug,
        "last_used_at": when(row.last_used_at),
        "revoked_at": when(row.revoked_at),
    }


_on = Noun("keys", "/keys")
operations = [
    _on.get("", listed, "List keys.", query=ListQuery, gives=ListOf[ApiKey]),
    _on.post("", create, "Make a key, shown once.", takes=NewKey, gives=MadeKey, status=(201,)),
    _on.delete("/{id}", revoke, "Revoke a key at once."),
]

"""Connections: an organization's link to one identity provider, with up to three channels."""

from typing import Any

from api.admin import channels
from api.admin.call import Answer, AnyRow, Call, again, find
from api.admin.channels import Channels
from api.admin.connection_changes import columns, is_rescoped, wanted
from api.admin.connection_shapes import (
    Connection,
    ConnectionChange,
    ConnectionOrPreview,
    NewConnection,
    shown,
)
from api.admin.extension_shapes import kept
from api.admin.policy_preview import ChangeQuery, preview
from api.admin.shapes import ListOf, sent
from api.operation import NoBody, NoQuery, Noun
from api.paging import ListQuery, page
from api.problems import Problem, wrong
from models.store import links, runs
from models.store.database import Tx, dumps
from models.store.identities import new_public_id
from models.store.lists.accounts import CONNECTIONS, ORGANIZATIONS
from models.store.vault import hashed, new_token
from sync.sealing import Config

TOKEN = "tus"


def listed(call: Call[ListQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        found, cursor = page(tx, CONNECTIONS, call.query, organization=call.organization)
    items = [shown(row, call.context) for row in found.rows]
    return Answer(ListOf[Connection](items=items, next_cursor=cursor))


def create(call: Call[ChangeQuery, NewConnection]) -> Answer:
    body, now = call.body, call.now()
    if call.query.dry_run:
        raise wrong(
            "dry_run",
            "dry_run shows what a change would do to verdicts, and a new connection has none yet. "
            "Nothing was made.",
        )
    asked = Channels(push=body.push, pull=body.pull, login=body.login, policy=body.policy)
    checked = channels.check(body.provider, asked, now)
    token = new_token(TOKEN) if body.push else None
    with call.context.database.write() as tx:
        owner = find(tx, call, ORGANIZATIONS, name=body.organization, noun="organization")
        public = new_public_id()
        values = {
            "public_id": public,
            "organization_id": owner.id,
            "slug": body.slug,
            "provider": body.provider,
            "pull_users": 0,
            "pull_groups": 0,
            "extensions": dumps(kept(body.extensions)) if body.extensions else None,
            **columns(call.context, checked, public),
        }
        key = links.insert(tx, "connections", values, now=now)
        if key is None:
            raise _taken(owner.slug, body.slug)
        if token is not None:
            links.insert_token(tx, key, hashed(token), now=now)
        made = shown(again(tx, CONNECTIONS, key), call.context, token)
    return Answer(made, 201, {"location": f"/api/v1/connections/{made.id}"})


def read(call: Call[NoQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        return Answer(shown(found(tx, call), call.context))


def change(call: Call[ChangeQuery, ConnectionChange]) -> Answer:
    """What is decided may follow from it, so everything is looked at again."""
    now, values = call.now(), sent(call.body)
    with call.context.database.read() as tx:
        before = found(tx, call)
        _slug_of(tx, before, values)
    checked = channels.check(before.provider, wanted(call.context, before, values), now)
    if call.query.dry_run:
        return Answer(preview(call.context, before, checked))
    changed = columns(call.context, checked, before.public_id)
    if "extensions" in values:
        changed["extensions"] = dumps(kept(values["extensions"])) if values["extensions"] else None
    with call.context.database.write() as tx:
        row = unchanged(tx, "connections", before)
        slug = _slug_of(tx, before, values)
        tx.update("connections", row.id, {"slug": slug, "updated_at": now, **changed})
        if _timing(before.pull) != _timing(checked.pull):
            links.start_afresh(tx, row.id, now)
        if is_rescoped(before.pull, checked.pull):
            links.rescope(tx, row.id, now)
        if set(values) - {"slug"}:
            runs.start(tx, row.id, "reconcile", now)
        return Answer(shown(again(tx, CONNECTIONS, row.id), call.context))


def unchanged(tx: Tx, table: str, before: AnyRow) -> AnyRow:
    """The row, ours for this transaction. Raises Problem when it was changed meanwhile."""
    row = links.lock(tx, table, before.id)
    if row is None or row.updated_at != before.updated_at:
        raise Problem(409, "Somebody else changed it at the same time. Try again.")
    return row


def found(tx: Tx, call: Call[Any, Any]) -> AnyRow:
    """The connection that the path names."""
    return find(tx, call, CONNECTIONS, name=call.path["id"], noun="connection")


def _slug_of(tx: Tx, before: AnyRow, values: Config) -> str:
    """As it is to be. Raises Problem when another connection has it."""
    slug = str(values.get("slug", before.slug))
    if slug != before.slug and links.has_slug(
        tx, "connections", slug, organization=before.organization_id
    ):
        raise _taken(before.organization_slug, slug)
    return slug


def _timing(pull: Config | None) -> tuple[Any, Any]:
    return (pull or {}).get("schedule"), (pull or {}).get("timezone")


def _taken(organization: str, slug: str) -> Problem:
    return Problem(409, f"{organization} has a connection {slug} already.")


_on = Noun("connections", "/connections")
operations = [
    _on.get("", listed, "List connections.", query=ListQuery, gives=ListOf[Connection]),
    _on.post(
        "",
        create,
        "Connect an identity provider.",
        takes=NewConnection,
        query=ChangeQuery,
        gives=Connection,
        status=(201,),
        about="The answer shows the first push token, once. Secrets are never shown again.",
    ),
    _on.get("/{id}", read, "Read a connection.", gives=Connection),
    _on.patch(
        "/{id}",
        change,
        "Change a connection.",
        takes=ConnectionChange,
        query=ChangeQuery,
        gives=ConnectionOrPreview,
        about="`pull` and `login` are merged into what stands (RFC 7396): what is not sent stays, "
        "secrets too, and null removes. `policy` is replaced as a whole. A new address needs its "
        "secrets anew. Everything is reconciled afterwards. With `dry_run` nothing is changed: the "
        "answer tells which verdicts would change, what that means at each target, and whether "
        "the guard would hold it.",
    ),
]

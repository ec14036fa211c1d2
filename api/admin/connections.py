"""Connections: an organization's link to one identity provider, with up to three channels."""

from typing import Any, Literal

from pydantic import Field

from api.admin import channels, sealed
from api.admin.call import Answer, AnyRow, Call, again, find
from api.admin.channels import Channels, Checked
from api.admin.shapes import Incoming, Kept, ListOf, Reference, Shown, Slug, kept, omitted, sent
from api.context import Context
from api.operation import NoBody, NoQuery, Noun
from api.paging import ListQuery, page
from api.problems import Problem
from models.store import links, runs
from models.store.database import Tx, dumps
from models.store.identities import new_public_id
from models.store.lists.accounts import CONNECTIONS, ORGANIZATIONS
from models.store.vault import hashed, new_token
from sync.sealing import Config, merged

TOKEN = "tus"
Provider = Literal["okta", "entra", "onelogin", "google", "generic"]


class NewConnection(Incoming):
    organization: Reference
    slug: Slug
    provider: Provider
    push: bool = Field(default=False, description="Whether the provider pushes by SCIM.")
    pull: dict[str, Any] | None = Field(default=None, description="How to read the directory.")
    login: dict[str, Any] | None = Field(default=None, description="How people sign in.")
    policy: dict[str, Any] = Field(default={}, description="What differs from the defaults.")


class ConnectionChange(Incoming):
    slug: Slug = omitted()
    push: bool = omitted()
    pull: dict[str, Any] | None = omitted()
    login: dict[str, Any] | None = omitted()
    policy: dict[str, Any] = omitted()


class Scim(Shown):
    base_url: str
    token: str | None = None
    """Only in the answer that made it."""


class Connection(Kept):
    organization: str
    slug: str
    provider: str
    push: bool
    pull: dict[str, Any] | None
    login: dict[str, Any] | None
    policy: dict[str, Any]
    scim: Scim | None


def listed(call: Call[ListQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        found, cursor = page(tx, CONNECTIONS, call.query, organization=call.organization)
    items = [_shown(row, call.context) for row in found.rows]
    return Answer(ListOf[Connection](items=items, next_cursor=cursor))


def create(call: Call[NoQuery, NewConnection]) -> Answer:
    body, now = call.body, call.now()
    wanted = Channels(push=body.push, pull=body.pull, login=body.login, policy=body.policy)
    checked = channels.check(body.provider, wanted, now)
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
            **_columns(call.context, checked, public),
        }
        key = links.insert(tx, "connections", values, now=now)
        if key is None:
            raise _taken(owner.slug, body.slug)
        if token is not None:
            links.insert_token(tx, key, hashed(token), now=now)
        made = _shown(again(tx, CONNECTIONS, key), call.context, token)
    return Answer(made, 201, {"location": f"/api/v1/connections/{made.id}"})


def read(call: Call[NoQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        return Answer(_shown(found(tx, call), call.context))


def change(call: Call[NoQuery, ConnectionChange]) -> Answer:
    """What is decided may follow from it, so everything is looked at again."""
    now, values = call.now(), sent(call.body)
    with call.context.database.read() as tx:
        before = found(tx, call)
    checked = channels.check(before.provider, _wanted(call.context, before, values), now)
    columns = _columns(call.context, checked, before.public_id)
    with call.context.database.write() as tx:
        row = unchanged(tx, "connections", before)
        slug = values.get("slug", row.slug)
        if slug != row.slug and links.has_slug(
            tx, "connections", slug, organization=row.organization_id
        ):
            raise _taken(before.organization_slug, slug)
        tx.update("connections", row.id, {"slug": slug, "updated_at": now, **columns})
        if _timing(before.pull) != _timing(checked.pull):
            links.start_afresh(tx, row.id, now)
        if set(values) - {"slug"}:
            runs.start(tx, row.id, "reconcile", now)
        return Answer(_shown(again(tx, CONNECTIONS, row.id), call.context))


def unchanged(tx: Tx, table: str, before: AnyRow) -> AnyRow:
    """The row, ours for this transaction. Raises Problem when it was changed meanwhile."""
    row = links.lock(tx, table, before.id)
    if row is None or row.updated_at != before.updated_at:
        raise Problem(409, "Somebody else changed it at the same time. Try again.")
    return row


def found(tx: Tx, call: Call[Any, Any]) -> AnyRow:
    """The connection that the path names."""
    return find(tx, call, CONNECTIONS, name=call.path["id"], noun="connection")


def _wanted(context: Context, row: AnyRow, values: Config) -> Channels:
    """What stands, secrets included, after what was sent."""
    secrets = sealed.opened(context, row.secrets, row.public_id)
    parts: dict[str, Config | None] = {}
    for channel, names in (("pull", "kind"), ("login", "protocol")):
        stored = channels.shown(getattr(row, channel))
        before = None if stored is None else merged(stored, secrets.get(channel, {}))
        parts[channel] = _channel(channel, before, values, kind=names)
    return Channels(
        push=values.get("push", bool(row.push)),
        policy=values.get("policy", row.policy),
        **parts,
    )


def _channel(channel: str, before: Config | None, values: Config, *, kind: str) -> Config | None:
    """A channel that is new, or of another kind, is as it was sent; else it is patched."""
    if channel not in values:
        return before
    change: Config | None = values[channel]
    if change is None or before is None or change.get(kind, before[kind]) != before[kind]:
        return change
    names = channels.secret_names(channel, before)
    return sealed.changed(before, change, secrets=names, field=f"{channel}.")


def _columns(context: Context, checked: Checked, owner: str) -> dict[str, Any]:
    return {
        "push": checked.push,
        "pull": None if checked.pull is None else dumps(checked.pull),
        "login": None if checked.login is None else dumps(checked.login),
        "policy": dumps(checked.policy),
        "secrets": sealed.seal(context, checked.secrets, owner),
    }


def _timing(pull: Config | None) -> tuple[Any, Any]:
    return (pull or {}).get("schedule"), (pull or {}).get("timezone")


def _taken(organization: str, slug: str) -> Problem:
    return Problem(409, f"{organization} has a connection {slug} already.")


def _shown(row: Any, context: Context, token: str | None = None) -> Connection:
    base = f"{context.settings.outside}/scim/v2/{row.public_id}"
    return Connection(
        **kept(row),
        organization=row.organization_slug,
        slug=row.slug,
        provider=row.provider,
        push=bool(row.push),
        pull=channels.shown(row.pull),
        login=row.login,
        policy=row.policy,
        scim=Scim(base_url=base, token=token) if row.push else None,
    )


_on = Noun("connections", "/connections")
operations = [
    _on.get("", listed, "List connections.", query=ListQuery, gives=ListOf[Connection]),
    _on.post(
        "",
        create,
        "Connect an identity provider.",
        takes=NewConnection,
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
        gives=Connection,
        about="`pull` and `login` are merged into what stands (RFC 7396): what is not sent stays, "
        "secrets too, and null removes. `policy` is replaced as a whole. A new address needs its "
        "secrets anew. Everything is reconciled afterwards.",
    ),
]

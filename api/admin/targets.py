"""Targets: the systems that are provisioned."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field

from api.admin import sealed
from api.admin.call import Answer, AnyRow, Call, again, find
from api.admin.connections import unchanged
from api.admin.shapes import Incoming, Kept, ListOf, Reference, Shown, Slug, kept, omitted, sent
from api.admin.shapes import when as shown_time
from api.context import Context
from api.openapi import NoBody, NoQuery, Noun
from api.paging import ListQuery, page
from api.problems import Problem, wrong
from connectors import registry
from connectors.addresses import resolve
from connectors.errors import Misconfigured, Transient
from models.store import accounts, links, outbox, runs
from models.store.database import Tx, dumps
from models.store.identities import new_public_id
from models.store.lists.accounts import CONNECTIONS, ORGANIZATIONS, TARGETS
from sync.sealing import Config, merged, split

_OWN = frozenset({"organization", "slug", "kind", "connections", "guard", "mapping"})


class Guard(Incoming):
    """How much may be removed within 24 hours before a person must approve."""

    floor: int = Field(default=10, ge=0, le=1_000_000)
    share: Annotated[float, Field(ge=0, le=1)] = 0.05


class NewTarget(Incoming):
    """Beside these, the settings of its kind: for scim `url` and `auth`."""

    model_config = ConfigDict(extra="allow")

    organization: Reference
    slug: Slug
    kind: Annotated[str, Field(max_length=16)]
    connections: Annotated[list[Reference], Field(max_length=100)] = []
    guard: Guard = Guard()
    mapping: dict[str, str] = {}


class TargetChange(Incoming):
    """Beside these, the settings of its kind, merged into what stands."""

    model_config = ConfigDict(extra="allow")

    slug: Slug = omitted()
    connections: Annotated[list[Reference], Field(max_length=100)] = omitted()
    guard: Guard = omitted()
    mapping: dict[str, str] = omitted()


class Target(Kept):
    """With the settings of its kind, without their secrets."""

    model_config = ConfigDict(extra="allow")

    organization: str
    slug: str
    kind: str
    connections: list[str]
    guard: dict[str, Any]
    mapping: dict[str, Any]
    state: str
    problem: str | None
    observed_at: str | None


def listed(call: Call[ListQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        rows, cursor = page(tx, TARGETS, call.query, organization=call.organization)
        joined = links.joined(tx, [row.id for row in rows.rows] or [0])
    items = [_shown(row, joined[row.id]) for row in rows.rows]
    return Answer(ListOf[Target](items=items, next_cursor=cursor))


def create(call: Call[NoQuery, NewTarget]) -> Answer:
    """Whoever is to be there is provisioned at once."""
    body, now, public = call.body, call.now(), new_public_id()
    config, hidden = checked(call.context, body.kind, dict(body.model_extra or {}))
    with call.context.database.write() as tx:
        owner = find(tx, call, ORGANIZATIONS, name=body.organization, noun="organization")
        values = {
            "public_id": public,
            "organization_id": owner.id,
            "slug": body.slug,
            "kind": body.kind,
            "config": dumps(config),
            "secrets": sealed.seal(call.context, hidden, public),
            "guard": dumps(body.guard.model_dump()),
            "mapping": dumps(body.mapping),
            "state": "active",
        }
        key = links.insert(tx, "targets", values, now=now)
        if key is None:
            raise Problem(409, f"{owner.slug} has a target {body.slug} already.")
        for one in links.join(tx, key, _connections(tx, owner, body.connections)):
            runs.start(tx, one, "reconcile", now)
        made = _one(tx, key)
    return Answer(made, 201, {"location": f"/api/v1/targets/{made.id}"})


def read(call: Call[NoQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        return Answer(_one(tx, found(tx, call).id))


def change(call: Call[NoQuery, TargetChange]) -> Answer:
    now, values = call.now(), sent(call.body)
    with call.context.database.read() as tx:
        before = found(tx, call)
    columns = _columns(call.context, before, values)
    with call.context.database.write() as tx:
        row = unchanged(tx, "targets", before)
        slug = values.get("slug", row.slug)
        if slug != row.slug and links.has_slug(
            tx, "targets", slug, organization=row.organization_id
        ):
            raise Problem(409, f"{before.organization_slug} has a target {slug} already.")
        tx.update("targets", row.id, {"slug": slug, "updated_at": now, **columns})
        if "connections" in values:
            owner = again(tx, ORGANIZATIONS, row.organization_id)
            for one in links.join(tx, row.id, _connections(tx, owner, values["connections"])):
                runs.start(tx, one, "reconcile", now)
        return Answer(_one(tx, row.id))


def resume(call: Call[NoQuery, NoBody]) -> Answer:
    with call.context.database.write() as tx:
        row = found(tx, call)
        accounts.resume_target(tx, row.id, call.now())
        return Answer(_one(tx, row.id))


class Check(Shown):
    ok: bool
    set_up: list[str]
    wrong: list[str]


def check(call: Call[NoQuery, NoBody]) -> Answer:
    """Asks the target itself, outside any transaction."""
    with call.context.database.read() as tx:
        row = found(tx, call)
        joined, counts = links.joined(tx, [row.id])[row.id], outbox.counts(tx, row.id)
    try:
        faults = call.context.peers.target(row).check()
    except (Misconfigured, Transient) as trouble:
        faults = [str(trouble)]
    if row.state != "active":
        faults.insert(0, f"Nothing is sent to it until it is resumed: {row.problem}")
    if not joined:
        faults.append("No connection provisions it.")
    if counts.get("dead"):
        faults.append(f"{counts['dead']} actions failed for good.")
    states = ", ".join(f"{total} {state}" for state, total in sorted(counts.items())) or "none"
    set_up = [f"Provisioned by: {', '.join(joined) or 'nobody'}.", f"Actions: {states}."]
    return Answer(Check(ok=not faults, set_up=set_up, wrong=faults))


def found(tx: Tx, call: Call[Any, Any]) -> AnyRow:
    """The target that the path names."""
    return find(tx, call, TARGETS, name=call.path["id"], noun="target")


def checked(context: Context, kind: str, config: Config) -> tuple[Config, Config]:
    """The settings of a kind: those to show, and the secrets. Raises Problem."""
    try:
        registry.validate(kind, config, role="target")
        names = registry.secret_names(kind, role="target")
    except (ValueError, Misconfigured) as trouble:
        raise wrong("kind" if isinstance(trouble, Misconfigured) else "", str(trouble)) from None
    if isinstance(config.get("url"), str):
        _reachable(context, config["url"])
    return split(config, names)


def _reachable(context: Context, url: str) -> None:
    """A name that cannot be found now may be found later; a private address is refused now."""
    parts = urlsplit(url)
    try:
        port = parts.port or {"http": 80}.get(parts.scheme, 443)
        resolve(parts.hostname or "", port, context.settings.allowed)
    except Transient:
        return
    except (Misconfigured, ValueError) as trouble:
        raise wrong("url", f"url: {trouble}") from None


def _columns(context: Context, before: AnyRow, values: Config) -> dict[str, Any]:
    """What changes, checked as a whole together with what stays."""
    change = {k: v for k, v in values.items() if k in ("guard", "mapping")}
    columns = {k: dumps(v.model_dump() if isinstance(v, Guard) else v) for k, v in change.items()}
    settings = {k: v for k, v in values.items() if k not in _OWN}
    if not settings:
        return columns
    hidden = sealed.opened(context, before.secrets, before.public_id)
    names = registry.secret_names(before.kind, role="target")
    whole = sealed.changed(merged(before.config, hidden), settings, secrets=names)
    config, secrets = checked(context, before.kind, whole)
    sealed_secrets = sealed.seal(context, secrets, before.public_id)
    return {**columns, "config": dumps(config), "secrets": sealed_secrets}


def _connections(tx: Tx, organization: AnyRow, names: list[str]) -> list[int]:
    """By slug within the organization, or by id. Raises Problem."""
    keys = []
    for name in names:
        row = accounts.connection_named(tx, name)
        if row is None:
            row = accounts.connection_named(tx, f"{organization.slug}~{name}")
        if row is None or row.organization_id != organization.id:
            raise wrong("connections", f"{organization.slug} has no connection {name!r}.")
        keys.append(row.id)
    return sorted(set(keys))


def _one(tx: Tx, key: int) -> Target:
    return _shown(again(tx, TARGETS, key), links.joined(tx, [key])[key])


def _shown(row: Any, joined: list[str]) -> Target:
    return Target(
        **row.config,
        **kept(row),
        organization=row.organization_slug,
        slug=row.slug,
        kind=row.kind,
        connections=joined,
        guard=row.guard,
        mapping=row.mapping,
        state=row.state,
        problem=row.problem,
        observed_at=shown_time(row.observed_at),
    )

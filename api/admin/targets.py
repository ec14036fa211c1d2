"""Targets: the systems that are provisioned."""

from typing import Any

from api.admin import sealed
from api.admin import target_settings as settings
from api.admin.call import Answer, AnyRow, Call, again, find
from api.admin.connections import unchanged
from api.admin.shapes import ListOf, sent
from api.admin.target_shapes import NewTarget, Target, TargetChange, as_shown
from api.operation import NoBody, NoQuery, Noun
from api.paging import ListQuery, page
from api.problems import Problem, wrong
from models.store import accounts, links, runs
from models.store.database import Tx, dumps
from models.store.identities import new_public_id
from models.store.lists.accounts import ORGANIZATIONS, TARGETS


def listed(call: Call[ListQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        rows, cursor = page(tx, TARGETS, call.query, organization=call.organization)
        joined = links.joined(tx, [row.id for row in rows.rows] or [0])
    items = [as_shown(row, joined[row.id]) for row in rows.rows]
    return Answer(ListOf[Target](items=items, next_cursor=cursor))


def create(call: Call[NoQuery, NewTarget]) -> Answer:
    """Whoever is to be there is provisioned at once."""
    body, now, public = call.body, call.now(), new_public_id()
    config, hidden = settings.checked(call.context, body.kind, dict(body.model_extra or {}))
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
        made = shown(tx, key)
    return Answer(made, 201, {"location": f"/api/v1/targets/{made.id}"})


def read(call: Call[NoQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        return Answer(shown(tx, found(tx, call).id))


def change(call: Call[NoQuery, TargetChange]) -> Answer:
    now, values = call.now(), sent(call.body)
    with call.context.database.read() as tx:
        before = found(tx, call)
    columns = settings.columns(call.context, before, values)
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
        return Answer(shown(tx, row.id))


def found(tx: Tx, call: Call[Any, Any]) -> AnyRow:
    """The target that the path names."""
    return find(tx, call, TARGETS, name=call.path["id"], noun="target")


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


def shown(tx: Tx, key: int) -> Target:
    return as_shown(again(tx, TARGETS, key), links.joined(tx, [key])[key])


_on = Noun("targets", "/targets")
operations = [
    _on.get("", listed, "List targets.", query=ListQuery, gives=ListOf[Target]),
    _on.post(
        "",
        create,
        "Add a target and provision it.",
        takes=NewTarget,
        gives=Target,
        status=(201,),
    ),
    _on.get("/{id}", read, "Read a target.", gives=Target),
    _on.patch(
        "/{id}",
        change,
        "Change a target.",
        takes=TargetChange,
        gives=Target,
        about="The settings of its kind are merged into what stands (RFC 7396); secrets that are "
        "not sent stay, unless the address changes. `connections` replaces the whole list.",
    ),
]

"""Carry out the operations of a PATCH on a user (RFC 7644 §3.5.2)."""

from collections.abc import Sequence
from typing import TypeVar

from api.scim.attributes import Mutability as Mutable
from api.scim.attributes import Schema
from api.scim.errors import InvalidPath, InvalidValue, Mutability, NoTarget
from api.scim.forgiving import forgive, forgives
from api.scim.operations import Declared, Kind, Loose, Missing, Op, Unknown, attributes, locate
from api.scim.patch_loose import on_loose
from api.scim.patch_values import assign, remove, set_part, set_selected
from api.scim.schema import USER
from api.scim.values import Resource, finish, is_ignored
from sync.pushing import tolerances

T = TypeVar("T")


def apply_to_user(resource: Resource, ops: Sequence[Op], schema: Schema = USER) -> Resource:
    """The user after all operations; the one given is left as it was.

    `resource` is canonical, and carries its `id` when an echo of it shall be recognised.
    Raises the errors of RFC 7644 §3.5.2, and then nothing was done.
    """
    after = copied(resource)
    for op in ops:
        if op.path is not None:
            _follow(after, op, op.path, schema)
        elif op.kind is Kind.REMOVE:
            raise NoTarget("A remove operation needs a path.")
        else:
            for name, value in attributes(op).items():
                _follow_name(after, Op(op.kind, None, value), name, schema)
    return finish(after, schema)


def copied(value: T) -> T:
    """A document that shares no part with the one given."""
    match value:
        case dict():
            return {name: copied(one) for name, one in value.items()}  # type: ignore[return-value]
        case list():
            return [copied(one) for one in value]  # type: ignore[return-value]
        case _:
            return value


def _follow(after: Resource, op: Op, path: str, schema: Schema) -> None:
    if op.kind is not Kind.REMOVE and op.value is Missing.VALUE:
        raise InvalidValue(f"The {op.kind} of {path[:100]!r} has no value.")
    match locate(path, schema):
        case Declared() as place:
            _refuse_read_only(after, place, op)
            on_declared(after, place, op)
        case Loose() as place:
            on_loose(after, place, op)
        case Unknown():
            if not forgives(tolerances.UNKNOWN_PATHS):
                raise InvalidPath(f"There is no attribute {path[:100]!r}.")


def _follow_name(after: Resource, op: Op, name: str, schema: Schema) -> None:
    """Okta echoes what it read, and everybody sends attributes that we do not have."""
    match locate(name, schema, holds_object=isinstance(op.value, dict)):
        case Declared(attribute) as place:
            if attribute.name == "id":
                _refuse_read_only(after, place, op)
            on_declared(after, place, op)
        case Loose() as place:
            on_loose(after, place, op)
        case Unknown():
            forgive(tolerances.UNKNOWN_ATTRIBUTES)


def _refuse_read_only(after: Resource, place: Declared, op: Op) -> None:
    target = place.sub or place.attribute
    if target.name == "id" and op.value == after.get("id"):
        forgive(tolerances.ID_ECHOED)
        return
    if Mutable.READ_ONLY in (target.mutability, place.attribute.mutability):
        raise Mutability(f"{target.name} cannot be changed.")


def on_declared(after: Resource, place: Declared, op: Op) -> None:
    if place.attribute.name == "password":
        forgive(tolerances.PASSWORD_SENT)
    if is_ignored(place.attribute) or place.attribute.name == "schemas":
        return
    holder = after if place.holder is None else after.setdefault(place.holder, {})
    if place.filter is not None:
        set_selected(holder, place, op, selection=place.filter)
    elif place.sub is not None:
        set_part(holder, place.attribute, op, part=place.sub)
    elif op.kind is Kind.REMOVE:
        remove(holder, place.attribute, op.value)
    else:
        assign(holder, place.attribute, op.value, kind=op.kind)

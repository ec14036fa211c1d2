"""Change what a group is, apart from its members."""

from api.scim.operations import Kind, Loose, Op
from api.scim.patch import SetAttribute, SetExternalId, SetName
from api.scim.patch_loose import on_loose
from api.scim.schema import GROUP
from api.scim.values import Resource, finish


def described(document: Resource, change: SetName | SetExternalId | SetAttribute) -> Resource:
    """The document after the change; the one given is left as it was."""
    match change:
        case SetName(name):
            return finish(document | {"displayName": name}, GROUP)
        case SetExternalId(value):
            return finish(document | {"externalId": value}, GROUP)
        case SetAttribute(name, value):
            return finish(_extended(document, name, value), GROUP)


def _extended(document: Resource, name: str, value: object) -> Resource:
    """Of an extension that nobody declared: all of it, or an attribute, or a part of one."""
    after = {one: dict(v) if isinstance(v, dict) else v for one, v in document.items()}
    kind = Kind.REMOVE if value is None else Kind.REPLACE
    on_loose(
        after, _place(document, name, is_object=isinstance(value, dict)), Op(kind, name, value)
    )
    return after


def _place(document: Resource, name: str, *, is_object: bool) -> Loose:
    """The name alone does not say where the URN ends: what is there already does."""
    folded = name.casefold()
    is_whole = is_object or folded.endswith((":user", ":group"))
    if is_whole or folded in {one.casefold() for one in document}:
        return Loose(name)
    urn, _, attribute = name.rpartition(":")
    first, _, sub = attribute.partition(".")
    return Loose(urn, first, sub or None)

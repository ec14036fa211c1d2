"""Change what a group is, apart from its members."""

from api.scim.attributes import Schema
from api.scim.errors import InvalidPath
from api.scim.forgiving import forgive, forgives
from api.scim.operations import Declared, Loose, Unknown, locate
from api.scim.patch import Extend, SetExternalId, SetName
from api.scim.patch_loose import on_loose
from api.scim.patch_users import copied, on_declared
from api.scim.schema import GROUP
from api.scim.values import Resource, finish
from sync.pushing import tolerances


def described(
    document: Resource, change: SetName | SetExternalId | Extend, schema: Schema = GROUP
) -> Resource:
    """The document after the change; the one given is left as it was."""
    match change:
        case SetName(name):
            return finish(document | {"displayName": name}, schema)
        case SetExternalId(value):
            return finish(document | {"externalId": value}, schema)
        case Extend():
            return finish(_extended(document, change, schema), schema)


def _extended(document: Resource, change: Extend, schema: Schema) -> Resource:
    """Raises the errors of RFC 7644 §3.5.2."""
    after, op = copied(document), change.op
    holds_object = change.is_named and isinstance(op.value, dict)
    match locate(change.path, schema, holds_object=holds_object):
        case Declared() as place:
            on_declared(after, place, op)
        case Loose() as place:
            on_loose(after, place, op)
        case Unknown() if change.is_named:
            forgive(tolerances.UNKNOWN_ATTRIBUTES)
        case Unknown():
            if not forgives(tolerances.UNKNOWN_PATHS):
                raise InvalidPath(f"There is no attribute {change.path[:100]!r}.")
    return after

"""The message of a PATCH request, and where in a resource its paths lead (RFC 7644 §3.5.2)."""

import re
from dataclasses import dataclass
from enum import Enum, StrEnum

from api.scim.attributes import Attribute, Schema
from api.scim.errors import InvalidPath, InvalidSyntax, InvalidValue
from api.scim.filters import PatchPath, parse_path
from api.scim.forgiving import forgive
from api.scim.normalise import check_schemas
from api.scim.schema import EXTENSION, core
from models.filters import Filter
from sync.pushing import tolerances

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MAX_OPERATIONS = 1000

_IS_PATH = re.compile(r"[.\[]")
_URN = re.compile(r"urn:[A-Za-z0-9:._-]+", re.IGNORECASE)


class Kind(StrEnum):
    ADD = "add"
    REPLACE = "replace"
    REMOVE = "remove"


class Missing(Enum):
    """An operation without a value, which is not the same as one with a null."""

    VALUE = "value"


@dataclass(frozen=True, slots=True)
class Op:
    kind: Kind
    path: str | None = None
    value: object = Missing.VALUE


@dataclass(frozen=True, slots=True)
class Declared:
    """An attribute that a schema knows."""

    attribute: Attribute
    holder: str | None = None
    """The extension that holds it; None when it stands at the top."""
    filter: Filter | None = None
    sub: Attribute | None = None


@dataclass(frozen=True, slots=True)
class Loose:
    """An attribute of an extension that nobody declared; without a name, all of it."""

    urn: str
    name: str | None = None
    sub: str | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A well-formed path to something we do not have."""


Place = Declared | Loose | Unknown


def operations(body: object) -> list[Op]:
    """Read a PatchOp message. Raises InvalidSyntax; the paths are read when they are followed."""
    if not isinstance(body, dict):
        raise InvalidSyntax("The body must be a JSON object.")
    given = {str(name).casefold(): value for name, value in body.items()}
    check_schemas(given.get("schemas"), PATCH_OP)
    listed = given.get("operations")
    if not isinstance(listed, list) or not listed:
        raise InvalidSyntax("Operations must be a list of at least one operation.")
    if len(listed) > MAX_OPERATIONS:
        raise InvalidSyntax(f"There are more than {MAX_OPERATIONS} operations.")
    return [_operation(each) for each in listed]


def _operation(body: object) -> Op:
    given = {str(k).casefold(): v for k, v in body.items()} if isinstance(body, dict) else {}
    said, path = given.get("op"), given.get("path")
    kind = _KINDS.get(said.lower()) if isinstance(said, str) else None
    if kind is None:
        raise InvalidSyntax("op must be one of add, replace and remove.")
    if said != kind:
        forgive(tolerances.OP_IN_CAPITALS)
    if path is not None and not isinstance(path, str):
        raise InvalidSyntax("path must be a string.")
    return Op(kind, path, given.get("value", Missing.VALUE))


_KINDS = {kind.value: kind for kind in Kind}


def attributes(op: Op) -> dict[str, object]:
    """The value of an operation without a path: attributes by their names or paths."""
    if not isinstance(op.value, dict):
        raise InvalidValue("An operation without a path needs an object of attributes.")
    named = {str(name): value for name, value in op.value.items()}
    if any(_IS_PATH.search(name.rpartition(":")[2]) for name in named if not _is_urn(name)):
        forgive(tolerances.PATHS_AS_NAMES)
    return named


def _is_urn(name: str) -> bool:
    """Whether it may be the whole name of an extension."""
    return name.casefold().endswith((":user", ":group"))


def locate(text: str, schema: Schema, *, holds_object: bool = False) -> Place:
    """Where a path leads. Raises InvalidPath or InvalidFilter when it cannot be read.

    The name of an undeclared extension looks like that of an attribute in one. It is taken
    for the extension when it ends as those do (RFC 7643 §10.2.1), or stands for an object
    in an operation without a path.
    """
    plain = core(schema, text)
    if plain is not None:
        return Declared(plain)
    folded = text.casefold()
    extension = schema.extension(folded)
    if extension is not None:
        return Declared(extension)
    if folded == schema.id.casefold():
        return Unknown()
    known = {name.casefold() for name in (schema.id, *(one.name for one in schema.extensions))}
    is_foreign = _URN.fullmatch(text) and not known & {folded, folded.rpartition(":")[0]}
    if is_foreign and (holds_object or folded.endswith((":user", ":group"))):
        return Loose(text)
    return _place(parse_path(text), schema)


def _place(path: PatchPath, schema: Schema) -> Place:
    uri = None if path.uri is None else path.uri.casefold()
    found = core(schema, path.name) if uri in (None, schema.id.casefold()) else None
    if found is not None:
        return _within(found, None, path)
    extension = _extension(uri, schema)
    if extension is not None:
        found = extension.sub(path.name)
        if found is not None and uri is None:
            forgive(tolerances.ENTERPRISE_WITHOUT_URN)
        return Unknown() if found is None else _within(found, extension.name, path)
    if path.uri is None or uri == schema.id.casefold():
        return Unknown()
    if path.filter is not None:
        raise InvalidPath(f"Nothing can be selected within {path.uri!r}, which is not declared.")
    return Loose(path.uri, path.name, path.sub)


def _extension(uri: str | None, schema: Schema) -> Attribute | None:
    if uri is None:
        return EXTENSION if EXTENSION in schema.extensions else None
    return schema.extension(uri)


def _within(attribute: Attribute, holder: str | None, path: PatchPath) -> Place:
    """A part of several values at once is refused: which is meant cannot be known."""
    if path.filter is not None and not attribute.multi_valued:
        raise InvalidPath(f"{attribute.name} has one value, and nothing to select from.")
    if path.sub is None:
        return Declared(attribute, holder, path.filter)
    if path.filter is None and attribute.multi_valued:
        raise InvalidPath(f"{attribute.name} has several values, and the path selects none.")
    part = attribute.sub(path.sub)
    return Unknown() if part is None else Declared(attribute, holder, path.filter, part)

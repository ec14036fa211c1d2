"""The schemas by which the service describes itself (RFC 7643 §5, §6, §7 and §8.7.2)."""

from dataclasses import replace

from api.scim.attributes import Attribute, Mutability, Schema, Type

_CORE = "urn:ietf:params:scim:schemas:core:2.0:"
SERVICE_PROVIDER_CONFIG = f"{_CORE}ServiceProviderConfig"
RESOURCE_TYPE = f"{_CORE}ResourceType"
SCHEMA = f"{_CORE}Schema"


def _text(name: str, description: str, *, required: bool = True) -> Attribute:
    return Attribute(name, description, required=required, mutability=Mutability.READ_ONLY)


def _flag(name: str, description: str) -> Attribute:
    return replace(_text(name, description), type=Type.BOOLEAN)


def _number(name: str, description: str) -> Attribute:
    return replace(_text(name, description), type=Type.INTEGER)


def _optional_number(name: str, description: str) -> Attribute:
    return replace(_number(name, description), required=False)


def _link(name: str, description: str, to: str = "uri", *, required: bool = True) -> Attribute:
    plain = _text(name, description, required=required)
    return replace(plain, type=Type.REFERENCE, reference_types=(to,), case_exact=True)


def _object(name: str, description: str, *parts: Attribute) -> Attribute:
    return replace(_text(name, description), type=Type.COMPLEX, sub_attributes=parts)


def _list(attribute: Attribute) -> Attribute:
    return replace(attribute, multi_valued=True)


_SUPPORTED = _flag("supported", "Whether it is supported.")
_CONFIG = (
    _link("documentationUri", "Where help is found.", "external", required=False),
    _object("patch", "Changing a part of a resource.", _SUPPORTED),
    _object(
        "bulk",
        "Several operations in one request.",
        _SUPPORTED,
        _number("maxOperations", "The most operations."),
        _number("maxPayloadSize", "The most bytes."),
    ),
    _object("filter", "Filters.", _SUPPORTED, _number("maxResults", "The longest page.")),
    _object("changePassword", "Changing a password.", _SUPPORTED),
    _object("sort", "Sorting.", _SUPPORTED),
    _object("etag", "Versions.", _SUPPORTED),
    replace(
        _object(
            "pagination",
            "How lists are read page by page.",
            _flag("cursor", "Whether by cursor."),
            _flag("index", "Whether by index."),
            _text("defaultPaginationMethod", "How, when nothing is said.", required=False),
            _optional_number("defaultPageSize", "The length of a page, when nothing is said."),
            _optional_number("maxPageSize", "The longest page."),
            _optional_number("cursorTimeout", "For how many seconds a cursor is good."),
        ),
        required=False,
    ),
    _list(
        _object(
            "authenticationSchemes",
            "How to authenticate.",
            _text("type", "The scheme."),
            _text("name", "What the scheme is called."),
            _text("description", "What the scheme is."),
            _link("specUri", "Where the scheme is specified.", "external", required=False),
            _link("documentationUri", "Where help is found.", "external", required=False),
            replace(_flag("primary", "Whether it is preferred."), required=False),
        )
    ),
)
_TYPE = (
    _text("id", "The name, once more.", required=False),
    _text("name", "What resources of the type are called."),
    _text("description", "What resources of the type are.", required=False),
    _link("endpoint", "Where they are found, under the base address."),
    _link("schema", "Their schema."),
    _list(
        _object(
            "schemaExtensions",
            "What may extend them.",
            _link("schema", "The schema of the extension."),
            _flag("required", "Whether they must have it."),
        )
    ),
)
_QUALITIES = (
    _text("name", "The name."),
    _text("type", "The type of the value."),
    _flag("multiValued", "Whether there may be several values."),
    _text("description", "What it is.", required=False),
    replace(_flag("required", "Whether it must be there."), required=False),
    _list(_text("canonicalValues", "The usual values.", required=False)),
    replace(_flag("caseExact", "Whether case matters."), required=False),
    _text("mutability", "Who may change it, and when.", required=False),
    _text("returned", "When it is returned.", required=False),
    _text("uniqueness", "Among what the value is unique.", required=False),
    _list(_text("referenceTypes", "What is referred to.", required=False)),
)
_PARTS = replace(
    _list(_object("subAttributes", "The parts of a complex attribute.", *_QUALITIES)),
    required=False,
)
_SCHEMA = (
    _text("id", "The URI of the schema."),
    _text("name", "The name of the schema."),
    _text("description", "What the schema describes.", required=False),
    _list(_object("attributes", "The attributes.", *_QUALITIES, _PARTS)),
)

SERVICE_SCHEMAS = (
    Schema(SERVICE_PROVIDER_CONFIG, "ServiceProviderConfig", "What the service offers.", _CONFIG),
    Schema(RESOURCE_TYPE, "ResourceType", "A kind of resource.", _TYPE),
    Schema(SCHEMA, "Schema", "What resources are made of.", _SCHEMA),
)

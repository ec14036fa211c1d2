"""Users and groups as RFC 7643 §4 and §8.7.1 describe them, as far as the model speaks of them."""

from dataclasses import dataclass, replace

CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@dataclass(frozen=True, slots=True)
class Attr:
    name: str
    kind: str = "string"
    """string, boolean or complex."""
    many: bool = False
    exact: bool = False
    required: bool = False
    read_only: bool = False
    hidden: bool = False
    """returned: never."""
    parts: tuple["Attr", ...] = ()


@dataclass(frozen=True, slots=True)
class Schema:
    urn: str
    attrs: tuple[Attr, ...]


def find(attrs: tuple[Attr, ...], name: str) -> Attr | None:
    """RFC 7643 §2.1: names are case insensitive."""
    return next((one for one in attrs if one.name.lower() == name.lower()), None)


def _texts(*names: str) -> tuple[Attr, ...]:
    return tuple(Attr(name) for name in names)


def _plural(name: str, *, exact: bool = False) -> Attr:
    """RFC 7643 §2.4."""
    parts = (Attr("value", exact=exact), *_texts("display", "type"), Attr("primary", "boolean"))
    return Attr(name, "complex", many=True, parts=parts)


_ADDRESS = (
    *_texts("formatted", "streetAddress", "locality", "region", "postalCode", "country", "type"),
    Attr("primary", "boolean"),
)
_COMMON = (
    Attr("id", exact=True, read_only=True),
    Attr("externalId", exact=True),
    Attr("meta", "complex", read_only=True, parts=(Attr("resourceType", exact=True),)),
)
_READ = replace(Attr("value", exact=True), read_only=True)

EXTENSION = Attr(
    ENTERPRISE,
    "complex",
    parts=(
        *_texts("employeeNumber", "costCenter", "organization", "division", "department"),
        Attr("manager", "complex", parts=(Attr("value"),)),
    ),
)
USER = Schema(
    CORE_USER,
    (
        *_COMMON,
        Attr("userName", required=True),
        Attr(
            "name",
            "complex",
            parts=_texts("formatted", "familyName", "givenName", "middleName"),
        ),
        *_texts("displayName", "nickName", "title", "userType", "preferredLanguage", "locale"),
        Attr("active", "boolean"),
        Attr("password", hidden=True),
        _plural("emails"),
        _plural("phoneNumbers"),
        _plural("roles"),
        _plural("photos", exact=True),
        Attr("addresses", "complex", many=True, parts=_ADDRESS),
        Attr(
            "groups",
            "complex",
            many=True,
            read_only=True,
            parts=(_READ, *_texts("display", "type")),
        ),
        EXTENSION,
    ),
)
GROUP = Schema(
    CORE_GROUP,
    (
        *_COMMON,
        Attr("displayName", required=True),
        Attr("members", "complex", many=True, parts=(Attr("value", exact=True), Attr("type"))),
    ),
)


def lookup(schema: Schema, name: str, uri: str | None = None) -> tuple[Attr | None, Attr | None]:
    """The attribute, and the extension that holds it.

    House rule: an enterprise attribute needs no URN where the core has none of that name.
    """
    core = find(schema.attrs, name)
    if core is not None and (uri is None or uri.lower() == schema.urn.lower()):
        return core, None
    if schema is USER and (uri is None or uri.lower() == ENTERPRISE.lower()):
        return find(EXTENSION.parts, name), EXTENSION
    return None, None

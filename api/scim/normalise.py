"""Turn the body of a POST or PUT into the resource as it is kept (RFC 7643 §2 and §3)."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from api.scim.attributes import Attribute, Schema
from api.scim.errors import InvalidSyntax, InvalidValue
from api.scim.filters import is_storable
from api.scim.forgiving import forgive, forgives
from api.scim.schema import COMMON, CORE_GROUP, CORE_USER, EXTENSION, GROUP, MEMBER, USER
from api.scim.values import (
    Reader,
    Resource,
    coerce,
    finish,
    is_ignored,
    open_value,
    reader,
    spellings,
)
from sync.attributes import email_of
from sync.pushing import tolerances


def user(body: object, schema: Schema = USER) -> Resource:
    """The canonical user. Raises InvalidSyntax and InvalidValue.

    Unknown attributes are dropped; extensions that nobody declared are kept as they are. An
    enterprise attribute may stand at the top, as in some of Entra's bodies.
    """
    resource, loose = _read(_given(body, CORE_USER), schema)
    _name_by_email(resource)
    for extension in schema.extensions:
        resource[extension.name] = _declared(loose, extension)
    if loose:
        resource[EXTENSION.name] = _at_top(loose) | resource[EXTENSION.name]
        resource |= _extensions(loose, schema)
    return finish(resource, schema)


def _at_top(loose: dict[str, object]) -> Resource:
    """Attributes of the enterprise extension that stand beside those of the user."""
    top = coerce(EXTENSION, {n: v for n, v in loose.items() if EXTENSION.sub(n)}) or {}
    if top:
        forgive(tolerances.ENTERPRISE_WITHOUT_URN)
    if any(":" not in name and EXTENSION.sub(name) is None for name in loose):
        forgive(tolerances.UNKNOWN_ATTRIBUTES)
    return top


def _declared(given: dict[str, object], extension: Attribute) -> Resource:
    """Takes it out of what is given."""
    value = _pop(given, extension.name)
    if value is not None and not isinstance(value, dict):
        raise InvalidValue(f"{extension.name} must be an object.")
    return coerce(extension, value) or {}


def group(body: object) -> tuple[Resource, list[str] | None]:
    """The canonical group without its members, and apart the members that were listed, if any.

    Its extensions are as they came: `extended` reads those that a connection declares.
    """
    given = _given(body, CORE_GROUP)
    listed = _pop(given, "members")
    resource, loose = _read(given, GROUP)
    resource |= _undeclared(loose, GROUP)
    return finish(resource, GROUP), None if listed is None else members(listed)


def extended(resource: Resource, schema: Schema) -> Resource:
    """The group with the extensions that are declared in their types. Raises InvalidValue."""
    found = dict(resource)
    for extension in schema.extensions:
        found[extension.name] = _declared(found, extension)
    if any(":" in name and schema.extension(name) is None for name in found):
        forgive(tolerances.UNDECLARED_EXTENSION)
    return finish(found, schema) if schema.extensions else resource


def members(value: object) -> list[str]:
    """The ids in a list of members, in order and once each. One object, or bare ids, will do."""
    given = value if isinstance(value, list) else [value]
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in given):
        forgive(tolerances.BARE_MEMBERS)
    return list(dict.fromkeys(_member(each) for each in given))


def _member(value: object) -> str:
    if isinstance(value, dict):
        value = next((v for k, v in value.items() if str(k).casefold() == "value"), None)
    found = coerce(MEMBER, value, "members.value")
    if not found:
        raise InvalidValue("Each member must have a value.")
    return str(found)


def _given(body: object, urn: str) -> dict[str, object]:
    """The attributes that are not null."""
    if not isinstance(body, dict):
        raise InvalidSyntax("The body must be a JSON object.")
    if len({name.casefold() for name in body}) < len(body):
        raise InvalidSyntax("An attribute is given twice, in different spellings.")
    given = {name: value for name, value in body.items() if value is not None}
    listed = _pop(given, "schemas")
    check_schemas(listed, urn)
    if isinstance(listed, list):
        _note_extra(listed, given)
    return given


def check_schemas(value: object, urn: str) -> None:
    """The address says what the body is, so a missing list is tolerated, and a wrong one not."""
    if value is None:
        forgive(tolerances.NO_SCHEMAS)
        return
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidSyntax("schemas must be a list of strings.")
    if urn.casefold() not in {each.casefold() for each in value}:
        raise InvalidSyntax(f"schemas must contain {urn}.")


def _pop(given: dict[str, object], name: str) -> object:
    if name in given:
        return given.pop(name)
    spelled = next((each for each in given if each.casefold() == name.casefold()), name)
    return given.pop(spelled, None)


def _read(given: Mapping[str, object], schema: Schema) -> tuple[Resource, dict[str, object]]:
    """The attributes at the top of a resource, in the spelling of the schema, and the others."""
    kept, loose, top = Resource(), dict[str, object](), _top(schema)
    for spelled, value in given.items():
        found = top.get(spelled) or top.get(spelled.casefold())
        if found is None:
            loose[spelled] = value
        elif (read := found[1]) is not None:
            kept[found[0]] = read(value)
        elif found[0] == "password":
            forgive(tolerances.PASSWORD_SENT)
    return kept, loose


@lru_cache(maxsize=256)
def _top(schema: Schema) -> dict[str, tuple[str, Reader | None]]:
    """What reads each attribute at the top; nothing does of one that is ignored."""
    every = [*COMMON, *schema.attributes]
    return spellings(
        {one.name: None if is_ignored(one) else reader(one, one.name) for one in every}
    )


def _extensions(loose: Mapping[str, object], schema: Schema) -> Resource:
    """As `_undeclared`, and it is noted that they came."""
    found = _undeclared(loose, schema)
    if found:
        forgive(tolerances.UNDECLARED_EXTENSION)
    return found


def _undeclared(given: Mapping[str, object], schema: Schema) -> Resource:
    """Extensions that are not declared here. Raises InvalidValue."""
    if not all(map(is_storable, given)):
        raise InvalidValue("An attribute has a name that is not text.")
    known = {name.casefold() for name in (schema.id, *(one.name for one in schema.extensions))}
    return {
        name: {k: v for k, v in open_value(value, name).items() if v is not None}
        for name, value in given.items()
        if ":" in name and isinstance(value, dict) and name.casefold() not in known
    }


def _name_by_email(resource: Resource) -> None:
    """Where the connection wants that of users without a name."""
    address = email_of(resource.get("emails") or [])
    if "userName" not in resource and address and forgives(tolerances.USER_NAME_FROM_EMAIL):
        resource["userName"] = address


def _note_extra(listed: list[str], given: Iterable[str]) -> None:
    """Schemas that the body does not use and nobody here knows."""
    known = {CORE_USER, CORE_GROUP, EXTENSION.name, *given}
    if {each.casefold() for each in listed} - {each.casefold() for each in known}:
        forgive(tolerances.EXTRA_SCHEMAS)

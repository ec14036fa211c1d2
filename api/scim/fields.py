"""Which attributes of users and groups a filter may name, straight from their schemas."""

from dataclasses import replace

from api.scim.attributes import Attribute, Schema, Type
from api.scim.schema import CORE_GROUP, CORE_USER, ENTERPRISE, ENTERPRISE_USER, USER
from models.store import scim_fields
from models.store.fields import (
    Complex,
    Field,
    Fields,
    Flag,
    Many,
    Number,
    Part,
    Text,
    flag,
    member,
    named,
    number,
)
from models.store.scim_fields import GROUPS, USERS, Kind

USER_KIND = Kind("User", USERS, CORE_USER, (ENTERPRISE_USER,))
GROUP_KIND = Kind("Group", GROUPS, CORE_GROUP)


def _documented(kind: Kind, schema: Schema | Attribute, *holder: str) -> dict[str, Field]:
    """The attributes that are kept in the document, with their parts."""
    found: dict[str, Field] = {}
    attributes = schema.attributes if isinstance(schema, Schema) else schema.sub_attributes
    for attribute in attributes:
        found[attribute.name] = _field(kind, attribute, *holder)
        if attribute.type is Type.COMPLEX and not attribute.multi_valued:
            for part in attribute.sub_attributes:
                name = f"{attribute.name}.{part.name}"
                found[name] = _field(kind, part, *holder, attribute.name)
    return found


def _field(kind: Kind, attribute: Attribute, *holder: str) -> Field:
    """A complex attribute that has a value is compared by it: Entra asks `manager eq "271"`."""
    path = (*holder, attribute.name)
    if attribute.multi_valued:
        parts = {part.name: _part(part) for part in attribute.sub_attributes}
        return Many(kind.document, path, parts, attribute.case_exact)
    if attribute.type is Type.BOOLEAN:
        return Flag(flag(kind.document, *path))
    if attribute.type in (Type.INTEGER, Type.DECIMAL):
        return Number(number(kind.document, *path))
    if attribute.type is Type.DATE_TIME:
        return scim_fields.written_time(member(kind.document, *path))
    if attribute.type is not Type.COMPLEX:
        return Text(member(kind.document, *path), case_exact=attribute.case_exact)
    value = attribute.sub("value")
    if value is None:
        return Complex(member(kind.document, *path))
    return Text(member(kind.document, *path, "value"), case_exact=value.case_exact)


def _part(part: Attribute) -> Part:
    if part.type is Type.BOOLEAN:
        return Part.FLAG
    return Part.EXACT if part.case_exact else Part.TEXT


def extended_kind(kind: Kind, schema: Schema) -> Kind:
    return replace(kind, extensions=tuple(one.name for one in schema.extensions))


def extended_fields(kind: Kind, fields: Fields, schema: Schema) -> dict[str, Field]:
    """With what an administrator declared, by full names alone."""
    found = {**fields, **scim_fields.whole_schemas(extended_kind(kind, schema))}
    for extension in schema.extensions:
        own = _documented(kind, extension, extension.name)
        found |= {f"{extension.name}:{name}".casefold(): field for name, field in own.items()}
        found[extension.name.casefold()] = Complex(member(kind.document, extension.name))
    return found


def _user_fields() -> dict[str, Field]:
    """Entra leaves the URN away from enterprise attributes."""
    extension = _documented(USER_KIND, ENTERPRISE, ENTERPRISE_USER)
    own = _documented(USER_KIND, USER) | scim_fields.common(USER_KIND, "userName")
    own["groups"] = scim_fields.groups_of_user()
    del own["password"]
    whole = {ENTERPRISE_USER.casefold(): Complex(member(USER_KIND.document, ENTERPRISE_USER))}
    return whole | named(extension, uri=ENTERPRISE_USER) | named(own, uri=CORE_USER)


def _group_fields() -> dict[str, Field]:
    own = scim_fields.common(GROUP_KIND, "displayName")
    return named(own | {"members": scim_fields.members_of_group()}, uri=CORE_GROUP)


USER_FIELDS = _user_fields()
GROUP_FIELDS = _group_fields()

# What a list is sorted by may be anything with an order: the unique name is a column.
USER_NAME = named({"userName": scim_fields.sort_key(USER_KIND, "userName")}, uri=CORE_USER)
GROUP_NAME = named({"displayName": scim_fields.sort_key(GROUP_KIND, "displayName")}, uri=CORE_GROUP)

"""The extensions that an administrator declared for a connection, as schemas (RFC 7643 §3.3)."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from api.scim.attributes import Attribute, Schema, Type
from api.scim.schema import EXTENSION_LENGTH, GROUP, USER, extending
from models.store.database import loads


@lru_cache(maxsize=256)
def declared(extensions: str, kind: str) -> tuple[Schema, ...]:
    """From the setting of a connection, as it is kept: those of users, or of groups."""
    given = loads(extensions or "[]")
    return tuple(_schema(each) for each in given if each.get("extends", USER.name) == kind)


@lru_cache(maxsize=256)
def user_schema(extensions: str) -> Schema:
    """Users with all that may extend them."""
    return _extended(USER, extensions)


@lru_cache(maxsize=256)
def group_schema(extensions: str) -> Schema:
    """Groups with all that may extend them."""
    return _extended(GROUP, extensions)


def _extended(schema: Schema, extensions: str) -> Schema:
    found = tuple(map(extending, declared(extensions, schema.name)))
    return replace(schema, extensions=(*schema.extensions, *found)) if found else schema


def _schema(given: Mapping[str, Any]) -> Schema:
    attributes = tuple(_attribute(each) for each in given["attributes"])
    return Schema(given["schema"], given["name"], given["description"], attributes)


def _attribute(given: Mapping[str, Any]) -> Attribute:
    kind = Type(given["type"])
    parts = tuple(_attribute(each) for each in given.get("sub_attributes", ()))
    return Attribute(
        given["name"],
        given["description"],
        kind,
        multi_valued=given.get("multi_valued", False),
        case_exact=given["case_exact"] or kind in (Type.REFERENCE, Type.BINARY),
        sub_attributes=parts,
        canonical_values=tuple(given.get("canonical_values", ())),
        reference_types=("external",) if kind is Type.REFERENCE else (),
        max_length=EXTENSION_LENGTH if kind is Type.STRING else None,
    )

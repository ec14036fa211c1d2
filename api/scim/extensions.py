"""The extensions that an administrator declared for a connection, as schemas (RFC 7643 §3.3)."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from api.scim.attributes import Attribute, Schema, Type
from api.scim.schema import EXTENSION, EXTENSION_LENGTH, USER, extending
from models.store.database import loads


@lru_cache(maxsize=256)
def declared(extensions: str) -> tuple[Schema, ...]:
    """From the setting of a connection, as it is kept; empty for none."""
    return tuple(_schema(each) for each in loads(extensions or "[]"))


@lru_cache(maxsize=256)
def user_schema(extensions: str) -> Schema:
    """Users with all that may extend them."""
    if not extensions:
        return USER
    return replace(USER, extensions=(EXTENSION, *map(extending, declared(extensions))))


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

"""What a SCIM schema says of an attribute (RFC 7643 §2.2 and §7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Type(StrEnum):
    STRING = "string"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE_TIME = "dateTime"
    REFERENCE = "reference"
    BINARY = "binary"
    COMPLEX = "complex"


class Mutability(StrEnum):
    READ_WRITE = "readWrite"
    READ_ONLY = "readOnly"
    WRITE_ONLY = "writeOnly"
    IMMUTABLE = "immutable"


class Returned(StrEnum):
    ALWAYS = "always"
    DEFAULT = "default"
    NEVER = "never"


class Uniqueness(StrEnum):
    NONE = "none"
    SERVER = "server"


@dataclass(frozen=True, slots=True, eq=False)
class Attribute:
    name: str
    description: str
    type: Type = Type.STRING
    multi_valued: bool = False
    case_exact: bool = False
    required: bool = False
    mutability: Mutability = Mutability.READ_WRITE
    returned: Returned = Returned.DEFAULT
    uniqueness: Uniqueness = Uniqueness.NONE
    sub_attributes: tuple["Attribute", ...] = ()
    canonical_values: tuple[str, ...] = ()
    reference_types: tuple[str, ...] = ()
    max_length: int | None = None
    """Of a string, in characters. Ours, and not part of the published schema."""

    def sub(self, name: str) -> "Attribute | None":
        return find(self.sub_attributes, name)


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    id: str
    name: str
    description: str
    attributes: tuple[Attribute, ...]
    extensions: tuple[Attribute, ...] = ()
    """What may extend its resources, each as the one attribute that it is within them."""

    def extension(self, urn: str) -> Attribute | None:
        return find(self.extensions, urn)

    def attribute(self, name: str) -> Attribute | None:
        return find(self.attributes, name)


def find(attributes: tuple[Attribute, ...], name: str) -> Attribute | None:
    """Names compare without regard to case (RFC 7643 §2.1)."""
    return _by_name(attributes).get(name.casefold())


@lru_cache(maxsize=1024)
def _by_name(attributes: tuple[Attribute, ...]) -> Mapping[str, Attribute]:
    return {each.name.casefold(): each for each in reversed(attributes)}

"""What a SCIM filter says, once it was read (RFC 7644 §3.4.2.2)."""

from dataclasses import dataclass
from enum import StrEnum

Value = str | int | float | bool | None


class Operator(StrEnum):
    EQ = "eq"
    NE = "ne"
    CO = "co"
    SW = "sw"
    EW = "ew"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"


ORDERING = frozenset({Operator.GT, Operator.GE, Operator.LT, Operator.LE})
SUBSTRING = frozenset({Operator.CO, Operator.SW, Operator.EW})


@dataclass(frozen=True, slots=True)
class Path:
    """The name of an attribute, as it was spelled: `[uri:]name[.sub]`."""

    uri: str | None
    name: str
    sub: str | None = None

    def __str__(self) -> str:
        prefix = "" if self.uri is None else f"{self.uri}:"
        return f"{prefix}{self.name}" + ("" if self.sub is None else f".{self.sub}")


@dataclass(frozen=True, slots=True)
class Comparison:
    path: Path
    op: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class Present:
    path: Path


@dataclass(frozen=True, slots=True)
class And:
    left: "Filter"
    right: "Filter"


@dataclass(frozen=True, slots=True)
class Or:
    left: "Filter"
    right: "Filter"


@dataclass(frozen=True, slots=True)
class Not:
    filter: "Filter"


@dataclass(frozen=True, slots=True)
class ValuePath:
    """One and the same value of `path` satisfies the whole of `filter`."""

    path: Path
    filter: "Filter"


Filter = Comparison | Present | And | Or | Not | ValuePath

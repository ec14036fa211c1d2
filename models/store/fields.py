"""Where the attributes that a filter may name are kept, and how each is compared."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, String, case, cast, false, true

from models.filters import Comparison, Present
from models.store.portable import numeric, path_of

Expression = ColumnElement[Any]
Condition = ColumnElement[bool]


class Refused(ValueError):
    """The filter cannot be answered. The text says why, in a sentence for whoever asked."""


class UnknownAttribute(Refused):
    """The filter names an attribute that this list does not have."""


class WrongComparison(Refused):
    """The attribute cannot be compared in this way, or with this value."""


@dataclass(frozen=True, slots=True)
class Text:
    expression: Expression
    case_exact: bool = False
    key: Expression | None = None
    """A column that holds the casefolded text, so that an index can be used."""


@dataclass(frozen=True, slots=True)
class Flag:
    expression: Expression


@dataclass(frozen=True, slots=True)
class Number:
    expression: Expression


@dataclass(frozen=True, slots=True)
class Time:
    """Microseconds since 1970 (models.clock.Instant), where 0 is never; or a DateTime."""

    expression: Expression


@dataclass(frozen=True, slots=True)
class Complex:
    """An object in a document. It is there or not, and its parts are fields of their own."""

    expression: Expression


class Part(StrEnum):
    """How a part of each value of a multi-valued attribute is compared."""

    TEXT = "text"
    EXACT = "exact"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Many:
    """An array of objects in a document. Without a part, `value` is compared."""

    document: Expression
    path: tuple[str, ...]
    parts: Mapping[str, Part]
    """Keys as the document spells them. None at all when the values are bare texts."""
    case_exact: bool = False
    """Of bare texts."""


@dataclass(frozen=True, slots=True)
class Custom:
    """A condition of the caller's making, such as EXISTS over another table.

    It is never asked for `ne`, which is the negation of `eq`.
    """

    build: Callable[[Comparison | Present], Condition]


@dataclass(frozen=True, slots=True)
class Rows:
    """Values that are rows of other tables, of one kind or of several."""

    sources: tuple["Source", ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of one kind: those that belong to the resource, and their parts."""

    belongs: Condition
    parts: Mapping[str, Text]
    """Keys are casefolded."""


Field = Text | Flag | Number | Time | Complex | Many | Rows | Custom
Fields = Mapping[str, Field]


def named(fields: Fields, *, uri: str | None = None) -> dict[str, Field]:
    """The fields by the names a filter may use: any case, bare, and qualified by `uri`."""
    bare = {name.casefold(): field for name, field in fields.items()}
    if uri is None:
        return bare
    return bare | {f"{uri}:{name}".casefold(): field for name, field in fields.items()}


def member(document: Expression, *path: str) -> Expression:
    """A string in a document, or null."""
    found: Expression = document[path].as_string()
    return found


def number(document: Expression, *path: str) -> Expression:
    """A number in a document, or null, also where something else stands there."""
    return numeric(document, *path_of(path))


def flag(document: Expression, *path: str) -> Expression:
    """A boolean in a document, or null. SQLite extracts 1 and 0, PostgreSQL the words."""
    word = cast(member(document, *path), String)
    return case((word.in_(("true", "1")), true()), (word.in_(("false", "0")), false()))

"""The operations of a PATCH, and where their paths lead (RFC 7644 §3.5.2)."""

from dataclasses import dataclass
from typing import Any

from tests.scim_model.filtering import Filter, text
from tests.scim_model.reading import Json
from tests.scim_model.refusal import bad
from tests.scim_model.schema import Attr, Schema, lookup

NOTHING = object()
"""An operation without a value."""


@dataclass(frozen=True, slots=True)
class Where:
    """A path: `[uri:]name[select].part`."""

    name: str
    part: str | None = None
    select: Filter | None = None
    uri: str | None = None

    def __str__(self) -> str:
        uri = "" if self.uri is None else f"{self.uri}:"
        chosen = "" if self.select is None else f"[{text(self.select)}]"
        return f"{uri}{self.name}{chosen}" + ("" if self.part is None else f".{self.part}")


@dataclass(frozen=True, slots=True)
class Garbled:
    """A path that cannot be read, or leads nowhere, and what is said of it."""

    text: str
    scim_type: str = "invalidPath"

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Op:
    op: str
    path: Where | Garbled | None = None
    value: Any = NOTHING
    pairs: tuple[tuple[Where, Any], ...] = ()
    """The value of an operation without a path, attribute by attribute."""

    def sent(self) -> Json:
        found: Json = {"op": self.op}
        if self.path is not None:
            found["path"] = str(self.path)
        if self.value is not NOTHING:
            found["value"] = self.value
        if self.pairs:
            found["value"] = {str(where): given for where, given in self.pairs}
        return found

    @property
    def kind(self) -> str:
        return self.op.lower()


def split(op: Op) -> list[Op]:
    """Without a path, each attribute of the value is one operation (RFC 7644 §3.5.2.1)."""
    if op.path is not None:
        if op.kind != "remove" and op.value is NOTHING:
            raise bad("invalidValue")
        return [op]
    if op.kind == "remove":
        raise bad("noTarget")
    if not op.pairs and not isinstance(op.value, dict):
        raise bad("invalidValue")
    return [Op(op.kind, where, given) for where, given in op.pairs]


def located(schema: Schema, path: Where) -> tuple[Attr, Attr | None]:
    attr, holder = lookup(schema, path.name, path.uri)
    if attr is None:
        raise bad("invalidPath")
    if path.select is not None and not attr.many:
        raise bad("invalidPath")
    if path.select is None and path.part is not None and attr.many:
        raise bad("invalidPath")
    return attr, holder

"""Which attributes of a resource to show (RFC 7644 §3.4.2.5 and §3.9)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_plus, unquote_to_bytes

from starlette.requests import Request

from api.scim.attributes import Schema
from api.scim.errors import InvalidValue
from api.scim.schema import EXTENSION, GROUP, core

ALWAYS = frozenset({"id", "schemas"})

Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Projection:
    """Names are casefolded, as they were asked for; what is not known names nothing."""

    included: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()

    def wants(self, name: str, schema: Schema) -> bool:
        """Whether anything of an attribute will be shown, so that it need be read at all."""
        name = name.casefold()
        if self.included:
            asked = _plain(self.included, schema)
            return any(each == name or each.startswith(f"{name}.") for each in asked)
        return name not in _plain(self.excluded, schema)

    def is_short(self, *, of_users: bool) -> bool:
        """Whether one resource is shown with some few rows: a group may have very many members."""
        return of_users or not self.wants("members", GROUP)

    def cuts(self, name: str, schema: Schema) -> bool:
        """Whether only a part of each value of an attribute is asked for, or all but a part."""
        asked = _plain(self.included | self.excluded, schema)
        return any(each.startswith(f"{name.casefold()}.") for each in asked)

    def show(self, resource: Resource, schema: Schema) -> Resource:
        if not self.included and not self.excluded:
            return resource
        always = {name: value for name, value in resource.items() if name in ALWAYS}
        if self.included:
            return always | _only(resource, _plain(self.included, schema))
        return always | _without(resource, _plain(self.excluded, schema))


EVERYTHING = Projection()


def projection(included: Iterable[str], excluded: Iterable[str]) -> Projection:
    """Raises InvalidValue when both are given."""
    both = [frozenset(name.strip().casefold() for name in names) for names in (included, excluded)]
    wanted, unwanted = (names - {""} for names in both)
    if wanted and unwanted:
        raise InvalidValue("attributes and excludedAttributes cannot be combined.")
    return Projection(wanted, unwanted) if wanted or unwanted else EVERYTHING


def projection_of(request: Request) -> Projection:
    """As the query of any request that answers with a resource asks for it."""
    query = request.scope["query_string"]
    return _asked(query) if query else EVERYTHING


def parameters(query: bytes) -> dict[str, str]:
    """Of a URL. Of one that stands twice the last counts."""
    pairs = (one.partition("=") for one in query.decode("latin-1").split("&") if one)
    return {_decoded(name): _decoded(value) for name, _, value in pairs}


def _decoded(text: str) -> str:
    if not text.isascii():
        return unquote_plus(text)
    text = text.replace("+", " ")
    return unquote_to_bytes(text).decode("utf-8", "replace") if "%" in text else text


@lru_cache(maxsize=1024)
def _asked(query: bytes) -> Projection:
    """Providers ask for the same again and again."""
    given = parameters(query)
    asked = (given.get(name, "").split(",") for name in ("attributes", "excludedAttributes"))
    return projection(*asked)


@lru_cache(maxsize=1024)
def _plain(names: frozenset[str], schema: Schema) -> frozenset[str]:
    """Without the URN of the schema itself, and with that of its extension."""
    prefix = f"{schema.id}:".casefold()
    return frozenset(_extended(name.removeprefix(prefix), schema) for name in names)


def _extended(name: str, schema: Schema) -> str:
    """Entra leaves the URN away from enterprise attributes."""
    first = name.partition(".")[0]
    is_enterprise = EXTENSION in schema.extensions and EXTENSION.sub(first) is not None
    if core(schema, first) or not is_enterprise:
        return name
    return f"{EXTENSION.name}:{name}".casefold()


def _within(key: str, names: Iterable[str]) -> frozenset[str]:
    """Of the names those inside of an attribute, as seen from there."""
    inside = f"{key}:" if ":" in key else f"{key}."
    return frozenset(name[len(inside) :] for name in names if name.startswith(inside))


def _only(value: Resource, names: frozenset[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, given in value.items():
        inner = _within(name.casefold(), names)
        if name.casefold() in names:
            found[name] = given
        elif inner and (part := _each(given, inner, _only)):
            found[name] = part
    return found


def _without(value: Resource, names: frozenset[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, given in value.items():
        inner = _within(name.casefold(), names)
        if name.casefold() not in names:
            found[name] = _each(given, inner, _without) if inner else given
    return found


def _each(value: Any, names: frozenset[str], cut: Any) -> Any:
    """Of every one of several values the same part."""
    match value:
        case dict():
            return cut(value, names)
        case list():
            return [part for each in value if isinstance(each, dict) and (part := cut(each, names))]
        case _:
            return value

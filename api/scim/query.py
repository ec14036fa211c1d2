"""What a list was asked for, by a URL or by a SearchRequest (RFC 7644 §3.4.2 and §3.4.3)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request

from api.scim import filter_habits, filters
from api.scim.discovery import DEFAULT_RESULTS, MAX_RESULTS
from api.scim.errors import InvalidCount, InvalidCursor, InvalidSyntax, InvalidValue
from api.scim.normalise import check_schemas
from api.scim.projection import Projection, parameters, projection
from models.filters import Filter

SEARCH_REQUEST = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"

_SPELLED = {
    name.casefold(): name
    for name in ("startIndex", "sortBy", "sortOrder", "excludedAttributes", "attributes")
} | {name: name for name in ("schemas", "filter", "count", "cursor")}
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Query:
    filter: Filter | None
    start: int
    """From 1."""
    count: int
    sort_by: str | None
    descending: bool
    projection: Projection
    cursor: str | None = None
    """None pages by index; an empty one asks for the first page (RFC 9865 §2)."""


def of_url(request: Request) -> Query:
    """Raises InvalidFilter and InvalidValue."""
    given = parameters(request.scope["query_string"])
    lists = ("attributes", "excludedAttributes")
    return _query({k: v.split(",") if k in lists else v for k, v in given.items()})


def of_body(body: object) -> Query:
    """Raises InvalidSyntax, InvalidFilter and InvalidValue."""
    if not isinstance(body, dict):
        raise InvalidSyntax("The body must be a JSON object.")
    given = {_SPELLED.get(str(k).casefold(), str(k)): value for k, value in body.items()}
    check_schemas(given.get("schemas"), SEARCH_REQUEST)
    return _query(given)


def _query(given: Mapping[str, object]) -> Query:
    text, cursor = _text(given, "filter"), _text(given, "cursor")
    if cursor is not None:
        _check_paging(given)
    count = _number(given, "count", DEFAULT_RESULTS)
    order = _text(given, "sortOrder") or "ascending"
    if order.casefold() not in ("ascending", "descending"):
        raise InvalidValue("sortOrder must be ascending or descending.")
    filter = None if text is None else filters.parse(text)
    if filter is not None:
        filter_habits.note(filter)
    return Query(
        filter=filter,
        start=max(1, _number(given, "startIndex", 1)),
        count=min(max(0, count), MAX_RESULTS),
        sort_by=_text(given, "sortBy") or None,
        descending=order.casefold() == "descending",
        projection=projection(_names(given, "attributes"), _names(given, "excludedAttributes")),
        cursor=cursor,
    )


def _check_paging(given: Mapping[str, object]) -> None:
    """One way of paging at a time, by pages of a size that can be told."""
    if _number(given, "startIndex", 1) != 1:
        raise InvalidCursor("startIndex and cursor cannot be combined.")
    count = given.get("count", "")
    if count not in ("", None) and not _WHOLE.fullmatch(str(count)):
        raise InvalidCount("count must be a whole number.")
    if _number(given, "count", 0) < 0:
        raise InvalidCount("count must not be negative.")


def _text(given: Mapping[str, object], name: str) -> str | None:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidValue(f"{name} must be a string.")
    return value


def _number(given: Mapping[str, object], name: str, default: int) -> int:
    """A URL says it as text, and so may a body."""
    value = given.get(name)
    if value is None or value == "":
        return default
    if isinstance(value, bool) or not _WHOLE.fullmatch(str(value)):
        raise InvalidValue(f"{name} must be a whole number.")
    return int(str(value))


def _names(given: Mapping[str, object], name: str) -> list[str]:
    value = given.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidValue(f"{name} must be a list of names.")
    return value

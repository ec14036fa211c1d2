"""Read a bulk request (RFC 7644 §3.7)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from api.scim.discovery import MAX_OPERATIONS
from api.scim.errors import InvalidSyntax, InvalidValue, PayloadTooLarge
from api.scim.normalise import check_schemas

BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
PREFIX = "bulkId:"

_PATH = re.compile(r"/(?P<collection>Users|Groups)(?:/(?P<id>[^/?#]+))?/?")


class Method(StrEnum):
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    method: Method
    table: str
    """users or groups."""
    public_id: str
    """Empty for one that is to be made; it may be a reference."""
    bulk_id: str | None
    version: str | None
    data: object


@dataclass(frozen=True, slots=True)
class Bulk:
    operations: Sequence[Operation]
    makers: Mapping[str, int]
    """Which operation makes what is called by a bulkId."""
    fail_on_errors: int | None
    """After how many errors to stop."""


def read(body: object) -> Bulk:
    """Raises InvalidSyntax, InvalidValue and PayloadTooLarge, and then nothing is done."""
    if not isinstance(body, dict):
        raise InvalidSyntax("The body must be a JSON object.")
    given = folded(body)
    check_schemas(given.get("schemas"), BULK_REQUEST)
    listed = given.get("operations")
    if not isinstance(listed, list) or not listed:
        raise InvalidSyntax("Operations must be a list of at least one operation.")
    if len(listed) > MAX_OPERATIONS:
        raise PayloadTooLarge(f"There are more than {MAX_OPERATIONS} operations.")
    operations = [_operation(each, place) for place, each in enumerate(listed, 1)]
    makers = _makers(operations)
    return Bulk(operations, makers, _limit(given.get("failonerrors")))


def _makers(operations: Sequence[Operation]) -> dict[str, int]:
    makers: dict[str, int] = {}
    for place, one in enumerate(operations):
        if one.method is Method.POST and one.bulk_id is not None:
            if one.bulk_id in makers:
                raise InvalidValue("A bulkId is given to several operations.")
            makers[one.bulk_id] = place
    return makers


def folded(body: Mapping[object, object]) -> dict[str, object]:
    return {str(name).casefold(): value for name, value in body.items()}


def _limit(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidValue("failOnErrors must be a whole number from 1.")
    return value


def _operation(body: object, place: int) -> Operation:
    given = folded(body) if isinstance(body, dict) else {}
    method, bulk_id, version = (_text(given, key) for key in ("method", "bulkid", "version"))
    found = _PATH.fullmatch(_text(given, "path") or "")
    if method is None or method.upper() not in set(Method):
        raise InvalidSyntax(f"Operation {place} needs a method: POST, PUT, PATCH or DELETE.")
    if found is None or (method.upper() == Method.POST) is not (found["id"] is None):
        raise InvalidSyntax(f"Operation {place} has a path that does not fit its method.")
    if method.upper() == Method.POST and not bulk_id:
        raise InvalidSyntax(f"Operation {place} makes something and needs a bulkId.")
    if given.get("data") is not None and not isinstance(given["data"], dict):
        raise InvalidSyntax(f"The data of operation {place} must be a JSON object.")
    return Operation(
        method=Method(method.upper()),
        table=found["collection"].lower(),
        public_id=found["id"] or "",
        bulk_id=bulk_id,
        version=version,
        data=given.get("data"),
    )


def _text(given: Mapping[str, object], name: str) -> str | None:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidSyntax(f"The {name} of an operation must be a string.")
    return value

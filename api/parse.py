"""Read a request's body and query into typed values, or say what is wrong with them."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from starlette.requests import ClientDisconnect, Request

from api.problems import Problem, from_faults

MAX_BODY = 1024 * 1024
ACCEPTED = frozenset({"", "application/json", "application/x-www-form-urlencoded"})
"""The last is what `curl -d` declares for any body. No browser can use it against us, because
every call needs a bearer token, which browsers do not send by themselves."""
M = TypeVar("M", bound=BaseModel)


async def parse(model: type[M], request: Request) -> M:
    """The body. Raises Problem."""
    return read(model, await body_of(request))


async def body_of(request: Request) -> bytes:
    """The whole body, if it is JSON by its type and not too large. Raises Problem."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MAX_BODY:
        raise _too_large()
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                raise _too_large()
    except ClientDisconnect as gone:
        raise Problem(400, "The body ended too early.") from gone
    declared = request.headers.get("content-type", "application/json")
    kind = declared.partition(";")[0].strip().lower()
    if body and kind not in ACCEPTED and not kind.endswith("+json"):
        raise Problem(415, "The body must be sent as Content-Type: application/json.")
    return bytes(body)


def read(model: type[M], body: bytes) -> M:
    """Raises Problem."""
    try:
        tree = from_json(body, allow_inf_nan=False)
    except ValueError as trouble:
        raise Problem(400, f"The body is not valid JSON: {trouble}.") from None
    if not _is_storable(tree):
        raise Problem(400, "The body has a text with a NUL character, which cannot be kept.")
    try:
        return model.model_validate_json(body)
    except ValidationError as trouble:
        raise from_faults(trouble) from None


def read_path(request: Request) -> Mapping[str, str]:
    """The names in the address. Raises Problem where one can name nothing."""
    if not _is_storable(request.path_params):
        raise Problem(404, "There is nothing of that name.")
    return request.path_params


def read_query(model: type[M], request: Request) -> M:
    """The query's parameters, each once. Raises Problem."""
    values: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in values:
            raise Problem(400, f"The parameter {name[:50]!r} is given twice.")
        if not _is_storable(value):
            raise Problem(400, f"The parameter {name[:50]!r} is no text.")
        values[name] = value
    try:
        return model.model_validate(values)
    except ValidationError as trouble:
        raise from_faults(trouble) from None


def _is_storable(tree: Any) -> bool:
    """PostgreSQL keeps no NUL."""
    match tree:
        case str():
            return "\x00" not in tree
        case Mapping():
            return all(_is_storable(k) and _is_storable(v) for k, v in tree.items())
        case Sequence():
            return all(_is_storable(one) for one in tree)
        case _:
            return True


def _too_large() -> Problem:
    return Problem(413, f"The body is larger than {MAX_BODY} bytes.")

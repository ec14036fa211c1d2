"""Read the body of a request, up to its limit."""

import msgspec
from starlette.requests import Request

from api.scim.discovery import MAX_PAYLOAD
from api.scim.errors import InvalidSyntax, PayloadTooLarge


async def body_of(request: Request) -> object:
    """The JSON of the body, whatever it is called. Raises InvalidSyntax and PayloadTooLarge."""
    raw, record = await _bytes(request), request.state.caller.record
    record.body_size = len(raw)
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as trouble:
        raise InvalidSyntax("The body is not valid JSON.") from trouble
    record.body = raw
    return found


async def _bytes(request: Request) -> bytes:
    """What is announced as too long is refused unread, and what lies about it on the way."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > MAX_PAYLOAD:
        raise _too_large()
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_PAYLOAD:
            raise _too_large()
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large() -> PayloadTooLarge:
    return PayloadTooLarge(f"The body is larger than {MAX_PAYLOAD} bytes.")

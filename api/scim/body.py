"""Read the body of a request, up to its limit."""

import asyncio
import json
from collections.abc import Callable
from operator import itemgetter

import msgspec
from starlette.requests import ClientDisconnect, Request

from api.scim.discovery import MAX_PAYLOAD
from api.scim.errors import InvalidSyntax, PayloadTooLarge, TooSlow
from api.scim.record import Record

PATIENCE = 60.0
"""Seconds for a whole body to arrive. Providers give up no later."""


async def body_of(request: Request, record: Record) -> object:
    """The JSON of the body, whatever it is called; noted in the record.

    Raises InvalidSyntax, PayloadTooLarge and TooSlow.

    A name that stands twice in one object, in whatever case (RFC 7643 §2.1), could mean either
    value. To let the last count would be to guess, and who is guessed out of a list of members
    is removed.
    """
    raw = await _bytes(request, record.announced)
    record.body_size = len(raw)
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as trouble:
        raise InvalidSyntax("The body is not valid JSON.") from trouble
    record.body = raw
    if _names_twice(raw):
        raise InvalidSyntax("A name stands twice in one object.")
    return found


class _TwiceError(ValueError):
    """A name stands twice in one object."""


def _once(pairs: list[tuple[str, object]]) -> None:
    if len(pairs) > 1 and len({*map(str.casefold, map(_NAME, pairs))}) < len(pairs):
        raise _TwiceError


_NAME: Callable[[tuple[str, object]], str] = itemgetter(0)


_SCANNER = json.JSONDecoder(object_pairs_hook=_once, parse_int=str, parse_float=str)
"""Makes nothing of what it reads. It takes some microseconds for a usual body."""


def _names_twice(raw: bytes) -> bool:
    """Of a text that is known to be JSON."""
    try:
        _SCANNER.decode(raw.decode())
    except _TwiceError:
        return True
    return False


async def _bytes(request: Request, announced: bytes) -> bytes:
    """What is announced as too long is refused unread, and what lies about it on the way."""
    if announced.isdigit() and int(announced) > MAX_PAYLOAD:
        raise _too_large()
    chunks, size, has_more = [], 0, True
    try:
        async with asyncio.timeout(PATIENCE):
            while has_more:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                chunk, has_more = message.get("body", b""), message.get("more_body", False)
                size += len(chunk)
                if size > MAX_PAYLOAD:
                    raise _too_large()
                chunks.append(chunk)
    except TimeoutError as trouble:
        raise TooSlow(f"The body did not arrive within {PATIENCE:g} seconds.") from trouble
    return b"".join(chunks)


def _too_large() -> PayloadTooLarge:
    return PayloadTooLarge(f"The body is larger than {MAX_PAYLOAD} bytes.")

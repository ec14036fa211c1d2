"""What goes back: SCIM JSON, whatever happens (RFC 7644 §3.1 and §3.12)."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import msgspec
from starlette.responses import Response, StreamingResponse

from api.scim import errors
from api.scim.errors import ScimError, to_body
from models.store.fields import Refused
from sync.pushing.groups import NameTaken
from sync.pushing.members import Circle

MEDIA_TYPE = "application/scim+json"
LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


@dataclass(frozen=True, slots=True)
class Spread:
    """A JSON object with a value that is too long to be held as text."""

    before: str
    pieces: Iterable[str]
    """The JSON of that value."""
    after: str


Body = Mapping[str, object] | msgspec.Raw | Spread
"""An object, its JSON, or its JSON in pieces."""


class Answer(Response):
    """A whole answer in JSON. Starlette's own works out again and again what is known here."""

    def __init__(self, body: bytes, status: int, headers: Mapping[str, str] | None) -> None:
        self.status_code = status
        self.background = None
        self.body = body
        self.raw_headers = [_TYPE, (b"content-length", b"%d" % len(body))]
        for name, value in (headers or {}).items():
            self.raw_headers.append((name.lower().encode(), value.encode("latin-1")))


_TYPE = (b"content-type", MEDIA_TYPE.encode())


def answer(body: Body, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    match body:
        case Spread(before, pieces, after):
            sent = _one_by_one(chain([before], pieces, [after]))
            return StreamingResponse(sent, status, headers, MEDIA_TYPE)
        case msgspec.Raw():
            return Answer(bytes(body), status, headers)
        case _:
            return Answer(msgspec.json.encode(body), status, headers)


async def _one_by_one(pieces: Iterable[str]) -> AsyncIterator[bytes]:
    for one in pieces:
        yield one.encode()


def resource(body: Body, *, version: str, location: str, status: int = 200) -> Response:
    """One resource, or the part of it that was asked for, with its address and version."""
    return answer(body, status, {"Location": location, "ETag": version})


def nothing(version: str | None = None) -> Response:
    """Done, and there is nothing to say."""
    return Response(status_code=204, headers=None if version is None else {"ETag": version})


def unchanged(version: str) -> Response:
    return Response(status_code=304, headers={"ETag": version})


def listed(resources: Sequence[Body], *, total: int, start: int = 1) -> Response:
    """A page of a list (RFC 7644 §3.4.2)."""
    return answer(
        {
            "schemas": [LIST_RESPONSE],
            "totalResults": total,
            "startIndex": start,
            "itemsPerPage": len(resources),
            "Resources": resources,
        }
    )


def followed(
    resources: Sequence[Body], *, total: int, after: str | None, before: str | None
) -> Response:
    """A page of a list by cursor (RFC 9865 §2). What is none is left out."""
    cursors = {"nextCursor": after, "previousCursor": before}
    return answer(
        {
            "schemas": [LIST_RESPONSE],
            "totalResults": total,
            "itemsPerPage": len(resources),
            **{name: value for name, value in cursors.items() if value is not None},
            "Resources": resources,
        }
    )


REFUSALS = (ScimError, NameTaken, Circle, Refused)
"""Whatever is no fault of ours."""


def refusal(trouble: Exception) -> ScimError:
    """The one table of errors. What it does not know is a fault of ours."""
    match trouble:
        case ScimError():
            return trouble
        case NameTaken():
            return errors.Uniqueness(str(trouble))
        case Circle():
            return errors.InvalidValue(str(trouble))
        case Refused():
            return errors.InvalidFilter(str(trouble))
        case _:
            return errors.Failed("Something went wrong here. It was written down.")


def refused(error: ScimError) -> Response:
    return answer(to_body(error), error.status, _headers(error))


def _headers(error: ScimError) -> dict[str, str]:
    match error:
        case errors.Unauthorized():
            return {"WWW-Authenticate": "Bearer"}
        case errors.MethodNotAllowed(allowed=allowed):
            return {"Allow": allowed}
        case errors.TooManyRequests(retry_after=seconds):
            return {"Retry-After": str(seconds)}
        case errors.Failed() | errors.TooSlow():
            return {"Connection": "close"}  # the server hangs up
        case _:
            return {}

"""What carries the Okta SDK's requests: our own door out instead of its HTTP client."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from connectors.errors import Misconfigured, Transient
from connectors.http import Http, Reply
from connectors.okta.faults import UNREADABLE, no_token

_TOKEN_PATH = "/oauth2/v1/token"


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the SDK wants to see of an answer, and the answer."""

    status: int
    headers: Mapping[str, str]
    content_type: str
    reply: Reply


class Transport:
    """Stands in for okta.http_client.HTTPClient. It never waits on the event loop.

    Its `Http` is bound to the organization's origin: the SDK itself would send the token to any
    URL that has org_url somewhere in it.
    """

    def __init__(self, http: Http, org_url: str) -> None:
        self._http = http
        self._org_url = org_url

    async def send_request(self, request: dict[str, Any]) -> tuple[None, _Answer, str, None]:
        url = request["url"]
        reply = self._http.send(
            request["method"], url, form=request["form"] or None, headers=request["headers"]
        )
        answer = _Answer(reply.status, reply.headers, "application/json", reply)
        # Only the token's answer is for the SDK to read; it would decode each page in vain.
        body = _granted(reply) if url == self._org_url + _TOKEN_PATH else ""
        return None, answer, body, None


class _Grant(msgspec.Struct):
    """RFC 6749 §5.1."""

    access_token: str
    token_type: str
    expires_in: int = 3600


def _granted(reply: Reply) -> str:
    """The body of a token answer that is sound, since the SDK stumbles over any other."""
    if not 200 <= reply.status < 300:
        raise no_token(reply)
    try:
        grant = msgspec.json.decode(reply.body, type=_Grant)
    except UNREADABLE as trouble:
        raise Transient("Okta's token endpoint answered without an access token.") from trouble
    if not grant.access_token.isascii() or grant.token_type.lower() != "bearer":
        raise Misconfigured(f"Okta gave a token of the type {grant.token_type[:20]!r}, not Bearer.")
    return reply.body.decode()

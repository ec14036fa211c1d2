"""What a peer answered, and what follows from its status."""

import email.utils
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

import httpx
import msgspec

from connectors.discretion import presentable
from connectors.errors import ConnectorError, Gone, Misconfigured, Refused, Transient
from models.clock import Clock
from models.instant import SECOND

_DAY = 86400.0
_CLOCK = Clock()
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that was read to its end."""

    status: int
    headers: httpx.Headers
    body: bytes
    url: str
    """Without user, password, query and fragment: these may hold secrets."""
    hidden: tuple[str, ...] = field(default=(), repr=False)
    """What we sent as credentials; a peer that echoes them must not get them into a log."""

    def json(self) -> Any:
        """The decoded body; a byte order mark is passed over (RFC 8259 §8.1).

        Raises Transient: an answer that is not JSON is a fault of the peer, not an empty one.
        """
        try:
            return msgspec.json.decode(self.body.removeprefix(_BOM))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as trouble:
            raise Transient(f"{self.url} answered {self.status} with no valid JSON.") from trouble


def error_for(reply: Reply) -> ConnectorError:
    """The consequence of a status outside 2xx: wait, give up on this one, or stop altogether.

    501 is no passing fault (RFC 9110 §15.6.2), and a redirect is not followed: it could lead
    anywhere, and would carry our credentials there.
    """
    said = f"{reply.url} answered {reply.status}{reason(reply)}"
    if 300 <= reply.status < 400:
        return Misconfigured(f"{said} Redirects are not followed: give the address it leads to.")
    if reply.status in (401, 403, 407):
        return Misconfigured(said)
    if reply.status in (404, 410):
        return Gone(said)
    if reply.status in (408, 425, 429) or (reply.status >= 500 and reply.status != 501):
        return Transient(said, retry_after=retry_after(reply.headers))
    return Refused(said)


def reason(reply: Reply) -> str:
    """ ": …" and what the body gives as its reason, at most 200 printable characters; or "."."""
    try:
        body = reply.json()
    except Transient:
        return "."
    if not isinstance(body, dict):
        return "."
    for name in ("detail", "errorSummary", "error_description", "message", "error"):
        value = body.get(name)
        if isinstance(value, dict):
            value = value.get("message")
        if isinstance(value, str) and value.strip():
            return f": {presentable(value, reply.hidden).rstrip('.')}."
    return "."


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait: Retry-After in seconds or as a date (RFC 9110 §10.2.3), at most a day."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), _DAY)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:  # a date without a zone is UTC, not the zone of this machine
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, moment.timestamp() - _CLOCK.now() / SECOND), _DAY)

"""Microsoft Graph, asked so that a short answer is never taken for a whole one."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from connectors.errors import ConnectorError, Misconfigured, Transient
from connectors.http import Http, Reply, error_for, retry_after

T = TypeVar("T")

Token = Callable[[str | None], str]
"""Gives the token to send. Told which token was refused, it gives another."""

MAX_WAIT = 120.0
"""Seconds that one read waits in all when it is told to slow down."""
_UNASKED_WAIT = 5.0
_MAX_PAGES = 100_000

_PERMISSIONS = {
    "users": "User.Read.All",
    "groups": "GroupMember.Read.All",
    "servicePrincipals": "Application.Read.All",
}


class Page(msgspec.Struct, Generic[T]):
    """A part of a list. A next link that is null is no link, and no end of the list either."""

    value: list[T]
    next: str | UnsetType = msgspec.field(name="@odata.nextLink", default=UNSET)


class _Said(msgspec.Struct):
    code: str = ""


class _Error(msgspec.Struct):
    error: _Said


class Graph:
    """One read's conversation with Graph: it keeps the read's allowance of waiting.

    Every error is a `ConnectorError`; a 2xx answer that does not have the documented shape is
    `Transient`, since nothing may be concluded from it.
    """

    def __init__(self, http: Http, token: Token, sleep: Callable[[float], None]) -> None:
        """`http` has the root of Graph as its base, so no token goes to another origin."""
        self._http = http
        self._token = token
        self._sleep = sleep
        self._left = MAX_WAIT

    def ask(self, url: str, *, method: str = "GET", json: Any = None, level: str = "") -> Reply:
        """The answer, whatever its status, once it is neither a call to wait nor an old token.

        `level` is the ConsistencyLevel that Graph wants for a count.
        https://learn.microsoft.com/graph/throttling
        """
        extra = {"consistencylevel": level} if level else {}
        token, renewed = self._token(None), False
        while True:
            headers = {"authorization": f"Bearer {token}", **extra}
            reply = self._http.send(method, url, json=json, headers=headers)
            if reply.status == 401 and not renewed:
                token, renewed = self._token(token), True
            elif is_throttled(reply):
                self.wait([reply])
            else:
                return reply

    def wait(self, replies: Iterable[Reply]) -> None:
        """As long as the most patient of these asks. Raises Transient beyond the allowance."""
        asked = max(_pause(reply) for reply in replies)
        if asked > self._left:
            raise Transient(f"Microsoft Graph asks us to wait {asked:.0f} s.", asked)
        self._left -= asked
        self._sleep(asked)

    def pages(
        self, url: str, shape: type[Page[T]], first: Reply | None = None
    ) -> Iterator[list[T]]:
        """Every page of a list, to the one without a next link; an empty page is no end.

        `first` is the first page, where a batch brought it already.
        https://learn.microsoft.com/graph/paging
        """
        seen: set[str] = set()
        reply = first or self.ask(url)
        while True:
            page = decode(reply, shape)
            yield page.value
            if page.next is UNSET:
                return
            if not page.next or page.next in seen or len(seen) > _MAX_PAGES:
                raise Transient(f"{reply.url}: the next link leads nowhere new.")
            seen.add(page.next)
            reply = self.ask(page.next)

    def count(self, collection: str) -> int:
        """How many there are by Graph's index, which trails the directory by a moment.

        https://learn.microsoft.com/graph/aad-advanced-queries
        """
        reply = settled(self.ask(f"{collection}/$count", level="eventual"))
        text = reply.body.decode("utf-8-sig", "replace").strip()
        if not (text.isascii() and text.isdigit()):
            raise Transient(f"{reply.url} answered with no number.")
        return int(text)


def is_throttled(reply: Reply) -> bool:
    """Too many requests, or unavailable with a time to come back at."""
    return reply.status == 429 or (
        reply.status in (503, 504) and retry_after(reply.headers) is not None
    )


def is_missing(reply: Reply) -> bool:
    """Graph says that there is no such object; any other 404 may be about the address."""
    return reply.status == 404 and _code(reply) == "Request_ResourceNotFound"


def settled(reply: Reply) -> Reply:
    """The same answer if it is a success. Raises by consequence."""
    if 200 <= reply.status < 300:
        return reply
    raise _fault(reply)


def decode(reply: Reply, shape: type[T]) -> T:
    """A success in its documented shape. Raises by consequence, Transient for another shape."""
    body = settled(reply).body.removeprefix(b"\xef\xbb\xbf")
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as trouble:
        raise Transient(f"{reply.url} answered {reply.status}, not as documented.") from trouble


def _fault(reply: Reply) -> ConnectorError:
    if reply.status == 403:
        return Misconfigured(f"{error_for(reply)} {_permission(reply.url)}")
    if is_missing(reply):
        return Transient(f"{reply.url} is gone; the directory changed while it was read.")
    return error_for(reply)


def _permission(url: str) -> str:
    """What to grant, found by the collection that was asked for."""
    needed = [name for part, name in _PERMISSIONS.items() if f"/{part}" in url]
    wanted = needed[0] if needed else "User.Read.All and GroupMember.Read.All"
    return f"The application permission {wanted} with an administrator's consent allows it."


def _code(reply: Reply) -> str:
    try:
        return msgspec.json.decode(reply.body, type=_Error).error.code
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def _pause(reply: Reply) -> float:
    asked = retry_after(reply.headers)
    return max(1.0, _UNASKED_WAIT if asked is None else asked)

"""One answer, or a list to its end: paging, patience, and what counts as a doubt."""

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from connectors.errors import Refused, Transient
from connectors.http import Reply
from connectors.okta.door import Door
from connectors.okta.faults import UNREADABLE
from connectors.okta.walk import Walk

_PAUSES = (1.0, 5.0)


class Identified(Protocol):
    @property
    def id(self) -> str: ...


_Shape = TypeVar("_Shape")
_Listed = TypeVar("_Listed", bound=Identified)


class Pages:
    """Reads from one organization."""

    def __init__(
        self, door: Door, org_url: str, *, sleep: Callable[[float], None], patience: float
    ) -> None:
        """`patience` is how many seconds one request may wait for a renewed rate limit."""
        self._door = door
        self._org_url = org_url
        self._sleep = sleep
        self._patience = patience

    def one(self, decoder: msgspec.json.Decoder[_Shape], *path: str, **query: str) -> _Shape:
        """One answer. Raises a `ConnectorError`; `Gone` where Okta has no such object."""
        return self._get(self._url(path, query), decoder)[0]

    def every(
        self, decoder: msgspec.json.Decoder[list[_Listed]], *path: str, **query: str
    ) -> Iterator[list[_Listed]]:
        """The pages of a list, to its end; empty ones are left out.

        Raises a `ConnectorError` for any doubt that a page was missed.
        """
        url: str | None = self._url(path, query)
        walk = Walk("/".join(path), self._org_url)
        while url is not None:
            page, reply = self._get(url, decoder)
            url = walk.next(url, reply, {item.id for item in page})
            if page:
                yield page

    def _get(self, url: str, decoder: msgspec.json.Decoder[_Shape]) -> tuple[_Shape, Reply]:
        """Waits for a renewed rate limit, and tries what may be a hiccup twice again."""
        waited = 0.0
        pauses = iter(_PAUSES)
        while True:
            try:
                return self._get_once(url, decoder)
            except Transient as trouble:
                pause = trouble.retry_after or next(pauses, self._patience + 1)
                if waited + pause > self._patience:
                    raise
            self._sleep(pause)
            waited += pause

    def _get_once(self, url: str, decoder: msgspec.json.Decoder[_Shape]) -> tuple[_Shape, Reply]:
        reply = self._door.get(url)
        try:
            return decoder.decode(reply.body), reply
        except msgspec.ValidationError as trouble:
            raise Refused(f"Okta sent what we do not understand: {trouble}.") from trouble
        except UNREADABLE as trouble:
            raise Transient(f"{self._org_url} answered with no valid JSON.") from trouble

    def _url(self, path: tuple[str, ...], query: dict[str, str]) -> str:
        address = "/".join([self._org_url, "api/v1", *(quote(part, safe="") for part in path)])
        return f"{address}?{urlencode(query, quote_via=quote)}" if query else address

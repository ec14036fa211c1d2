"""Lists read to their end, or not believed at all."""

from collections.abc import Iterator

from connectors.base import ObservedPart, ObserveEnded, RemoteGroup
from connectors.errors import ConnectorError, Misconfigured, Refused, Transient
from connectors.scim.peer import Json, Peer, address, no_collection
from connectors.scim.resources import GROUP, USER, Kind, identifier, remote_group, remote_user

PAGE = 100


def observe(peer: Peer) -> Iterator[ObservedPart]:
    """Users, then groups with their members, then the end. Raises a `ConnectorError`."""
    for page in pages(peer, USER):
        yield [remote_user(held) for held in page]
    for page in pages(peer, GROUP):
        yield [_with_members(peer, held) for held in page]
    yield ObserveEnded()


def _with_members(peer: Peer, held: Json) -> RemoteGroup:
    """A list may leave members out, so that their absence there proves nothing."""
    if not isinstance(held.get("members"), list):
        held = peer.get_one(address(GROUP.collection, identifier(held)))
    return remote_group(held)


def pages(peer: Peer, kind: Kind, search: str | None = None) -> Iterator[list[Json]]:
    """Every page of a list (RFC 7644 §3.4.2.4), until as many came as there should be.

    Raises Transient when an empty page comes before the end, the total changes in between,
    an object comes twice, or more come than there should be.
    """
    return _List(peer, kind, search).pages()


class _List:
    def __init__(self, peer: Peer, kind: Kind, search: str | None) -> None:
        self._peer = peer
        self._kind = kind
        self._search = {} if search is None else {"filter": search}
        self._seen: set[str] = set()

    def pages(self) -> Iterator[list[Json]]:
        total: int | None = None
        while total is None or len(self._seen) < total:
            before, (total, page) = total, self._page()
            if before not in (None, total):
                raise self._doubt(f"said {before} in all, then {total}")
            self._add(page)
            self._compare(total, page)
            yield page
        if total and total % PAGE == 0:
            self._see_the_end(total)

    def _add(self, page: list[Json]) -> None:
        for held in page:
            key = identifier(held)
            if key in self._seen:
                raise self._doubt(f"held {key[:40]} twice")
            self._seen.add(key)

    def _compare(self, total: int, page: list[Json]) -> None:
        if len(self._seen) < total and not page:
            raise self._doubt(f"ended after {len(self._seen)} of {total}")
        if len(self._seen) > total:
            raise self._doubt(f"held {len(self._seen)} although it said {total}")

    def _see_the_end(self, total: int) -> None:
        """Some peers give the length of the page as the total: look behind a full last page."""
        try:
            _, page = self._page()
        except (Refused, Misconfigured):
            return  # nothing there to be asked for
        if any(identifier(held) not in self._seen for held in page):
            raise self._doubt(f"goes on after the {total} it said there are")

    def _page(self) -> tuple[int, list[Json]]:
        """The page after what was seen, and how many it says there are in all."""
        start = {"startIndex": str(len(self._seen) + 1), "count": str(PAGE)}
        collection = self._kind.collection
        try:
            body = self._peer.get(collection, start | self._search)
        except ConnectorError as trouble:
            raise no_collection(trouble, self._peer.url, collection) from trouble
        return self._total(body), self._resources(body)

    def _total(self, body: Json) -> int:
        total = body.get("totalResults")
        if not isinstance(total, int) or isinstance(total, bool) or total < 0:
            raise self._doubt("does not say how many there are")
        return total

    def _resources(self, body: Json) -> list[Json]:
        """May be missing when there are none (RFC 7644 §3.4.2)."""
        found = body.get("Resources") or []
        if not isinstance(found, list) or not all(isinstance(held, dict) for held in found):
            raise self._doubt("is no list of objects")
        return found

    def _doubt(self, what: str) -> Transient:
        return Transient(f"The list of {self._kind.collection} at {self._peer.url} {what}.")

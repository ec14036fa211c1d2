"""What changed in a tenant since the last look.

The lists of changes say *who* changed; what they are now is read anew, as a full read would. So
partial rows, replays and objects that come several times do no harm, and a group's members come
whole, nested groups resolved. https://learn.microsoft.com/graph/delta-query-overview
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import UNSET, UnsetType

from connectors.base import DirectoryGone, RoundEnded, RoundPart
from connectors.entra.batch import gather
from connectors.entra.graph import Graph, Page, decode, is_missing
from connectors.entra.reads import PAGE, about, everyone_in, objects
from connectors.entra.rows import GroupRow, Id, ParentRow, UserRow, group, user
from connectors.errors import ConnectorError, CursorLost, Transient

_LISTS = {"users": "id", "groups": "id,displayName,members"}
_MOST_PAGES = 100_000


class _Changed(msgspec.Struct):
    id: Id
    removed: dict[str, Any] | UnsetType = msgspec.field(name="@removed", default=UNSET)
    members: list[Any] | UnsetType = msgspec.field(name="members@delta", default=UNSET)


class _Changes(msgspec.Struct):
    value: list[_Changed]
    next: str | UnsetType = msgspec.field(name="@odata.nextLink", default=UNSET)
    delta: str | UnsetType = msgspec.field(name="@odata.deltaLink", default=UNSET)


class _Cursor(msgspec.Struct):
    """The delta link of each list."""

    users: str
    groups: str


@dataclass(slots=True)
class _Told:
    """Who changed, of one list."""

    changed: set[str] = field(default_factory=set)
    regrouped: set[str] = field(default_factory=set)
    """Those whose members changed."""
    gone: set[str] = field(default_factory=set)
    link: str = ""

    def take(self, row: _Changed) -> None:
        """The newest row about an object counts; any row may have told of its members."""
        is_gone = row.removed is not UNSET
        (self.gone if is_gone else self.changed).add(row.id)
        (self.changed if is_gone else self.gone).discard(row.id)
        if row.members is not UNSET and not is_gone:
            self.regrouped.add(row.id)


def latest(graph: Graph) -> str | None:
    """Where changes from now on will be told from; None where Graph offers no rounds.

    Asked once we have signed in: a fault of that is no word about rounds.
    """
    try:
        links = {
            name: _all(graph, f"/{name}/delta?$select={fields}&$deltatoken=latest").link
            for name, fields in _LISTS.items()
        }
    except ConnectorError:
        return None
    return msgspec.json.encode(_Cursor(**links)).decode()


def changes(graph: Graph, cursor: str) -> Iterator[RoundPart]:
    """Groups are asked for first and told last: whoever is in them is then told of as well."""
    begun = _parsed(cursor)
    groups = _all(graph, begun.groups)
    above = _above(graph, groups.regrouped)
    rows = list(_groups(graph, sorted(groups.changed | above)))
    wanted = [row for row in rows if row.id in groups.regrouped | above]
    members = list(everyone_in(graph, wanted))
    users = _all(graph, begun.users)
    found = {one: reply for one, reply in objects(graph, "users", sorted(users.changed))}
    gone = users.gone | {one for one, reply in found.items() if is_missing(reply)}
    yield [user(about(one, found[one], UserRow)) for one in sorted(found.keys() - gone)]
    yield [group(row) for row in rows]
    for one in members:
        yield replace(one, users=one.users - gone)
    lost = (groups.gone | groups.changed) - {row.id for row in rows}
    yield DirectoryGone(users=frozenset(gone), groups=frozenset(lost))
    yield RoundEnded(msgspec.json.encode(_Cursor(users.link, groups.link)).decode())


def _parsed(cursor: str) -> _Cursor:
    try:
        return msgspec.json.decode(cursor, type=_Cursor)
    except msgspec.DecodeError:
        raise CursorLost("The noted place to go on from is not readable.") from None


def _groups(graph: Graph, ids: Iterable[str]) -> Iterator[GroupRow]:
    """Those that are still there."""
    for one, reply in objects(graph, "groups", ids):
        if not is_missing(reply):
            yield about(one, reply, GroupRow)


def _above(graph: Graph, groups: Iterable[str]) -> set[str]:
    """The groups that these are inside of, at any depth: their members changed as well."""
    paths = [
        f"/groups/{quote(one, safe='')}/transitiveMemberOf?$select=id&$top={PAGE}"
        for one in sorted(groups)
    ]
    return {
        row.id
        for _, first in gather(graph, paths)
        if not is_missing(first)
        for page in graph.pages(first.url, Page[ParentRow], first)
        for row in page
        if row.is_group
    }


def _all(graph: Graph, url: str) -> _Told:
    """Every page, to the one with a delta link; an empty page is no end.

    Raises CursorLost when Graph wants a full read: 410 Gone, or a token it does not know.
    """
    told, seen = _Told(), set[str]()
    while True:
        reply = graph.ask(url)
        if reply.status == 410 or (reply.status in (400, 404) and b"syncState" in reply.body):
            raise CursorLost("Microsoft Graph no longer knows what changed since the last look.")
        page = decode(reply, _Changes)
        for row in page.value:
            told.take(row)
        if page.delta is not UNSET and page.delta:
            told.link = page.delta
            return told
        if page.next is UNSET or not page.next or page.next in seen or len(seen) > _MOST_PAGES:
            raise Transient(f"{reply.url}: the next link leads nowhere new.")
        seen.add(page.next)
        url = page.next

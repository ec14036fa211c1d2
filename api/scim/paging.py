"""One page of a list, by index (RFC 7644 §3.4.2.4) or by cursor (RFC 9865)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Row
from starlette.responses import Response

from api.scim import answers, newcomers
from api.scim.answers import Body
from api.scim.auth import Caller
from api.scim.cursors import Cursor, Cursors, of_query
from api.scim.errors import InvalidCount
from api.scim.extensions import group_schema, user_schema
from api.scim.fields import (
    GROUP_FIELDS,
    GROUP_KIND,
    GROUP_NAME,
    USER_FIELDS,
    USER_KIND,
    USER_NAME,
    extended_fields,
    extended_kind,
)
from api.scim.query import Query
from api.scim.render import Renderer
from models.instant import Instant
from models.store.database import Tx
from models.store.fields import Fields
from models.store.scim_fields import Kind
from models.store.scim_lists import Listed, Mark, Named, Window, count, follow, named, page


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """What can be listed at an address."""

    kind: Kind
    fields: Fields
    order: Fields

    @property
    def is_of_users(self) -> bool:
        return self.kind.name == USER_KIND.name


USERS = Collection(USER_KIND, USER_FIELDS, USER_FIELDS | USER_NAME)
GROUPS = Collection(GROUP_KIND, GROUP_FIELDS, GROUP_FIELDS | GROUP_NAME)


@lru_cache(maxsize=256)
def extended(collection: Collection, extensions: str) -> Collection:
    """With the extensions that a connection has, as they are kept."""
    if not extensions:
        return collection
    is_of_users = collection.is_of_users
    schema = user_schema(extensions) if is_of_users else group_schema(extensions)
    fields = extended_fields(collection.kind, collection.fields, schema)
    names = USER_NAME if is_of_users else GROUP_NAME
    return Collection(extended_kind(collection.kind, schema), fields, fields | names)


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a list, within one transaction."""

    tx: Tx
    link: int
    """The key of the connection."""
    caller: Caller
    collections: Sequence[Collection]
    asked: Query
    listed: Sequence[Listed]

    def by_index(self) -> Response:
        """RFC 7644 §3.4.2.4."""
        window = replace(self._window(), offset=self.asked.start - 1)
        rows, total = page(self.tx, self.link, self.listed, window=window)
        return self._indexed(rows, total)

    def by_name(self, name: Named) -> Response:
        """Those of one name, as `by_index` would list them."""
        before = self.asked.start - 1
        found = named(self.tx, self.link, name)
        return self._indexed(found[before : before + self.asked.count], len(found))

    def _indexed(self, rows: Sequence[Any], total: int) -> Response:
        newcomer = None if total else self._newcomer()
        if newcomer is not None:
            is_shown = self.asked.start == 1 and self.asked.count
            rows, total = [newcomer] if is_shown else [], 1
        return answers.listed(self._rendered(rows), total=total, start=self.asked.start)

    def by_cursor(self, text: str) -> Response:
        """RFC 9865. Raises InvalidCursor, ExpiredCursor and InvalidCount."""
        now, cursors = self.caller.context.clock.now(), self._cursors()
        from_here = cursors.opened(text, now) if text else None
        if from_here is None:
            return self._first_page(cursors, now)
        if from_here.count != self.asked.count:
            raise InvalidCount(f"count must be {from_here.count} as it was for the first page.")
        return self._page(cursors, now, from_here.total, from_here)

    def _first_page(self, cursors: Cursors, now: Instant) -> Response:
        total = count(self.tx, self.link, self.listed)
        newcomer = None if total else self._newcomer()
        if newcomer is None:
            return self._page(cursors, now, total, None)
        rows = [newcomer] if self.asked.count else []
        return answers.followed(self._rendered(rows), total=1, after=None, before=None)

    def _page(self, cursors: Cursors, now: Instant, total: int, since: Cursor | None) -> Response:
        window, backwards = self._window(), since is not None and since.backwards
        if since is not None:
            window = replace(window, beyond=since.beyond, backwards=backwards)
        link = self.link
        rows, has_more = follow(self.tx, link, self.listed, window=window)

        def at(row: Row[Any], *, backwards: bool) -> str:
            mark = Mark(row.kind, row.id, row.sort if window.is_sorted else None)
            return cursors.sealed(Cursor(mark, backwards, window.limit, total), now)

        has_next = bool(rows) and (has_more or backwards)
        has_previous = bool(rows) and since is not None and (has_more or not backwards)
        return answers.followed(
            self._rendered(rows),
            total=total,
            after=at(rows[-1], backwards=False) if has_next else None,
            before=at(rows[0], backwards=True) if has_previous else None,
        )

    def _window(self) -> Window:
        asked = self.asked
        return Window(
            limit=asked.count, is_sorted=asked.sort_by is not None, descending=asked.descending
        )

    def _cursors(self) -> Cursors:
        names = [one.kind.name for one in self.collections]
        asked, caller = self.asked, self.caller
        query = (names, asked.filter, asked.sort_by, asked.descending)
        return of_query(caller.context.vault, caller.name, *query)

    def _newcomer(self) -> newcomers.Newcomer | None:
        if not self.collections[0].is_of_users:
            return None
        return newcomers.probed(self.tx, self.link, self.asked.filter)

    def _rendered(self, rows: Sequence[Any]) -> list[Body]:
        renderer = Renderer(self.tx, self.caller.base_url, self.asked.projection)
        return _rendered(renderer, self.collections, rows)


def _rendered(
    renderer: Renderer, collections: Sequence[Collection], rows: Sequence[Any]
) -> list[Body]:
    """In the order of the rows, though each kind is rendered at once."""
    if len(collections) == 1:
        return (renderer.users if collections[0].is_of_users else renderer.groups)(rows)
    found: dict[tuple[int, int], Body] = {}
    for place, one in enumerate(collections):
        own = [row for row in rows if row.kind == place]
        render = renderer.users if one.is_of_users else renderer.groups
        found |= {(place, row.id): body for row, body in zip(own, render(own), strict=True)}
    return [found[row.kind, row.id] for row in rows]

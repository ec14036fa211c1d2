"""Lists of users, of groups, and of both (RFC 7644 §3.4.2 and §3.4.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from api.scim import query
from api.scim.auth import Caller
from api.scim.body import body_of
from api.scim.door import Handler
from api.scim.errors import InvalidValue
from api.scim.paging import Collection, Look, extended
from api.scim.probing import sought
from api.scim.query import Query
from api.scim.references import References
from models.filters import And, Filter, Not, Or, Path, Present
from models.store.database import Tx
from models.store.fields import Field, Fields, Flag, Many, Number, Text, Time, UnknownAttribute
from models.store.filtering import to_sql
from models.store.scim_fields import never
from models.store.scim_lists import Listed, Sortable
from sync.connection import Connection

_NEVER = Present(Path(None, "never"))


def lister(*collections: Collection) -> Handler:
    async def list_them(request: Request, caller: Caller) -> Response:
        return await _listing(caller, collections, query.of_url(request))

    return list_them


def searcher(*collections: Collection) -> Handler:
    async def search(request: Request, caller: Caller) -> Response:
        return await _listing(
            caller, collections, query.of_body(await body_of(request, caller.record))
        )

    return search


async def _listing(caller: Caller, collections: Sequence[Collection], asked: Query) -> Response:
    one = sought(collections, asked)
    if one is None:
        return await caller.read(partial(_list, caller, collections, asked))
    is_short = asked.projection.is_short(of_users=collections[0].is_of_users)

    def look(tx: Tx, connection: Connection) -> Response:
        return Look(tx, connection.key, caller, collections, asked, []).by_name(one)

    return await caller.read(look, is_short=is_short)


def _list(
    caller: Caller, collections: Sequence[Collection], asked: Query, tx: Tx, connection: Connection
) -> Response:
    collections = [extended(each, connection.extensions) for each in collections]
    if asked.filter is not None:
        asked = replace(asked, filter=References(caller.base_url).resolved(asked.filter))
    listed = [_listed(each, collections, asked) for each in collections]
    look = Look(tx, connection.key, caller, collections, asked, listed)
    return look.by_index() if asked.cursor is None else look.by_cursor(asked.cursor)


def _listed(one: Collection, everything: Sequence[Collection], asked: Query) -> Listed:
    others = [other.fields for other in everything if other is not one]
    matching = None
    if asked.filter is not None:
        wanted = _narrowed(asked.filter, one.fields, others)
        matching = to_sql(wanted, {**one.fields, "never": never()})
    return Listed(one.kind, matching, _sort(asked.sort_by, one, everything))


def _narrowed(filter: Filter, own: Fields, others: Sequence[Fields]) -> Filter:
    """What only other kinds of resources have is nothing here (RFC 7644 §3.4.2.1)."""
    match filter:
        case And(left, right):
            return And(_narrowed(left, own, others), _narrowed(right, own, others))
        case Or(left, right):
            return Or(_narrowed(left, own, others), _narrowed(right, own, others))
        case Not(inner):
            return Not(_narrowed(inner, own, others))
        case _:
            is_elsewhere = any(_is_known(filter, other) for other in others)
            return _NEVER if is_elsewhere and not _is_known(filter, own) else filter


def _is_known(filter: Filter, fields: Fields) -> bool:
    try:
        to_sql(filter, fields)
    except UnknownAttribute:
        return False
    return True


def _sort(name: str | None, one: Collection, everything: Sequence[Collection]) -> Sortable | None:
    """Raises InvalidValue for what has no order, or is not known at all."""
    if name is None:
        return None
    match _sort_field(name, one.order):
        case Text() | Flag() | Number() | Time() | Many() as field:
            return field
        case None if any(_sort_field(name, other.order) for other in everything):
            return None
        case _:
            raise InvalidValue(f"It cannot be sorted by {name[:100]!r}.")


def _sort_field(name: str, order: Mapping[str, Field]) -> Field | None:
    """`emails.value` is what `emails` are sorted by."""
    key = name.casefold()
    return order.get(key, order.get(key.removesuffix(".value")))

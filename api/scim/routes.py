"""The addresses of the SCIM service, to be mounted at `/scim/v2/{connection_id}`."""

from starlette.routing import BaseRoute, Route

from api.scim import about, bulk, discovery, groups, users
from api.scim.door import Door, Handler
from api.scim.listing import lister, searcher
from api.scim.paging import GROUPS, USERS


def _at(path: str, **handlers: Handler) -> Route:
    return Route(path, Door(handlers))


_me = about.missing("A connection is nobody, so there is no /Me.")

routes: list[BaseRoute] = [
    _at("/Users", GET=lister(USERS), POST=users.create),
    _at("/Users/.search", POST=searcher(USERS)),
    _at(
        "/Users/{id}",
        GET=users.show,
        PUT=users.replace,
        PATCH=users.change,
        DELETE=users.delete,
    ),
    _at("/Groups", GET=lister(GROUPS), POST=groups.create),
    _at("/Groups/.search", POST=searcher(GROUPS)),
    _at(
        "/Groups/{id}",
        GET=groups.show,
        PUT=groups.replace,
        PATCH=groups.change,
        DELETE=groups.delete,
    ),
    _at("/", GET=lister(USERS, GROUPS)),
    _at("/.search", POST=searcher(USERS, GROUPS)),
    _at("/ServiceProviderConfig", GET=about.options),
    _at("/ResourceTypes", GET=about.all_of(discovery.resource_types)),
    _at("/ResourceTypes/{id}", GET=about.one_of(discovery.resource_types)),
    _at("/Schemas", GET=about.all_of(discovery.schemas)),
    _at("/Schemas/{id}", GET=about.one_of(discovery.schemas)),
    _at("/Me", GET=_me, POST=_me, PUT=_me, PATCH=_me, DELETE=_me),
    _at("/Bulk", POST=bulk.carry_out),
    Route("/{rest:path}", Door()),
]

"""The addresses of the SCIM service, to be mounted at `/scim/v2/{connection_id}`."""

from starlette.types import Receive, Scope, Send

from api.scim import about, bulk, discovery, groups, users
from api.scim.door import Door, Handler
from api.scim.listing import lister, searcher
from api.scim.paging import GROUPS, USERS


def _door(**handlers: Handler) -> Door:
    return Door(handlers)


_me = about.missing("A connection is nobody, so there is no /Me.")
_NOWHERE = _door()

_DOORS = {
    "/Users": _door(GET=lister(USERS), POST=users.create),
    "/Users/.search": _door(POST=searcher(USERS)),
    "/Groups": _door(GET=lister(GROUPS), POST=groups.create),
    "/Groups/.search": _door(POST=searcher(GROUPS)),
    "/": _door(GET=lister(USERS, GROUPS)),
    "/.search": _door(POST=searcher(USERS, GROUPS)),
    "/ServiceProviderConfig": _door(GET=about.options),
    "/ResourceTypes": _door(GET=about.all_of(discovery.resource_types)),
    "/Schemas": _door(GET=about.all_of(discovery.schemas)),
    "/Me": _door(GET=_me, POST=_me, PUT=_me, PATCH=_me, DELETE=_me),
    "/Bulk": _door(POST=bulk.carry_out),
}
_DOORS_OF_ONE = {
    "/Users": _door(GET=users.show, PUT=users.replace, PATCH=users.change, DELETE=users.delete),
    "/Groups": _door(
        GET=groups.show, PUT=groups.replace, PATCH=groups.change, DELETE=groups.delete
    ),
    "/ResourceTypes": _door(GET=about.one_of(discovery.resource_types)),
    "/Schemas": _door(GET=about.one_of(discovery.schemas)),
}
"""Those of one resource, whose id follows."""


def door_at(path: str) -> tuple[Door, dict[str, str]]:
    """What stands at a path, and the `id` in it. A look is a fifth of trying pattern by pattern."""
    if path in _DOORS:
        return _DOORS[path], {}
    collection, _, key = path.rpartition("/")
    found = _DOORS_OF_ONE.get(collection) if key else None
    return (_NOWHERE, {}) if found is None else (found, {"id": key})


async def service(scope: Scope, receive: Receive, send: Send) -> None:
    """The whole service, below the place where it is mounted. Raises what nobody foresaw, after it
    was answered.
    """
    door, named = door_at(scope["path"][len(scope["root_path"]) :])
    scope["path_params"] |= named
    await door(scope, receive, send)

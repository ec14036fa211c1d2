"""Users, groups and memberships, as lists."""

from sqlalchemy import and_, select

from models.folding import fold
from models.store.fields import Condition, Flag, Text, Time, named
from models.store.listing import Listing
from models.store.lists.parts import (
    CONNECTIONS,
    ORGANIZATIONS,
    connection_columns,
    connection_named,
    exact,
    reference,
    table,
    times,
)
from models.store.portable import folded

_U, _G, _M = table("users"), table("groups"), table("memberships")
_connection = reference(connection_named, CONNECTIONS.c.id)

USERS = Listing(
    rows=select(
        _U.c.id,
        _U.c.public_id,
        _U.c.connection_id,
        _U.c.user_name,
        _U.c.email,
        _U.c.first_name,
        _U.c.last_name,
        _U.c.display_name,
        and_(_U.c.active, _U.c.wanted).label("active"),
        _U.c.created_at,
        _U.c.updated_at,
        *connection_columns(),
    )
    .join(CONNECTIONS, CONNECTIONS.c.id == _U.c.connection_id)
    .join(ORGANIZATIONS, ORGANIZATIONS.c.id == CONNECTIONS.c.organization_id),
    keys=(_U.c.id,),
    organization=CONNECTIONS.c.organization_id,
    named=lambda name: _U.c.public_id == name,
    fields=named(
        {
            "id": exact(_U.c.public_id),
            "user_name": Text(_U.c.user_name),
            "email": Text(_U.c.email),
            "first_name": Text(_U.c.first_name),
            "last_name": Text(_U.c.last_name),
            "display_name": Text(_U.c.display_name),
            "active": Flag(and_(_U.c.active, _U.c.wanted)),
            "connection": _connection,
        }
    )
    | times(_U),
    sorts={
        "user_name": _U.c.user_name,
        "email": _U.c.email,
        "last_name": _U.c.last_name,
        "created_at": _U.c.created_at,
    },
)

GROUPS = Listing(
    rows=select(
        _G.c.id,
        _G.c.public_id,
        _G.c.connection_id,
        _G.c.name,
        _G.c.removed_at,
        _G.c.created_at,
        _G.c.updated_at,
        *connection_columns(),
    )
    .join(CONNECTIONS, CONNECTIONS.c.id == _G.c.connection_id)
    .join(ORGANIZATIONS, ORGANIZATIONS.c.id == CONNECTIONS.c.organization_id),
    keys=(_G.c.id,),
    organization=CONNECTIONS.c.organization_id,
    named=lambda name: _G.c.public_id == name,
    fields=named(
        {
            "id": exact(_G.c.public_id),
            "name": Text(_G.c.name),
            "removed_at": Time(_G.c.removed_at),
            "connection": _connection,
        }
    )
    | times(_G),
    sorts={"name": _G.c.name, "created_at": _G.c.created_at},
)

MEMBERSHIPS = Listing(
    rows=select(
        _M.c.group_id,
        _M.c.user_id,
        _G.c.connection_id,
        _U.c.public_id.label("user_shown"),
        _U.c.user_name,
        _G.c.public_id.label("group_shown"),
        _G.c.name.label("group_name"),
    )
    .join(_G, and_(_G.c.id == _M.c.group_id, _G.c.merged_into.is_(None)))
    .join(_U, _U.c.id == _M.c.user_id)
    .join(CONNECTIONS, CONNECTIONS.c.id == _G.c.connection_id)
    .join(ORGANIZATIONS, ORGANIZATIONS.c.id == CONNECTIONS.c.organization_id),
    keys=(_M.c.group_id, _M.c.user_id),
    organization=CONNECTIONS.c.organization_id,
    named=lambda name: _G.c.public_id == name,
    fields=named(
        {
            "user.id": exact(_U.c.public_id),
            "user.user_name": Text(_U.c.user_name),
            "user.email": Text(_U.c.email),
            "group.id": exact(_G.c.public_id),
            "group.name": Text(_G.c.name),
            "connection": _connection,
        }
    ),
)


def user_called(name: str) -> list[Condition]:
    """By id, or by user name; only when nobody is called just so, whatever its case.

    What is exact is found by an index. Looking through all names takes a microsecond for each.
    """
    everywhere = _U.c.connection_id.in_(select(CONNECTIONS.c.id))
    return [
        _U.c.public_id == name,
        and_(everywhere, _U.c.user_name == name),
        folded(_U.c.user_name) == fold(name),
    ]


def group_called(name: str, connection: int) -> list[Condition]:
    """A group of that connection, by id or name."""
    is_there = _G.c.connection_id == connection
    return [
        and_(is_there, _G.c.public_id == name),
        and_(is_there, _G.c.name == name),
        and_(is_there, folded(_G.c.name) == fold(name)),
    ]

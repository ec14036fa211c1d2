"""Proposals that two groups are one, as a list."""

from sqlalchemy import select

from models.store.fields import Text, named
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

_P = table("proposals")
_FORMER, _LATER = table("groups").alias("former"), table("groups").alias("later")

PROPOSALS = Listing(
    rows=select(
        _P.c.id,
        _P.c.public_id,
        _P.c.connection_id,
        _P.c.state,
        _P.c.numbers,
        _P.c.decided_by,
        _P.c.created_at,
        _P.c.updated_at,
        _FORMER.c.public_id.label("former_shown"),
        _FORMER.c.name.label("former_name"),
        _LATER.c.public_id.label("later_shown"),
        _LATER.c.name.label("later_name"),
        *connection_columns(),
    )
    .join(_FORMER, _FORMER.c.id == _P.c.former_id)
    .join(_LATER, _LATER.c.id == _P.c.later_id)
    .join(CONNECTIONS, CONNECTIONS.c.id == _P.c.connection_id)
    .join(ORGANIZATIONS, ORGANIZATIONS.c.id == CONNECTIONS.c.organization_id),
    keys=(_P.c.id,),
    organization=CONNECTIONS.c.organization_id,
    named=lambda name: _P.c.public_id == name,
    fields=named(
        {
            "id": exact(_P.c.public_id),
            "state": exact(_P.c.state),
            "former.id": exact(_FORMER.c.public_id),
            "former.name": Text(_FORMER.c.name),
            "later.id": exact(_LATER.c.public_id),
            "later.name": Text(_LATER.c.name),
            "connection": reference(connection_named, CONNECTIONS.c.id),
        }
    )
    | times(_P),
    sorts={"state": _P.c.state, "created_at": _P.c.created_at},
)

"""SCIM requests, as a list."""

from sqlalchemy import select

from models.store.fields import Condition, Flag, Number, Text, Time, named
from models.store.listing import Listing
from models.store.lists.parts import (
    CONNECTIONS,
    ORGANIZATIONS,
    connection_columns,
    exact,
    has_content,
    table,
)

_R = table("scim_requests")
_changed = has_content(_R.c.changes)

REQUESTS = Listing(
    rows=select(_R, _changed.label("has_changed"), *connection_columns())
    .join(CONNECTIONS, CONNECTIONS.c.id == _R.c.connection_id)
    .join(ORGANIZATIONS, ORGANIZATIONS.c.id == CONNECTIONS.c.organization_id),
    keys=(_R.c.created_at, _R.c.id),
    organization=CONNECTIONS.c.organization_id,
    named=lambda name: _R.c.public_id == name,
    fields=named(
        {
            "id": exact(_R.c.public_id),
            "part_of": exact(_R.c.part_of),
            "method": exact(_R.c.method),
            "path": Text(_R.c.path),
            "resource": exact(_R.c.resource),
            "status": Number(_R.c.status),
            "scim_type": exact(_R.c.scim_type),
            "detail": Text(_R.c.detail),
            "tolerances": Text(_R.c.tolerances),
            "body": Text(_R.c.body),
            "took_ms": Number(_R.c.took / 1000),
            "changed": Flag(_changed),
            "created_at": Time(_R.c.created_at),
        }
    ),
    sorts={"created_at": _R.c.created_at, "status": _R.c.status, "took_ms": _R.c.took},
)
"""By their times: what changed nothing is kept a little later than what did."""


def request_of(connection: int) -> Condition:
    return _R.c.connection_id == connection

"""Organizations, connections, their push tokens, targets and API keys, as lists."""

from sqlalchemy import select

from models.store.fields import Condition, Flag, Text, Time, named
from models.store.listing import Listing
from models.store.lists.parts import (
    CONNECTIONS as C,
)
from models.store.lists.parts import (
    ORGANIZATIONS as O,
)
from models.store.lists.parts import (
    TARGETS as T,
)
from models.store.lists.parts import (
    connection_named,
    exact,
    organization_named,
    reference,
    table,
    target_named,
    times,
)

_TOKENS = table("scim_tokens")
_KEYS = table("api_keys")

ORGANIZATIONS = Listing(
    rows=select(O),
    keys=(O.c.id,),
    organization=O.c.id,
    named=organization_named,
    fields=named({"id": exact(O.c.public_id), "slug": exact(O.c.slug), "name": Text(O.c.name)})
    | times(O),
    sorts={"slug": O.c.slug, "name": O.c.name, "created_at": O.c.created_at},
)

CONNECTIONS = Listing(
    rows=select(C, O.c.slug.label("organization_slug")).join(O, O.c.id == C.c.organization_id),
    keys=(C.c.id,),
    organization=C.c.organization_id,
    named=connection_named,
    fields=named(
        {
            "id": exact(C.c.public_id),
            "slug": exact(C.c.slug),
            "provider": exact(C.c.provider),
            "push": Flag(C.c.push),
            "organization": reference(organization_named, O.c.id),
        }
    )
    | times(C),
    sorts={"slug": C.c.slug, "provider": C.c.provider, "created_at": C.c.created_at},
)

TARGETS = Listing(
    rows=select(T, O.c.slug.label("organization_slug")).join(O, O.c.id == T.c.organization_id),
    keys=(T.c.id,),
    organization=T.c.organization_id,
    named=target_named,
    fields=named(
        {
            "id": exact(T.c.public_id),
            "slug": exact(T.c.slug),
            "kind": exact(T.c.kind),
            "state": exact(T.c.state),
            "organization": reference(organization_named, O.c.id),
        }
    )
    | times(T),
    sorts={"slug": T.c.slug, "kind": T.c.kind, "created_at": T.c.created_at},
)

TOKENS = Listing(
    rows=select(_TOKENS).join(C, C.c.id == _TOKENS.c.connection_id),
    keys=(_TOKENS.c.id,),
    organization=C.c.organization_id,
    named=lambda name: _TOKENS.c.public_id == name,
    fields=named(
        {
            "id": exact(_TOKENS.c.public_id),
            "last_used_at": Time(_TOKENS.c.last_used_at),
            "expires_at": Time(_TOKENS.c.expires_at),
            "revoked_at": Time(_TOKENS.c.revoked_at),
        }
    )
    | times(_TOKENS),
    sorts={"created_at": _TOKENS.c.created_at},
)

KEYS = Listing(
    rows=select(_KEYS, O.c.slug.label("organization_slug")).outerjoin(
        O, O.c.id == _KEYS.c.organization_id
    ),
    keys=(_KEYS.c.id,),
    organization=_KEYS.c.organization_id,
    named=lambda name: _KEYS.c.public_id == name,
    fields=named(
        {
            "id": exact(_KEYS.c.public_id),
            "name": Text(_KEYS.c.name),
            "organization": reference(organization_named, O.c.id),
            "last_used_at": Time(_KEYS.c.last_used_at),
        }
    )
    | times(_KEYS),
    sorts={"name": _KEYS.c.name, "created_at": _KEYS.c.created_at},
)


def token_of(connection: int) -> Condition:
    return _TOKENS.c.connection_id == connection

"""Users known by logins alone, as the provider finds them when it looks before it creates.

They are shown inactive: nobody has assigned them to the application yet. A provider that
matches accounts then activates this one instead of making another. What it does to it takes
it over (`sync.pushing.push.Push.take_over`).
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from models.filters import Comparison, Filter, Operator
from models.store import newcomers
from models.store.database import Tx
from sync.pushing.pushed import first_document


@dataclass(frozen=True, slots=True)
class Newcomer:
    """The row of a pushed user, as it would be."""

    id: int
    public_id: str
    scim: dict[str, Any]
    scim_version: int
    scim_created: int
    scim_modified: int
    kind: int = 0


def probed(tx: Tx, connection: int, filter: Filter | None) -> Newcomer | None:
    """Whom a search for one userName or externalId means, if logins know somebody."""
    match filter:
        case Comparison(path, Operator.EQ, str() as value) if path.sub is None:
            name = path.name.casefold()
        case _:
            return None
    if name == "username":
        return _shown(newcomers.of_user_name(tx, connection, value))
    if name == "externalid":
        return _shown(newcomers.of_external_id(tx, connection, value), external_id=value)
    return None


def of_public_id(tx: Tx, connection: int, public_id: str) -> Newcomer | None:
    return _shown(newcomers.of_public_id(tx, connection, public_id))


def _shown(row: Row[Any] | None, external_id: str | None = None) -> Newcomer | None:
    if row is None or row.user_name is None:
        return None
    return Newcomer(
        id=row.id,
        public_id=row.public_id,
        scim=first_document(row.user_name, external_id),
        scim_version=0,
        scim_created=row.created_at,
        scim_modified=row.updated_at,
    )

"""The search that providers make before they create: one name, answered from its index.

Any other search becomes SQL piece by piece, which takes several times as long as to carry it out.
"""

from collections.abc import Sequence

from api.scim.paging import Collection
from api.scim.query import Query
from models.filters import Comparison, Operator, Path
from models.store.scim import name_key
from models.store.scim_lists import Named

_COLUMNS = {
    ("User", "username"): "scim_name_key",
    ("Group", "displayname"): "scim_name_key",
    ("User", "externalid"): "scim_external_id",
    ("Group", "externalid"): "scim_external_id",
}


def sought(collections: Sequence[Collection], asked: Query) -> Named | None:
    """The one name that a search is for, if that is all it says."""
    if len(collections) > 1 or asked.sort_by is not None or asked.cursor is not None:
        return None
    match asked.filter:
        case Comparison(Path(None, name, None), Operator.EQ, str() as value):
            kind = collections[0].kind
            column = _COLUMNS.get((kind.name, name.casefold()))
        case _:
            return None
    if column is None:
        return None
    return Named(kind.table.name, column, name_key(value) if column == "scim_name_key" else value)

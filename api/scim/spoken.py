"""What a PATCH on a user speaks of. Of the rest it is no evidence."""

from collections.abc import Iterator, Sequence

from api.scim.attributes import Schema
from api.scim.operations import Declared, Op, locate
from api.scim.schema import USER


def spoken(ops: Sequence[Op], schema: Schema = USER) -> frozenset[str]:
    """The attributes of the user that the operations name; in an extension, by their full names.

    Whoever names an extension as a whole speaks of all that is in it.
    """
    places = (locate(name, schema) for op in ops for name in _names(op))
    return frozenset(
        place.attribute.name if place.holder is None else f"{place.holder}:{place.attribute.name}"
        for place in places
        if isinstance(place, Declared)
    )


def _names(op: Op) -> Iterator[str]:
    if op.path is not None:
        yield op.path
    elif isinstance(op.value, dict):
        yield from (str(name) for name in op.value)

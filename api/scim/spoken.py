"""What a PATCH on a user speaks of. Of the rest it is no evidence."""

from collections.abc import Iterator, Sequence

from api.scim.operations import Declared, Op, locate
from api.scim.schema import USER


def spoken(ops: Sequence[Op]) -> frozenset[str]:
    """The attributes at the top of the user that the operations name."""
    places = (locate(name, USER) for op in ops for name in _names(op))
    return frozenset(
        place.attribute.name
        for place in places
        if isinstance(place, Declared) and place.holder is None
    )


def _names(op: Op) -> Iterator[str]:
    if op.path is not None:
        yield op.path
    elif isinstance(op.value, dict):
        yield from (str(name) for name in op.value)

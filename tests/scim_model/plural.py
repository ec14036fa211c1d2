"""One value among several of an attribute (RFC 7643 §2.4)."""

from tests.scim_model.filtering import Both, Filter, Test
from tests.scim_model.reading import Json, single
from tests.scim_model.schema import Attr, find


def is_same(attr: Attr, one: Json, other: Json) -> bool:
    """RFC 7643 §2.4: the same type and value are the same value."""
    if "value" not in one or "value" not in other:
        return one == other
    part = find(attr.parts, "value")
    is_exact = part is not None and part.exact
    values = [each["value"] if is_exact else each["value"].casefold() for each in (one, other)]
    kinds = [str(each.get("type") or "").casefold() for each in (one, other)]
    return values[0] == values[1] and kinds[0] == kinds[1]


def joined(attr: Attr, there: list[Json], given: list[Json]) -> list[Json]:
    """RFC 7644 §3.5.2.1: what is there is not added again; §3.5.2: a new primary is the only."""
    if any(one.get("primary") for one in given):
        there = [unmarked(one) for one in there]
    found = list(there)
    for one in given:
        known = next((place for place, each in enumerate(found) if is_same(attr, each, one)), None)
        if known is None:
            found.append(one)
        else:
            found[known] = {**found[known], **one}
    return found


def unmarked(one: Json) -> Json:
    return {**one, "primary": False} if one.get("primary") else one


def stripped(one: Json, part: Attr | None) -> Json:
    """House rule: a value of which only its label is left is none."""
    left = {} if part is None else {name: given for name, given in one.items() if name != part.name}
    return {} if left.keys() <= {"type", "primary", "display"} else left


def described(select: Filter, attr: Attr) -> Json | None:
    """House rule (Entra): a path that only says what equals what makes the value it speaks of."""
    match select:
        case Both(left, right):
            one, other = described(left, attr), described(right, attr)
            return None if one is None or other is None else {**one, **other}
        case Test(name, "eq", given) if given is not None:
            part = find(attr.parts, name)
            assert part is not None
            return {part.name: single(part, given)}
        case _:
            return None

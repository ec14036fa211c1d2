"""Which values of a multi-valued attribute a filter selects (RFC 7644 §3.5.2)."""

import operator
from collections.abc import Callable
from typing import Any

from api.scim.attributes import Attribute, Type
from api.scim.errors import InvalidFilter
from api.scim.values import Resource, coerce
from models.filters import (
    And,
    Comparison,
    Filter,
    Not,
    Operator,
    Or,
    Path,
    Present,
    Value,
    ValuePath,
)
from models.folding import fold

Predicate = Callable[[Resource], bool]

_TESTS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: operator.eq,
    Operator.CO: lambda there, wanted: wanted in there,
    Operator.SW: lambda there, wanted: there.startswith(wanted),
    Operator.EW: lambda there, wanted: there.endswith(wanted),
    Operator.GT: operator.gt,
    Operator.GE: operator.ge,
    Operator.LT: operator.lt,
    Operator.LE: operator.le,
}


def select(values: list[Resource], filter: Filter, attribute: Attribute) -> list[Resource]:
    """The values that match, themselves and not copies.

    Raises InvalidFilter, whether or not there is any value.
    """
    matches = _predicate(filter, attribute)
    return [each for each in values if matches(each)]


def seed(filter: Filter, attribute: Attribute) -> Resource | None:
    """The value that a filter describes, if it says nothing but what is equal to what.

    Entra expects `emails[type eq "work"].value` to make the value that is not there yet.
    """
    match filter:
        case And(left, right):
            one, other = seed(left, attribute), seed(right, attribute)
            return None if one is None or other is None else one | other
        case Comparison(path, Operator.EQ, value) if value is not None:
            part = _part(path, attribute)
            return {part.name: coerce(part, value)}
        case _:
            return None


def _part(path: Path, attribute: Attribute) -> Attribute:
    part = None if path.uri or path.sub else attribute.sub(path.name)
    if part is None:
        raise InvalidFilter(f"{attribute.name} has no {str(path)[:100]!r}.")
    return part


def _predicate(filter: Filter, attribute: Attribute) -> Predicate:
    """Made once, for there may be many values and many operations."""
    match filter:
        case And(left, right):
            first, second = _predicate(left, attribute), _predicate(right, attribute)
            return lambda value: first(value) and second(value)
        case Or(left, right):
            first, second = _predicate(left, attribute), _predicate(right, attribute)
            return lambda value: first(value) or second(value)
        case Not(inner):
            only = _predicate(inner, attribute)
            return lambda value: not only(value)
        case Present(path):
            name = _part(path, attribute).name
            return lambda value: value.get(name) not in (None, "")
        case Comparison(path, op, wanted):
            return _comparison(_part(path, attribute), op, wanted)
        case ValuePath():
            raise InvalidFilter("The filter selects within a selection.")


def _comparison(part: Attribute, op: Operator, wanted: Value) -> Predicate:
    """Null equals what is absent, and everything differs from what it does not equal."""
    if op is Operator.NE:
        equal = _comparison(part, Operator.EQ, wanted)
        return lambda value: not equal(value)
    if wanted is None:
        if op is not Operator.EQ:
            raise InvalidFilter(f"{part.name} cannot be compared with null by {op}.")
        return lambda value: value.get(part.name) is None
    target = _operand(part, op, wanted)
    test = _TESTS[op]
    is_folded = part.type is not Type.BOOLEAN and not part.case_exact

    def holds(value: Resource) -> bool:
        there = value.get(part.name)
        if there is None:
            return False
        return test(fold(there) if is_folded else there, target)

    return holds


def _operand(part: Attribute, op: Operator, wanted: Value) -> str | bool:
    """What is compared with, in the form in which equals are equal."""
    if part.type is Type.BOOLEAN:
        word = str(wanted).lower()
        if op is Operator.EQ and word in ("true", "false"):
            return word == "true"
    elif isinstance(wanted, str):
        return wanted if part.case_exact else fold(wanted)
    raise InvalidFilter(f"{part.name} cannot be compared like this.")

"""Change an extension that nobody declared. It is kept as it comes."""

from collections.abc import Sized
from typing import Any

from api.scim.errors import InvalidValue
from api.scim.forgiving import forgive
from api.scim.operations import Kind, Loose, Op
from api.scim.values import MAX_VALUES, Resource, is_password, open_value
from sync.pushing import tolerances


def on_loose(after: Resource, place: Loose, op: Op) -> None:
    """Null unassigns here too, and so does a remove, whatever its value."""
    forgive(tolerances.UNDECLARED_EXTENSION)
    if is_password(place.sub or place.name):
        return
    value = None if op.kind is Kind.REMOVE else open_value(op.value, place.urn)
    holder = after.setdefault(_spelled(after, place.urn), {})
    if place.name is None:
        _whole(holder, place, kind=op.kind, value=value)
    elif place.sub is None:
        _assign(holder, place.name, value, kind=op.kind)
    else:
        parts = holder.setdefault(_spelled(holder, place.name), {})
        if not isinstance(parts, dict):
            raise InvalidValue(f"{place.name} of {place.urn} has no parts.")
        _assign(parts, place.sub, value, kind=op.kind)


def _whole(holder: Resource, place: Loose, *, kind: Kind, value: Any) -> None:
    if value is None:
        holder.clear()
        return
    if not isinstance(value, dict):
        raise InvalidValue(f"{place.urn} must be an object.")
    for name, given in value.items():
        _assign(holder, name, given, kind=kind)


def _assign(holder: Resource, name: str, value: Any, *, kind: Kind) -> None:
    name = _spelled(holder, name)
    there = holder.get(name)
    if value is None:
        holder.pop(name, None)
    elif kind is Kind.ADD and isinstance(value, list):
        holder[name] = _joined(there if isinstance(there, list) else [], value)
    else:
        holder[name] = value
    _check_size(holder)


def _joined(there: list[Any], given: list[Any]) -> list[Any]:
    joined = list({repr(each): each for each in there + given}.values())
    _check_size(joined)
    return joined


def _check_size(values: Sized) -> None:
    if len(values) > MAX_VALUES:
        raise InvalidValue(f"An undeclared extension has more than {MAX_VALUES} values.")


def _spelled(holder: Resource, name: str) -> str:
    return next((each for each in holder if each.casefold() == name.casefold()), name)

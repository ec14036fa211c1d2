"""Change one attribute of a user: set, merge, join, remove, select (RFC 7644 §3.5.2)."""

from typing import Any

from api.scim.attributes import Attribute, Type
from api.scim.errors import InvalidValue, Mutability, NoTarget
from api.scim.forgiving import forgive
from api.scim.operations import Declared, Kind, Missing, Op
from api.scim.selecting import seed, select
from api.scim.values import MAX_VALUES, Resource, coerce, is_ignored, is_primary
from models.filters import Filter
from sync.pushing import tolerances


def set_part(holder: Resource, attribute: Attribute, op: Op, *, part: Attribute) -> None:
    """`name.givenName`. A manager without its value is no manager."""
    parts = holder.setdefault(attribute.name, {})
    if op.kind is Kind.REMOVE:
        remove(parts, part, op.value)
    else:
        assign(parts, part, op.value, kind=op.kind)
    if attribute.sub("value") is not None and not parts.get("value"):
        del holder[attribute.name]


def remove(holder: Resource, attribute: Attribute, value: object) -> None:
    """With a list of values only those go. One that names no type stands for all types."""
    if attribute.required:
        raise Mutability(f"{attribute.name} is required and cannot be removed.")
    if not attribute.multi_valued or value is Missing.VALUE or value is None:
        holder.pop(attribute.name, None)
        return
    forgive(tolerances.LISTED_REMOVE)
    named = coerce(attribute, value) or []
    gone = {_identity(attribute, each)[not _type(each) :] for each in named}
    there = [(each, _identity(attribute, each)) for each in holder.get(attribute.name, [])]
    _keep(holder, attribute, [v for v, key in there if key not in gone and key[1:] not in gone])


def _keep(holder: Resource, attribute: Attribute, values: list[Any]) -> None:
    """No values at all are the same as none (RFC 7643 §2.5)."""
    if values:
        holder[attribute.name] = values
    else:
        holder.pop(attribute.name, None)


def assign(holder: Resource, attribute: Attribute, value: object, *, kind: Kind) -> None:
    if attribute.multi_valued:
        given = coerce(attribute, value) or []
        there = holder.get(attribute.name, []) if kind is Kind.ADD else []
        _keep(holder, attribute, _joined(attribute, there, given))
    elif attribute.type is Type.COMPLEX and attribute.sub("value") is None:
        _merge(holder, attribute, value, kind=kind)
    else:
        _put(holder, attribute, coerce(attribute, value))


def _put(holder: Resource, attribute: Attribute, value: Any) -> None:
    """Null unassigns (RFC 7643 §2.5), which a required attribute does not bear."""
    if value is not None:
        holder[attribute.name] = value
    elif attribute.required:
        raise Mutability(f"{attribute.name} is required and cannot be removed.")
    else:
        holder.pop(attribute.name, None)


def _merge(holder: Resource, attribute: Attribute, value: object, *, kind: Kind) -> None:
    """Parts that are not mentioned stay, for replace as for add (RFC 7644 §3.5.2.3)."""
    if value is None:
        holder.pop(attribute.name, None)
        return
    if not isinstance(value, dict):
        raise InvalidValue(f"{attribute.name} must be an object.")
    parts = holder.setdefault(attribute.name, {})
    for name, given in value.items():
        part = attribute.sub(str(name))
        if part is not None and not is_ignored(part):
            assign(parts, part, given, kind=kind)


def _type(value: Resource | str) -> str:
    return "" if isinstance(value, str) else str(value.get("type") or "")


def _identity(attribute: Attribute, value: Resource | str) -> tuple[str, Any]:
    """Two values with the same type and value are one (RFC 7643 §2.4)."""
    if isinstance(value, str):
        return "", value if attribute.case_exact else value.casefold()
    if "value" not in value:
        return "", frozenset(value.items())
    part = attribute.sub("value")
    is_exact = part is not None and part.case_exact
    kind = _type(value).casefold()
    return kind, value["value"] if is_exact else value["value"].casefold()


def _joined(attribute: Attribute, there: list[Resource], given: list[Resource]) -> list[Resource]:
    """A value that is there already is not added again, and a new primary is the only one."""
    if any(is_primary(each) for each in given):
        _unmark(there)
    joined = {_identity(attribute, each): each for each in there}
    for each in given:
        identity = _identity(attribute, each)
        before = joined.get(identity)
        joined[identity] = before | each if isinstance(before, dict) else each
    if len(joined) > MAX_VALUES:
        raise InvalidValue(f"{attribute.name} has more than {MAX_VALUES} values.")
    return list(joined.values())


def _unmark(values: list[Resource]) -> None:
    for each in values:
        if is_primary(each):
            each["primary"] = False


def set_selected(holder: Resource, place: Declared, op: Op, *, selection: Filter) -> None:
    attribute = place.attribute
    there = holder.get(attribute.name, [])
    chosen = select(there, selection, attribute)
    if op.kind is Kind.REMOVE or op.value is None:
        for each in chosen:
            _strip(each, place.sub)
        there = [each for each in there if each]
    else:
        chosen = chosen or [_grown(there, selection, attribute)]
        for each in chosen:
            if op.kind is Kind.REPLACE and place.sub is None:
                _reset(each, selection, attribute)
            _write(each, place, op)
        if any(each.get("primary") for each in chosen):
            _unmark([each for each in there if not any(each is one for one in chosen)])
    holder[attribute.name] = there


def _strip(value: Resource, part: Attribute | None) -> None:
    """What is left without anything but its label goes too."""
    if part is not None:
        value.pop(part.name, None)
    if part is None or value.keys() <= {"type", "primary", "display"}:
        value.clear()


def _grown(there: list[Resource], selection: Filter, attribute: Attribute) -> Resource:
    made = seed(selection, attribute)
    if made is None:
        raise NoTarget(f"No value of {attribute.name} matches the path.")
    forgive(tolerances.ABSENT_VALUE_MADE)
    there.append(made)
    return made


def _reset(value: Resource, selection: Filter, attribute: Attribute) -> None:
    """What the path says of the value stays, so that sending it again finds the same one."""
    value.clear()
    value.update(seed(selection, attribute) or {})


def _write(value: Resource, place: Declared, op: Op) -> None:
    if place.sub is not None:
        _put(value, place.sub, coerce(place.sub, op.value))
        return
    given = coerce(place.attribute, op.value) or []
    if len(given) != 1:
        raise InvalidValue(f"The selected {place.attribute.name} need exactly one value.")
    value.update(given[0])

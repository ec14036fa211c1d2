"""Bring what an identity provider sent into the one form in which it is kept.

Types follow the schema; what is forgiven of particular providers is one expression each, so
that a body and a PATCH are read alike.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, TypeVar

from api.scim.attributes import Attribute, Mutability, Returned, Schema, Type
from api.scim.errors import InvalidValue
from api.scim.filters import is_storable
from api.scim.forgiving import forgive
from models import instant
from sync.pushing import tolerances

Resource = dict[str, Any]
Reader = Callable[[object], Any]
Parts = Mapping[str, tuple[str, Reader]]
"""By its spelling, the name of a part as the schema has it, and what reads it."""
T = TypeVar("T")

MAX_VALUES = 500
"""Most values of one attribute, and most attributes of an undeclared extension."""
MAX_EXTENSIONS = 20
MAX_LENGTH = 100_000
"""Longest text, in characters, where the schema sets no limit. A photo may be a data: URL."""
MAX_DEPTH = 10
"""How deep an undeclared extension may nest."""


def is_ignored(attribute: Attribute) -> bool:
    """A client may send it, and nothing follows (RFC 7644 §3.3: readOnly is ignored)."""
    is_read_only = attribute.mutability is Mutability.READ_ONLY
    return is_read_only or attribute.returned is Returned.NEVER


def coerce(attribute: Attribute, value: object, label: str | None = None) -> Any:
    """The value as it is kept, or None when there is none (RFC 7643 §2.5).

    Raises InvalidValue, naming the attribute.
    """
    return None if value is None else reader(attribute, label or attribute.name)(value)


@lru_cache(maxsize=4096)
def reader(attribute: Attribute, label: str) -> Reader:
    """What brings the values of an attribute into their form, made once for all of them."""
    if is_ignored(attribute):
        return _nothing
    if attribute.multi_valued:
        return partial(_many, attribute, _one(attribute, f"{attribute.name}[]"))
    return _one(attribute, label)


def _nothing(_value: object) -> None:
    return None


def _one(attribute: Attribute, label: str) -> Reader:
    match attribute.type:
        case Type.BOOLEAN:
            return partial(_boolean, label)
        case Type.COMPLEX:
            return partial(_complex, attribute, label, _parts(attribute, label))
        case Type.INTEGER | Type.DECIMAL:
            return partial(_number, attribute, label)
        case Type.DATE_TIME:
            return partial(_moment, label)
        case _:
            return partial(_string, attribute, label, attribute.max_length or MAX_LENGTH)


def _boolean(label: str, value: object) -> bool:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        forgive(tolerances.BOOLEAN_AS_TEXT)
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise InvalidValue(f"{label} must be true or false.")
    return value


def _number(attribute: Attribute, label: str, value: object) -> int | float | None:
    """Whoever sends everything as text sends numbers so. An empty text is none."""
    if value == "":
        return None
    is_whole = attribute.type is Type.INTEGER
    try:
        found = (int if is_whole else float)(value) if isinstance(value, str) else value
    except ValueError:
        found = None
    is_number = isinstance(found, int if is_whole else int | float) and not isinstance(found, bool)
    if not is_number or not abs(found) < 2**53:  # type: ignore[arg-type]
        raise InvalidValue(f"{label} must be {'an integer' if is_whole else 'a number'}.")
    return found  # type: ignore[return-value]


def _moment(label: str, value: object) -> str | None:
    """In UTC and to the millisecond, so that times are ordered as their texts are."""
    if value == "":
        return None
    try:
        return instant.to_text(instant.from_text(str(value)))
    except (ValueError, OverflowError) as trouble:
        raise InvalidValue(f"{label} must be a time such as 2026-01-31T08:00:00Z.") from trouble


def _string(attribute: Attribute, label: str, longest: int, value: object) -> str | None:
    if not isinstance(value, str):
        raise InvalidValue(f"{label} must be a string.")
    if 0 < len(value) <= longest and value.isprintable() and not value.isspace():
        return value  # as nearly every text is
    if not is_storable(value):
        raise InvalidValue(f"{label} has a character that is not text.")
    if len(value) > longest:
        raise InvalidValue(f"{label} is longer than {longest} characters.")
    if attribute.required and not value.strip():
        raise InvalidValue(f"{label} must not be empty.")
    if not value and attribute.name == "externalId":
        forgive(tolerances.EMPTY_EXTERNAL_ID)
        return None
    return value


def _complex(attribute: Attribute, label: str, parts: Parts, value: object) -> Resource | None:
    has_value = "value" in parts
    if has_value and isinstance(value, list) and len(value) <= 1:
        forgive(tolerances.OBJECT_IN_LIST)
        value = value[0] if value else None
    if has_value and isinstance(value, str):
        is_one = not attribute.multi_valued
        forgive(tolerances.OBJECT_AS_TEXT if is_one else tolerances.BARE_VALUES)
        value = {"value": value}
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InvalidValue(f"{label} must be an object.")
    kept = _kept(parts, value)
    is_empty = has_value and not attribute.multi_valued and not kept.get("value")
    if is_empty and kept.get("value") == "":
        forgive(tolerances.EMPTY_REMOVES)
    return None if is_empty else kept or None


def _kept(parts: Parts, value: Mapping[str, object]) -> Resource:
    """Parts that the schema does not know are dropped."""
    kept: Resource = {}
    for spelled, given in value.items():
        part = parts.get(spelled) or parts.get(spelled.casefold())
        if part is None:
            forgive(tolerances.UNKNOWN_ATTRIBUTES)
        elif given is not None and (found := part[1](given)) is not None:
            kept[part[0]] = found
    return kept


def _parts(attribute: Attribute, label: str) -> Parts:
    found = {one.name: reader(one, f"{label}.{one.name}") for one in attribute.sub_attributes}
    return spellings(found)


def spellings(readers: Mapping[str, T]) -> dict[str, tuple[str, T]]:
    """By the names as the schema has them, which is how most providers write them, and folded."""
    folded = {name.casefold(): (name, one) for name, one in readers.items()}
    return folded | {name: (name, one) for name, one in readers.items()}


def _many(attribute: Attribute, read: Reader, value: object) -> list[Resource] | None:
    if not isinstance(value, list):
        forgive(tolerances.ONE_FOR_MANY)
    given = value if isinstance(value, list) else [value]
    if len(given) > MAX_VALUES:
        raise InvalidValue(f"{attribute.name} has more than {MAX_VALUES} values.")
    kept = [one for each in given if each is not None and (one := read(each))]
    check_primary(attribute.name, kept)
    return kept or None


def is_primary(value: object) -> bool:
    """A bare text is never the preferred one."""
    return isinstance(value, dict) and value.get("primary") is True


def check_primary(name: str, values: Sequence[Resource]) -> None:
    """RFC 7643 §2.4: at most one. Which of two is meant cannot be known."""
    if len(values) > 1 and sum(map(is_primary, values)) > 1:
        raise InvalidValue(f"{name} has more than one primary value.")


def open_value(value: object, label: str, depth: int = 0) -> Any:
    """A value of an extension that we do not know: kept as it is, if it can be kept at all.

    Passwords in it are not.
    """
    if depth > MAX_DEPTH:
        raise InvalidValue(f"{label} is nested too deep.")
    if isinstance(value, dict | list) and len(value) > MAX_VALUES:
        raise InvalidValue(f"{label} has more than {MAX_VALUES} values.")
    match value:
        case None | bool():
            return value
        case dict():
            kept = {_text(k, label): v for k, v in value.items() if not is_password(k)}
            return {name: open_value(each, label, depth + 1) for name, each in kept.items()}
        case list():
            return [open_value(each, label, depth + 1) for each in value]
        case str():
            return _text(value, label)
        case int() | float() if abs(value) < 2**63:  # nor is it none, nor without end
            return value
        case _:
            raise InvalidValue(f"{label} has a value that cannot be kept.")


def is_password(name: object) -> bool:
    """Whether it is to be forgotten, whoever sends it under whatever schema."""
    if str(name).casefold() != "password":
        return False
    forgive(tolerances.PASSWORD_SENT)
    return True


def _text(value: object, label: str) -> str:
    if not isinstance(value, str) or not is_storable(value) or len(value) > MAX_LENGTH:
        raise InvalidValue(f"{label} has a text that cannot be kept.")
    return value


def finish(resource: Resource, schema: Schema) -> Resource:
    """Drop what is empty, list the schemas, and refuse a resource that lacks what it must have."""
    kept = {name: value for name, value in resource.items() if value not in _NOTHING}
    for name in _required(schema):
        if name not in kept:
            raise InvalidValue(f"{name} is required.")
    for name, value in kept.items():
        if isinstance(value, list):
            check_primary(name, value)
    extensions = [name for name in kept if ":" in name]
    if len(extensions) > MAX_EXTENSIONS:
        raise InvalidValue(f"There are more than {MAX_EXTENSIONS} extensions.")
    return {**kept, "schemas": [schema.id, *extensions]}


_NOTHING: tuple[object, ...] = (None, [], {})


@lru_cache(maxsize=256)
def _required(schema: Schema) -> list[str]:
    """The attributes that must be there."""
    return [one.name for one in schema.attributes if one.required]

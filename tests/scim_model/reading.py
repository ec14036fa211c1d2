"""A body, read as RFC 7643 §2 says: names in any case, null and [] as nothing, readOnly ignored."""

from typing import Any

from tests.scim_model.refusal import bad
from tests.scim_model.schema import USER, Attr, Schema, find

Json = dict[str, Any]


def resource(schema: Schema, body: Json) -> Json:
    """What is kept of a POST or PUT. House rule: what is not known is dropped, not refused."""
    schemas = body.get("schemas")
    if schemas is not None and schema.urn not in schemas:
        raise bad("invalidSyntax")
    kept = parts(schema.attrs, body)
    kept.pop("members", None)
    return checked(schema, kept)


def checked(schema: Schema, kept: Json) -> Json:
    """What must be there is there, and RFC 7643 §2.4: one value at most is primary."""
    kept = pruned(kept)
    for attr in schema.attrs:
        if attr.required and not str(kept.get(attr.name, "")).strip():
            raise bad("invalidValue")
        if attr.many and sum(one.get("primary") is True for one in kept.get(attr.name, [])) > 1:
            raise bad("invalidValue")
    return kept


def parts(attrs: tuple[Attr, ...], given: Json) -> Json:
    kept: Json = {}
    for name, found in given.items():
        attr = find(attrs, name)
        if attr is not None and not attr.read_only and not attr.hidden:
            kept[attr.name] = value(attr, found)
    return pruned(kept)


def value(attr: Attr, given: Any) -> Any:
    """House rules: one object stands for a list of one, and "True" for true."""
    if given is None:
        return None
    if attr.many:
        listed = given if isinstance(given, list) else [given]
        return [one for each in listed if (one := single(attr, each))]
    return single(attr, given)


def single(attr: Attr, given: Any) -> Any:
    if given is None:
        return None
    if attr.kind == "boolean":
        word = given.lower() if isinstance(given, str) else given
        if word not in (True, False, "true", "false") or isinstance(word, int | float) != (
            word is True or word is False
        ):
            raise bad("invalidValue")
        return word in (True, "true")
    if attr.kind == "complex":
        if has_value(attr) and isinstance(given, str):
            given = {"value": given} if given else {}
        if not isinstance(given, dict):
            raise bad("invalidValue")
        return parts(attr.parts, given)
    if not isinstance(given, str) or (attr.required and not given.strip()):
        raise bad("invalidValue")
    return given


def has_value(attr: Attr) -> bool:
    return find(attr.parts, "value") is not None


def pruned(kept: Json) -> Json:
    """RFC 7643 §2.5: unassigned, null and the empty list are the same."""
    whole = {
        name: pruned(found) if isinstance(found, dict) else found for name, found in kept.items()
    }
    return {name: found for name, found in whole.items() if found not in (None, [], {})}


def schemas(schema: Schema, kept: Json) -> list[str]:
    return [schema.urn, *(name for name in kept if schema is USER and ":" in name)]

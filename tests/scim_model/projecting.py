"""`attributes` and `excludedAttributes` (RFC 7644 §3.9): which parts of a resource are shown."""

from typing import Any

from tests.scim_model.reading import Json
from tests.scim_model.schema import ENTERPRISE, Schema, lookup

ALWAYS = ("id", "schemas")


def only(shown: Json, names: list[str], schema: Schema) -> Json:
    wanted = [_steps(name, schema) for name in names]
    found = {name: shown[name] for name in ALWAYS}
    for name, given in shown.items():
        part = _kept(given, [one[1:] for one in wanted if one[0] == name.lower()])
        if part is not None:
            found[name] = part
    return found


def without(shown: Json, names: list[str], schema: Schema) -> Json:
    found = shown
    for name in names:
        steps = _steps(name, schema)
        if steps[0] not in ALWAYS:
            found = _cut(found, steps)
    return found


def _steps(name: str, schema: Schema) -> list[str]:
    """In lower case, from the outside in."""
    for urn in (schema.urn, ENTERPRISE):
        if name.lower() == urn.lower():
            return [urn.lower()]
        if name.lower().startswith(f"{urn.lower()}:"):
            rest = name[len(urn) + 1 :].lower().split(".")
            return rest if urn == schema.urn else [urn.lower(), *rest]
    plain = name.lower().split(".")
    return [ENTERPRISE.lower(), *plain] if lookup(schema, plain[0])[1] else plain


def _kept(given: Any, wanted: list[list[str]]) -> Any:
    """None when nothing of it is wanted."""
    if not wanted:
        return None
    if [] in wanted:
        return given
    if isinstance(given, list):
        found = [part for one in given if (part := _kept(one, wanted))]
        return found or None
    if not isinstance(given, dict):
        return None
    parts = {
        name: part
        for name, each in given.items()
        if (part := _kept(each, [one[1:] for one in wanted if one[0] == name.lower()])) is not None
    }
    return parts or None


def _cut(given: Any, steps: list[str]) -> Any:
    if isinstance(given, list):
        return [part for one in given if (part := _cut(one, steps))]
    if not isinstance(given, dict):
        return given
    first, rest = steps[0], steps[1:]
    return {
        name: _cut(each, rest) if name.lower() == first else each
        for name, each in given.items()
        if name.lower() != first or rest
    }

"""Filters by RFC 7644 §3.4.2.2: as trees, as text, and whether a resource satisfies one."""

import json
import operator
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.scim_model.reading import Json
from tests.scim_model.refusal import bad
from tests.scim_model.schema import ENTERPRISE, Attr, Schema, find, lookup


@dataclass(frozen=True, slots=True)
class Test:
    """`[uri:]name[.part] op value`; the operator pr has none."""

    __test__ = False

    name: str
    op: str
    value: Any = None
    part: str | None = None
    uri: str | None = None

    @property
    def path(self) -> str:
        uri = "" if self.uri is None else f"{self.uri}:"
        return f"{uri}{self.name}" + ("" if self.part is None else f".{self.part}")


@dataclass(frozen=True, slots=True)
class Both:
    left: "Filter"
    right: "Filter"


@dataclass(frozen=True, slots=True)
class Either:
    left: "Filter"
    right: "Filter"


@dataclass(frozen=True, slots=True)
class Not:
    inner: "Filter"


@dataclass(frozen=True, slots=True)
class Select:
    """`name[inner]`."""

    name: str
    inner: "Filter"


Filter = Test | Both | Either | Not | Select
BINDS = {Either: 1, Both: 2, Not: 3, Test: 4, Select: 4}


def text(filter: Filter, within: int = 0) -> str:
    """With no more parentheses than needed: not binds tightest, then and, then or."""
    match filter:
        case Test(op="pr"):
            return f"{filter.path} pr"
        case Test():
            return f"{filter.path} {filter.op} {json.dumps(filter.value)}"
        case Select(name, inner):
            return f"{name}[{text(inner)}]"
        case Not(inner):
            return f"not ({text(inner)})"
        case Both(left, right) | Either(left, right):
            word, own = ("and", 2) if isinstance(filter, Both) else ("or", 1)
            found = f"{text(left, own)} {word} {text(right, own + 1)}"
            return f"({found})" if own < within else found


def matches(filter: Filter, shown: Json, attrs: tuple[Attr, ...], schema: Schema) -> bool:
    match filter:
        case Both(left, right):
            return all([matches(one, shown, attrs, schema) for one in (left, right)])
        case Either(left, right):
            return any([matches(one, shown, attrs, schema) for one in (left, right)])
        case Not(inner):
            return not matches(inner, shown, attrs, schema)
        case Select(name, inner):
            return _selects(name, inner, shown, attrs, schema)
        case Test():
            return _tests(filter, shown, attrs, schema)


def selected(attr: Attr, values: list[Json], inner: Filter, schema: Schema) -> list[Json]:
    """The values themselves. The filter is read even when there is none."""
    matches(inner, {}, attr.parts, schema)
    return [one for one in values if matches(inner, one, attr.parts, schema)]


def _selects(
    name: str, inner: Filter, shown: Json, attrs: tuple[Attr, ...], schema: Schema
) -> bool:
    attr = find(attrs, name)
    if attr is None or not attr.many:
        raise bad("invalidFilter")
    return bool(selected(attr, shown.get(attr.name, []), inner, schema))


def _tests(test: Test, shown: Json, attrs: tuple[Attr, ...], schema: Schema) -> bool:
    found, attr = _found(test, shown, attrs, schema)
    there = [one for one in found if one not in (None, "", [], {})]
    if test.op == "pr":
        return bool(there)
    if attr.kind == "complex":
        raise bad("invalidFilter")
    if test.op in ("eq", "ne") and test.value is None:
        return (not found or None in found) == (test.op == "eq")
    _check(test, attr)
    if test.op == "ne":
        return not any(_holds("eq", one, test.value, attr) for one in found)
    return any(_holds(test.op, one, test.value, attr) for one in found)


def _found(
    test: Test, shown: Json, attrs: tuple[Attr, ...], schema: Schema
) -> tuple[list[Any], Attr]:
    """Every value that the path leads to, None where one lacks the part.

    A complex one without a part is known by its value.
    """
    is_top = attrs is schema.attrs
    attr, holder = lookup(schema, test.name, test.uri) if is_top else (find(attrs, test.name), None)
    if attr is None or (test.uri and not is_top):
        raise bad("invalidFilter")
    start = shown.get(ENTERPRISE, {}) if holder else shown
    found = start.get(attr.name)
    values = found if isinstance(found, list) else [] if found is None else [found]
    part = test.part
    if part is None and attr.kind == "complex" and find(attr.parts, "value") and test.op != "pr":
        part = "value"
    if part is None:
        return values, attr
    inner = find(attr.parts, part)
    if inner is None:
        raise bad("invalidFilter")
    return [one.get(inner.name) for one in values], inner


def _check(test: Test, attr: Attr) -> None:
    """RFC 7644 §3.4.2.2: booleans have no order. House rule: types must agree."""
    if attr.kind == "boolean":
        is_word = isinstance(test.value, bool) or str(test.value).lower() in ("true", "false")
        if test.op not in ("eq", "ne") or not is_word:
            raise bad("invalidFilter")
    elif not isinstance(test.value, str):
        raise bad("invalidFilter")


_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "co": lambda there, wanted: wanted in there,
    "sw": lambda there, wanted: there.startswith(wanted),
    "ew": lambda there, wanted: there.endswith(wanted),
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}


def _holds(op: str, there: Any, wanted: Any, attr: Attr) -> bool:
    if there is None:
        return False
    if attr.kind == "boolean":
        return bool(there == (str(wanted).lower() == "true"))
    there, wanted = (unicodedata.normalize("NFC", one) for one in (there, wanted))
    if not attr.exact:
        there, wanted = there.casefold(), wanted.casefold()
    return _HOLDS[op](there, wanted)

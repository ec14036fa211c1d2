"""Read the text of a SCIM filter, or the path of a PATCH operation, into a value."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from scim2_filter_parser import ast

from api.scim.errors import InvalidFilter, InvalidPath
from api.scim.forgiving import forgive, noting
from api.scim.grammar import MAX_LENGTH, tree
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
from sync.pushing import tolerances

_NAME = r"[A-Za-z$][A-Za-z0-9_$-]*"
_ATTRIBUTE = re.compile(
    rf"(?:(?P<uri>[A-Za-z]+:[A-Za-z0-9:._-]+):)?(?P<name>{_NAME})(?:\.(?P<sub>{_NAME}))?"
)
_SELECTION = re.compile(rf"(?P<attribute>[^\[]*)\[(?P<filter>.*)\](?:\.(?P<sub>{_NAME}))?", re.S)


@dataclass(frozen=True, slots=True)
class PatchPath:
    """`[uri:]name[filter].sub`, where all but the name may be missing (RFC 7644 §3.5.2)."""

    uri: str | None
    name: str
    filter: Filter | None = None
    sub: str | None = None


def parse(text: str) -> Filter:
    """Read a filter (RFC 7644 §3.4.2.2). Raises InvalidFilter."""
    found, is_selection_compared = _parsed(text)
    if is_selection_compared:
        forgive(tolerances.SELECTION_COMPARED)
    return found


@lru_cache(maxsize=1024)
def _parsed(text: str) -> tuple[Filter, bool]:
    probe = _PROBE.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if probe is not None and is_storable(probe["value"]):
        return Comparison(Path(None, probe["name"]), Operator.EQ, probe["value"]), False
    names = set[str]()
    with noting(names):
        found = _filter(tree(text))
    return found, bool(names)


_PROBE = re.compile(
    r"(?P<name>userName|displayName|externalId|id) +eq +"
    r'"(?P<value>[^"\\\x00-\x1f]*)"',
    re.IGNORECASE,
)
"""What providers ask most, and always of another name: it need not go through the grammar."""


def parse_path(text: str) -> PatchPath:
    """Read the path of a PATCH operation. Raises InvalidPath, or InvalidFilter for its filter."""
    if len(text) > MAX_LENGTH:
        raise InvalidPath(f"The path is longer than {MAX_LENGTH} characters.")
    selection = _SELECTION.fullmatch(text)
    attribute = _ATTRIBUTE.fullmatch(selection["attribute"] if selection else text)
    if attribute is None or (selection and attribute["sub"]):
        raise InvalidPath(f"The path {text[:100]!r} is not understood.")
    if selection is None:
        return PatchPath(attribute["uri"], attribute["name"], sub=attribute["sub"])
    inner = parse(selection["filter"])
    _refuse_selection(inner)
    return PatchPath(attribute["uri"], attribute["name"], inner, selection["sub"])


def leaves(filter: Filter) -> Iterator[Comparison | Present | ValuePath]:
    """Every test in a filter, from left to right, without entering a value path."""
    match filter:
        case And(left, right) | Or(left, right):
            yield from leaves(left)
            yield from leaves(right)
        case Not(inner):
            yield from leaves(inner)
        case _:
            yield filter


def is_storable(text: str) -> bool:
    """PostgreSQL refuses NUL, and no encoding has a lone surrogate."""
    return text.isprintable() or _UNSTORABLE.search(text) is None


_UNSTORABLE = re.compile("[\\x00\\ud800-\\udfff]")


def _filter(node: Any) -> Filter:
    """Walk the library's tree, which is no deeper than the limits of the grammar."""
    match node:
        case ast.Filter(negated=True):
            return Not(_filter(node.expr))
        case ast.Filter(namespace=None):
            return _filter(node.expr)
        case ast.Filter():
            return _selection(node.namespace, _filter(node.expr))
        case ast.LogExpr():
            join = And if node.op.lower() == "and" else Or
            return join(_filter(node.expr1), _filter(node.expr2))
        case _:
            return _test(node)


def _selection(namespace: Any, inner: Filter) -> ValuePath:
    if isinstance(namespace.attr_name, ast.AST):
        raise InvalidFilter("The filter selects from a selection.")
    _refuse_selection(inner)
    return ValuePath(_path(namespace), inner)


def _refuse_selection(inner: Filter) -> None:
    """A value has no values of its own to select from (RFC 7644, errata 4690)."""
    if any(isinstance(leaf, ValuePath) for leaf in leaves(inner)):
        raise InvalidFilter("The filter selects within a selection.")


def _test(node: Any) -> Filter:
    """`emails[type eq "work"].value eq "x"` is meant as `emails[type … and value …]`."""
    selected = node.attr_path.attr_name
    if not isinstance(selected, ast.AST):
        return _comparison(_path(node.attr_path), node)
    namespace = selected.namespace
    if namespace.sub_attr is None:
        raise InvalidFilter("The filter compares a selection without naming a sub-attribute.")
    forgive(tolerances.SELECTION_COMPARED)
    outer = ast.AttrPath(namespace.attr_name, None, namespace.uri)
    test = _comparison(Path(None, namespace.sub_attr.value), node)
    return _selection(outer, And(_filter(selected.expr), test))


def _comparison(path: Path, node: Any) -> Comparison | Present:
    if node.comp_value is None:
        return Present(path)
    return Comparison(path, Operator(node.value.lower()), _value(node.comp_value.value))


def _path(node: Any) -> Path:
    return Path(node.uri, node.attr_name, node.sub_attr and node.sub_attr.value)


def _value(literal: str) -> Value:
    """The typed value of a JSON literal. Refused is what no database can hold."""
    value: Value = json.loads(literal if literal.startswith('"') else literal.lower())
    if isinstance(value, str) and not is_storable(value):
        raise InvalidFilter("The filter has a value that is not text.")
    if isinstance(value, int | float) and not abs(value) < 2**63:
        raise InvalidFilter("The filter has a number that is too large.")
    return value

"""scim2-filter-parser's grammar of filters, with the rules for literals and precedence set right.

The library's own rules lose the type of a value, refuse most numbers, escapes and some names,
and read `a or b and c` from left to right (RFC 7644 §3.4.2.2).
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from scim2_filter_parser.lexer import SCIMLexer
from scim2_filter_parser.parser import SCIMParser

from api.scim.errors import InvalidFilter

MAX_LENGTH = 4096
MAX_DEPTH = 20
MAX_COMPARISONS = 100

_TESTS = frozenset({"EQ", "NE", "CO", "SW", "EW", "GT", "GE", "LT", "LE", "PR"})


def _unexpected(text: str, index: int) -> InvalidFilter:
    return InvalidFilter(f"The filter has an unexpected {text[:40]!r} at {index + 1}.")


class _Lexer(SCIMLexer):  # type: ignore[misc]
    """Literals by the rules of JSON (RFC 7159), kept as text until their type is read."""

    tokens = SCIMLexer.tokens
    ignore = " \t\r\n"

    FALSE = r"(?i:false)(?![A-Za-z0-9_$:.-])"
    TRUE = r"(?i:true)(?![A-Za-z0-9_$:.-])"
    NULL = r"(?i:null)(?![A-Za-z0-9_$:.-])"
    NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_$:.-])"

    @_(r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9A-Fa-f]{4})*"')  # type: ignore[name-defined,untyped-decorator]  # noqa: F821
    def COMP_VALUE(self, token: Any) -> Any:
        """Overrides the function of the base, which strips quotes and keeps backslashes."""
        return token

    def error(self, token: Any) -> None:
        raise _unexpected(token.value[0], self.index)


class _Parser(SCIMParser):  # type: ignore[misc]
    """The inherited rules, built again under the precedence of the RFC."""

    tokens = _Lexer.tokens
    precedence = (("left", "OR"), ("left", "AND"), ("right", "NOT"))

    filter = SCIMParser.filter
    value_path = SCIMParser.value_path
    attr_exp = SCIMParser.attr_exp
    log_exp = SCIMParser.log_exp
    comp_value = SCIMParser.comp_value
    attr_path = SCIMParser.attr_path
    sub_attr = SCIMParser.sub_attr

    def error(self, token: Any) -> None:
        if token is None:
            raise InvalidFilter("The filter ends too early.")
        raise _unexpected(token.value, token.index)


def tree(text: str) -> Any:
    """The library's syntax tree. Raises InvalidFilter, and what is too large before parsing it."""
    if len(text) > MAX_LENGTH:
        raise InvalidFilter(f"The filter is longer than {MAX_LENGTH} characters.")
    tokens = list(_Lexer().tokenize(text))
    if not tokens:
        raise InvalidFilter("The filter is empty.")
    _check_size(tokens)
    _check_joints(tokens)
    return _Parser().parse(iter(tokens))


def _check_size(tokens: Sequence[Any]) -> None:
    depth = 0
    for token in tokens:
        depth += (token.type in {"LPAREN", "LBRACKET"}) - (token.type in {"RPAREN", "RBRACKET"})
        if depth > MAX_DEPTH:
            raise InvalidFilter(f"The filter is nested more than {MAX_DEPTH} deep.")
    if sum(token.type in _TESTS for token in tokens) > MAX_COMPARISONS:
        raise InvalidFilter(f"The filter has more than {MAX_COMPARISONS} comparisons.")


def _check_joints(tokens: Sequence[Any]) -> None:
    """The grammar alone would also take `emails .value`, and `a.b[c pr].d` for `a[c pr].d`."""
    for before, token in pairwise(tokens):
        is_joined = token.type == "SUBATTR" or before.type == "SCHEMA_URI"
        is_split = is_joined and token.index != before.end
        if is_split or (before.type, token.type) == ("SUBATTR", "LBRACKET"):
            raise _unexpected(token.value, token.index)

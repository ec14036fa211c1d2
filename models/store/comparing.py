"""Compare one stored value as RFC 7644 §3.4.2.2 asks, by the type of its attribute."""

import operator
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, and_, func, literal
from sqlalchemy import false as sql_false
from sqlalchemy import true as sql_true

from models import clock
from models.filters import SUBSTRING, Comparison, Operator
from models.folding import fold
from models.store.fields import (
    Complex,
    Condition,
    Expression,
    Flag,
    Number,
    Text,
    Time,
    WrongComparison,
)
from models.store.portable import folded, ordered, position

_ORDER: dict[Operator, Callable[[Any, Any], Any]] = {
    Operator.EQ: operator.eq,
    Operator.GT: operator.gt,
    Operator.GE: operator.ge,
    Operator.LT: operator.lt,
    Operator.LE: operator.le,
}


def present(field: Text | Flag | Number | Time | Complex) -> Condition:
    """A value that is there and not empty."""
    match field:
        case Text(expression):
            return expression != ""
        case Time(expression) if not isinstance(expression.type, DateTime):
            return expression != 0
        case _:
            return field.expression.is_not(None)


def compare(field: Text | Flag | Number | Time | Complex, test: Comparison) -> Condition:
    """Every operator but `ne`. Null equals only what is absent. Raises WrongComparison."""
    if test.value is None:
        return _absent(field, test)
    match field:
        case Text():
            return _text(field, test)
        case Flag(expression):
            return _flag(expression, test)
        case Number(expression):
            return _number(expression, test)
        case Time(expression):
            return _time(expression, test)
        case Complex():
            raise _wrong(test, "has parts, and one of them must be named")


def _wrong(test: Comparison, why: str) -> WrongComparison:
    return WrongComparison(f"{str(test.path)[:100]!r} {why}.")


def _absent(field: Text | Flag | Number | Time | Complex, test: Comparison) -> Condition:
    if test.op is not Operator.EQ:
        raise _wrong(test, f"cannot be compared with null by {test.op}")
    if isinstance(field, Time) and not isinstance(field.expression.type, DateTime):
        return field.expression == 0
    return field.expression.is_(None)


def _text(field: Text, test: Comparison) -> Condition:
    if not isinstance(test.value, str):
        raise _wrong(test, "is compared with a string")
    subject, wanted = _sides(field, test.value)
    match test.op:
        case Operator.EQ:
            return subject == wanted
        case Operator.CO:
            return position(subject, wanted) > 0
        case Operator.SW:
            return func.substr(subject, 1, func.length(wanted)) == wanted
        case Operator.EW:
            start = func.length(subject) - func.length(wanted) + 1
            return func.substr(subject, start) == wanted
        case _:
            return _condition(_ORDER[test.op](ordered(subject), wanted))


def _sides(field: Text, value: str) -> tuple[Expression, Expression]:
    """The stored and the wanted text in the form in which they are equal."""
    if field.case_exact:
        return field.expression, literal(value)
    if field.key is not None:
        return field.key, literal(fold(value))
    return folded(field.expression), literal(fold(value))


def _condition(expression: Any) -> Condition:
    found: Condition = expression
    return found


def _flag(expression: Expression, test: Comparison) -> Condition:
    """Entra sends "True" and "False" for booleans."""
    word = str(test.value).lower()
    if test.op is not Operator.EQ or word not in {"true", "false"}:
        raise _wrong(test, "is a boolean, and is compared by eq or ne with true or false")
    return expression.is_(sql_true() if word == "true" else sql_false())


def _number(expression: Expression, test: Comparison) -> Condition:
    is_number = isinstance(test.value, int | float) and not isinstance(test.value, bool)
    if test.op in SUBSTRING or not is_number:
        raise _wrong(test, "is a number, and is compared with one")
    return _condition(_ORDER[test.op](expression, test.value))


def _time(expression: Expression, test: Comparison) -> Condition:
    if test.op in SUBSTRING or not isinstance(test.value, str):
        raise _wrong(test, "is a time, and is compared with one")
    try:
        moment = clock.from_text(test.value)
    except (ValueError, OverflowError) as trouble:
        raise _wrong(test, "is compared with a time such as 2026-01-31T08:00:00Z") from trouble
    if isinstance(expression.type, DateTime):
        return _condition(_ORDER[test.op](expression, datetime.fromtimestamp(moment / 1e6, UTC)))
    return and_(expression != 0, _ORDER[test.op](expression, moment))

"""A law: tried on each store for whatever may happen.

`TRUEUP_TEST_EXAMPLES` says how many histories are tried in the quick suite. The slow one tries ten
times as many, on SQLite and, of the laws of the engine, on PostgreSQL.
"""

import os
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

EXAMPLES = int(os.environ.get("TRUEUP_TEST_EXAMPLES", "50"))
QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
QUICK = [
    pytest.param("sqlite", EXAMPLES, id="sqlite"),
    pytest.param("postgresql", EXAMPLES, id="postgresql", marks=pytest.mark.servers),
]
SLOW = [
    pytest.param("sqlite", 10 * EXAMPLES, id="sqlite-slow", marks=pytest.mark.slow),
    pytest.param(
        "postgresql",
        10 * EXAMPLES,
        id="postgresql-slow",
        marks=[pytest.mark.servers, pytest.mark.slow],
    ),
]
Law = Callable[..., None]


def law(**strategies: Any) -> Callable[[Law], Law]:
    """A law of the engine, that holds on each store for whatever the strategies draw."""
    return _tried([*QUICK, *SLOW], strategies)


def narrow_law(**strategies: Any) -> Callable[[Law], Law]:
    """A law of the door for SCIM, or of one part of the engine: at length on SQLite alone."""
    return _tried([*QUICK, SLOW[0]], strategies)


def _tried(stores: Sequence[Any], strategies: dict[str, Any]) -> Callable[[Law], Law]:
    def state(holds: Law) -> Law:
        @pytest.mark.timeout(900)
        @pytest.mark.parametrize(("kind", "examples"), stores)
        def tried(kind: str, examples: int) -> None:
            try_law(lambda **drawn: holds(kind=kind, **drawn), holds.__name__, strategies, examples)

        tried.__name__, tried.__doc__ = holds.__name__, holds.__doc__
        return tried

    return state


def try_law(holds: Law, name: str, strategies: dict[str, Any], examples: int) -> None:
    """So many examples, remembered under a name of their own."""

    def one(**drawn: Any) -> None:
        holds(**drawn)

    one.__name__ = one.__qualname__ = name
    quiet = settings(max_examples=examples, deadline=None, suppress_health_check=QUIET)
    quiet(given(**strategies)(one))()

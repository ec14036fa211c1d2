"""Hundreds of steps in the quick suite, thousands in the slow one."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import Company24
from tests.store.laws import EXAMPLES

QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much]
LIVES = [
    pytest.param("sqlite", EXAMPLES // 6, 40, id="sqlite"),
    pytest.param("sqlite", EXAMPLES, 100, id="sqlite-slow", marks=pytest.mark.slow),
    pytest.param("postgresql", EXAMPLES // 12, 50, id="postgresql", marks=pytest.mark.servers),
]


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("kind", "companies", "steps"), LIVES)
def test_nothing_that_may_never_happen_does_however_the_days_go(
    kind: str, companies: int, steps: int
) -> None:
    class Company(Company24):
        pass

    Company.kind = kind
    run_state_machine_as_test(
        Company,
        settings=settings(
            max_examples=companies,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=QUIET,
        ),
    )

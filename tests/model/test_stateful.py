"""Hundreds of steps in the quick suite, thousands in the slow one."""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from models.instant import DAY
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


STORIES = {
    "who a read left out stays out when the directory dissolves the group": [
        ("begin", {"channels": "assigned"}),
        ("a_busy_hour", {"events": [("push group", "ops", ["ada", "eve", "dan"])]}),
        ("read", {"dying": 0}),
        ("change", {"event": ("dissolve", "ops")}),
        ("read", {"dying": 0}),
    ],
    "a group that stays for want of fresh evidence keeps nobody who was taken out": [
        ("begin", {"channels": "assigned"}),
        ("change", {"event": ("dissolve", "dev")}),
        ("delta_round", {"dying": 0}),
        ("a_busy_hour", {"events": [("dissolve", "ops")]}),
        ("delta_round", {"dying": 0}),
        ("a_busy_hour", {"events": [("delete group", "ops"), ("push group", "ops", ["cyd"])]}),
        ("read", {"dying": 0}),
        ("all_comes_to_rest", {}),
        ("wait", {"time": 33 * DAY}),
    ],
    "who was dismissed weeks ago and is still gone stays gone": [
        ("begin", {"channels": "assigned"}),
        ("change", {"event": ("dismiss", "ada")}),
        ("delta_round", {"dying": 0}),
        ("wait", {"time": 33 * DAY}),
        ("delta_round", {"dying": 0}),
    ],
}


@pytest.mark.parametrize("days", STORIES.values(), ids=STORIES.keys())
def test_days_that_went_wrong_once(days: list[tuple[str, dict[str, Any]]]) -> None:
    company = Company24()
    for name, given in days:
        getattr(company, name)(**given)
        company.nobody_lost_or_got_back_what_they_should_not()
        company.the_guard_was_not_passed()
        company.what_is_foreign_is_as_it_was()
    company.teardown()

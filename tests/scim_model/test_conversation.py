"""Whatever is asked, in whatever order: the service answers as the model of RFC 7644 does."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.scim_model.machine import Conversation
from tests.store.laws import EXAMPLES

QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
TALKS = [
    pytest.param("sqlite", EXAMPLES, 15, id="sqlite"),
    pytest.param("sqlite", EXAMPLES * 3, 40, id="sqlite-slow", marks=pytest.mark.slow),
    pytest.param("postgresql", EXAMPLES, 30, id="postgresql", marks=pytest.mark.servers),
]


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("kind", "talks", "steps"), TALKS)
def test_the_service_and_the_model_never_differ(kind: str, talks: int, steps: int) -> None:
    class Talk(Conversation):
        pass

    Talk.kind = kind
    run_state_machine_as_test(
        Talk,
        settings=settings(
            max_examples=talks,
            stateful_step_count=steps,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=QUIET,
        ),
    )

"""What becomes of a finding that is seen again."""

from dataclasses import replace

import pytest

from models.findings import Evidence, Finding, Kind, Severity, State, Stood, when_seen
from models.instant import DAY

NOW = 100 * DAY
SEEN = Finding(
    kind=Kind.ATTRIBUTE_CONFLICT,
    severity=Severity.MEDIUM,
    connection=1,
    summary="It differs.",
    suggestion="Look.",
    evidence=(
        Evidence(channel="push", says="yes", value="a", as_of=NOW - DAY),
        Evidence(channel="pull", says="yes", value="b", as_of=NOW),
    ),
)
ACCEPTED = Stood(State.ACCEPTED, Severity.MEDIUM, SEEN.sides, None)
OTHER = replace(SEEN, evidence=(SEEN.evidence[0], replace(SEEN.evidence[1], value="c")))
LATER = replace(SEEN, evidence=(SEEN.evidence[0], replace(SEEN.evidence[1], as_of=NOW + DAY)))
TURNED = replace(SEEN, evidence=SEEN.evidence[::-1])
UNNOTED = replace(ACCEPTED, sides="")


@pytest.mark.parametrize(
    ("before", "seen", "expected"),
    [
        pytest.param(ACCEPTED, SEEN, "accepted", id="the same is accepted still"),
        pytest.param(ACCEPTED, LATER, "accepted", id="said again it is no other"),
        pytest.param(ACCEPTED, TURNED, "accepted", id="the order of the sides means nothing"),
        pytest.param(ACCEPTED, OTHER, "open", id="one side says something else"),
        pytest.param(UNNOTED, OTHER, "accepted", id="nobody noted the sides"),
        pytest.param(
            ACCEPTED, replace(SEEN, severity=Severity.HIGH), "open", id="it is worse than accepted"
        ),
        pytest.param(
            ACCEPTED, replace(SEEN, severity=Severity.LOW), "accepted", id="it is not as bad"
        ),
        pytest.param(replace(ACCEPTED, accepted_until=NOW + 1), SEEN, "accepted", id="in time"),
        pytest.param(replace(ACCEPTED, accepted_until=NOW), SEEN, "open", id="the time is over"),
        pytest.param(replace(ACCEPTED, state=State.OPEN), SEEN, "open", id="open"),
        pytest.param(replace(ACCEPTED, state=State.HEALED), SEEN, "open", id="healed"),
        pytest.param(replace(ACCEPTED, state=State.RESOLVED), SEEN, "open", id="resolved"),
    ],
)
def test_what_was_accepted_stays_so_unless_it_gets_worse_or_its_time_is_over(
    before: Stood, seen: Finding, expected: str
) -> None:
    assert when_seen(before, seen, NOW)[0] == expected


def test_going_down_and_up_again_does_not_open_what_was_accepted() -> None:
    state, severity = when_seen(ACCEPTED, replace(SEEN, severity=Severity.LOW), NOW)
    again = Stood(state, severity, SEEN.sides, None)
    assert when_seen(again, SEEN, NOW) == (State.ACCEPTED, Severity.MEDIUM)

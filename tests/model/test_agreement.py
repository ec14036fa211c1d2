"""The real store and the model hear the same, and decide the same."""

import pytest
from hypothesis import strategies as st

from models.instant import HOUR
from sync.tokens.claims import GroupsState
from tests.model.engine import Rules, World
from tests.model.recording import Recording
from tests.playground import EVERY_STORE, playground, rewound
from tests.store.histories import (
    CHANNELS,
    GENEROUS,
    History,
    changes,
    possible,
    pushes,
    reads,
    tokens,
    works,
)
from tests.store.laws import narrow_law

RULES = {
    "login only": Rules(push=False, pull=False),
    "push and login": Rules(pull=False),
    "all": Rules(),
    "lease": Rules(pull=False, lease_grants=True),
    "assigned": Rules(pull_admits=True),
}
OPTIONS = CHANNELS | {"assigned": {"scope": {"app_id": "x"}}}

rounds = st.just(("delta",))
events = st.one_of(changes, pushes, pushes, reads, reads, rounds, tokens, works)


@narrow_law(channels=st.sampled_from(sorted(RULES)), history=st.lists(events, max_size=12))
def test_the_store_decides_as_the_model_does(kind: str, channels: str, history: History) -> None:
    agree(kind, channels, history)


@pytest.mark.parametrize("kind", EVERY_STORE)
@pytest.mark.parametrize(
    ("channels", "history"),
    [
        pytest.param(
            "assigned",
            [("read badly", 2), ("point read", "ada")],
            id="a narrow scope has named no group yet",
        ),
        pytest.param(
            "all",
            [
                ("dismiss", "ada"),
                ("push user", "ada"),
                ("token", "bob", [], GroupsState.LISTED, 0),
                ("read",),
            ],
            id="a token proves nothing of what pushed ids are",
        ),
    ],
)
def test_so_they_do_where_they_did_not(kind: str, channels: str, history: History) -> None:
    agree(kind, channels, history)


def agree(kind: str, channels: str, history: History) -> None:
    play = rewound(
        kind,
        f"empty, {channels}",
        lambda found: playground(found, guard=GENEROUS, **dict(OPTIONS[channels])),
    )
    play.company.hire("ada", "bob", "cyd")
    play.company.found("ops", "ada", "bob")
    recording = Recording(play, World(RULES[channels]))
    for event in possible(play, history):
        recording.happen(event)
        play.clock.at += HOUR // 7
        wrong = {fact: both for fact, both in recording.decided().items() if both[0] != both[1]}
        assert not wrong

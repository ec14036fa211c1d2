"""What stood at an earlier time is told exactly, from what stands and what it replaced."""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.evidence import Testimony as Said
from models.identity import GroupKey, Membership, UserKey
from models.instant import MINUTE
from models.store import cases, hearing, past
from tests.playground import EVERY_STORE, Playground
from tests.store.histories import CHANNELS, History, anything, happen, start

EXAMPLES = int(os.environ.get("TRUEUP_TEST_EXAMPLES", "50"))
every_store = pytest.mark.parametrize("kind", EVERY_STORE)
QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
events = st.one_of(anything, st.tuples(st.sampled_from(["remove group", "restore group"])))


def stood(play: Playground, at: int, now: int) -> dict[str, Any]:
    """Of every fact what each channel was heard to say."""
    found: dict[str, Any] = {}
    with play.database.read() as tx:
        users = [UserKey(row.id) for row in tx.rows("SELECT id FROM users")]
        groups = [GroupKey(row.id) for row in tx.rows("SELECT id FROM groups")]
        for user in users:
            row = past.user(tx, user, at=at, now=now)
            exists = hearing.exists(row)
            found[f"u{user}"] = (exists, hearing.active(row, exists))
        for group in groups:
            row = past.group(tx, group, at=at, now=now)
            found[f"g{group}"] = (hearing.exists(row), row.removed_at)
            for user in users:
                row = past.member(tx, user, group, at=at, now=now)
                found[f"m{group}:{user}"] = (hearing.member(row), row.removed_at)
    return found


def happened(play: Playground, event: Any) -> None:
    if event[0] in ("remove group", "restore group"):
        play.remove_group("ops", restore=event[0] == "restore group")
    elif event[0].startswith("token") or play.connection.policy.has_directory:
        happen(play, event)


@every_store
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=QUIET)
@given(history=st.lists(events, max_size=7), channels=st.sampled_from(sorted(CHANNELS)))
def test_what_stood_at_any_earlier_time_can_be_told(
    kind: str, history: History, channels: str
) -> None:
    play = start(kind, **CHANNELS[channels])
    remembered = []
    for event in history:
        play.clock.at += MINUTE
        if "read" not in event[0] or play.connection.policy.pull:
            happened(play, event)
        play.clock.at += MINUTE
        now = play.clock.now()
        remembered.append((now, stood(play, now, now)))
        play.clock.at += MINUTE
    last = play.clock.now()
    for at, before in remembered:
        told = stood(play, at, last)
        assert {fact: told[fact] for fact in before} == before


@every_store
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=QUIET)
@given(history=st.lists(anything, max_size=7))
def test_what_stands_is_told_as_it_is_decided(kind: str, history: History) -> None:
    play = start(kind)
    for event in history:
        happen(play, event)
    now = play.clock.now()
    with play.database.read() as tx:
        for row in tx.rows("SELECT group_id, user_id FROM memberships"):
            user, group = UserKey(row.user_id), GroupKey(row.group_id)
            (record,) = cases.members(tx, [Membership(group, user)])
            told = hearing.member(past.member(tx, user, group, at=now, now=now))
            assert told == record.testimony


@every_store
def test_before_anybody_spoke_all_were_silent(kind: str) -> None:
    play = start(kind)
    for fact, told in stood(play, 1, play.clock.now()).items():
        assert told[0] == Said(), fact

"""Users are narrowed as well: what is left out, no plan would have been about."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.actions import Ownership
from models.identity import TargetKey, UserKey
from models.instant import DAY
from models.plans import Planned, profile_digest
from models.records import UserRecord
from models.store import bindings, cases, identities, narrowing_users
from models.store.database import Tx, dumps
from models.store.ledger import Touched
from sync import decide, intake
from sync.connection import Connection
from sync.drift import disagreements as drift
from sync.plan import plan
from sync.policies.policy import Expired, Policy
from sync.undecided import users_in_question
from tests import builders
from tests.playground import EVERY_STORE, fresh

DAYS = (0, 1, 2, 3)
NOW = 10 * DAY
POLICIES = [
    Policy(push=True, pull=True, login=True, pull_ttl=8 * DAY),
    Policy(push=True, pull=True, login=True, pull_ttl=7 * DAY + 1, pull_admits=True),
    Policy(push=False, pull=True, login=True, pull_admits=True, pull_ttl=9 * DAY),
    Policy(push=False, login=True, lease=8 * DAY),
    Policy(push=False, login=True, lease=8 * DAY, expired_lease=Expired.REMOVE),
]
_MARKS = (
    "push_yes",
    "push_no",
    "pull_yes",
    "pull_no",
    "login_yes",
    "push_active_yes",
    "push_active_no",
    "pull_active_yes",
    "pull_active_no",
)


def person(chance: Random, number: int) -> dict[str, Any]:
    """Anything that may stand about a user, though nobody could have said it."""
    marks = {mark: chance.choice((0, 0, *DAYS)) * DAY for mark in _MARKS}
    said = {by: _said(chance, number) for by in ("push_said", "pull_said", "login_said")}
    return {
        **marks,
        **said,
        "wanted": chance.random() < 0.5,
        "active": chance.random() < 0.7,
        "pull_known": chance.random() < 0.7,
    }


def _said(chance: Random, number: int) -> str:
    if chance.random() < 0.3:
        return "{}"
    last = chance.choice(("Hopper", "Lovelace"))
    return dumps({"user_name": [f"u{number}@x.example", DAY], "last_name": [last, DAY]})


def bind(tx: Tx, chance: Random, target: int, record: UserRecord) -> None:
    """The target holds nobody, somebody foreign, or the user: as it was decided, or otherwise."""
    ownership = chance.choice([None, *Ownership, Ownership.OURS])
    if ownership is None:
        return
    is_right = record.resolved is not None and chance.random() < 0.7
    bindings.bind_user(
        tx,
        target,
        record.key,
        remote_id=f"r{record.key}",
        ownership=ownership,
        digest=profile_digest(record.resolved) if is_right and record.resolved else "other",
        active=chance.random() < 0.8,
        now=NOW,
    )


def decided(tx: Tx, link: Connection, users: list[UserKey]) -> None:
    """Write down what is decided, as is done before anything is planned."""
    intake.save_verdicts(tx, link, Touched(users=set(users)), NOW)


def planned(records: list[UserRecord], target: int, policy: Policy) -> list[Planned]:
    found = [decide.user_case(one, decide.user(one, policy, NOW)) for one in records]
    return plan(TargetKey(target), found, NOW, retention=DAY)


@pytest.mark.parametrize("kind", EVERY_STORE)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), policy=st.sampled_from(POLICIES))
def test_planning_for_the_users_at_odds_is_planning_for_all(
    kind: str, seed: int, policy: Policy
) -> None:
    everyone, some, target = _narrowed(kind, seed, policy)
    assert planned(some, target, policy) == planned(everyone, target, policy)


def _narrowed(
    kind: str, seed: int, policy: Policy
) -> tuple[list[UserRecord], list[UserRecord], int]:
    """All users, and those at odds; and the target."""
    chance, found = Random(seed), fresh(kind)
    world = builders.world(found, pull={"kind": "memory"}, login={"protocol": "oidc"})
    link = world.connection
    with found.write() as tx:
        users = [identities.insert_user(tx, link.key, NOW) for _ in range(8)]
        cover = chance.choice(DAYS) * DAY
        tx.update("connections", link.key, {"pull_cover_yes": cover, "pull_cover_no": cover})
        for number, user in enumerate(users):
            tx.update("users", user, person(chance, number))
        decided(tx, replace(link, policy=policy), users)
        for record in cases.users(tx, users):
            bind(tx, chance, world.target, record)
        everyone = cases.users(tx, users, world.target)
        before = policy.unvouched_before(NOW)
        some = list(cases.users_at_odds(tx, link.key, world.target, unvouched_before=before))
    return everyone, some, world.target


@pytest.mark.parametrize("word", ["u.wanted", "digest", "active"])
def test_without_any_one_of_its_conditions_narrowing_users_would_miss_something(
    word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Believe of one column that it is as it should be, and a plan loses something."""
    whole = narrowing_users._may_need_something

    def blind(is_plain: bool, ownership: Any, is_active: bool, held: str, *said: Any) -> bool:
        if word == "digest":
            return not (is_plain and ownership is not None and is_active)
        if word == "active":
            return whole(is_plain, ownership, True, held, *said)
        return whole(True, ownership, is_active, held, *said)

    monkeypatch.setattr(narrowing_users, "_may_need_something", blind)
    for seed in range(200):
        everyone, some, target = _narrowed("sqlite", seed, POLICIES[0])
        if planned(some, target, POLICIES[0]) != planned(everyone, target, POLICIES[0]):
            return
    pytest.fail("no ledger needs this condition")


@pytest.mark.parametrize("kind", EVERY_STORE)
def test_a_user_who_is_held_as_all_have_it_is_left_out(kind: str) -> None:
    found = fresh(kind)
    world = builders.world(found)
    with found.write() as tx:
        user = identities.insert_user(tx, world.connection.key, NOW)
        said = dumps({"user_name": ["ada", DAY]})
        tx.update("users", user, {"push_yes": DAY, "push_active_yes": DAY, "push_said": said})
        decided(tx, world.connection, [user])
        (record,) = cases.users(tx, [user])
        assert record.resolved is not None
        assert list(cases.users_at_odds(tx, world.connection.key, world.target)) != []
        bindings.bind_user(
            tx,
            world.target,
            user,
            remote_id="r",
            ownership=Ownership.ADOPTED,
            digest=profile_digest(record.resolved),
            active=True,
            now=NOW,
        )
        assert list(cases.users_at_odds(tx, world.connection.key, world.target)) == []


@pytest.mark.parametrize("kind", EVERY_STORE)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), policy=st.sampled_from(POLICIES), is_kept=st.booleans())
def test_whom_narrowing_leaves_out_is_decided_as_before_and_has_no_finding(
    kind: str, seed: int, policy: Policy, is_kept: bool
) -> None:
    """`is_kept`: what was decided is written down, so that most may be left out."""
    chance, found = Random(seed), fresh(kind)
    world = builders.world(
        found, push=policy.push, pull={"kind": "memory"} if policy.pull else None
    )
    link = replace(world.connection, policy=policy)
    with found.write() as tx:
        users = [identities.insert_user(tx, link.key, NOW) for _ in range(8)]
        cover = chance.choice(DAYS) * DAY
        tx.update("connections", link.key, {"pull_cover_yes": cover, "pull_cover_no": cover})
        for number, user in enumerate(users):
            tx.update("users", user, person(chance, number))
        if is_kept:
            decided(tx, link, users)
        some = {one.key for one in users_in_question(tx, link)}
        for record in cases.all_users(tx, link.key, admits_all=policy.pull_admits):
            if record.key not in some:
                assert _is_as_before(record, policy)
                assert list(drift.about_user(record, link.key, policy, NOW)) == []


def _is_as_before(record: UserRecord, policy: Policy) -> bool:
    found = decide.user(record, policy, NOW)
    wanted = decide.wanted(found.exists, record.wanted)
    active = decide.resolved_active(found, record.was_active)
    before = (record.wanted, record.was_active, record.resolved)
    return (wanted, active, found.profile) == before

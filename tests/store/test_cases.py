"""SQL narrows and the core decides: what is left out could not have made a difference."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.actions import Ownership
from models.evidence import Silent
from models.findings import Finding, Kind
from models.identity import GroupKey, Membership, TargetKey, UserKey
from models.instant import DAY, MINUTE
from models.plans import Planned
from models.records import MemberRecord
from models.store import bindings, cases, identities, narrowing, reading
from models.store.database import Database, Tx
from sync import decide
from sync.authority import Authorities, Authority
from sync.drift import disagreements as drift
from sync.plan import plan
from sync.policies.policy import Expired, Grants, Policy, Removed
from tests import builders
from tests.playground import EVERY_STORE, fresh

DAYS = (0, 1, 2, 3)
NOW = 10 * DAY
POLICIES = [
    Policy(push=True, pull=True, login=True, pull_ttl=8 * DAY),
    Policy(push=True, pull=True, login=True, pull_ttl=7 * DAY + 1),
    Policy(push=True, login=True, login_grants=Grants.LEASE, lease=8 * DAY),
    Policy(push=False, pull=True, login=True, pull_admits=True, pull_ttl=9 * DAY),
    Policy(push=False, login=True, lease=8 * DAY),
    Policy(push=False, login=True, lease=8 * DAY, expired_lease=Expired.REMOVE),
]
policies = st.builds(
    Policy,
    push=st.booleans(),
    pull=st.booleans(),
    login=st.booleans(),
    authority=st.builds(Authorities, memberships=st.sampled_from(Authority)),
    pull_ttl=st.sampled_from([7 * DAY + 1, 8 * DAY, 20 * DAY]),
    push_ttl=st.sampled_from([None, 8 * DAY]),
    login_grants=st.sampled_from(Grants),
    lease=st.sampled_from([7 * DAY, 8 * DAY, 20 * DAY]),
    expired_lease=st.sampled_from(Expired),
    removed_groups=st.sampled_from(Removed),
)
every_store = pytest.mark.parametrize("kind", EVERY_STORE)


@dataclass
class Ledger:
    database: Database
    connection: int
    target: int
    memberships: list[Membership]

    def narrowed(self, target: int, policy: Policy) -> list[MemberRecord]:
        before = policy.unvouched_before(NOW)
        with self.database.read() as tx:
            found = cases.disagreements(tx, self.connection, target, unvouched_before=before)
            return list(found)

    def all(self, target: int) -> list[MemberRecord]:
        with self.database.read() as tx:
            return list(cases.members(tx, self.memberships, target))

    def planned(self, records: Iterable[MemberRecord], policy: Policy) -> list[Planned]:
        found = [decide.member_case(one, policy, NOW) for one in records]
        return plan(TargetKey(self.target), found, NOW, retention=DAY)


def random_ledger(kind: str, chance: Random) -> Ledger:
    """Anything that the statements of the store can leave behind, and much that they cannot."""
    found = fresh(kind)
    world = builders.world(found, pull={"kind": "memory"}, login={"protocol": "oidc"})
    link = world.connection.key
    with found.write() as tx:
        users = [identities.insert_user(tx, link, NOW) for _ in range(6)]
        groups = [identities.insert_group(tx, link, f"g{one}", NOW) for one in range(4)]
        cover = chance.choice(DAYS) * DAY
        tx.update("connections", link, {"pull_cover_yes": cover, "pull_cover_no": cover})
        for user in users:
            tx.update("users", user, _user(chance))
        for group in groups:
            tx.update("groups", group, _group(chance))
        memberships = [Membership(group, user) for group in groups for user in users]
        tx.many(_INSERT, [_member(chance, one) for one in memberships])
        _bind(tx, chance, world.target, users, groups)
    return Ledger(found, link, world.target, memberships)


def _user(chance: Random) -> dict[str, Any]:
    return {
        "wanted": chance.random() < 0.7,
        "active": chance.random() < 0.7,
        "pull_known": chance.random() < 0.7,
        "login_cover": chance.choice(DAYS) * DAY,
        "pull_cover": chance.choice((0, 0, *DAYS)) * DAY,
        "push_yes": chance.choice((0, 1)),
    }


def _group(chance: Random) -> dict[str, Any]:
    """What is not let in is not wanted."""
    wanted = chance.random() < 0.7
    return {
        "wanted": wanted,
        "let_in": wanted,
        "pull_known": chance.random() < 0.7,
        "pull_yes": chance.choice(DAYS) * DAY,
        "pull_no": chance.choice(DAYS) * DAY,
        "login_known": chance.random() < 0.7,
        "push_cover": chance.choice(DAYS) * DAY,
        "push_yes": chance.choice((0, 1)),
        "removed_at": chance.choice((0, 0, 0, 2 * DAY)),
    }


_MARKS = ("push_yes", "push_no", "pull_yes", "pull_no", "login_yes", "login_no")
_INSERT = f"""
    INSERT INTO memberships (group_id, user_id, {", ".join(_MARKS)})
    VALUES (:group, :user, {", ".join(f":{mark}" for mark in _MARKS)})
"""


def _member(chance: Random, one: Membership) -> dict[str, int]:
    marks = {mark: chance.choice((0, 0, *DAYS)) * DAY for mark in _MARKS}
    return {"group": one.group, "user": one.user, **marks}


def _bind(
    tx: Tx, chance: Random, target: int, users: list[UserKey], groups: list[GroupKey]
) -> None:
    """A membership is held only of a user and a group that are there."""
    owners = [None, Ownership.OURS, Ownership.OURS, Ownership.FOREIGN]
    there = [
        one
        for one in users
        if (owner := chance.choice(owners)) and _user_at(tx, target, one, owner)
    ]
    for group in groups:
        owner = chance.choice(owners)
        if owner is not None:
            bindings.bind_group(
                tx, target, group, remote_id=f"g{group}", ownership=owner, digest="", now=NOW
            )
            held = [one for one in there if chance.random() < 0.5]
            bindings.bind_members(tx, target, group, held)


def _user_at(tx: Tx, target: int, user: UserKey, owner: Ownership) -> bool:
    bindings.bind_user(
        tx,
        target,
        user,
        remote_id=f"u{user}",
        ownership=owner,
        digest="",
        active=True,
        now=NOW,
    )
    return True


@every_store
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), wanted=st.lists(policies, min_size=3, max_size=3))
def test_planning_what_was_narrowed_is_planning_everything(
    kind: str, seed: int, wanted: list[Policy]
) -> None:
    held = random_ledger(kind, Random(seed))
    everything = held.all(held.target)
    for policy in [*POLICIES, *wanted]:
        narrowed = held.narrowed(held.target, policy)
        assert len(narrowed) <= len(everything)
        assert held.planned(narrowed, policy) == held.planned(everything, policy)


@every_store
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_narrowing_without_a_target_misses_no_disagreement(kind: str, seed: int) -> None:
    """Only that a push is silent of what it does not provision is no disagreement."""
    held = random_ledger(kind, Random(seed))
    with held.database.read() as tx:
        pushed = {
            table: {row.id for row in tx.rows(f"SELECT id FROM {table} WHERE push_yes > push_no")}
            for table in ("users", "groups")
        }

    def found(records: Iterable[MemberRecord], policy: Policy) -> dict[str, Finding]:
        listed = [one for each in records for one in drift.about_member(each, 1, policy, NOW)]
        return {one.subject: one for one in listed}

    silent = {
        one.membership
        for one in held.all(cases.NO_TARGET)
        if isinstance(one.testimony.push, Silent)
        and not (
            one.membership.user in pushed["users"] and one.membership.group in pushed["groups"]
        )
    }
    for policy in POLICIES:
        all_of_them = found(held.all(cases.NO_TARGET), policy)
        some = found(held.narrowed(cases.NO_TARGET, policy), policy)
        assert some.keys() <= all_of_them.keys()
        for subject in all_of_them.keys() - some.keys():
            missed = all_of_them[subject]
            assert missed.kind is Kind.MISSED_PUSH
            assert missed.user is not None and missed.group is not None
            assert Membership(GroupKey(missed.group), UserKey(missed.user)) in silent


CONDITIONS: dict[str, tuple[dict[int, str], int, str]] = {
    "a push that says yes": (narrowing.SAID, narrowing.YES, "m.push_yes >= m.push_no"),
    "a read that says yes": (narrowing.SAID, narrowing.YES, "m.pull_yes >= m.pull_no"),
    "a token that says yes": (narrowing.SAID, narrowing.YES, "m.login_yes >= m.login_no"),
    "a push that says no": (narrowing.SAID, narrowing.NO, "m.push_no > m.push_yes"),
    "a read that says no": (narrowing.SAID, narrowing.NO, "m.pull_no > m.pull_yes"),
    "a token that says no": (narrowing.SAID, narrowing.NO, "m.login_no > m.login_yes"),
    "a list of all members that leaves somebody out": (
        narrowing.SAID,
        narrowing.NO,
        "g.push_cover > 0",
    ),
    "a group that reads can name": (narrowing.SAID, narrowing.UNLISTED, "g.pull_known"),
    "a complete read that never listed somebody": (
        narrowing.ROLL,
        narrowing.LISTED,
        "u.pull_known AND c.pull_cover_yes > 0",
    ),
    "a group that tokens can name": (narrowing.SAID, narrowing.UNNAMED, "g.login_known"),
    "a login that is too long ago": (
        narrowing.WITH_LEASES,
        narrowing.RAN_OUT,
        "m.login_yes < :unvouched_before",
    ),
    "a token of all groups that leaves one out": (
        narrowing.ROLL,
        narrowing.NAMED,
        "u.login_cover > 0",
    ),
    "a user who is wanted": (narrowing.ROLL, narrowing.WANTED, "u.wanted"),
    "a user who is there": (narrowing.ROLL, narrowing.BOUND, "b.user_id IS NOT NULL"),
}


@pytest.mark.parametrize(
    ("conditions", "bit", "condition"), CONDITIONS.values(), ids=CONDITIONS.keys()
)
def test_without_any_one_of_its_conditions_narrowing_would_miss_something(
    conditions: dict[int, str], bit: int, condition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert conditions[bit].count(condition) == 1
    monkeypatch.setitem(conditions, bit, conditions[bit].replace(condition, "1 = 0"))
    for seed in range(400):
        held = random_ledger("sqlite", Random(seed))
        everything = held.all(held.target)
        narrowed = [held.narrowed(held.target, one) for one in (POLICIES[0], POLICIES[-1])]
        if any(
            held.planned(narrowed[one is POLICIES[-1]], one) != held.planned(everything, one)
            for one in POLICIES
        ):
            return
    pytest.fail("no ledger needs this condition")


@every_store
def test_narrowing_leaves_out_what_all_agree_on(kind: str) -> None:
    """Otherwise a pass over everything would decide everything."""
    found = fresh(kind)
    world = builders.world(found, pull={"kind": "memory"})
    with found.write() as tx:
        user = identities.insert_user(tx, world.connection.key, NOW)
        group = identities.insert_group(tx, world.connection.key, "ops", NOW)
        tx.update("users", user, {"wanted": True, "pull_known": True})
        tx.update("groups", group, {"wanted": True, "pull_known": True, "pull_yes": DAY})
        tx.many(_INSERT, [{"group": group, "user": user, **dict.fromkeys(_MARKS, 0)} | AGREED])
        bindings.bind_group(
            tx,
            world.target,
            group,
            remote_id="g",
            ownership=Ownership.OURS,
            digest="",
            now=NOW,
        )
        _user_at(tx, world.target, user, Ownership.OURS)
        bindings.bind_members(tx, world.target, group, [user])
    with found.read() as tx:
        for target in (world.target, cases.NO_TARGET):
            assert list(cases.disagreements(tx, world.connection.key, target)) == []


AGREED: Mapping[str, int] = {"push_yes": DAY, "pull_yes": DAY}


@every_store
def test_every_user_that_may_need_something_is_looked_at(kind: str) -> None:
    found = fresh(kind)
    world = builders.world(found, pull={"kind": "memory"})
    link = world.connection.key
    with found.write() as tx:
        made = {
            name: identities.insert_user(tx, link, NOW)
            for name in ("pushed", "signed in", "wanted", "held", "only read", "unheard of")
        }
        tx.update("users", made["pushed"], {"push_yes": 1})
        tx.update("users", made["signed in"], {"login_yes": 1})
        tx.update("users", made["wanted"], {"wanted": True})
        tx.update("users", made["only read"], {"pull_yes": 1})
        _user_at(tx, world.target, made["held"], Ownership.OURS)

    def looked_at(**options: Any) -> set[str]:
        with found.read() as tx:
            keys = {one.key for one in cases.all_users(tx, link, world.target, **options)}
        return {name for name, key in made.items() if key in keys}

    assert looked_at() == {"pushed", "signed in", "wanted", "held"}
    assert looked_at(admits_all=True) == {"pushed", "signed in", "wanted", "held", "only read"}


@every_store
def test_the_state_of_an_account_is_as_fresh_as_its_listing(kind: str) -> None:
    found = fresh(kind)
    world = builders.world(found, pull={"kind": "memory"})
    link = world.connection.key
    with found.write() as tx:
        user = identities.insert_user(tx, link, NOW)
        reading.list_users(tx, [(user, False, {}, 13)], DAY, NOW)
        tx.update("connections", link, {"pull_cover_yes": 2 * DAY, "pull_cover_no": DAY + MINUTE})
    with found.read() as tx:
        (record,) = cases.users(tx, [user])
    assert (record.exists.pull.as_of, record.active.pull.as_of) == (2 * DAY, 2 * DAY)  # type: ignore[union-attr]

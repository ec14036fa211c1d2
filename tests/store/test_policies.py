"""What a policy does to a small company, and what a change of it would do."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import DirectoryGroup
from models.instant import DAY, HOUR
from models.store.database import dumps
from models.verdicts import Answer
from sync.policies.preview import Comparison, Preview
from tests.playground import EVERY_STORE, Playground, fresh, playground

YES, NO, HOLD = Answer.YES, Answer.NO, Answer.HOLD
GENEROUS = {"floor": 1000, "share": 1.0}
every_store = pytest.mark.parametrize("kind", EVERY_STORE)


def company(kind: str, **options: Any) -> Playground:
    """Ada and Bob are in Ops, Ada in App-Dev; everybody agrees."""
    options = {"guard": GENEROUS, **options}
    play = playground(fresh(kind), **options)
    play.company.hire("ada", "bob")
    play.company.found("ops", "ada", "bob")
    play.company.found("app-dev", "ada")
    policy = play.connection.policy
    if policy.push:
        for name in ("ada", "bob"):
            play.push_user(name)
        for group, names in play.company.members.items():
            play.push_group(group, *sorted(names))
    if policy.pull:
        play.read()
    if not policy.has_directory:
        play.token("ada", "ops", "app-dev")
        play.token("bob", "ops")
    play.settle()
    play.clock.at += HOUR
    return play


def decide(play: Playground, **policy: Any) -> None:
    """An administrator sets the policy."""
    with play.database.write() as tx:
        tx.update("connections", play.key, {"policy": dumps(policy)})


def foresee(play: Playground, **policy: Any) -> Preview:
    """What setting it would do."""
    before = play.connection
    decide(play, **policy)
    after = play.connection
    with play.database.write() as tx:
        tx.update("connections", play.key, {"policy": "{}"})
    return Comparison(
        database=play.database,
        peers=play.reconciliation.peers,
        clock=play.clock,
        before=before,
        after=after,
    ).preview()


@every_store
def test_groups_that_the_policy_keeps_out_are_never_provisioned(kind: str) -> None:
    play = company(kind, policy={"groups": {"only": ["app-*"]}})
    assert play.in_app("app-dev") == {"ada"}
    assert [one.name for one in play.app.groups.values()] == ["App-Dev"]
    assert (play.answer("ada", "ops"), play.answer("ada", "app-dev")) == (NO, YES)
    assert play.plan() == []


@every_store
def test_what_is_kept_out_was_remembered_and_comes_when_it_is_let_in(kind: str) -> None:
    play = company(kind, policy={"groups": {"never": ["OPS"]}})
    assert play.in_app("ops") == set()
    decide(play)
    play.settle()
    assert play.in_app("ops") == {"ada", "bob"}


@every_store
def test_a_group_is_let_in_by_its_directory_id(kind: str) -> None:
    play = company(kind, push=False, scope={"app_id": "x"}, policy={"groups": {"only": ["00-OPS"]}})
    play.company.groups["00-ops"] = DirectoryGroup("00-ops", "Ops")
    play.company.members["00-ops"] = play.company.members.pop("ops")
    del play.company.groups["ops"]
    play.read()
    play.settle()
    assert play.in_app("ops") == {"ada", "bob"}
    assert play.in_app("app-dev") == set()


@every_store
def test_groups_that_a_new_policy_keeps_out_go_as_far_as_the_guard_allows(kind: str) -> None:
    play = company(kind, guard={"floor": 0, "share": 0.0})
    decide(play, groups={"only": ["app-*"]})
    play.settle()
    assert play.in_app("ops") == {"ada", "bob"}
    assert len(play.held()) == 1
    play.approve()
    play.settle()
    assert [one.name for one in play.app.groups.values()] == ["App-Dev"]


@every_store
def test_with_logins_alone_values_that_are_kept_out_bring_no_group(kind: str) -> None:
    only = {"groups": {"only": ["app-*"]}}
    play = company(kind, push=False, pull=False, policy=only)
    with play.database.read() as tx:
        assert [row.name for row in tx.rows("SELECT name FROM groups")] == ["app-dev"]
    assert play.in_app("app-dev") == {"ada"}


@every_store
def test_a_token_denies_no_group_that_it_lists_though_the_policy_keeps_it_out(kind: str) -> None:
    play = company(kind, push=False, pull=False)
    decide(play, groups={"never": ["ops"]})
    play.token("ada", "ops", "app-dev")
    play.settle()
    assert play.in_app("ops") == set()
    decide(play)
    play.settle()
    assert play.in_app("ops") == {"ada", "bob"}


RETURNING = {
    "a push, where they return": ("return", "push", {"ada", "bob"}),
    "a read, where they return": ("return", "read", {"ada", "bob"}),
    "no token, even where they return": ("return", "token", set()),
    "no push, where they stay": ("stay", "push", set()),
    "no read, where they stay": ("stay", "read", set()),
}


@pytest.mark.parametrize(("setting", "word", "members"), RETURNING.values(), ids=RETURNING.keys())
@every_store
def test_a_removed_group_is_brought_back_by(
    kind: str, setting: str, word: str, members: set[str]
) -> None:
    play = company(kind, policy={"removed_groups": setting})
    play.remove_group("ops")
    play.settle()
    assert play.in_app("ops") == set()
    play.clock.at += HOUR
    match word:
        case "push":
            play.push_group("ops", "ada", "bob")
        case "read":
            play.read()
        case _:
            play.token("ada", "ops", "app-dev")
    play.settle()
    assert play.in_app("ops") == members


@every_store
def test_with_logins_alone_who_stays_away_is_kept_unless_the_policy_says_otherwise(
    kind: str,
) -> None:
    play = company(kind, push=False, pull=False)
    play.clock.at += 31 * DAY
    play.token("ada", "app-dev", "ops")
    play.settle()
    assert play.in_app("ops") == {"ada", "bob"}
    decide(play, expired_lease="remove")
    play.settle()
    bob = play.at_app("bob")
    assert (play.in_app("ops"), bob.active) == ({"ada"}, False)
    play.token("bob", "ops")
    play.settle()
    assert (play.in_app("ops"), play.at_app("bob").active) == ({"ada", "bob"}, True)


@every_store
def test_what_an_expired_lease_takes_back_passes_the_guard(kind: str) -> None:
    play = company(kind, push=False, pull=False, guard={"floor": 0, "share": 0.0})
    decide(play, expired_lease="remove")
    play.clock.at += 31 * DAY
    play.settle()
    assert play.in_app("ops") == {"ada", "bob"}
    assert play.held()


@every_store
def test_where_push_decides_a_read_changes_nothing(kind: str) -> None:
    play = company(kind, policy={"authority": {"memberships": "push"}})
    play.company.members["ops"].clear()
    play.read()
    play.settle()
    assert play.in_app("ops") == {"ada", "bob"}
    play.push_remove("ops", "bob")
    play.settle()
    assert play.in_app("ops") == {"ada"}


@every_store
def test_where_push_decides_and_is_silent_nothing_is_given(kind: str) -> None:
    play = company(kind, policy={"authority": {"memberships": "push"}})
    play.company.members["app-dev"].add("bob")
    play.read()
    play.settle()
    assert play.answer("bob", "app-dev") is HOLD
    assert play.in_app("app-dev") == {"ada"}


@every_store
def test_a_preview_tells_what_would_change_and_changes_nothing(kind: str) -> None:
    play = company(kind, guard={"floor": 0, "share": 0.0})
    before = play.decisions()
    found = foresee(play, groups={"only": ["app-*"]})
    assert found.counts == {"groups": 1, "memberships": 2, "users": 0}
    told = {(one.what, one.before, one.after) for one in found.items}
    assert ("the group Ops is to be there", "yes", "no") in told
    assert ("ada@acme.example is in Ops", "yes", "no") in told
    assert all(one.why.endswith(".") for one in found.items)
    assert found.operations == {"app": {"delete_group": 1}}
    assert found.would_hold is not None
    assert (play.decisions(), play.plan(), play.held()) == (before, [], [])


@every_store
def test_a_preview_of_the_same_policy_is_empty(kind: str) -> None:
    found = foresee(company(kind))
    assert (+found.counts, found.items, found.would_hold) == ({}, [], None)
    assert found.operations == {"app": {}}


@every_store
def test_a_preview_tells_whose_attribute_counts(kind: str) -> None:
    play = company(kind)
    play.push_user("ada", displayName="Countess")
    play.settle()
    found = foresee(play, attributes={"ignore": ["display_name"]})
    assert [(one.before, one.after) for one in found.items] == [("Countess", None)]
    assert found.operations == {"app": {"update_user": 1}}


CHOICES: dict[str, st.SearchStrategy[Any]] = {
    "authority": st.fixed_dictionaries(
        {},
        optional={
            "active": st.sampled_from(["newest", "push", "pull"]),
            "memberships": st.sampled_from(["newest", "push", "pull"]),
            "group_names": st.sampled_from(["newest", "push", "pull"]),
            "attributes": st.dictionaries(
                st.sampled_from(["email", "user_name"]), st.sampled_from(["newest", "push", "pull"])
            ),
        },
    ),
    "groups": st.sampled_from([{"only": ["app-*"]}, {"never": ["ops"]}, {"only": ["ops"]}]),
    "login_grants": st.sampled_from(["hint", "lease"]),
    "removed_groups": st.sampled_from(["stay", "return"]),
    "ttl": st.sampled_from([{"pull": "1h"}, {"push": "1h"}, {"login": "1h"}, {}]),
    "attributes": st.just({"ignore": ["display_name"]}),
}
wishes = st.fixed_dictionaries({}, optional=CHOICES)


@settings(max_examples=25, deadline=None)
@given(first=wishes, then=wishes, waits=st.sampled_from([0, 2 * HOUR, 5 * DAY]))
def test_under_any_policy_the_second_reconciliation_plans_nothing_and_a_preview_of_it_is_empty(
    first: dict[str, Any], then: dict[str, Any], waits: int
) -> None:
    play = company("sqlite", policy=first)
    play.clock.at += waits
    decide(play, **then)
    play.settle()
    assert play.plan() == []
    same = play.connection
    found = Comparison(
        database=play.database,
        peers=play.reconciliation.peers,
        clock=play.clock,
        before=same,
        after=same,
    ).preview()
    assert not +found.counts


@settings(max_examples=25, deadline=None)
@given(wish=wishes, groups=st.lists(st.sampled_from(["ops", "app-dev", "new"]), unique=True))
def test_under_any_policy_that_gives_no_lease_a_token_changes_nothing(
    wish: dict[str, Any], groups: list[str]
) -> None:
    play = company("sqlite", policy=wish | {"login_grants": "hint"})
    before, done = play.decisions(), list(play.app.applied)
    play.token("bob", *groups)
    play.settle()
    after = play.decisions()
    assert {fact: after[fact] for fact in before} == before
    assert all(after[fact] is not YES for fact in after.keys() - before.keys())
    assert play.app.applied == done

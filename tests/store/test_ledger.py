"""The ledger keeps the newest word of each channel, whatever the order it comes in."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.evidence import (
    Channel,
    GroupCovered,
    GroupSaid,
    MembersAdded,
    MembersRemoved,
    No,
    Observation,
    UserCovered,
    UserInGroups,
    UserSaid,
    Yes,
)
from models.evidence import Testimony as Said
from models.identity import GroupKey, Membership, UserKey
from models.store import cases, identities, ledger, rounds
from models.store.database import Database, Tx
from tests import builders
from tests.playground import EVERY_STORE, fresh

PUSH, PULL, LOGIN = Channel.PUSH, Channel.PULL, Channel.LOGIN
NOW = 1_000
EXAMPLES = int(os.environ.get("TRUEUP_TEST_EXAMPLES", "100"))
every_store = pytest.mark.parametrize("kind", EVERY_STORE)


@dataclass
class Small:
    """Two users and three groups that every channel can name."""

    database: Database
    connection: int
    users: list[UserKey]
    groups: list[GroupKey]

    def tell(self, *told: Observation) -> ledger.Touched:
        touched = ledger.Touched()
        with self.database.write() as tx:
            for one in told:
                touched.add(ledger.record(tx, self.connection, one, NOW))
        return touched

    def cover(self, yes_as_of: int, no_as_of: int | None = None) -> bool:
        with self.database.write() as tx:
            no = yes_as_of if no_as_of is None else no_as_of
            return ledger.cover_read(tx, self.connection, yes_as_of, no, now=NOW)

    def round(self, came_from: str, as_of: int) -> bool:
        with self.database.write() as tx:
            return rounds.carry_cover(
                tx, self.connection, (as_of, as_of - 1), before=came_from, after="b", now=NOW
            )

    def heard(self, group: int = 0, user: int = 0) -> Said:
        asked = Membership(self.groups[group], self.users[user])
        with self.database.read() as tx:
            found = [one.testimony for one in cases.members(tx, [asked])]
        return found[0] if found else Said()

    def all(self) -> dict[str, Any]:
        """Of every fact what each channel says and as of when."""
        found: dict[str, Any] = {}
        with self.database.read() as tx:
            for user in cases.users(tx, self.users):
                found[f"u{user.key}"] = (words(user.exists), words(user.active), user.push_said)
            for group in cases.groups(tx, self.groups):
                found[f"g{group.key}"] = (words(group.exists), group.push_name)
            for key in self.groups:
                for member in cases.members_of_group(tx, key):
                    found[f"m{key}:{member.membership.user}"] = words(member.testimony)
        return found


def words(said: Said) -> list[tuple[str, int, int]]:
    """What is said, as of when, and which word it is; a fingerprint is made of that."""
    found = []
    for channel in Channel:
        word = said.of(channel)
        spoken = isinstance(word, Yes | No)
        found.append(
            (type(word).__name__, word.as_of if spoken else 0, word.after if spoken else 0)
        )
    return found


def small(kind: str) -> Small:
    found = fresh(kind)
    with found.write() as tx:
        every = {"pull": {"kind": "memory"}, "login": {"protocol": "oidc"}}
        link = builders.connection(tx, builders.organization(tx), **every).key
        users = [identities.insert_user(tx, link, NOW) for _ in range(2)]
        groups = [identities.insert_group(tx, link, f"g{one}", NOW) for one in range(3)]
        _let_all_channels_name(tx)
    return Small(found, link, users, groups)


def _let_all_channels_name(tx: Tx) -> None:
    tx.run("UPDATE users SET pull_known = :yes", {"yes": True})
    tx.run("UPDATE groups SET pull_known = :yes, login_known = :yes, pull_yes = 1", {"yes": True})


def said(channel: Channel, as_of: int, *facts: Any) -> Observation:
    return Observation(channel=channel, event="test", as_of=as_of, facts=facts)


@every_store
def test_what_was_never_spoken_of_is_silent(kind: str) -> None:
    assert small(kind).heard() == Said()


@every_store
def test_a_word_of_one_channel_is_not_one_of_another(kind: str) -> None:
    world = small(kind)
    world.tell(said(PUSH, 10, MembersAdded(world.groups[0], frozenset(world.users[:1]))))
    assert world.heard() == Said(push=Yes(10, 10))


@every_store
def test_a_later_word_stands_and_an_earlier_one_that_comes_late_does_not(kind: str) -> None:
    world = small(kind)
    group, users = world.groups[0], frozenset(world.users[:1])
    world.tell(said(PUSH, 30, MembersRemoved(group, users)))
    world.tell(said(PUSH, 20, MembersAdded(group, users)))
    assert isinstance(world.heard().push, No)


@every_store
def test_a_removal_that_comes_late_does_not_take_a_later_one_back(kind: str) -> None:
    world = small(kind)
    group, (ada, _) = world.groups[0], world.users
    world.tell(
        said(PUSH, 25, MembersAdded(group, frozenset({ada}))),
        said(PUSH, 30, MembersRemoved(group, frozenset({ada}))),
        said(PUSH, 20, MembersRemoved(group, frozenset({ada}))),
    )
    assert isinstance(world.heard(0, 0).push, No)


@every_store
def test_an_addition_that_comes_after_a_newer_list_without_it_adds_nobody(kind: str) -> None:
    """Whether anybody else has spoken of the membership or not."""
    world = small(kind)
    group, (ada, bob) = world.groups[0], world.users
    world.tell(
        said(LOGIN, 5, UserCovered(bob, frozenset({group}))),
        said(PUSH, 30, GroupCovered(group, frozenset())),
        said(PUSH, 20, MembersAdded(group, frozenset({ada, bob}))),
    )
    assert isinstance(world.heard(0, 0).push, No)
    assert isinstance(world.heard(0, 1).push, No)


@every_store
def test_all_members_of_a_group_deny_the_others(kind: str) -> None:
    world = small(kind)
    group, (ada, bob) = world.groups[0], world.users
    world.tell(
        said(PUSH, 10, MembersAdded(group, frozenset({ada}))),
        said(PUSH, 20, GroupCovered(group, frozenset({bob}))),
    )
    assert isinstance(world.heard(0, 0).push, No)
    assert isinstance(world.heard(0, 1).push, Yes)
    assert isinstance(world.heard(1, 0).push, type(Said().push)), "another group is not covered"


@every_store
def test_a_removal_that_comes_after_a_newer_list_that_names_the_member_removes_nobody(
    kind: str,
) -> None:
    world = small(kind)
    group, users = world.groups[0], frozenset(world.users[:1])
    world.tell(
        said(PUSH, 10, MembersAdded(group, users)),
        said(PUSH, 30, GroupCovered(group, users)),
        said(PUSH, 20, MembersRemoved(group, users)),
    )
    assert world.heard().push == Yes(30, 30)


@every_store
def test_a_member_who_is_listed_again_is_worth_deciding_if_the_directory_denies_it(
    kind: str,
) -> None:
    """The list is newer than the read that never named the member: the answer turns."""
    world = small(kind)
    group, users = world.groups[0], frozenset(world.users[:1])
    world.tell(said(PUSH, 10, MembersAdded(group, users)))
    world.cover(20)
    assert isinstance(world.heard().pull, No)
    touched = world.tell(said(PUSH, 30, GroupCovered(group, users)))
    assert Membership(group, world.users[0]) in touched.memberships


@every_store
def test_a_token_that_lists_all_groups_denies_the_others(kind: str) -> None:
    world = small(kind)
    user, (ops, dev, _) = world.users[0], world.groups
    world.tell(
        said(LOGIN, 10, UserCovered(user, frozenset({ops, dev}))),
        said(LOGIN, 20, UserCovered(user, frozenset({dev}))),
    )
    assert isinstance(world.heard(0).login, No)
    assert world.heard(1).login == Yes(20, 10)


@every_store
def test_a_token_that_lists_some_groups_denies_nothing(kind: str) -> None:
    world = small(kind)
    user, (ops, dev, _) = world.users[0], world.groups
    world.tell(
        said(LOGIN, 10, UserCovered(user, frozenset({ops}))),
        said(LOGIN, 20, UserInGroups(user, frozenset({dev}))),
    )
    assert isinstance(world.heard(0).login, Yes)
    assert isinstance(world.heard(1).login, Yes)


@every_store
def test_an_old_token_of_some_groups_does_not_bring_back_what_a_newer_one_left_out(
    kind: str,
) -> None:
    world = small(kind)
    user, ops = world.users[0], world.groups[0]
    world.tell(
        said(LOGIN, 20, UserCovered(user, frozenset())),
        said(LOGIN, 10, UserInGroups(user, frozenset({ops}))),
    )
    assert isinstance(world.heard().login, No)


@every_store
def test_a_point_read_denies_what_it_does_not_list_and_freshens_what_it_does(kind: str) -> None:
    world = small(kind)
    user, (ops, dev, _) = world.users[0], world.groups
    world.tell(
        said(PULL, 10, MembersAdded(ops, frozenset({user}))),
        said(PULL, 10, MembersAdded(dev, frozenset({user}))),
        said(PULL, 20, UserCovered(user, frozenset({ops}))),
    )
    assert world.heard(0).pull == Yes(20, 20)
    assert world.heard(1).pull == No(20, 20)


@every_store
def test_a_point_read_denies_groups_that_nobody_had_spoken_of(kind: str) -> None:
    """No row is written for them: the date on the user speaks once somebody makes one."""
    world = small(kind)
    user, (ops, dev, _) = world.users[0], world.groups
    world.tell(
        said(PULL, 20, UserCovered(user, frozenset({ops}))),
        said(PUSH, 10, MembersAdded(dev, frozenset({user}))),
    )
    assert world.heard(1) == Said(push=Yes(10, 10), pull=No(20, 0))


@every_store
def test_a_point_read_denies_nothing_of_groups_that_the_directory_cannot_name(kind: str) -> None:
    world = small(kind)
    user, (_, dev, _) = world.users[0], world.groups
    with world.database.write() as tx:
        tx.run("UPDATE groups SET pull_known = :no WHERE id = :key", {"key": dev, "no": False})
    world.tell(
        said(PULL, 20, UserCovered(user, frozenset())),
        said(PUSH, 10, MembersAdded(dev, frozenset({user}))),
    )
    assert world.heard(1) == Said(push=Yes(10, 10))


@every_store
def test_a_page_of_a_read_that_began_before_a_point_read_adds_nobody_it_did_not_list(
    kind: str,
) -> None:
    world = small(kind)
    user, ops = world.users[0], world.groups[0]
    world.tell(
        said(PULL, 20, UserCovered(user, frozenset())),
        said(PULL, 10, MembersAdded(ops, frozenset({user}))),
    )
    assert world.heard().pull == No(20, 20)


@every_store
def test_what_a_point_read_denied_is_confirmed_and_what_one_full_read_left_out_is_not(
    kind: str,
) -> None:
    world = small(kind)
    (ada, bob), ops = world.users, world.groups[0]
    world.tell(said(PUSH, 5, MembersAdded(ops, frozenset({ada, bob}))))
    world.tell(said(PULL, 8, UserCovered(ada, frozenset())))
    world.cover(20)
    assert world.heard(0, 0).pull == No(20, 8, is_confirmed=True)
    assert world.heard(0, 1).pull == No(20, 0, is_confirmed=False)


@every_store
def test_a_round_carries_the_cover_on_and_confirms_nothing_that_the_read_missed(
    kind: str,
) -> None:
    world = small(kind)
    world.tell(said(PUSH, 5, MembersAdded(world.groups[0], frozenset(world.users[:1]))))
    world.cover(20, 18)
    assert not world.round("lost", 30), "no round may follow while there is no cursor"
    with world.database.write() as tx:
        tx.update("connections", world.connection, {"pull_cursor": "a"})
    assert world.round("a", 30)
    assert world.heard().pull == No(29, 0, is_confirmed=False)
    assert not world.round("a", 40), "it was followed already"
    assert world.round("b", 40)
    assert world.heard().pull == No(39, 0, is_confirmed=False)


@every_store
def test_a_channel_that_was_switched_off_is_silent_and_nothing_it_said_is_lost(kind: str) -> None:
    world = small(kind)
    ops, ada = world.groups[0], world.users[0]
    world.tell(
        said(PUSH, 10, UserSaid(user=ada, exists=True, attributes={"email": "x"})),
        said(PUSH, 11, GroupSaid(group=ops, exists=True, name="Ops")),
        said(PUSH, 12, MembersAdded(ops, frozenset({ada}))),
    )
    spoken = world.all()
    for column, off, on in (("push", False, True), ("login", None, '{"protocol": "oidc"}')):
        with world.database.write() as tx:
            tx.update("connections", world.connection, {column: off})
        if column == "push":
            assert world.heard() == Said()
            with world.database.read() as tx:
                (user,), (group,) = cases.users(tx, [ada]), cases.groups(tx, [ops])
            assert (user.exists, user.push_said) == (Said(), {})
            assert (group.exists.push, group.push_name) == (Said().push, None)
        with world.database.write() as tx:
            tx.update("connections", world.connection, {column: on})
    assert world.all() == spoken


@every_store
def test_the_newest_of_two_complete_reads_covers(kind: str) -> None:
    world = small(kind)
    assert world.cover(20)
    assert not world.cover(20)
    assert not world.cover(10)
    world.tell(said(PUSH, 5, MembersAdded(world.groups[0], frozenset(world.users[:1]))))
    assert world.heard().pull == No(20, 0, is_confirmed=False)


@every_store
def test_a_read_does_not_speak_of_the_members_of_a_group_it_did_not_list(kind: str) -> None:
    """That the group is missing says nothing of who was in it."""
    world = small(kind)
    ops, users = world.groups[0], frozenset(world.users[:1])
    world.tell(said(PULL, 10, MembersAdded(ops, users)))
    with world.database.write() as tx:
        tx.run("UPDATE groups SET pull_yes = 10, pull_no = 20 WHERE id = :key", {"key": ops})
    world.cover(20)
    assert world.heard().pull == Yes(10, 10)


@every_store
def test_of_each_attribute_the_newest_word_stands(kind: str) -> None:
    world = small(kind)
    ada = world.users[0]
    world.tell(
        said(PUSH, 20, UserSaid(user=ada, attributes={"email": "new"})),
        said(PUSH, 10, UserSaid(user=ada, attributes={"email": "old", "last_name": "L"})),
    )
    with world.database.read() as tx:
        (record,) = cases.users(tx, [ada])
    assert record.push_said == {"email": ["new", 20], "last_name": ["L", 10]}


@every_store
def test_a_login_says_nothing_of_disabled_accounts_or_of_groups_that_are_gone(kind: str) -> None:
    world = small(kind)
    ada, ops = world.users[0], world.groups[0]
    world.tell(
        said(LOGIN, 10, UserSaid(user=ada, exists=False, active=False)),
        said(LOGIN, 10, GroupSaid(group=ops, exists=False)),
    )
    with world.database.read() as tx:
        (user,), (group,) = cases.users(tx, [ada]), cases.groups(tx, [ops])
    assert user.exists == Said() and user.active == Said()
    assert group.exists.login == Said().login


@every_store
def test_the_journal_has_a_line_for_each_observation(kind: str) -> None:
    world = small(kind)
    world.tell(
        said(PUSH, 10, UserSaid(user=world.users[1], exists=True)),
        said(PULL, 11, GroupSaid(group=world.groups[1], exists=True)),
    )
    with world.database.read() as tx:
        rows = tx.rows("SELECT channel, user_id, group_id, as_of FROM observations ORDER BY id")
    assert [tuple(row) for row in rows] == [
        ("push", world.users[1], None, 10),
        ("pull", None, world.groups[1], 11),
    ]


@every_store
def test_what_was_said_is_what_must_be_decided_again(kind: str) -> None:
    world = small(kind)
    (ada, bob), (ops, dev, _) = world.users, world.groups
    touched = world.tell(
        said(PUSH, 10, UserSaid(user=ada, exists=True)),
        said(PUSH, 11, GroupSaid(group=ops, name="Ops")),
        said(PUSH, 12, MembersAdded(dev, frozenset({bob}))),
    )
    assert touched.users == {ada}
    assert touched.groups == {ops}
    assert touched.memberships == {Membership(dev, bob)}


# In any order, and again. Times are distinct within a channel, as a clock gives them.

users, groups = st.integers(0, 1), st.integers(0, 2)
some_users = st.frozensets(users, max_size=2)
some_groups = st.frozensets(groups, max_size=3)
pushes = st.one_of(
    st.tuples(st.just("user"), users, st.booleans(), st.booleans()),
    st.tuples(st.just("group"), groups, st.booleans()),
    st.tuples(st.just("added"), groups, some_users),
    st.tuples(st.just("removed"), groups, some_users),
    st.tuples(st.just("all of"), groups, some_users),
)
logins = st.one_of(
    st.tuples(st.just("lists"), users, some_groups),
    st.tuples(st.just("names"), users, some_groups),
)
point_reads = st.one_of(
    st.tuples(st.just("user"), users, st.booleans(), st.booleans()),
    st.tuples(st.just("group"), groups, st.booleans()),
    st.tuples(st.just("added"), groups, some_users),
    st.tuples(st.just("removed"), groups, some_users),
    st.tuples(st.just("lists"), users, some_groups),
)
told = st.one_of(
    st.tuples(st.just(PUSH), pushes),
    st.tuples(st.just(LOGIN), logins),
    st.tuples(st.just(PULL), point_reads),
)


def _fact(world: Small, told: Any) -> Any:
    def who(chosen: Any) -> frozenset[UserKey]:
        return frozenset(world.users[one] for one in chosen)

    def which(chosen: Any) -> frozenset[GroupKey]:
        return frozenset(world.groups[one] for one in chosen)

    match told:
        case ("user", user, exists, active):
            named = {"user_name": f"{exists}"}
            key = world.users[user]
            return UserSaid(user=key, exists=exists, active=active, attributes=named)
        case ("group", group, exists):
            return GroupSaid(group=world.groups[group], exists=exists, name=f"{exists}")
        case ("added", group, chosen):
            return MembersAdded(world.groups[group], who(chosen))
        case ("removed", group, chosen):
            return MembersRemoved(world.groups[group], who(chosen))
        case ("all of", group, chosen):
            return GroupCovered(world.groups[group], who(chosen))
        case ("lists", user, chosen):
            return UserCovered(world.users[user], which(chosen))
        case ("names", user, chosen):
            return UserInGroups(world.users[user], which(chosen))
    raise AssertionError(told)


def _after(kind: str, events: Sequence[Any]) -> dict[str, Any]:
    """What stands once these were told, in this order."""
    world = small(kind)
    with world.database.write() as tx:
        for as_of, (channel, fact) in events:
            observation = said(channel, as_of, _fact(world, fact))
            ledger.record(tx, world.connection, observation, NOW)
    return world.all()


@every_store
@settings(max_examples=EXAMPLES, deadline=None)
@given(events=st.lists(told, max_size=7), data=st.data())
def test_the_order_of_arrival_does_not_matter_and_replaying_changes_nothing(
    kind: str, events: list[Any], data: st.DataObject
) -> None:
    dated = [(10 * (number + 1), event) for number, event in enumerate(events)]
    mixed = list(data.draw(st.permutations(dated)))
    again = data.draw(st.lists(st.sampled_from(dated), max_size=3)) if dated else []
    assert _after(kind, mixed + again) == _after(kind, dated)

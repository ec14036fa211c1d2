"""A group that lists the same members as before need not be looked at, and nothing is missed."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import strategies as st

from connectors.base import DirectoryMembers, DirectoryUser, ReadPart
from connectors.memory import MemorySource
from models.evidence import Channel, MembersAdded, MembersRemoved, Observation
from models.evidence import Testimony as Said
from models.identity import GroupKey, Identifier, Membership, UserKey
from models.instant import DAY, SECOND
from models.store import cases, digests, identities, ledger, memberships
from sync.reading import merge
from sync.reading.roll import Roll, digest_of_members
from tests.builders import START
from tests.playground import EVERY_STORE, Playground
from tests.store.histories import Event, changes, happen, people, reads, start, teams
from tests.store.laws import narrow_law

every_store = pytest.mark.parametrize("kind", EVERY_STORE)
LEDGER = """
    SELECT group_id, user_id, push_yes, push_no, pull_yes, pull_no, login_yes, login_no
    FROM memberships ORDER BY group_id, user_id
"""


class Odd(MemorySource):
    """Tells of some groups once more at the end, and lets something happen before a part."""

    again: tuple[DirectoryMembers, ...] = ()
    before: tuple[int, Callable[[], None]] = (-1, lambda: None)

    def _parts(self) -> list[ReadPart]:
        *parts, end = super()._parts()
        return [*parts, *self.again, end]

    def read(self) -> Iterator[ReadPart]:
        for number, part in enumerate(super().read()):
            if number == self.before[0]:
                self.before[1]()
            yield part


def odd(play: Playground) -> Odd:
    company = play.company
    return Odd(company.users.values(), company.groups.values(), company.members)


again = st.tuples(st.just("again"), teams, st.lists(people, max_size=3, unique=True))
amid = st.tuples(st.just("amid"), st.integers(0, 7), teams, people, st.booleans())


def befall(play: Playground, event: Event) -> None:
    match event:
        case ("again", team, names):
            source = odd(play)
            source.again = (DirectoryMembers(team, frozenset(names)),)
            play.read(source=source)
        case ("amid", number, team, name, joins):
            source = odd(play)
            source.before = (number, lambda: say(play, team, name, joins=joins))
            play.read(source=source)
        case _:
            happen(play, event)


def say(play: Playground, team: str, name: str, *, joins: bool) -> None:
    """The directory speaks of one membership, in between."""
    user, asked = play.find(name), Identifier("id", team)
    with play.database.write() as tx:
        group = identities.groups_named(tx, play.key, [asked]).get(asked)
        if group is None or user is None:
            return
        said = (MembersAdded if joins else MembersRemoved)(group, frozenset({user}))
        now = play.clock.now()
        told = Observation(channel=Channel.PULL, event="delta", as_of=now, facts=(said,))
        ledger.record(tx, play.key, told, now)


def marks(play: Playground) -> list[tuple[Any, ...]]:
    with play.database.read() as tx:
        return [tuple(row) for row in tx.rows(LEDGER)]


def heard(play: Playground) -> dict[Membership, Said]:
    with play.database.read() as tx:
        groups = tx.column("SELECT id FROM groups")
        every = [one for group in groups for one in cases.members_of_group(tx, group)]
    return {one.membership: one.testimony for one in every}


def trusted(play: Playground) -> dict[GroupKey, int]:
    with play.database.read() as tx:
        rows = tx.rows("SELECT id, pull_digest FROM groups WHERE pull_digest >= 0")
    return {GroupKey(row.id): row.pull_digest for row in rows}


def affirmed(play: Playground, group: GroupKey) -> set[UserKey]:
    with play.database.read() as tx:
        return memberships.affirmed(tx, Channel.PULL, group)


def forget(play: Playground) -> None:
    with play.database.write() as tx:
        tx.run("UPDATE groups SET pull_digest = NULL")


def live(kind: str, history: list[Event], after: Callable[[Playground], None]) -> Playground:
    """At times that do not depend on how often the clock was looked at."""
    play = start(kind)
    for number, event in enumerate(history):
        play.clock.at = START + DAY + number * 20 * SECOND
        befall(play, event)
        after(play)
    return play


def is_right(play: Playground) -> None:
    for group, digest in trusted(play).items():
        assert digest == digest_of_members(affirmed(play, group))


def twice(
    kind: str, history: list[Event], rows: int, look: Callable[[Playground], Any]
) -> tuple[Any, Any]:
    """What is found after the same history with digests and without, read in such parts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge, "ROWS", rows)
        patch.setattr(merge, "LISTED", rows)
        patch.setattr(merge, "DENIED", rows)
        return look(live(kind, history, is_right)), look(live(kind, history, forget))


sizes = st.sampled_from([2, 4000])


@narrow_law(history=st.lists(st.one_of(changes, reads, reads, again), max_size=9), rows=sizes)
def test_reading_with_and_without_digests_ends_in_the_same_ledger(
    kind: str, history: list[Event], rows: int
) -> None:
    found, expected = twice(kind, history, rows, marks)
    assert found == expected


@narrow_law(history=st.lists(st.one_of(changes, reads, amid, again), max_size=7), rows=sizes)
def test_what_is_said_while_a_group_is_read_is_heard_with_and_without_digests(
    kind: str, history: list[Event], rows: int
) -> None:
    found, expected = twice(kind, history, rows, heard)
    assert found == expected


@every_store
def test_a_read_that_is_believed_knows_all_its_groups_by_their_digests(kind: str) -> None:
    play = start(kind)
    play.company.members["ops"] = {"ada", "dan"}
    play.clock.at += 10**9
    assert play.read().state == "complete"
    assert set(trusted(play)) == {play.group("ops"), play.group("dev")}
    is_right(play)


@every_store
def test_a_group_that_is_known_by_its_digest_is_not_looked_at(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    play = start(kind)
    looked_at: list[GroupKey] = []
    look = memberships.of_group

    def looking(tx: Any, channel: Channel, group: GroupKey) -> tuple[set[UserKey], set[UserKey]]:
        looked_at.append(group)
        return look(tx, channel, group)

    play.company.members["ops"].add("dan")
    monkeypatch.setattr(memberships, "of_group", looking)
    play.read()
    assert looked_at == [play.group("ops")]


@every_store
def test_a_read_does_not_vouch_for_a_group_that_another_spoke_of_meanwhile(kind: str) -> None:
    play = start(kind)
    ops = play.group("ops")
    with play.database.write() as tx:
        (before,) = tx.column("SELECT pull_digest FROM groups WHERE id = :key", {"key": ops})
        digests.stamp(tx, [(ops, before)], -77)
        digests.forget(tx, [ops])
        digests.settle(tx, [(ops, 5)], -77)
    assert ops not in trusted(play)
    with play.database.write() as tx:
        tx.update("groups", ops, {"pull_digest": 9})
        digests.stamp(tx, [(ops, before)], -77)
        digests.settle(tx, [(ops, 5)], -77)
    assert ops not in trusted(play)


@every_store
def test_a_member_whom_the_read_does_not_list_as_a_user_is_left_out(kind: str) -> None:
    """Ada was listed by earlier reads, the newcomer by none: this read tells of neither."""
    play = start(kind)
    source = play.company.source()
    del source.users["ada"]
    source.members["ops"] |= {"newcomer"}
    with play.database.write() as tx:  # so that this read is believed
        tx.run("UPDATE connections SET pull_users = 0")
    play.clock.at += 10**9
    assert play.read(source=source).state == "complete"
    assert affirmed(play, play.group("ops")) == {play.user("bob"), play.user("cyd")}
    is_right(play)


def test_the_roll_adds_up_what_the_ledger_would() -> None:
    roll = Roll()
    roll.add(["id 7"], [7], [0])
    roll.add(["id 8", "id 9"], [8, 9], [0, 0])
    places = roll.places(["id 9", "a stranger", "id 7"])
    assert roll.keys(places) == {7, 9}
    assert roll.digest(places) == digest_of_members([UserKey(7), UserKey(9)])


def test_whoever_answers_is_present_from_then_on() -> None:
    """Also where a directory tells of users between groups."""
    roll, everybody = Roll(), frozenset({"id 7", "id 8", "a stranger"})
    roll.add(["id 7", "id 8"], [7, 8], [0, 0])
    roll.note("id 7", 1)
    assert roll.present(everybody) == {"id 7", "a stranger"}
    roll.call([DirectoryUser(id="id 8", user_name="eight")], {})
    assert roll.present(everybody) == everybody
    roll.add(["id 9"], [9], [0])
    assert roll.present(everybody | {"id 9"}) == everybody


def test_sets_of_the_same_sum_have_different_digests() -> None:
    pairs = [(a, b) for a in range(60) for b in range(a)]
    assert len({digest_of_members(map(UserKey, pair)) for pair in pairs}) == len(pairs)
    assert digest_of_members([]) != digest_of_members([UserKey(0)])

"""What a read lists of members is written down in few transactions, and soon."""

import pytest

from models.evidence import Channel
from models.identity import GroupKey, UserKey
from models.store import identities, memberships
from sync.reading import merge
from sync.reading.merge import PATIENCE, Listing, Merge
from sync.reading.roll import digest_of_members
from tests.builders import START
from tests.playground import Playground, fresh, playground


def made() -> tuple[Playground, UserKey, list[GroupKey]]:
    play = playground(fresh())
    with play.database.write() as tx:
        user = identities.insert_user(tx, play.key, START)
        teams = [identities.insert_group(tx, play.key, name, START) for name in "abc"]
    return play, user, teams


def merging(play: Playground, now: int) -> Merge:
    return Merge(play.database, play.key, run=1, as_of=START, now=now)


def listing(group: GroupKey, *users: UserKey) -> Listing:
    return Listing(group, set(users), digest_of_members(users))


def members(play: Playground, group: GroupKey) -> set[UserKey]:
    with play.database.read() as tx:
        return memberships.affirmed(tx, Channel.PULL, group)


def test_what_is_new_waits_for_more_but_not_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge, "LISTED", 1)
    play, user, (first, second, third) = made()
    found = merging(play, START)
    found.take(listing(first, user))
    assert members(play, first) == {user}, "nothing was written for long"
    found.take(listing(second, user))
    assert members(play, second) == set(), "it waits for company"
    found.now += PATIENCE + 1
    found.take(listing(third, user))
    assert members(play, second) == members(play, third) == {user}


def test_much_that_is_new_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge, "LISTED", 1)
    monkeypatch.setattr(merge, "ROWS", 3)
    play, user, (first, second, third) = made()
    found = merging(play, START)
    for group in (first, second, third):
        found.take(listing(group, user))
    assert members(play, second) == members(play, third) == {user}


def test_at_the_end_all_of_it_is_written() -> None:
    play, user, teams = made()
    found = merging(play, START)
    for group in teams:
        found.take(listing(group, user))
    found.flush()
    assert [members(play, group) for group in teams] == [{user}] * 3
    assert found.changes == 3


@pytest.mark.parametrize("is_foreseen", [True, False], ids=["known", "told meanwhile"])
def test_what_is_listed_counts_though_somebody_spoke_of_it_before(is_foreseen: bool) -> None:
    play, user, (first, *_) = made()
    with play.database.write() as tx:
        memberships.affirm(tx, Channel.PUSH, START, first, [user], now=START)
        known = {(first, user)} if is_foreseen else set()
        told = memberships.list_members(
            tx, play.key, START + 5, [(first, user)], known=known, now=START + 5
        )
    assert told == {first}, "a newer no may stand there"
    assert members(play, first) == {user}


def test_what_was_known_and_is_forgotten_meanwhile_is_listed_all_the_same() -> None:
    play, user, (first, *_) = made()
    with play.database.write() as tx:
        listed = [(first, user)]
        memberships.list_members(tx, play.key, START, listed, known=set(listed), now=START)
    assert members(play, first) == {user}

"""Who is pushed into a group is in all groups above it, for as long as a way leads there."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from models.identity import GroupKey
from models.instant import DAY
from models.store import indirect, scim
from models.store.database import Tx
from sync import connection as connections
from sync.pushing.members import Circle
from sync.pushing.push import Push
from tests.playground import EVERY_STORE, Playground, fresh, playground

PEOPLE = ["ada", "bob", "cid"]
GROUPS = ["top", "mid", "low", "side"]


@pytest.fixture(params=EVERY_STORE)
def play(request: pytest.FixtureRequest) -> Playground:
    found = playground(fresh(request.param), pull=False, login=False)
    for name in PEOPLE:
        found.push_user(name)
    return found


def key(play: Playground, group: str) -> GroupKey:
    found = play.pushed("groups", group)
    assert found is not None
    return GroupKey(found)


def people(play: Playground, group: str) -> set[str]:
    """Whom push says to be in a group, by any way."""
    with play.database.read() as tx:
        keys = indirect.affirmed(tx, key(play, group))
        return {str(scim.of_key(tx, "users", one).scim_external_id) for one in keys}


def named(tx: Tx, group: GroupKey) -> set[str]:
    keys = indirect.named(tx, {group})
    return {str(scim.of_key(tx, "users", one).scim_external_id) for one in keys}


def test_people_of_an_inner_group_are_in_the_outer_and_at_the_application(play: Playground) -> None:
    play.push_group("low", "ada")
    play.push_group("mid", "low", "bob")
    play.push_group("top", "mid")
    assert people(play, "top") == {"ada", "bob"}
    play.settle()
    assert play.in_app("top") == {"ada", "bob"}
    play.push_add("low", "cid")
    assert people(play, "top") == {"ada", "bob", "cid"}


def test_taking_a_group_out_takes_only_who_came_by_it(play: Playground) -> None:
    play.push_group("low", "ada", "bob", "cid")
    play.push_group("side", "bob")
    play.push_group("top", "low", "side", "cid")
    play.push_remove("top", "low")
    assert people(play, "top") == {"bob", "cid"}


def test_who_is_taken_out_by_name_stays_while_another_way_leads_there(play: Playground) -> None:
    play.push_group("low", "ada")
    play.push_group("top", "low", "ada")
    play.push_remove("top", "ada")
    assert people(play, "top") == {"ada"}
    play.push_remove("low", "ada")
    assert people(play, "top") == set()


def test_a_group_waits_for_one_that_is_not_known_yet(play: Playground) -> None:
    play.push_group("top", "low")
    play.push_group("low", "ada")
    assert people(play, "top") == {"ada"}


def test_a_deleted_group_takes_its_people_out_of_those_above(play: Playground) -> None:
    play.push_group("low", "ada")
    play.push_group("mid", "low")
    play.push_group("top", "mid", "bob")
    play.push_delete_group("mid")
    assert people(play, "top") == {"bob"}
    play.push_group("mid", "cid")
    assert people(play, "top") == {"bob"}


def test_who_is_deleted_is_nowhere_and_comes_back_to_nothing(play: Playground) -> None:
    play.push_group("low", "ada")
    play.push_group("top", "low")
    play.push_delete("ada")
    play.push_user("ada")
    assert people(play, "top") == people(play, "low") == set()


@pytest.mark.parametrize("closing", ["top", "mid", "low"])
def test_a_circle_is_refused_and_changes_nothing(play: Playground, closing: str) -> None:
    play.push_group("low", "ada")
    play.push_group("mid", "low")
    play.push_group("top", "mid")
    with pytest.raises(Circle):
        play.push_add("low", "bob", closing)
    assert people(play, "low") == {"ada"}
    assert people(play, "top") == {"ada"}


@pytest.mark.parametrize("kind", EVERY_STORE)
def test_a_directory_that_lists_direct_members_alone_denies_nobody_who_came_with_a_group(
    kind: str,
) -> None:
    """It cannot name them: they are members of what it lists as a member."""
    play = playground(fresh(kind), login=False)
    play.company.hire("ada", "bob")
    play.company.found("low", "ada")
    play.company.found("top")
    play.company.nested["top"] = {"low"}
    play.push_user("ada")
    play.push_user("bob")
    play.push_group("low", "ada")
    play.push_group("top", "low", "bob")
    for _ in range(3):
        play.clock.at += DAY
        play.read()
        play.point_read("ada")
        play.settle()
    assert play.in_app("top") == {"ada"}
    assert "nested_only" not in play.findings()
    play.push_add("top", "ada")
    play.company.members["top"] = {"ada"}
    play.read()
    play.push_remove("top", "ada")
    play.company.members["top"] = set()
    play.clock.at += DAY
    play.read()
    play.settle()
    assert play.in_app("top") == {"ada"}
    play.push_remove("top", "low")
    play.settle()
    assert play.in_app("top") == set()


@pytest.mark.parametrize("kind", EVERY_STORE)
def test_who_is_named_and_brought_along_stays_when_the_directory_denies_the_name(kind: str) -> None:
    play = playground(fresh(kind), login=False)
    play.company.hire("ada")
    play.company.found("low", "ada")
    play.company.found("top")
    play.push_user("ada")
    play.push_group("low", "ada")
    play.push_group("top", "ada")
    play.clock.at += DAY
    play.read()
    play.settle()
    assert play.in_app("top") == set()
    play.push_add("top", "low")
    for _ in range(2):
        play.settle()
        assert play.in_app("top") == {"ada"}
        play.clock.at += DAY
        play.read()
        play.point_read("ada")


@pytest.mark.parametrize("seed", range(6))
def test_everybody_is_where_a_way_leads_and_nowhere_else(play: Playground, seed: int) -> None:
    """Against the definition: whom any group at or below it names."""
    pick = random.Random(seed)
    said: dict[str, set[str]] = {}
    for group in GROUPS:
        play.push_group(group)
        said[group] = set()
    for _ in range(25):
        _do(play, pick, said)
        for group in GROUPS:
            assert people(play, group) == reached(said, group)
            with play.database.read() as tx:
                assert named(tx, key(play, group)) == said[group] & set(PEOPLE)


def _do(play: Playground, pick: random.Random, said: dict[str, set[str]]) -> None:
    group, some = pick.choice(GROUPS), set(pick.sample(PEOPLE + GROUPS, pick.randint(1, 3)))
    what = pick.choice(["add", "add", "remove", "replace", "delete group", "delete user"])
    match what:
        case "remove":
            play.push_remove(group, *some)
            said[group] -= some
        case "delete group":
            play.push_delete_group(group)
            play.push_group(group)
            said[group] = set()
            for inside in said.values():
                inside.discard(group)
        case "delete user":
            gone = pick.choice(PEOPLE)
            play.push_delete(gone)
            play.push_user(gone)
            for inside in said.values():
                inside.discard(gone)
        case _:
            after = said | {group: some if what == "replace" else said[group] | some}
            act = play.push_members if what == "replace" else play.push_add
            if has_circle(after):
                with pytest.raises(Circle):
                    act(group, *some)
            else:
                act(group, *some)
                said[group] = after[group]


def reached(said: dict[str, set[str]], group: str) -> set[str]:
    inner = said[group] & set(GROUPS)
    return (said[group] & set(PEOPLE)).union(*(reached(said, one) for one in inner))


def has_circle(said: dict[str, set[str]]) -> bool:
    def is_below(start: str, wanted: str) -> bool:
        return any(one == wanted or is_below(one, wanted) for one in said[start] & set(GROUPS))

    try:
        return any(is_below(group, group) for group in GROUPS)
    except RecursionError:
        return True


@pytest.mark.parametrize("kind", EVERY_STORE)
@pytest.mark.parametrize("closed", ["low", "mid", "top"])
def test_who_came_with_a_group_leaves_when_the_directory_closes_the_way(
    kind: str, closed: str
) -> None:
    """The push of it was lost."""
    play = playground(fresh(kind), login=False)
    play.company.hire("ada", "bob")
    for name in ("ada", "bob"):
        play.push_user(name)
    for group, names, inside in (("low", "ada", ""), ("mid", "", "low"), ("top", "bob", "mid")):
        play.company.found(group, *filter(None, [names]))
        play.company.nested[group] = set(filter(None, [inside]))
        play.push_group(group, *filter(None, [names, inside]))
    day(play)
    assert play.in_app("top") == {"ada", "bob"}
    if closed == "low":
        play.company.members["low"] = set()
    else:
        play.company.nested[closed] = set()
    day(play)
    day(play)
    assert play.in_app("low") == ({"ada"} if closed != "low" else set())
    assert play.in_app("mid") == ({"ada"} if closed == "top" else set())
    assert play.in_app("top") == {"bob"}


@pytest.mark.parametrize("kind", EVERY_STORE)
def test_who_came_by_two_ways_stays_until_the_directory_closes_both(kind: str) -> None:
    play = playground(fresh(kind), login=False)
    play.company.hire("ada")
    play.push_user("ada")
    for group in ("low", "side"):
        play.company.found(group, "ada")
        play.push_group(group, "ada")
    play.company.found("top")
    play.push_group("top", "low", "side")
    for group, left in (("low", {"ada"}), ("side", set())):
        play.company.members[group] = set()
        day(play)
        assert (play.in_app(group), play.in_app("top")) == (set(), left)
    play.push_add("low", "ada")
    day(play)
    assert play.in_app("top") == set()  # a day later the directory still does not list her


def day(play: Playground) -> None:
    play.clock.at += DAY
    play.read()
    play.settle()
    play.reconcile()
    play.settle()


@pytest.mark.parametrize("play", ["postgresql"], indirect=True)
@pytest.mark.servers
def test_who_nests_for_the_first_time_waits_for_no_deadlock(play: Playground) -> None:
    """Nobody took a turn before holding a group yet: top waits for mid, and mid for its turn."""
    for group in ("top", "mid", "low"):
        play.push_group(group)
    together = threading.Barrier(2)

    def nest(outer: str, inner: str) -> int:
        tries: list[str] = []

        def work(tx: Tx) -> None:
            push = Push(tx, connections.load(tx, play.key), play.clock)
            push.take_turn()
            indirect.hold(tx, [key(play, outer)])
            tries.append(outer)
            if len(tries) == 1:
                together.wait(5)
                time.sleep(0.02 if outer == "mid" else 0)
            push.add_members(key(play, outer), play.ids(tx, [inner]))

        play.database.insist(work)
        return len(tries)

    began = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        tries = list(pool.map(nest, ("top", "mid"), ("mid", "low")))
    assert time.monotonic() - began < 0.9, "PostgreSQL looks for deadlocks after a second"
    assert sum(tries) > 2, "one of them began again"
    with play.database.read() as tx:
        assert indirect.below(tx, key(play, "top")) == {key(play, "mid"), key(play, "low")}

"""Which groups a connection has room for."""

import pytest

from sync.policies.groups_let_in import EVERY_GROUP, GroupsLetIn


def only(*entries: str, never: tuple[str, ...] = ()) -> GroupsLetIn:
    return GroupsLetIn(only=entries, never=never)


LET_IN = {
    "all, where nothing is set": (EVERY_GROUP, "ops", [], True),
    "a name": (only("ops"), "ops", [], True),
    "a name in other letters": (only("OPS"), "Ops", [], True),
    "no other name": (only("ops"), "dev", [], False),
    "no longer name": (only("ops"), "ops-eu", [], False),
    "a pattern": (only("app-*"), "App-Admins", [], True),
    "a pattern that must fit as a whole": (only("app-*"), "my-app-admins", [], False),
    "a pattern of one sign": (only("team-?"), "team-1", [], True),
    "a pattern of some signs": (only("team-[ab]"), "team-c", [], False),
    "a name that looks like a pattern": (only("[EXT] Sales"), "[ext] sales", [], True),
    "a directory id": (only("8F2A-01"), "ops", ["8f2a-01"], True),
    "no pattern of ids": (only("8f2a*"), "ops", ["8f2a-01"], False),
    "none that is kept out": (GroupsLetIn(never=("*-test",)), "app-test", [], False),
    "all that are not kept out": (GroupsLetIn(never=("*-test",)), "app", [], True),
    "none that is kept out by its id": (GroupsLetIn(never=("7",)), "app", ["7"], False),
    "what is kept out comes first": (only("app-*", never=("app-t*",)), "app-test", [], False),
    "a name of two lines is one name": (only("app"), "app\nops", [], False),
}


@pytest.mark.parametrize(("groups", "name", "ids", "is_in"), LET_IN.values(), ids=LET_IN.keys())
def test_who_is_let_in(groups: GroupsLetIn, name: str, ids: list[str], is_in: bool) -> None:
    assert (groups.refusal(name, ids) is None) is is_in


def test_a_refusal_names_the_setting_and_the_entry() -> None:
    assert "groups.never" in str(GroupsLetIn(never=("*-Test",)).refusal("app-test"))
    assert "“*-Test”" in str(GroupsLetIn(never=("*-Test",)).refusal("app-test"))
    assert "groups.only" in str(only("ops").refusal("dev"))

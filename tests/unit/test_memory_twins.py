"""The twins in memory fail when they are told to, and only then."""

import pytest

from connectors.base import (
    DirectoryGroup,
    DirectoryMembers,
    DirectoryUser,
    ObserveEnded,
    ReadEnded,
    RemoteGroup,
    RemoteUser,
    UserFound,
    UserGone,
)
from connectors.errors import Transient
from connectors.memory import MemorySource, MemoryTarget
from models.actions import AddMembers, CreateUser, DeleteUser
from models.identity import Profile

ADA = DirectoryUser(id="ada", user_name="ada@acme.example")
OPS, DEV = DirectoryGroup("ops", "Ops"), DirectoryGroup("dev", "Dev")


def source(**more: object) -> MemorySource:
    return MemorySource([ADA], [OPS, DEV], {"ops": ["ada"]}, **more)  # type: ignore[arg-type]


def test_a_read_tells_users_then_groups_then_members_then_its_end() -> None:
    assert list(source().read()) == [
        [ADA],
        [OPS, DEV],
        DirectoryMembers("ops", frozenset({"ada"})),
        DirectoryMembers("dev", frozenset()),
        ReadEnded(expected_users=1, expected_groups=2),
    ]


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_a_read_that_fails_at_a_part_tells_the_parts_before_it_and_has_no_end(number: int) -> None:
    parts = []
    with pytest.raises(Transient):
        parts.extend(source(faults={number: Transient("down")}).read())
    assert len(parts) == number - 1
    assert ReadEnded not in map(type, parts)


def test_a_read_after_a_failed_one_is_whole() -> None:
    failing = source(faults={1: Transient("down")})
    with pytest.raises(Transient):
        list(failing.read())
    assert isinstance(list(failing.read())[-1], ReadEnded)


def test_the_counts_of_the_end_may_be_chosen() -> None:
    assert list(source(expected=ReadEnded(7, 8)).read())[-1] == ReadEnded(7, 8)


def test_a_user_is_found_with_its_groups_or_gone() -> None:
    assert source().read_user("ada") == UserFound(ADA, frozenset({OPS}))
    assert source().read_user("eve") == UserGone()
    with pytest.raises(Transient):
        source(faults={1: Transient("down")}).read_user("ada")


def test_a_fault_comes_before_the_work_and_a_late_one_after_it() -> None:
    target = MemoryTarget(faults={1: Transient("early")}, late_faults={1: Transient("late")})
    operation = CreateUser("u1", Profile(user_name="ada"))
    for message, held in (("early", 0), ("late", 1)):
        with pytest.raises(Transient, match=message):
            target.apply(operation)
        assert len(target.users) == held
    assert not target.apply(operation).changed


def test_an_observation_fails_at_the_chosen_part() -> None:
    target = MemoryTarget(faults={3: Transient("down")})
    parts = []
    with pytest.raises(Transient):
        parts.extend(target.observe())
    assert parts == [[], []]
    assert isinstance(list(target.observe())[-1], ObserveEnded)


def test_new_ids_never_collide_with_given_ones() -> None:
    given = RemoteUser(remote_id="r1", external_id=None, user_name="old")
    target = MemoryTarget([given])
    target.apply(CreateUser("u1", Profile(user_name="new")))
    assert sorted(user.user_name for user in target.users.values()) == ["new", "old"]


def test_a_member_that_is_no_user_is_refused_and_a_deleted_user_leaves_its_groups() -> None:
    user = RemoteUser(remote_id="a", external_id=None, user_name="a")
    target = MemoryTarget([user], [RemoteGroup("g", None, "Ops", frozenset())])
    assert set(target.apply(AddMembers("g", ("a", "b"))).refused) == {"b"}
    assert target.groups["g"].members == {"a"}
    target.apply(DeleteUser("a"))
    assert target.groups["g"].members == frozenset()

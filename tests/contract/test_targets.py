"""What every target promises, whoever made it: one suite for all."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from connectors.base import ObserveEnded, RemoteGroup, RemoteUser, Target
from connectors.errors import Foreign, Gone, Refused
from connectors.http import Limits, networks
from connectors.memory import MemoryTarget
from connectors.scim import ScimSettings, ScimTarget
from models.actions import (
    AddMembers,
    CreateGroup,
    CreateUser,
    DeactivateUser,
    DeleteGroup,
    DeleteUser,
    Outcome,
    Ownership,
    RemoveMembers,
    UpdateGroup,
    UpdateUser,
)
from models.identity import Profile
from tests.fakes.scim2_server import TOKEN, Tenant

pytest_plugins = ["tests.contract.scim_case"]

LIMITS = Limits(allow=networks("127.0.0.0/8"))
ADA = Profile(
    user_name="ada@acme.example",
    email="ada@acme.example",
    first_name="Ada",
    last_name="Lovelace",
    display_name="Ada Lovelace",
)
BARE = Profile(user_name="bob")


@dataclass(frozen=True, slots=True)
class Case:
    """An empty target, and the means to put into it what is not ours."""

    target: Target
    adopting: Callable[[], Target]
    """The same target, with users adopted by their userName."""
    strange_user: Callable[[str, str | None], str]
    strange_group: Callable[[str], str]


def memory_case() -> Case:
    target, adopting = MemoryTarget(), MemoryTarget(adopt=True)

    def strange_user(name: str, external_id: str | None) -> str:
        user = RemoteUser(remote_id=f"x{name}", external_id=external_id, user_name=name)
        target.users[user.remote_id] = adopting.users[user.remote_id] = user
        return user.remote_id

    def strange_group(name: str) -> str:
        group = RemoteGroup(f"x{name}", None, name, frozenset())
        target.groups[group.remote_id] = adopting.groups[group.remote_id] = group
        return group.remote_id

    return Case(target, lambda: adopting, strange_user, strange_group)


def scim_case(tenant: Tenant) -> Case:
    settings = ScimSettings.model_validate(
        {"url": tenant.url, "auth": {"type": "bearer", "token": TOKEN}}
    )

    def strange_user(name: str, external_id: str | None) -> str:
        mark = {} if external_id is None else {"externalId": external_id}
        return tenant.post("Users", userName=name, **mark)

    return Case(
        ScimTarget(settings, LIMITS),
        lambda: ScimTarget(settings.model_copy(update={"correlate": "user_name"}), LIMITS),
        strange_user,
        lambda name: tenant.post("Groups", displayName=name),
    )


@pytest.fixture(params=["memory", "scim"])
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    if request.param == "memory":
        made = memory_case()
    else:
        made = scim_case(request.getfixturevalue("tenant"))
    yield made
    made.target.close()


def users(target: Target) -> dict[str, RemoteUser]:
    return {
        one.remote_id: one
        for part in target.observe()
        if isinstance(part, list)
        for one in part
        if isinstance(one, RemoteUser)
    }


def groups(target: Target) -> dict[str, RemoteGroup]:
    return {
        one.remote_id: one
        for part in target.observe()
        if isinstance(part, list)
        for one in part
        if isinstance(one, RemoteGroup)
    }


def as_profile(user: RemoteUser) -> Profile:
    return Profile(
        user_name=user.user_name,
        email=user.email,
        first_name=user.first_name,
        last_name=user.last_name,
        display_name=user.display_name,
        active=user.active,
    )


def crew(target: Target, size: int) -> tuple[str, ...]:
    made = (target.apply(CreateUser(f"u{n}", Profile(user_name=f"user{n}"))) for n in range(size))
    return tuple(outcome.remote_id for outcome in made)


@pytest.mark.parametrize("profile", [ADA, BARE, replace(ADA, active=False)])
def test_a_created_user_is_held_exactly_as_wanted(case: Case, profile: Profile) -> None:
    outcome = case.target.apply(CreateUser("u1", profile))

    assert outcome == Outcome(changed=True, remote_id=outcome.remote_id)
    held = users(case.target)
    assert set(held) == {outcome.remote_id}
    assert held[outcome.remote_id].external_id == "u1"
    assert as_profile(held[outcome.remote_id]) == profile


def test_creating_a_user_twice_makes_one_and_says_it_was_so(case: Case) -> None:
    first = case.target.apply(CreateUser("u1", ADA))
    second = case.target.apply(CreateUser("u1", ADA))

    assert second == replace(first, changed=False)
    assert len(users(case.target)) == 1


def test_a_half_done_creation_is_brought_up_to_what_is_wanted_now(case: Case) -> None:
    case.target.apply(CreateUser("u1", replace(ADA, last_name=None)))
    again = case.target.apply(CreateUser("u1", ADA))

    assert again.changed
    assert [as_profile(user) for user in users(case.target).values()] == [ADA]


@pytest.mark.parametrize("name", ["ada@acme.example", "ADA@Acme.Example"])
@pytest.mark.parametrize("external_id", [None, "somebody-elses"])
def test_a_user_of_that_name_who_is_not_ours_is_left_alone(
    case: Case, name: str, external_id: str | None
) -> None:
    remote_id = case.strange_user(name, external_id)
    before = users(case.target)

    for _ in range(2):
        with pytest.raises(Foreign) as refusal:
            case.target.apply(CreateUser("u1", ADA))
        assert refusal.value.remote_id == remote_id
    assert users(case.target) == before


@pytest.mark.parametrize(("external_id", "after"), [(None, "u1"), ("theirs", "theirs")])
def test_an_adopted_user_is_updated_and_keeps_an_external_id_it_has(
    case: Case, external_id: str | None, after: str
) -> None:
    remote_id = case.strange_user("Ada@acme.example", external_id)
    target = case.adopting()

    outcome = target.apply(CreateUser("u1", ADA))

    assert outcome == Outcome(True, remote_id, Ownership.ADOPTED)
    held = users(target)[remote_id]
    assert (as_profile(held), held.external_id) == (ADA, after)
    assert not target.apply(CreateUser("u1", ADA)).changed


def test_a_user_with_our_mark_under_another_name_is_ours(case: Case) -> None:
    remote_id = case.strange_user("renamed@acme.example", "u1")
    assert case.target.apply(CreateUser("u1", ADA)) == Outcome(True, remote_id)
    assert users(case.target)[remote_id].user_name == ADA.user_name


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(replace(ADA, user_name="countess@acme.example"), id="renamed"),
        pytest.param(replace(ADA, email="countess@acme.example"), id="another address"),
        pytest.param(replace(ADA, email=None), id="no address"),
        pytest.param(replace(ADA, first_name="Augusta"), id="another first name"),
        pytest.param(replace(ADA, first_name=None, last_name=None), id="no names"),
        pytest.param(replace(ADA, display_name=None), id="no display name"),
        pytest.param(replace(ADA, active=False), id="inactive"),
        pytest.param(BARE, id="everything else cleared"),
    ],
)
def test_an_updated_user_is_held_exactly_as_wanted(case: Case, wanted: Profile) -> None:
    remote_id = case.target.apply(CreateUser("u1", ADA)).remote_id

    assert case.target.apply(UpdateUser(remote_id, wanted)) == Outcome(True, remote_id)
    assert case.target.apply(UpdateUser(remote_id, wanted)) == Outcome(False, remote_id)

    held = users(case.target)[remote_id]
    assert (as_profile(held), held.external_id) == (wanted, "u1")


def test_a_name_that_another_user_has_is_refused_and_changes_nothing(case: Case) -> None:
    remote_id = case.target.apply(CreateUser("u1", ADA)).remote_id
    case.target.apply(CreateUser("u2", BARE))
    before = users(case.target)
    with pytest.raises(Refused):
        case.target.apply(UpdateUser(remote_id, replace(ADA, user_name="BOB")))
    assert users(case.target) == before


def test_deactivating_twice_leaves_the_rest_of_the_user(case: Case) -> None:
    remote_id = case.target.apply(CreateUser("u1", ADA)).remote_id
    assert case.target.apply(DeactivateUser(remote_id)) == Outcome(True, remote_id)
    assert case.target.apply(DeactivateUser(remote_id)) == Outcome(False, remote_id)
    assert as_profile(users(case.target)[remote_id]) == replace(ADA, active=False)


def test_deleting_twice_is_no_error(case: Case) -> None:
    remote_id = case.target.apply(CreateUser("u1", ADA)).remote_id
    assert case.target.apply(DeleteUser(remote_id)) == Outcome(True, remote_id)
    assert case.target.apply(DeleteUser(remote_id)) == Outcome(False, remote_id)
    assert users(case.target) == {}


@pytest.mark.parametrize(
    "operation",
    [
        UpdateUser("nobody", ADA),
        DeactivateUser("nobody"),
        UpdateGroup("nobody", "Ops"),
        AddMembers("nobody", ("u1",)),
        RemoveMembers("nobody", ("u1",)),
    ],
)
def test_what_is_gone_is_told_apart_from_a_failure(case: Case, operation: UpdateUser) -> None:
    with pytest.raises(Gone):
        case.target.apply(operation)


def test_a_group_is_created_once_renamed_and_deleted(case: Case) -> None:
    made = case.target.apply(CreateGroup("g1", "Ops"))
    assert case.target.apply(CreateGroup("g1", "Ops")) == replace(made, changed=False)
    assert groups(case.target) == {
        made.remote_id: RemoteGroup(made.remote_id, "g1", "Ops", frozenset())
    }
    assert case.target.apply(UpdateGroup(made.remote_id, "Operations")).changed
    assert not case.target.apply(UpdateGroup(made.remote_id, "Operations")).changed
    assert groups(case.target)[made.remote_id].name == "Operations"
    assert case.target.apply(DeleteGroup(made.remote_id)).changed
    assert not case.target.apply(DeleteGroup(made.remote_id)).changed
    assert groups(case.target) == {}


@pytest.mark.parametrize("name", ["Ops", "ops"])
def test_a_group_of_that_name_that_is_not_ours_is_left_alone_even_when_users_are_adopted(
    case: Case, name: str
) -> None:
    remote_id = case.strange_group(name)
    before = groups(case.target)
    for target in (case.target, case.adopting()):
        with pytest.raises(Foreign) as refusal:
            target.apply(CreateGroup("g1", "Ops"))
        assert refusal.value.remote_id == remote_id
    assert groups(case.target) == before


def test_renaming_a_group_keeps_its_members(case: Case) -> None:
    members = crew(case.target, 3)
    group = case.target.apply(CreateGroup("g1", "Ops")).remote_id
    case.target.apply(AddMembers(group, members))
    case.target.apply(UpdateGroup(group, "Operations"))
    assert groups(case.target)[group].members == set(members)


def test_members_are_added_and_removed_and_repeating_it_is_harmless(case: Case) -> None:
    members = crew(case.target, 4)
    group = case.target.apply(CreateGroup("g1", "Ops")).remote_id
    for _ in range(2):
        assert case.target.apply(AddMembers(group, members[:3])).refused == {}
        assert groups(case.target)[group].members == set(members[:3])
    for _ in range(2):
        outcome = case.target.apply(RemoveMembers(group, (members[0], members[3])))
        assert outcome.refused == {}
        assert groups(case.target)[group].members == set(members[1:3])


def test_members_added_later_join_those_who_are_there(case: Case) -> None:
    members = crew(case.target, 3)
    group = case.target.apply(CreateGroup("g1", "Ops")).remote_id
    case.target.apply(AddMembers(group, members[:1]))
    case.target.apply(AddMembers(group, members[1:]))
    assert groups(case.target)[group].members == set(members)


def test_removing_the_last_member_and_one_who_is_not_there_empties_the_group(case: Case) -> None:
    members = crew(case.target, 2)
    group = case.target.apply(CreateGroup("g1", "Ops")).remote_id
    case.target.apply(AddMembers(group, members[:1]))
    assert case.target.apply(RemoveMembers(group, members)).refused == {}
    assert case.target.apply(RemoveMembers(group, ("nobody",))).refused == {}
    assert groups(case.target)[group].members == frozenset()


def test_no_members_are_no_change(case: Case) -> None:
    group = case.target.apply(CreateGroup("g1", "Ops")).remote_id
    assert not case.target.apply(AddMembers(group, ())).changed
    assert not case.target.apply(RemoveMembers(group, ())).changed


def test_250_members_arrive_and_leave_and_all_are_observed(case: Case) -> None:
    members = crew(case.target, 250)
    group = case.target.apply(CreateGroup("g1", "Everyone")).remote_id

    assert case.target.apply(AddMembers(group, members)).refused == {}
    assert groups(case.target)[group].members == set(members)
    assert set(users(case.target)) == set(members)

    assert case.target.apply(RemoveMembers(group, members[:-1])).refused == {}
    assert groups(case.target)[group].members == {members[-1]}


def test_an_observation_ends_with_its_end_and_users_come_before_groups(case: Case) -> None:
    crew(case.target, 2)
    case.target.apply(CreateGroup("g1", "Ops"))
    *parts, end = case.target.observe()
    assert isinstance(end, ObserveEnded)
    kinds = [type(one) for part in parts if isinstance(part, list) for one in part]
    assert kinds == [RemoteUser, RemoteUser, RemoteGroup]


def test_an_empty_target_is_observed_to_its_end(case: Case) -> None:
    parts = list(case.target.observe())
    assert isinstance(parts[-1], ObserveEnded)
    assert not any(parts[:-1])


@pytest.mark.parametrize("name", ['o"hara', "back\\slash", "käthe@exämple.org", "a b", "100%&x=1#"])
def test_a_name_with_special_characters_is_found_again(case: Case, name: str) -> None:
    first = case.target.apply(CreateUser("u1", Profile(user_name=name)))
    assert not case.target.apply(CreateUser("u1", Profile(user_name=name))).changed
    with pytest.raises(Foreign):
        case.target.apply(CreateUser("u2", Profile(user_name=name)))
    assert users(case.target)[first.remote_id].user_name == name

"""Rounds of changes of an Entra tenant say what a full read would."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from connectors.base import (
    DirectoryGone,
    DirectoryMembers,
    DirectoryUser,
    ReadEnded,
    RoundEnded,
    Source,
)
from connectors.errors import CursorLost
from tests.contract.entra_kit import entra, populate
from tests.contract.source_suite import Told, drain
from tests.fakes.graph import FakeGraph, running
from tests.fakes.graph_tenant import Tenant

Change = Callable[[Tenant], object]


@pytest.fixture(scope="module")
def server() -> Iterator[FakeGraph]:
    with running() as fake:
        yield fake


@pytest.fixture
def fake(server: FakeGraph) -> FakeGraph:
    server.reset()
    populate(server.tenant)
    return server


def begun(source: Source) -> tuple[Told, str]:
    """What a full read told, and where to go on."""
    told = drain(source)
    assert isinstance(told.ended, ReadEnded)
    assert told.ended.cursor is not None
    return told, told.ended.cursor


def after(told: Told, source: Source, cursor: str) -> tuple[Told, str]:
    """The same with one round applied, and where to go on."""
    users, groups, members = dict(told.users), dict(told.groups), dict(told.members)
    for part in source.changes(cursor):
        match part:
            case RoundEnded(end):
                return replace(told, users=users, groups=groups, members=members), end
            case DirectoryMembers(group, inside):
                assert group in groups
                assert inside <= users.keys()
                members[group] = inside
            case DirectoryGone(gone_users, gone_groups):
                users = {k: v for k, v in users.items() if k not in gone_users}
                groups = {k: v for k, v in groups.items() if k not in gone_groups}
                members = {g: m & users.keys() for g, m in members.items() if g in groups}
            case list():
                for one in part:
                    if isinstance(one, DirectoryUser):
                        users[one.id] = one
                    else:
                        groups[one.id] = one
    raise AssertionError("the round did not end")


def hire(tenant: Tenant) -> None:
    tenant.add_user("fay")
    tenant.members["eng"].append(("user", "fay"))


def leave(tenant: Tenant) -> None:
    del tenant.users["bob"]
    tenant.members["eng"].remove(("user", "bob"))


def rename(tenant: Tenant) -> None:
    tenant.users["ada"]["displayName"] = "Ada King"
    tenant.groups["eng"]["displayName"] = "Engineers"


def dissolve(tenant: Tenant) -> None:
    del tenant.groups["eng"], tenant.members["eng"]
    tenant.members["nest"].remove(("group", "eng"))


CHANGES = [
    pytest.param((), id="nothing"),
    pytest.param((hire,), id="a new user, in a group inside another"),
    pytest.param((leave,), id="a user deleted"),
    pytest.param((rename,), id="names"),
    pytest.param((dissolve,), id="a group inside another deleted"),
    pytest.param(
        (lambda tenant: tenant.members["eng"].remove(("user", "cyd")),),
        id="a member removed from a group inside another",
    ),
    pytest.param(
        (lambda tenant: tenant.members["m365"].append(("group", "eng")),), id="a group nested"
    ),
    pytest.param((lambda tenant: tenant.users["dan"].update(accountEnabled=False),), id="disabled"),
    pytest.param((hire, leave, rename), id="several"),
]


@pytest.mark.parametrize("changes", CHANGES)
def test_a_round_says_what_a_full_read_would(fake: FakeGraph, changes: tuple[Change, ...]) -> None:
    source = entra(fake)
    told, cursor = begun(source)
    for change in changes:
        change(fake.tenant)
    now, _ = after(told, source, cursor)
    whole = drain(source)
    assert (now.users, now.groups, now.members) == (whole.users, whole.groups, whole.members)


def test_rounds_go_on_from_one_another(fake: FakeGraph) -> None:
    source = entra(fake)
    told, cursor = begun(source)
    for change in (hire, rename, leave, dissolve):
        change(fake.tenant)
        told, cursor = after(told, source, cursor)
    whole = drain(source)
    assert (told.users, told.groups, told.members) == (whole.users, whole.groups, whole.members)


def test_a_change_during_the_full_read_is_told_by_the_first_round(fake: FakeGraph) -> None:
    source = entra(fake)
    parts = source.read()
    first = next(parts)
    hire(fake.tenant)
    ended = next(part for part in parts if isinstance(part, ReadEnded))
    assert isinstance(first, list)
    assert ended.cursor is not None
    listed = [
        one for part in source.changes(ended.cursor) if isinstance(part, list) for one in part
    ]
    assert "fay" in {one.id for one in listed}


@pytest.mark.parametrize(
    "cursor", ["", "[]", '{"users": "x"}', '{"users": 1, "groups": 2}', "not json"]
)
def test_a_place_to_go_on_from_that_is_not_ours_asks_for_a_full_read(
    fake: FakeGraph, cursor: str
) -> None:
    with pytest.raises(CursorLost):
        list(entra(fake).changes(cursor))


def test_a_token_too_old_asks_for_a_full_read(fake: FakeGraph) -> None:
    source = entra(fake)
    _, cursor = begun(source)
    fake.deltas.lost = True
    with pytest.raises(CursorLost):
        list(source.changes(cursor))


def test_a_scope_of_named_groups_offers_no_rounds(fake: FakeGraph) -> None:
    told = drain(entra(fake, "groups"))
    assert told.ended is not None
    assert told.ended.cursor is None
    with pytest.raises(CursorLost):
        list(entra(fake, "groups").changes("{}"))


def test_groups_inside_a_group_are_told_with_its_members(fake: FakeGraph) -> None:
    parts = list(entra(fake).read())
    inside = {part.group: part.groups for part in parts if isinstance(part, DirectoryMembers)}
    assert inside["nest"] == {"eng", "loop"}
    assert inside["eng"] == frozenset()

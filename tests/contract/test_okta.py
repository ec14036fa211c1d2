"""Okta as a directory, against the fake of tests/fakes/okta: what reads tell."""

from collections.abc import Iterator

import pytest

from connectors.base import DirectoryMembers, UserFound
from connectors.errors import Misconfigured, Refused, Transient
from tests.contract import source_suite
from tests.contract.okta_case import (
    ACTIVE,
    INACTIVE,
    as_listed,
    as_read,
    company,
    members,
    named,
    people,
    source,
)
from tests.fakes.okta import Directory, FakeOkta, Fault


@pytest.fixture(autouse=True)
def _allow_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OKTA_TESTING_TESTINGDISABLEHTTPSCHECK", "true")


@pytest.fixture(scope="module")
def server() -> Iterator[FakeOkta]:
    with FakeOkta() as fake:
        yield fake


@pytest.fixture
def fake(server: FakeOkta) -> FakeOkta:
    server.reset(company())
    return server


def test_the_scope_all_reads_everybody_and_every_group(fake: FakeOkta) -> None:
    groups = fake.directory.groups.values()
    ended = source_suite.reads_exactly(
        source(fake), people(fake), map(as_listed, groups), members(*groups)
    )
    assert ended.expected_users == 6, "the group Everyone counts those not deprovisioned"


def test_the_scope_of_an_app_reads_its_users_and_groups_only(fake: FakeOkta) -> None:
    app = next(iter(fake.directory.apps.values()))
    groups = named(fake, "Eng", "Ops, EU", 'The "A"')
    source_suite.reads_exactly(
        source(fake, {"app_id": app.id}),
        people(fake, *app.users),
        map(as_listed, groups),
        members(*groups),
    )


def test_a_scope_of_groups_takes_ids_and_exact_names_and_reads_each_once(fake: FakeOkta) -> None:
    eng, quoted = named(fake, "Eng", 'The "A"')
    source_suite.reads_exactly(
        source(fake, {"groups": [eng.id, 'The "A"', "Eng"]}),
        people(fake, *eng.members),
        map(as_listed, (eng, quoted)),
        members(eng, quoted),
    )


def test_an_organization_without_a_user_can_be_read(fake: FakeOkta) -> None:
    fake.reset(Directory())
    everyone = fake.directory.everyone
    source_suite.reads_exactly(source(fake), [], [as_listed(everyone)], members(everyone))


@pytest.mark.parametrize("wanted", ["Engineering", "eng", "00gNobody", 'x" or id eq "00g'])
def test_a_group_of_the_scope_that_is_not_there_is_no_empty_group(
    fake: FakeOkta, wanted: str
) -> None:
    error = source_suite.breaks_off(source(fake, {"groups": ["Eng", wanted]}))
    assert isinstance(error, Misconfigured)
    assert wanted in str(error)


def test_two_groups_of_one_name_must_be_told_apart_by_id(fake: FakeOkta) -> None:
    fake.directory.add_group("Eng", type="APP_GROUP")
    error = source_suite.breaks_off(source(fake, {"groups": ["Eng"]}))
    assert isinstance(error, Misconfigured)


def test_a_missing_app_is_no_empty_app(fake: FakeOkta) -> None:
    error = source_suite.breaks_off(source(fake, {"app_id": "0oaNone"}))
    assert isinstance(error, Misconfigured)


@pytest.mark.parametrize("status", sorted(ACTIVE | INACTIVE))
def test_only_suspended_staged_and_deprovisioned_users_are_inactive(
    fake: FakeOkta, status: str
) -> None:
    user = fake.directory.add_user("x@acme.example", status)
    assert source_suite.drain(source(fake)).users[user.id].active is (status in ACTIVE)


@pytest.mark.parametrize("status", ["SUSPENDED", "INACTIVE", "REVOKED", "DEPROVISIONED"])
def test_a_user_whose_assignment_was_withdrawn_is_inactive_in_the_app(
    fake: FakeOkta, status: str
) -> None:
    user = fake.directory.add_user("x@acme.example")
    app = fake.directory.add_app({user.id: status})
    told = source_suite.drain(source(fake, {"app_id": app.id}))
    assert told.ended and not told.users[user.id].active


def test_an_unknown_status_of_an_assignment_fails_the_read(fake: FakeOkta) -> None:
    user = fake.directory.add_user("x@acme.example")
    app = fake.directory.add_app({user.id: "ASCENDED"})
    error = source_suite.breaks_off(source(fake, {"app_id": app.id}))
    assert isinstance(error, Refused)


def test_a_user_who_arrives_during_the_read_is_told_with_the_group(fake: FakeOkta) -> None:
    reading = source(fake).read()
    parts = [next(reading)]
    while not isinstance(parts[-1], DirectoryMembers):  # the first is Everyone's
        parts.append(next(reading))
    late = fake.directory.add_user("late@acme.example")
    named(fake, "Alumni")[0].members.append(late.id)
    assert [as_read(late)] in list(reading)


def test_a_user_reactivated_between_the_two_lists_is_not_lost(fake: FakeOkta) -> None:
    back = next(u for u in fake.directory.users.values() if u.status == "DEPROVISIONED")
    reading = source(fake).read()
    seen = {user.id: user for user in next(reading)}  # type: ignore[union-attr]
    back.status = "ACTIVE"
    fake.directory.everyone.members.append(back.id)
    for part in reading:
        seen |= {user.id: user for user in part} if isinstance(part, list) else {}
    assert seen[back.id] == as_read(back)


def test_a_group_that_shrinks_while_it_is_read_is_no_fault(fake: FakeOkta) -> None:
    reading = source(fake).read()
    while not isinstance(next(reading), DirectoryMembers):
        pass  # all groups are counted now
    for group in named(fake, "Eng", "Ops, EU", 'The "A"', "Alumni"):
        group.members = group.members[1:]
    fake.faults = []
    told = [part for part in reading if isinstance(part, DirectoryMembers)]
    assert len(told) == 5


def test_a_group_deleted_while_the_groups_are_read_fails_this_read_only(fake: FakeOkta) -> None:
    fake.faults = [Fault("404", "groups/.*/users", nth=2, times=1)]
    assert isinstance(source_suite.breaks_off(source(fake)), Transient)
    assert source_suite.drain(source(fake)).ended


def test_a_user_is_found_with_every_group(fake: FakeOkta) -> None:
    user = next(iter(fake.directory.users.values()))
    groups = [group for group in fake.directory.groups.values() if user.id in group.members]
    source_suite.finds(source(fake), as_read(user), map(as_listed, groups))


def test_a_deprovisioned_user_is_found_and_inactive(fake: FakeOkta) -> None:
    user = next(u for u in fake.directory.users.values() if u.status == "DEPROVISIONED")
    found = source(fake).read_user(user.id)
    assert isinstance(found, UserFound) and not found.user.active


def test_a_deleted_user_is_gone(fake: FakeOkta) -> None:
    user = fake.directory.add_user("x@acme.example")
    fake.directory.delete_user(user)
    source_suite.knows_it_is_gone(source(fake), user.id)


@pytest.mark.parametrize("odd", ["../groups", "a/b?c#d", "00u%2e", "ö"])
def test_an_identifier_cannot_become_another_path(fake: FakeOkta, odd: str) -> None:
    source_suite.knows_it_is_gone(source(fake), odd)


def test_a_user_found_by_login_is_not_the_user_with_that_id(fake: FakeOkta) -> None:
    with pytest.raises(Refused):
        source(fake).read_user("active@acme.example")


@pytest.mark.parametrize("fault", ["404 of another server", "redirect", "html", "401", "500"])
def test_only_oktas_own_word_is_proof_that_a_user_is_gone(fake: FakeOkta, fault: str) -> None:
    fake.faults = [Fault(fault, "users/")]
    with pytest.raises((Misconfigured, Transient)):
        source(fake).read_user("00u1")


def test_a_user_deleted_between_the_two_requests_is_in_doubt(fake: FakeOkta) -> None:
    fake.faults = [Fault("404", "users/.*/groups")]
    with pytest.raises(Transient):
        source(fake).read_user(next(iter(fake.directory.users)))

"""One user of an Entra tenant, read now."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from connectors.base import DirectoryGroup, UserFound
from connectors.errors import ConnectorError, Transient
from tests.contract import source_suite
from tests.contract.entra_kit import as_user, entra, hidden, populate
from tests.fakes import graph as graph_fake
from tests.fakes.graph import FakeGraph
from tests.fakes.graph_faults import (
    BROKEN_WIRE,
    FATAL,
    FATAL_PAGES,
    HARMLESS,
    HARMLESS_PAGES,
    Fault,
    Spoiler,
)

Spoilers = dict[str, Spoiler]


@pytest.fixture(scope="module")
def server() -> Iterator[FakeGraph]:
    with graph_fake.running() as fake:
        yield fake


@pytest.fixture
def fake(server: FakeGraph) -> FakeGraph:
    server.reset()
    populate(server.tenant)
    return server


def test_a_point_read_tells_the_user_and_its_groups_however_nested(fake: FakeGraph) -> None:
    inside = [DirectoryGroup(id, f"Group {id}") for id in ("eng", "nest", "loop")]
    source_suite.finds(entra(fake), as_user(fake.tenant, "ada"), inside)


def test_a_point_read_agrees_with_the_full_read(fake: FakeGraph) -> None:
    told, source = source_suite.drain(entra(fake)), entra(fake)
    for name, user in told.users.items():
        inside = [told.groups[id] for id, users in told.members.items() if name in users]
        source_suite.finds(source, user, inside)


def test_a_disabled_user_is_found_and_not_active(fake: FakeGraph) -> None:
    found = entra(fake).read_user("left")
    assert isinstance(found, UserFound)
    assert found.user.active is False


def test_a_deleted_user_is_gone(fake: FakeGraph) -> None:
    source_suite.knows_it_is_gone(entra(fake), "nobody")


@pytest.mark.parametrize("asked", ["delta", "$count", "..", ".", "../groups/eng", "a?b", "a#b", ""])
def test_an_id_that_is_none_leads_nowhere_else(fake: FakeGraph, asked: str) -> None:
    with suppress(ConnectorError):
        assert not isinstance(entra(fake).read_user(asked), UserFound)
    assert not fake.asked["groups"]
    assert not fake.asked["group"]


def test_an_answer_about_another_user_is_not_believed(fake: FakeGraph) -> None:
    fake.faults = [Fault("user", lambda a: replace(a, body=a.body | {"id": "bob"}))]
    with pytest.raises(Transient):
        entra(fake).read_user("ada")


def point_cases(kinds: Spoilers, page_kinds: Spoilers) -> list[Any]:
    return [
        pytest.param(where, spoil, id=f"{where}: {kind}")
        for where in ("user", "parents")
        for kind, spoil in (kinds | (page_kinds if where == "parents" else {})).items()
    ]


@pytest.mark.parametrize(("where", "spoil"), point_cases(HARMLESS, HARMLESS_PAGES))
def test_what_is_harmless_costs_a_point_read_nothing(
    fake: FakeGraph, where: str, spoil: Spoiler
) -> None:
    fake.faults = [Fault(where, spoil)]
    found = entra(fake).read_user("ada")
    assert isinstance(found, UserFound)
    assert {group.id for group in found.groups} == {"eng", "nest", "loop"}


@pytest.mark.parametrize(("where", "spoil"), point_cases(FATAL | BROKEN_WIRE, FATAL_PAGES))
def test_what_is_doubtful_is_no_answer_about_a_user(
    fake: FakeGraph, where: str, spoil: Spoiler
) -> None:
    fake.faults = [Fault(where, spoil)]
    with pytest.raises(ConnectorError) as caught:
        entra(fake).read_user("ada")
    source_suite.keeps_secrets(caught.value, *hidden(fake))

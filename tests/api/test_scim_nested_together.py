"""Many clients change groups in groups at the same time: nobody waits for a deadlock."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.api.scim_app import Idp, Json, scratch_database, serving

CLIENTS, STEPS = 6, 30


@pytest.fixture
def idp(tmp_path: Path) -> Iterator[Idp]:
    with scratch_database() as url, serving(tmp_path, url) as service, service.client() as http:
        yield Idp(service, http)


@pytest.mark.servers
def test_clients_that_change_nested_groups_at_random_run_into_no_deadlock(idp: Idp) -> None:
    """Each has a person of its own, of whom only it speaks; ways are opened and closed by all."""
    groups = [idp.group(name)["id"] for name in "abcdef"]
    idp.patch(f"/Groups/{groups[0]}", _members("add", groups[1]))
    people = [idp.user(f"person{number}")["id"] for number in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        wanted = list(pool.map(lambda one: _client(idp, groups, one), people))
    assert _deadlocks(idp) == 0
    for person, named in zip(people, wanted, strict=True):
        shown = {one: idp.get(f"/Groups/{one}").json()["members"] for one in groups}
        assert {one for one, listed in shown.items() if _has(listed, person)} == named
        told = idp.get(f"/Users/{person}").json()["groups"]
        assert {one["value"] for one in told} == _above(shown, named)


def _client(idp: Idp, groups: list[str], person: str) -> set[str]:
    """Answers the groups that its person was left in."""
    chance, named = random.Random(person), set[str]()
    with idp.service.client() as http:
        mine = Idp(idp.service, http)
        for step in range(STEPS):
            outer, inner = chance.sample(groups, 2)
            op, value = chance.choice(("add", "remove")), chance.choice((person, person, inner))
            status = mine.patch(f"/Groups/{outer}", _members(op, value)).status_code
            assert status == 204 or (status == 400 and (op, value) == ("add", inner))
            if value == person:
                named = named | {outer} if op == "add" else named - {outer}
            if step % 5 == 0:
                _pass_by(mine, f"{person}-{step}", [outer, inner])
    return named


def _pass_by(mine: Idp, name: str, groups: list[str]) -> None:
    """Somebody is waited for, comes, and goes."""
    for one in groups:
        mine.patch(f"/Groups/{one}", _members("add", name))
    made = mine.user(name, externalId=name)
    assert mine.call("DELETE", f"/Users/{made['id']}").status_code == 204


def _members(op: str, value: str) -> Json:
    return {"op": op, "path": "members", "value": [{"value": value}]}


def _has(listed: list[Json], one: str) -> bool:
    return any(each["value"] == one for each in listed)


def _above(shown: dict[str, list[Json]], named: set[str]) -> set[str]:
    """These groups, and all that they are in."""
    found, fresh = set[str](), named
    while fresh:
        found |= fresh
        fresh = {g for g, listed in shown.items() if any(_has(listed, one) for one in fresh)}
        fresh -= found
    return found


def _deadlocks(idp: Idp) -> int:
    """Servers tell of them once a connection is idle or closed."""
    idp.service.context.database.engine.dispose()
    engine = create_engine(idp.service.context.database.url)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_sleep(0.3)"))
        sql = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        found = int(connection.execute(text(sql)).scalar_one())
    engine.dispose()
    return found

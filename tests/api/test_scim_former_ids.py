"""Members are removed by an externalId that was replaced, where it can mean one only."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.store.database import loads
from tests.api.scim_app import BOTH, USER, Idp, Json, serving_on

ADD, REMOVE = {"op": "add", "path": "members"}, {"op": "remove", "path": "members"}


@pytest.fixture(params=BOTH)
def idp(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Idp]:
    with serving_on(request.param, tmp_path) as service, service.client() as http:
        yield Idp(service, http)


def renamed(idp: Idp, name: str, *ids: str) -> Json:
    """A user that has had each of these externalIds."""
    user = idp.user(name, externalId=ids[0])
    for one in ids[1:]:
        change = {"op": "replace", "path": "externalId", "value": one}
        assert idp.patch(f"/Users/{user['id']}", change).status_code == 200
    return user


def remove(idp: Idp, group: Json, value: str) -> list[Json]:
    """Answers what was kept of the request."""
    answer = idp.patch(f"/Groups/{group['id']}", REMOVE | {"value": [{"value": value}]})
    assert answer.status_code == 204
    with idp.service.context.database.read() as tx:
        row = tx.row(
            "SELECT changes, tolerances FROM scim_requests WHERE public_id = :id",
            {"id": answer.headers["x-request-id"]},
        )
    assert row is not None
    return [*loads(row.changes), {"tolerances": row.tolerances}]


def missed(*values: str) -> Json:
    return {"event": "members not found", "members": len(values), "first": list(values)}


def test_who_had_the_id_until_it_was_replaced_is_taken_out_by_it(idp: Idp) -> None:
    ada, bob = renamed(idp, "ada", "e1", "e2", "e3"), idp.user("bob")
    group = idp.group("Ops", [ada["id"], bob["id"]])
    assert {"tolerances": "former_external_id listed_remove"} in remove(idp, group, "e1")
    assert idp.members(group) == {bob["id"]}


def test_who_lost_the_id_to_a_body_without_one_is_taken_out_by_it(idp: Idp) -> None:
    ada = renamed(idp, "ada", "e1")
    group = idp.group("Ops", [ada["id"]])
    idp.call("PUT", f"/Users/{ada['id']}", {"schemas": [USER], "userName": "ada"})
    remove(idp, group, "e1")
    assert idp.members(group) == set()


def test_an_id_that_is_anothers_now_means_that_one(idp: Idp) -> None:
    ada = renamed(idp, "ada", "e1", "e2")
    group = idp.group("Ops", [ada["id"]])
    idp.user("bob", externalId="e1")
    assert not [one for one in remove(idp, group, "e1") if one.get("event") == missed()["event"]]
    assert idp.members(group) == {ada["id"]}


def test_an_id_that_two_have_had_takes_nobody_out_and_says_so(idp: Idp) -> None:
    people = [renamed(idp, name, "e1", name)["id"] for name in ("ada", "bob")]
    group = idp.group("Ops", people)
    assert missed("e1") in remove(idp, group, "e1")
    assert idp.members(group) == set(people)


def test_an_id_that_nobody_ever_had_takes_nobody_out_and_says_so(idp: Idp) -> None:
    group = idp.group("Ops")
    assert missed("stranger") in remove(idp, group, "stranger")


def test_whoever_is_waited_for_under_the_id_is_meant_alone(idp: Idp) -> None:
    ada = renamed(idp, "ada", "e1", "e2")
    group = idp.group("Ops", [ada["id"]])
    idp.patch(f"/Groups/{group['id']}", ADD | {"value": [{"value": "e1"}]})
    remove(idp, group, "e1")
    assert idp.members(group) == {ada["id"]}
    idp.user("bob", externalId="e1")
    assert idp.members(group) == {ada["id"]}


def test_a_group_is_taken_out_of_a_group_by_the_id_it_had(idp: Idp) -> None:
    inner = idp.group("Inner", externalId="g1")
    outer = idp.group("Outer", [inner["id"]])
    change = {"op": "replace", "path": "externalId", "value": "g2"}
    idp.patch(f"/Groups/{inner['id']}", change)
    remove(idp, outer, "g1")
    assert idp.members(outer) == set()


def test_an_id_that_a_user_and_a_group_have_had_takes_neither_out(idp: Idp) -> None:
    ada, inner = renamed(idp, "ada", "e1", "e2"), idp.group("Inner", externalId="e1")
    change = {"op": "replace", "path": "externalId", "value": "g2"}
    idp.patch(f"/Groups/{inner['id']}", change)
    outer = idp.group("Outer", [inner["id"], ada["id"]])
    assert missed("e1") in remove(idp, outer, "e1")
    assert idp.members(outer) == {ada["id"], inner["id"]}


@pytest.mark.parametrize(("added", "removed"), [("externalId", "id"), ("id", "externalId")])
@pytest.mark.parametrize("kind", ["user", "group"])
def test_who_is_deleted_is_waited_for_under_no_name_once_it_was_removed_by_another(
    idp: Idp, kind: str, added: str, removed: str
) -> None:
    """It comes back as itself by either, and would join though it was taken out again."""
    make = getattr(idp, kind)
    ada, group = make("ada", externalId="e1"), idp.group("Ops")
    idp.call("DELETE", ada["meta"]["location"].removeprefix(idp.service.url))
    add = ADD | {"value": [{"value": ada[added]}, {"value": "e2"}]}
    assert idp.patch(f"/Groups/{group['id']}", add).status_code == 204
    remove(idp, group, ada[removed])
    assert make("ada", externalId="e1")["id"] == ada["id"]
    assert idp.members(group) == set()
    bob = idp.user("bob", externalId="e2")
    assert idp.members(group) == {bob["id"]}, "who else is waited for still is"

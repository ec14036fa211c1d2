"""A group in a group is shown, found, refused in a circle, and taken out again."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.api.scim_app import BOTH, GROUP, Idp, Json, serving_on

ADD = {"op": "add", "path": "members"}


@pytest.fixture(params=BOTH)
def idp(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Idp]:
    with serving_on(request.param, tmp_path) as service, service.client() as http:
        yield Idp(service, http)


def test_a_group_in_a_group_is_one_of_its_members_and_brings_its_people_along(idp: Idp) -> None:
    ada, bob = idp.user("ada"), idp.user("bob")
    inner = idp.group("Inner", [ada["id"]])
    outer = idp.group("Outer", [inner["id"], bob["id"]])
    address = f"{idp.service.url}/Groups/{inner['id']}"
    assert outer["members"] == [
        {"value": bob["id"], "$ref": f"{idp.service.url}/Users/{bob['id']}", "type": "User"},
        {"value": inner["id"], "$ref": address, "type": "Group"},
    ]
    groups = idp.get(f"/Users/{ada['id']}").json()["groups"]
    assert {(one["display"], one["type"]) for one in groups} == {
        ("Inner", "direct"),
        ("Outer", "indirect"),
    }
    _found_by_filters(idp, ada, inner)


def _found_by_filters(idp: Idp, ada: Json, inner: Json) -> None:
    assert idp.names("Groups", f'members.value eq "{inner["id"]}"') == ["Outer"]
    assert idp.names("Groups", f'members eq "{ada["id"]}"') == ["Inner"]
    both = f'members[type eq "group" and value eq "{inner["id"]}"]'
    assert idp.names("Groups", both) == ["Outer"]
    assert idp.names("Groups", f'members[type eq "User" and value eq "{inner["id"]}"]') == []
    assert idp.names("Users", 'groups[display eq "outer" and type eq "indirect"]') == ["ada"]
    assert idp.names("Users", 'groups[display eq "outer" and type eq "direct"]') == ["bob"]
    assert idp.names("Users", 'groups.display eq "outer"') == ["ada", "bob"]


def test_a_group_is_taken_out_by_name_with_all_it_brought(idp: Idp) -> None:
    ada, bob = idp.user("ada"), idp.user("bob")
    inner = idp.group("Inner", [ada["id"], bob["id"]])
    outer = idp.group("Outer", [inner["id"], bob["id"]])
    version = idp.get(f"/Groups/{outer['id']}").headers["etag"]
    path = f'members[value eq "{inner["id"]}"]'
    assert idp.patch(f"/Groups/{outer['id']}", {"op": "remove", "path": path}).status_code == 204
    assert idp.members(outer) == {bob["id"]}
    assert idp.names("Users", 'groups.display eq "Outer"') == ["bob"]
    assert idp.get(f"/Groups/{outer['id']}").headers["etag"] != version


def test_a_group_leaves_by_a_name_that_a_user_was_given_later(idp: Idp) -> None:
    inner = idp.group("Inner", externalId="same")
    outer = idp.group("Outer", ["same"])
    user = idp.user("ada", externalId="same")
    idp.patch(f"/Groups/{inner['id']}", ADD | {"value": [{"value": user["id"]}]})
    path = 'members[value eq "same"]'
    idp.patch(f"/Groups/{outer['id']}", {"op": "remove", "path": path})
    assert idp.members(outer) == set()
    assert idp.names("Users", 'groups.display eq "Outer"') == []


def test_a_user_leaves_by_a_name_that_a_group_has_too_and_the_group_stays(idp: Idp) -> None:
    inner = idp.group("Inner", externalId="same")
    outer = idp.group("Outer", [inner["id"]])
    idp.user("ada", externalId="same")
    idp.patch(f"/Groups/{outer['id']}", ADD | {"value": [{"value": "same"}]})
    path = 'members[value eq "same"]'
    idp.patch(f"/Groups/{outer['id']}", {"op": "remove", "path": path})
    assert idp.members(outer) == {inner["id"]}


def test_a_deleted_group_is_a_member_no_more(idp: Idp) -> None:
    ada = idp.user("ada")
    inner = idp.group("Inner", [ada["id"]])
    outer = idp.group("Outer", [inner["id"]])
    idp.call("DELETE", f"/Groups/{inner['id']}")
    assert idp.get(f"/Groups/{outer['id']}").json()["members"] == []
    assert idp.get(f"/Users/{ada['id']}").json()["groups"] == []


def test_a_circle_is_refused_in_words(idp: Idp) -> None:
    inner = idp.group("Inner")
    outer = idp.group("Outer", [inner["id"]])
    path, body = f"/Groups/{inner['id']}", {"schemas": [GROUP], "displayName": "Inner"}
    value = [{"value": outer["id"]}]
    for answer in (
        idp.patch(path, {"op": "add", "path": "members", "value": value}),
        idp.call("PUT", path, body | {"members": value}),
        idp.patch(path, {"op": "add", "path": "members", "value": [{"value": inner["id"]}]}),
    ):
        assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
        assert answer.json()["detail"] == "The group would be inside itself."
    assert idp.members(inner) == set()


def test_groups_made_together_may_be_inside_each_other_but_in_no_circle(idp: Idp) -> None:
    def make(name: str, inner: str) -> Json:
        data = {"schemas": [GROUP], "displayName": name, "members": [{"value": f"bulkId:{inner}"}]}
        return {"method": "POST", "path": "/Groups", "bulkId": name, "data": data}

    last = make("c", "d") | {"bulkId": "d", "data": {"schemas": [GROUP], "displayName": "d"}}
    request = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
    body = {
        "schemas": [request],
        "Operations": [make("a", "b"), make("b", "a"), make("c", "d"), last],
    }
    done = idp.call("POST", "/Bulk", body).json()["Operations"]
    assert [one["status"] for one in done] == ["400", "409", "201", "201"]
    assert done[0]["response"]["detail"] == "The group would be inside itself."
    assert idp.names("Groups", "displayName pr", sortBy="displayName") == ["c", "d"]
    assert idp.names("Groups", 'members[type eq "Group"]') == ["c"]


def test_who_leaves_two_inner_groups_at_once_has_left_the_outer(idp: Idp) -> None:
    people = [idp.user(name)["id"] for name in "abcdef"]
    inner = [idp.group(name, people) for name in ("One", "Two")]
    idp.group("Outer", [one["id"] for one in inner])
    assert len(idp.names("Users", 'groups.display eq "Outer"')) == len(people)

    def leave(group: Json, person: str) -> int:
        path = f'members[value eq "{person}"]'
        return idp.patch(f"/Groups/{group['id']}", {"op": "remove", "path": path}).status_code

    with ThreadPoolExecutor(6) as pool:
        done = [pool.submit(leave, group, person) for person in people for group in inner]
    assert {one.result() for one in done} == {204}
    assert idp.names("Users", 'groups.display eq "Outer"') == []


def test_a_circle_is_not_closed_from_two_sides_at_once(idp: Idp) -> None:
    for number in range(4):
        a, b, c, d = (idp.group(f"{name}{number}")["id"] for name in "abcd")

        def nest(pair: tuple[str, str]) -> int:
            value = [{"value": pair[1]}]
            change = {"op": "add", "path": "members", "value": value}
            return idp.patch(f"/Groups/{pair[0]}", change).status_code

        assert [nest((a, b)), nest((c, d))] == [204, 204]
        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(nest, [(b, c), (d, a)])) == [204, 400]

"""Every operation of a bulk request is carried out by itself, whatever becomes of the others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.scim.bulk_order import parts
from tests.api.scim_app import ENTERPRISE, GROUP, PATCH_OP, USER, Idp, Json, serving

REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"


@pytest.fixture
def idp(tmp_path: Path) -> Iterator[Idp]:
    with serving(tmp_path) as service, service.client() as http:
        yield Idp(service, http)


def bulk(idp: Idp, *operations: Json, **more: object) -> list[Json]:
    body = {"schemas": [REQUEST], "Operations": list(operations), **more}
    answer = idp.call("POST", "/Bulk", body)
    assert (answer.status_code, answer.json()["schemas"]) == (200, [RESPONSE]), answer.text
    found: list[Json] = answer.json()["Operations"]
    return found


def make_user(bulk_id: str, **attributes: object) -> Json:
    data = {"schemas": [USER], "userName": bulk_id, **attributes}
    return {"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": data}


def make_group(bulk_id: str, *members: str) -> Json:
    data = {
        "schemas": [GROUP],
        "displayName": bulk_id,
        "members": [{"value": one} for one in members],
    }
    return {"method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": data}


def statuses(done: list[Json]) -> list[str]:
    return [one["status"] for one in done]


def made(idp: Idp, operation: Json) -> Json:
    found: Json = idp.get(operation["location"].removeprefix(idp.service.url)).json()
    return found


def test_each_operation_answers_its_status_version_and_location(idp: Idp) -> None:
    ada, bob = idp.user("ada"), idp.user("bob")
    body = {"schemas": [USER], "userName": "ada", "title": "Countess"}
    patched = {"schemas": [PATCH_OP], "Operations": [{"op": "add", "path": "title", "value": "x"}]}
    done = bulk(
        idp,
        make_user("eve"),
        {"method": "PUT", "path": f"/Users/{ada['id']}", "data": body},
        {"method": "patch", "path": f"/Users/{bob['id']}", "data": patched},
        {"method": "DELETE", "path": f"/Users/{bob['id']}"},
    )
    assert statuses(done) == ["201", "200", "200", "204"]
    assert done[0]["bulkId"] == "eve"
    assert made(idp, done[0])["meta"]["version"] == done[0]["version"]
    assert made(idp, done[1])["title"] == "Countess"
    assert done[3] == {
        "method": "DELETE",
        "location": f"{idp.service.url}/Users/{bob['id']}",
        "status": "204",
    }
    assert idp.get(f"/Users/{bob['id']}").status_code == 404


def test_what_is_made_is_referred_to_before_and_after(idp: Idp) -> None:
    eve = idp.group("Staff")
    path = f"/Groups/{eve['id']}"
    add = {"op": "add", "path": "members", "value": [{"value": "bulkId:ada"}]}
    drop = {"op": "remove", "path": 'members[value eq "bulkId:ada"]'}
    done = bulk(
        idp,
        make_group("Engineering", "bulkId:ada", "bulkId:bob"),
        {"method": "PATCH", "path": path, "data": {"schemas": [PATCH_OP], "Operations": [add]}},
        make_user("ada", **{ENTERPRISE: {"manager": {"value": "bulkId:bob"}}}),
        make_user("bob"),
        {
            "method": "PATCH",
            "path": "/Groups/bulkId:Engineering",
            "data": {"schemas": [PATCH_OP], "Operations": [drop]},
        },
    )
    assert statuses(done) == ["201", "200", "201", "201", "200"]
    ada, bob = made(idp, done[2]), made(idp, done[3])
    assert ada[ENTERPRISE]["manager"]["value"] == bob["id"]
    assert idp.members(eve) == {ada["id"]}
    assert [one["value"] for one in made(idp, done[0])["members"]] == [bob["id"]]


def test_those_who_refer_to_each_other_are_made_and_completed(idp: Idp) -> None:
    done = bulk(
        idp,
        make_user("ada", **{ENTERPRISE: {"manager": {"value": "bulkId:bob"}}}),
        make_user("bob", **{ENTERPRISE: {"manager": {"value": "bulkId:ada"}}}),
        make_user("eve", **{ENTERPRISE: {"manager": {"value": "bulkId:eve"}}}),
    )
    assert statuses(done) == ["201", "201", "201"]
    ada, bob, eve = (made(idp, one) for one in done)
    assert ada[ENTERPRISE]["manager"]["value"] == bob["id"]
    assert bob[ENTERPRISE]["manager"]["value"] == ada["id"]
    assert eve[ENTERPRISE]["manager"]["value"] == eve["id"]


def test_an_operation_that_fails_leaves_the_others_as_they_are(idp: Idp) -> None:
    ada = idp.user("ada")
    path = f"/Users/{ada['id']}"
    body = {"schemas": [USER], "userName": "ada"}
    done = bulk(
        idp,
        make_user("ada"),
        make_group("Engineering", "bulkId:ada"),
        make_group("Staff", "bulkId:nobody"),
        {"method": "PUT", "path": path, "data": body, "version": 'W/"99"'},
        {"method": "DELETE", "path": "/Groups/none"},
        {"method": "PATCH", "path": path, "data": {"schemas": [PATCH_OP]}},
        make_user("bob"),
    )
    assert statuses(done) == ["409", "409", "400", "412", "404", "400", "201"]
    assert done[0]["response"]["scimType"] == "uniqueness"
    assert "location" not in done[0]
    assert done[3]["location"] == f"{idp.service.url}{path}"
    assert done[2]["response"]["scimType"] == "invalidValue"
    assert idp.get("/Groups").json()["totalResults"] == 0


def test_it_stops_after_as_many_errors_as_are_allowed(idp: Idp) -> None:
    bad = {"method": "DELETE", "path": "/Users/none"}
    done = bulk(idp, make_user("ada"), bad, make_user("bob"), bad, make_user("eve"), failOnErrors=2)
    assert statuses(done) == ["201", "404", "201", "404"]
    assert idp.names("Users", "userName pr") == ["ada", "bob"]


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        pytest.param({"method": "GET", "path": "/Users/1"}, "invalidSyntax", id="a read"),
        pytest.param({"method": "DELETE", "path": "/Users"}, "invalidSyntax", id="of everybody"),
        pytest.param({"method": "POST", "path": "/Users"}, "invalidSyntax", id="without a bulkId"),
        pytest.param({"method": "DELETE", "path": "/Me"}, "invalidSyntax", id="elsewhere"),
        pytest.param(
            {"method": "PUT", "path": "/Users/1", "data": []}, "invalidSyntax", id="with a list"
        ),
        pytest.param("DELETE", "invalidSyntax", id="that is none"),
        pytest.param(make_user("ada"), "invalidValue", id="under the bulkId of another"),
    ],
)
def test_a_request_with_an_operation_that_is_not_understood_does_nothing(
    idp: Idp, operation: object, kind: str
) -> None:
    body = {"schemas": [REQUEST], "Operations": [make_user("ada"), operation]}
    answer = idp.call("POST", "/Bulk", body)
    assert (answer.status_code, answer.json()["scimType"]) == (400, kind)
    assert idp.get("/Users").json()["totalResults"] == 0


@pytest.mark.parametrize("limit", [0, -1, "1", True])
def test_a_limit_of_errors_is_a_number_from_one(idp: Idp, limit: object) -> None:
    body = {"schemas": [REQUEST], "Operations": [make_user("ada")], "failOnErrors": limit}
    assert idp.call("POST", "/Bulk", body).json()["scimType"] == "invalidValue"


def test_too_many_operations_are_refused_as_a_whole(idp: Idp) -> None:
    one = {"method": "DELETE", "path": "/Users/none"}
    assert len(bulk(idp, *[one] * 1000)) == 1000
    answer = idp.call("POST", "/Bulk", {"schemas": [REQUEST], "Operations": [one] * 1001})
    assert answer.status_code == 413
    assert idp.get("/ServiceProviderConfig").json()["bulk"] == {
        "supported": True,
        "maxOperations": 1000,
        "maxPayloadSize": 1_048_576,
    }


@pytest.mark.parametrize(
    ("needs", "order"),
    [
        pytest.param([[], [], []], [[0], [1], [2]], id="as they come"),
        pytest.param([[2], [], [1]], [[1], [2], [0]], id="the needed first"),
        pytest.param([[1], [0], []], [[0, 1], [2]], id="a circle is one part"),
        pytest.param([[0]], [[0]], id="itself"),
        pytest.param([[1, 1], [2], []], [[2], [1], [0]], id="once each"),
        pytest.param(
            [[1], [2, 4], [3], [1, 5], [0], []], [[5], [0, 1, 2, 3, 4]], id="circles that touch"
        ),
        pytest.param([[2], [0, 3], [0], [1]], [[0, 2], [1, 3]], id="circles one after another"),
    ],
)
def test_the_order_follows_the_references(needs: list[list[int]], order: list[list[int]]) -> None:
    assert parts(needs) == order


def test_a_long_chain_of_references_is_followed() -> None:
    chain = [[place + 1] for place in range(999)] + [[]]
    assert parts(chain) == [[place] for place in reversed(range(1000))]


def test_a_group_that_would_be_inside_itself_is_not_made(idp: Idp) -> None:
    """Nor is what would hold it."""
    done = bulk(
        idp,
        make_group("Alone", "bulkId:Alone"),
        make_group("Outer", "bulkId:Middle"),
        make_group("Middle", "bulkId:Inner"),
        make_group("Inner", "bulkId:Middle"),
        make_group("Staff"),
    )
    assert statuses(done) == ["400", "409", "400", "409", "201"]
    assert [done[place]["response"].get("scimType") for place in (0, 2)] == ["invalidValue"] * 2
    assert idp.names("Groups", "displayName pr") == ["Staff"]


def test_of_those_who_refer_to_each_other_all_are_made_or_none(idp: Idp) -> None:
    """An operation that answers an error has changed nothing (RFC 7644 §3.7)."""
    idp.user("ada")
    done = bulk(
        idp,
        make_user("bob", **{ENTERPRISE: {"manager": {"value": "bulkId:ada"}}}),
        make_user("ada", **{ENTERPRISE: {"manager": {"value": "bulkId:bob"}}}),
        make_user("eve", **{ENTERPRISE: {"manager": {"value": "bulkId:bob"}}}),
    )
    assert statuses(done) == ["409", "409", "409"]
    assert [one["response"].get("scimType") for one in done] == [None, "uniqueness", None]
    assert all("location" not in one for one in done)
    assert idp.names("Users", "userName pr") == ["ada"]


def test_a_version_says_nothing_of_what_is_to_be_made(idp: Idp) -> None:
    eve = make_user("eve", **{ENTERPRISE: {"manager": {"value": "bulkId:eve"}}})
    done = bulk(idp, eve | {"version": 'W/"9"'}, make_user("bob") | {"version": 'W/"9"'})
    assert statuses(done) == ["201", "201"]


def test_each_of_a_circle_is_kept_as_its_own_request(idp: Idp) -> None:
    bulk(
        idp,
        make_user("ada", **{ENTERPRISE: {"manager": {"value": "bulkId:bob"}}}),
        make_user("bob", **{ENTERPRISE: {"manager": {"value": "bulkId:ada"}}}),
        make_group("Alone", "bulkId:Alone"),
    )
    context = idp.service.context
    context.request_log.close()
    with context.database.read() as tx:
        found = tx.tuples("SELECT method, path, status FROM scim_requests ORDER BY id")
    bob = idp.find("Users", 'userName eq "ada"')["Resources"][0]["id"]
    assert [one for one in found if one[1] != "/Bulk"] == [
        ("POST", "/Users", 201),
        ("POST", "/Users", 201),
        ("PUT", f"/Users/{bob}", 200),
        ("POST", "/Groups", 400),
    ]

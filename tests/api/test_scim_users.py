"""Users come, change, go and come back as their identity provider says, and no other way."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from models.store import scim
from tests.api.scim_app import BOTH, ENTERPRISE, PATCH_OP, USER, Idp, Json, serving, serving_on


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Idp]:
    with serving(tmp_path_factory.mktemp("scim")) as service, service.client() as http:
        yield Idp(service, http)


@pytest.fixture
def idp(tmp_path: Path) -> Iterator[Idp]:
    with serving(tmp_path) as service, service.client() as http:
        yield Idp(service, http)


def replace(path: str | None, value: object) -> Json:
    return {"op": "replace", "value": value} | ({} if path is None else {"path": path})


def directory(idp: Idp, user: Json) -> Json:
    """What is decided about the user."""
    with idp.service.context.database.read() as tx:
        link = idp.service.connection.key
        row = scim.find(tx, "users", connection=link, public_id=user["id"])
        assert row is not None
        return row._asdict()


def test_a_new_user_is_answered_with_its_address_version_and_times(idp: Idp) -> None:
    body = {"schemas": [USER], "userName": "Ada@Acme.example", "active": True, "password": "x"}
    answer = idp.call("POST", "/Users", body)
    made = answer.json()
    address = f"{idp.service.url}/Users/{made['id']}"
    assert answer.status_code == 201
    assert answer.headers["location"] == made["meta"]["location"] == address
    assert answer.headers["etag"] == made["meta"]["version"] == 'W/"1"'
    assert made["meta"]["resourceType"] == "User"
    assert made["meta"]["created"] == made["meta"]["lastModified"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", made["meta"]["created"])
    assert (made["userName"], made["active"], made["groups"]) == ("Ada@Acme.example", True, [])
    assert "password" not in made
    assert idp.get(f"/Users/{made['id']}").json() == made


def test_a_user_that_is_created_without_a_word_on_it_is_active(idp: Idp) -> None:
    made = idp.user("ada")
    assert made["active"] is True
    assert directory(idp, made)["active"]


def test_a_user_name_is_taken_in_every_case_and_form_of_accent(idp: Idp) -> None:
    idp.user("Zoë")
    for name in ("zoë", "ZOË", "zoe\u0308"):
        answer = idp.call("POST", "/Users", {"schemas": [USER], "userName": name})
        assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")


def test_a_user_cannot_take_the_name_of_another_by_put_or_patch(idp: Idp) -> None:
    idp.user("ada")
    bob = idp.user("bob")
    path = f"/Users/{bob['id']}"
    put = idp.call("PUT", path, {"schemas": [USER], "userName": "ADA"})
    assert (put.status_code, put.json()["scimType"]) == (409, "uniqueness")
    assert idp.patch(path, replace("userName", "ADA")).status_code == 409
    assert idp.get(path).json() == bob


def test_a_user_cannot_take_the_external_id_of_another_by_put_or_patch(idp: Idp) -> None:
    idp.user("ada", externalId="a-1")
    bob = idp.user("bob", externalId="b-1")
    path = f"/Users/{bob['id']}"
    put = idp.call("PUT", path, {"schemas": [USER], "userName": "bob", "externalId": "a-1"})
    assert (put.status_code, put.json()["scimType"]) == (409, "uniqueness")
    assert idp.patch(path, replace("externalId", "a-1")).status_code == 409
    assert idp.get(path).json() == bob
    assert idp.patch(path, replace("externalId", "b-2")).status_code == 200


@pytest.mark.parametrize("database", BOTH)
def test_of_many_at_once_with_one_external_id_one_is_created(database: str, tmp_path: Path) -> None:
    with serving_on(database, tmp_path) as service, service.client() as http:
        idp = Idp(service, http)

        def create(number: int) -> int:
            body = {"schemas": [USER], "userName": f"ada{number}", "externalId": "a-1"}
            return idp.call("POST", "/Users", body).status_code

        with ThreadPoolExecutor(8) as several:
            codes = sorted(several.map(create, range(8)))
        assert codes == [201] + 7 * [409]


def test_a_user_may_change_the_case_of_its_own_name(idp: Idp) -> None:
    ada = idp.user("ada")
    answer = idp.patch(f"/Users/{ada['id']}", replace("userName", "Ada"))
    assert (answer.status_code, answer.json()["userName"]) == (200, "Ada")


def test_a_put_replaces_what_it_leaves_out(idp: Idp) -> None:
    ada = idp.user("ada", title="Countess", nickName="A")
    body = {"schemas": [USER], "userName": "ada", "title": "Lady", "active": False}
    answer = idp.call("PUT", f"/Users/{ada['id']}", body)
    assert answer.status_code == 200
    assert answer.json()["title"] == "Lady"
    assert "nickName" not in answer.json()
    assert answer.headers["etag"] == 'W/"2"'


def test_a_put_without_active_brings_nobody_back(idp: Idp) -> None:
    ada = idp.user("ada", active=False)
    answer = idp.call("PUT", f"/Users/{ada['id']}", {"schemas": [USER], "userName": "ada"})
    assert answer.json()["active"] is False
    assert not directory(idp, ada)["active"]


def test_removing_active_brings_nobody_back(idp: Idp) -> None:
    ada = idp.user("ada", active=False)
    answer = idp.patch(f"/Users/{ada['id']}", {"op": "remove", "path": "active"})
    assert answer.status_code == 200
    assert not directory(idp, ada)["active"]


def test_a_patch_is_evidence_only_of_what_it_names(idp: Idp) -> None:
    ada = idp.user("ada", emails=[{"value": "ada@acme.example", "type": "work"}])
    before = directory(idp, ada)
    idp.patch(f"/Users/{ada['id']}", replace("title", "Countess"))
    after = directory(idp, ada)
    assert after["push_active_yes"] == before["push_active_yes"]
    assert after["push_said"] == before["push_said"]
    idp.patch(f"/Users/{ada['id']}", replace(None, {"active": True}))
    assert directory(idp, ada)["push_active_yes"] > before["push_active_yes"]


def test_a_patch_says_again_what_stands_already(idp: Idp) -> None:
    """The directory may have said otherwise in between."""
    ada = idp.user("ada", active=False)
    before = directory(idp, ada)
    idp.patch(f"/Users/{ada['id']}", replace("active", "False"))
    assert directory(idp, ada)["push_active_no"] > before["push_active_no"]


def test_operations_are_carried_out_all_or_none(idp: Idp) -> None:
    ada = idp.user("ada")
    path = f"/Users/{ada['id']}"
    answer = idp.patch(path, replace("title", "Lady"), replace("nothing", 1))
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidPath")
    assert idp.get(path).json() == ada


def test_a_deleted_user_is_found_nowhere(idp: Idp) -> None:
    ada = idp.user("ada")
    path = f"/Users/{ada['id']}"
    assert idp.call("DELETE", path).status_code == 204
    assert idp.get(path).status_code == 404
    assert idp.call("PUT", path, {"schemas": [USER], "userName": "ada"}).status_code == 404
    assert idp.patch(path, replace("active", True)).status_code == 404
    assert idp.call("DELETE", path).status_code == 404
    assert idp.find("Users", 'userName eq "ada"')["totalResults"] == 0


def test_the_name_of_a_deleted_user_is_free_again(idp: Idp) -> None:
    ada = idp.user("ada", externalId="e1")
    idp.call("DELETE", f"/Users/{ada['id']}")
    again = idp.user("ADA", externalId="e1")
    assert idp.get(f"/Users/{again['id']}").json()["userName"] == "ADA"


def test_who_was_deleted_comes_back_without_the_old_memberships(idp: Idp) -> None:
    ada = idp.user("ada", externalId="e1")
    group = idp.group("Engineering", [ada["id"]])
    idp.call("DELETE", f"/Users/{ada['id']}")
    again = idp.user("ada", externalId="e1")
    assert again["groups"] == []
    assert idp.members(group) == set()


def test_a_deactivated_user_that_is_created_again_comes_back_as_itself(idp: Idp) -> None:
    ada = idp.user("ada", externalId="e1")
    group = idp.group("Engineering", [ada["id"]])
    idp.patch(f"/Users/{ada['id']}", replace(None, {"active": False}))
    body = {"schemas": [USER], "userName": "ada", "externalId": "e1"}
    answer = idp.call("POST", "/Users", body)
    assert answer.status_code == 200
    assert (answer.json()["id"], answer.json()["active"]) == (ada["id"], True)
    assert directory(idp, ada)["active"]
    assert idp.members(group) == {ada["id"]}


def test_another_person_under_the_name_of_a_deactivated_one_is_another_user(idp: Idp) -> None:
    former = idp.user("ada", externalId="e1", active=False)
    new = idp.user("ada", externalId="e2")
    assert new["id"] != former["id"]
    assert [one["id"] for one in idp.find("Users", 'userName eq "ada"')["Resources"]] == [new["id"]]
    assert idp.get(f"/Users/{former['id']}").json()["active"] is False
    assert idp.patch(f"/Users/{former['id']}", replace("active", True)).status_code == 409


def test_nobody_takes_the_name_of_an_active_user_or_of_one_without_another_id(idp: Idp) -> None:
    idp.user("ada", externalId="e1")
    idp.user("bob", active=False)
    for name in ("ada", "bob"):
        body = {"schemas": [USER], "userName": name, "externalId": "e2"}
        assert idp.call("POST", "/Users", body).status_code == 409


def test_a_user_is_shown_with_its_groups(idp: Idp) -> None:
    ada = idp.user("ada")
    group = idp.group("Engineering", [ada["id"]])
    found = idp.get(f"/Users/{ada['id']}").json()["groups"]
    address = f"{idp.service.url}/Groups/{group['id']}"
    assert found == [
        {"value": group["id"], "$ref": address, "display": "Engineering", "type": "direct"}
    ]


def test_a_change_is_made_only_to_the_version_it_was_meant_for(idp: Idp) -> None:
    ada = idp.user("ada")
    path, stale = f"/Users/{ada['id']}", 'W/"1"'
    assert idp.patch(path, replace("title", "Lady"), if_match=stale).status_code == 200
    assert idp.patch(path, replace("title", "Dame"), if_match=stale).status_code == 412
    put = {"schemas": [USER], "userName": "eve"}
    assert idp.call("PUT", path, put, if_match=stale).status_code == 412
    assert idp.call("DELETE", path, if_match=stale).status_code == 412
    assert idp.get(path).json()["title"] == "Lady"
    assert idp.patch(path, replace("title", "Dame"), if_match="*").status_code == 200
    assert idp.call("DELETE", path, if_match='W/"1", W/"3"').status_code == 204


def test_what_the_client_has_already_is_not_sent_again(idp: Idp) -> None:
    ada = idp.user("ada")
    path = f"/Users/{ada['id']}"
    same = idp.get(path, if_none_match=ada["meta"]["version"])
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", 'W/"1"')
    idp.patch(path, replace("title", "Lady"))
    assert idp.get(path, if_none_match=ada["meta"]["version"]).status_code == 200


def test_the_version_of_a_user_moves_with_its_groups_and_the_name_of_its_manager(
    idp: Idp,
) -> None:
    boss = idp.user("boss")
    ada = idp.user("ada", **{ENTERPRISE: {"manager": {"value": boss["id"]}}})
    path, seen = f"/Users/{ada['id']}", [ada["meta"]["version"]]
    group = idp.group("Engineering", [ada["id"]])
    seen.append(_moved(idp, path, seen[-1]))
    idp.patch(f"/Groups/{group['id']}", replace("displayName", "Platform"))
    seen.append(_moved(idp, path, seen[-1]))
    idp.patch(f"/Users/{boss['id']}", replace("displayName", "Bossa Nova"))
    seen.append(_moved(idp, path, seen[-1]))
    idp.call("DELETE", f"/Groups/{group['id']}")
    seen.append(_moved(idp, path, seen[-1]))
    assert len(set(seen)) == 5
    assert idp.patch(path, replace("title", "Lady"), if_match=seen[1]).status_code == 200
    assert idp.patch(path, replace("title", "Dame"), if_match=seen[1]).status_code == 412


def _moved(idp: Idp, path: str, before: str) -> str:
    """The version now, wherever it is told."""
    answer = idp.get(path, if_none_match=before)
    version = answer.headers["etag"]
    assert answer.status_code == 200
    assert idp.get(path, if_none_match=version).status_code == 304
    found = idp.find("Users", f"meta.version eq {json.dumps(version)}")["Resources"]
    shown = [one["meta"]["version"] for one in found if one["id"] == answer.json()["id"]]
    same = idp.patch(path, replace("active", True), if_none_match=version)
    assert (shown, same.status_code) == ([version], 412)
    return version


def test_a_version_without_groups_is_that_of_what_was_shown(idp: Idp) -> None:
    boss = idp.user("boss")
    ada = idp.user("ada", **{ENTERPRISE: {"manager": {"value": boss["id"]}}})
    idp.group("Engineering", [ada["id"]])
    path = f"/Users/{ada['id']}"
    assert idp.get(f"{path}?attributes=userName").headers["etag"] == 'W/"1"'
    named = idp.get(f"{path}?attributes=manager.displayName").headers["etag"]
    assert named not in ('W/"1"', idp.get(path).headers["etag"])
    idp.patch(path, {"op": "remove", "path": f"{ENTERPRISE}:manager"})
    part = idp.get(f"{path}?excludedAttributes=groups")
    assert part.headers["etag"] == part.json()["meta"]["version"] == 'W/"2"'
    again = idp.get(f"{path}?excludedAttributes=groups", if_none_match='W/"2"')
    assert again.status_code == 304
    assert idp.get(path, if_none_match='W/"2"').status_code == 200


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        pytest.param("attributes=userName", {"userName"}, id="one"),
        pytest.param("attributes=USERNAME, title", {"userName", "title"}, id="any case"),
        pytest.param(f"attributes={USER}:title", {"title"}, id="by its full name"),
        pytest.param(f"attributes={ENTERPRISE}", {ENTERPRISE}, id="an extension"),
        pytest.param(f"attributes={ENTERPRISE}:department", {ENTERPRISE}, id="a part of one"),
        pytest.param("attributes=department", {ENTERPRISE}, id="a part without its name"),
        pytest.param("attributes=unheardOf", set(), id="nothing that there is"),
        pytest.param("attributes=id", set(), id="what is always there"),
        pytest.param("attributes=groups.display", {"groups"}, id="a part of its groups"),
    ],
)
def test_only_what_is_asked_for_is_shown(query: str, shown: set[str], shared: Idp) -> None:
    made = rich(shared)
    found = shared.get(f"/Users/{made['id']}?{query}").json()
    assert found.keys() == {"id", "schemas"} | shown


@pytest.mark.parametrize(
    ("query", "missing"),
    [
        pytest.param("excludedAttributes=groups,meta", {"groups", "meta"}, id="two"),
        pytest.param("excludedAttributes=id,schemas", set(), id="never what is always there"),
        pytest.param(f"excludedAttributes={ENTERPRISE}", {ENTERPRISE}, id="an extension"),
    ],
)
def test_what_is_not_wanted_is_left_out(query: str, missing: set[str], shared: Idp) -> None:
    made = rich(shared)
    found = shared.get(f"/Users/{made['id']}?{query}").json()
    assert made.keys() - found.keys() == missing


def test_parts_of_attributes_are_shown_and_left_out_too(shared: Idp) -> None:
    path = f"/Users/{rich(shared)['id']}"
    only = shared.get(f"{path}?attributes=emails.value,name.givenName").json()
    assert only["emails"] == [{"value": "ada@acme.example"}]
    assert only["name"] == {"givenName": "Ada"}
    rest = shared.get(f"{path}?excludedAttributes=emails.value,name.givenName").json()
    assert rest["emails"] == [{"type": "work"}]
    assert rest["name"] == {"familyName": "Lovelace"}


def test_asking_for_some_and_for_all_but_some_is_refused(shared: Idp) -> None:
    made = rich(shared)
    query = "attributes=userName&excludedAttributes=groups"
    for answer in (
        shared.get(f"/Users/{made['id']}?{query}"),
        shared.get(f"/Users?{query}"),
        shared.patch(f"/Users/{made['id']}?{query}", replace("title", "x")),
    ):
        assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")


def test_answers_to_changes_show_only_what_is_asked_for(shared: Idp) -> None:
    made = rich(shared)
    answer = shared.patch(f"/Users/{made['id']}?attributes=title", replace("title", "Countess"))
    assert answer.json().keys() == {"id", "schemas", "title"}


def rich(idp: Idp) -> Json:
    """A user with something of everything, the same one every time."""
    found = idp.find("Users", 'externalId eq "rich"')["Resources"]
    if found:
        one: Json = found[0]
        return one
    extension = {"department": "Mathematics", "employeeNumber": "1"}
    made = idp.user(
        "rich",
        externalId="rich",
        title="Countess",
        name={"givenName": "Ada", "familyName": "Lovelace"},
        emails=[{"value": "ada@acme.example", "type": "work"}],
        **{ENTERPRISE: extension},
    )
    idp.group("Rich", [made["id"]])
    return rich(idp)


@pytest.mark.parametrize(
    ("body", "scim_type"),
    [
        pytest.param(b"", "invalidSyntax", id="nothing"),
        pytest.param(b"{", "invalidSyntax", id="half an object"),
        pytest.param(b"[]", "invalidSyntax", id="a list"),
        pytest.param(b'{"userName": NaN}', "invalidSyntax", id="no JSON"),
        pytest.param(b'{"userName": "\xff"}', "invalidSyntax", id="no UTF-8"),
        pytest.param(b'{"userName": "\\ud800"}', "invalidSyntax", id="half a character"),
        pytest.param(b'{"a":' * 9999 + b"1" + b"}" * 9999, "invalidSyntax", id="very deep"),
        pytest.param({"schemas": [PATCH_OP], "userName": "x"}, "invalidSyntax", id="schema"),
        pytest.param({"schemas": [USER]}, "invalidValue", id="no name"),
        pytest.param({"schemas": [USER], "userName": ""}, "invalidValue", id="an empty name"),
        pytest.param({"schemas": [USER], "userName": 1}, "invalidValue", id="a number"),
        pytest.param({"schemas": [USER], "userName": "x" * 999}, "invalidValue", id="a long name"),
        pytest.param({"schemas": [USER], "userName": "a\0b"}, "invalidValue", id="a NUL"),
        pytest.param(
            {"schemas": [USER], "userName": "x", "active": "maybe"}, "invalidValue", id="no bool"
        ),
        pytest.param(
            {"schemas": [USER], "userName": "x", "name": "Ada"}, "invalidValue", id="no object"
        ),
    ],
)
def test_a_user_that_makes_no_sense_is_refused(
    body: bytes | Json, scim_type: str, shared: Idp
) -> None:
    before = shared.find("Users", "id pr")["totalResults"]
    answer = shared.call("POST", "/Users", body)
    assert (answer.status_code, answer.json()["scimType"]) == (400, scim_type)
    assert shared.find("Users", "id pr")["totalResults"] == before


@pytest.mark.parametrize(
    ("operation", "scim_type"),
    [
        pytest.param({"op": "replace", "path": "emials", "value": "x"}, "invalidPath", id="path"),
        pytest.param({"op": "replace", "path": "a b c", "value": 1}, "invalidPath", id="no path"),
        pytest.param({"op": "remove"}, "noTarget", id="remove what"),
        pytest.param({"op": "remove", "path": "userName"}, "mutability", id="remove the name"),
        pytest.param({"op": "replace", "path": "id", "value": "x"}, "mutability", id="our id"),
        pytest.param({"op": "test", "path": "id"}, "invalidSyntax", id="no such operation"),
        pytest.param({"op": "replace", "path": "active", "value": 3}, "invalidValue", id="type"),
        pytest.param(
            {"op": "replace", "path": 'emails[type "x"].value', "value": "x"},
            "invalidFilter",
            id="a filter that cannot be read",
        ),
    ],
)
def test_a_patch_that_makes_no_sense_changes_nothing(
    operation: Json, scim_type: str, shared: Idp
) -> None:
    made = rich(shared)
    path = f"/Users/{made['id']}"
    before = shared.get(path).json()
    answer = shared.patch(path, replace("title", "changed"), operation)
    assert (answer.status_code, answer.json()["scimType"]) == (400, scim_type)
    assert shared.get(path).json() == before


@pytest.mark.parametrize("key", ["nobody", "%00", "a%2Fb", "x" * 3000])
def test_an_id_that_nobody_has_is_not_found(key: str, shared: Idp) -> None:
    assert shared.get(f"/Users/{key}").status_code == 404

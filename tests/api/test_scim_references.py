"""What refers to something else is shown with its address, and found by it."""

from collections.abc import Iterator

import pytest

from tests.api.scim_app import BOTH, ENTERPRISE, USER, Idp, Json, serving_on


@pytest.fixture(params=BOTH, scope="module")
def idp(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Idp]:
    """Ada leads Bob, who is in a group; somebody elsewhere leads Ada."""
    home = tmp_path_factory.mktemp("scim")
    with serving_on(request.param, home) as service, service.client() as http:
        found = Idp(service, http)
        lead = {ENTERPRISE: {"manager": {"value": "elsewhere"}}}
        ada = found.user("ada", displayName="Ada Lovelace", **lead)
        bob = found.user("bob", **{ENTERPRISE: {"manager": {"value": ada["id"]}}})
        found.group("Outer", [found.group("Inner", [bob["id"]])["id"]])
        yield found


def the(idp: Idp, collection: str, name: str) -> Json:
    attribute = "userName" if collection == "Users" else "displayName"
    (found,) = idp.find(collection, f'{attribute} eq "{name}"')["Resources"]
    assert isinstance(found, dict)
    return found


def test_a_manager_who_is_a_user_is_shown_with_name_and_address(idp: Idp) -> None:
    ada, bob = the(idp, "Users", "ada"), the(idp, "Users", "bob")
    assert ada[ENTERPRISE]["manager"] == {"value": "elsewhere"}
    assert bob[ENTERPRISE]["manager"] == {
        "value": ada["id"],
        "$ref": ada["meta"]["location"],
        "displayName": "Ada Lovelace",
    }
    cid = idp.user("cid", **{ENTERPRISE: bob[ENTERPRISE]})
    assert cid[ENTERPRISE] == bob[ENTERPRISE]
    idp.call("DELETE", f"/Users/{cid['id']}")


def test_users_and_groups_are_found_by_addresses(idp: Idp) -> None:
    ada, bob = the(idp, "Users", "ada"), the(idp, "Users", "bob")
    inner = the(idp, "Groups", "Inner")
    address = {one["meta"]["location"]: one for one in (ada, bob, inner)}
    at_ada, at_bob, at_inner = address
    assert idp.names("Users", f'meta.location eq "{at_ada}"') == ["ada"]
    assert idp.names("Users", f'meta.location ne "{at_ada}"') == ["bob"]
    assert idp.names("Users", f'meta.location eq "{at_inner}"') == []
    assert idp.names("Users", f'manager.$ref eq "{at_ada}"') == ["bob"]
    assert idp.names("Users", f'groups.$ref eq "{at_inner}"') == ["bob"]
    assert idp.names("Users", f'groups[$ref eq "{at_inner}" and type eq "direct"]') == ["bob"]
    assert idp.names("Users", f'groups.$ref ne "{at_inner}"') == ["ada"]
    assert idp.names("Groups", f'members.$ref eq "{at_inner}"') == ["Outer"]
    assert idp.names("Groups", f'members.$ref eq "{at_bob}"') == ["Inner"]
    assert idp.names("Groups", f'members[not ($ref eq "{at_bob}")]') == ["Outer"]
    elsewhere = at_inner.replace("Groups", "Users")
    assert idp.names("Groups", f'members.$ref eq "{elsewhere}"') == []


@pytest.mark.parametrize(
    ("filter", "names"),
    [
        pytest.param('meta.version eq "W/\\"1\\""', ["ada", "bob"], id="a version"),
        pytest.param('meta.version ne "\\"1\\""', [], id="another version"),
        pytest.param('meta.version eq "1"', [], id="no version at all"),
        pytest.param('meta pr and meta.resourceType eq "User"', ["ada", "bob"], id="about it"),
        pytest.param("meta.location pr", ["ada", "bob"], id="with an address"),
        pytest.param('schemas co "enterprise"', ["ada", "bob"], id="a part of a schema"),
        pytest.param('schemas sw "urn:acme"', [], id="no schema"),
    ],
)
def test_users_are_found_by_what_is_told_about_them(
    idp: Idp, filter: str, names: list[str]
) -> None:
    assert idp.names("Users", filter) == names


@pytest.mark.parametrize("filter", ['meta eq "x"', 'meta.location co "x"', 'meta.version gt "1"'])
def test_what_cannot_be_compared_is_refused(idp: Idp, filter: str) -> None:
    answer = idp.get(f"/Users?filter={filter}")
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter")


def test_a_write_for_any_version_but_this_one_is_refused(idp: Idp) -> None:
    ada = the(idp, "Users", "ada")
    path, body = f"/Users/{ada['id']}", {"schemas": [USER], "userName": "ada"}
    assert idp.call("PUT", path, body, If_None_Match=ada["meta"]["version"]).status_code == 412
    assert idp.call("PUT", path, body, If_None_Match="*").status_code == 412
    assert idp.get(path, If_Match='W/"99"').status_code == 412
    change = {"op": "replace", "path": "meta.created", "value": "2020-01-01T00:00:00Z"}
    assert idp.patch(path, change).json()["scimType"] == "mutability"
    assert the(idp, "Users", "ada") == ada

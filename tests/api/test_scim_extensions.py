"""A declared extension is typed, found by, shown in the schemas, and may describe the user."""

from collections.abc import Iterator
from typing import Any

import pytest

from api.admin.extension_shapes import Extension, kept
from models.store.database import dumps
from tests.api.scim_app import BOTH, PATCH_OP, USER, Idp, Json, serving_on

URN = "urn:acme:scim:extension:2.0:User"
DECLARED: Json = {
    "schema": URN,
    "name": "AcmeUser",
    "attributes": [
        {"name": "callName", "gives": "display_name"},
        {"name": "badge", "case_exact": True},
        {"name": "level", "type": "integer"},
        {"name": "share", "type": "decimal"},
        {"name": "since", "type": "dateTime"},
        {"name": "contractor", "type": "boolean"},
        {"name": "teams", "multi_valued": True},
        {"name": "desk", "type": "complex", "sub_attributes": [{"name": "room"}]},
        {
            "name": "keys",
            "type": "complex",
            "multi_valued": True,
            "sub_attributes": [{"name": "value"}, {"name": "type"}],
        },
    ],
}
ADA = {
    "callName": "Countess",
    "badge": "A1",
    "level": "7",
    "share": 0.5,
    "since": "2026-01-31T09:00:00+01:00",
    "contractor": "True",
    "teams": ["Red", "Blue"],
    "desk": {"room": "Attic", "chair": "no"},
    "keys": [{"value": "k1", "type": "door"}],
    "unknown": "dropped",
}


def declare(idp: Idp, *extensions: Json) -> None:
    given = kept([Extension.model_validate(one) for one in extensions])
    with idp.service.context.database.write() as tx:
        tx.run("UPDATE connections SET extensions = :given", {"given": dumps(given)})


@pytest.fixture(params=BOTH, scope="module")
def idp(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Idp]:
    home = tmp_path_factory.mktemp("scim")
    with serving_on(request.param, home) as service, service.client() as http:
        found = Idp(service, http)
        found.user("before", **{URN: {"level": "high", "since": "yesterday"}})
        declare(found, DECLARED)
        found.user("ada", displayName="Ada", **{URN.upper(): ADA})
        found.user(
            "bob", displayName="Bob", **{URN: {"level": 12, "since": "2026-02-01T00:00:00Z"}}
        )
        yield found


def resolved(idp: Idp, name: str) -> str:
    with idp.service.context.database.read() as tx:
        sql = "SELECT display_name FROM users WHERE user_name = :name"
        return str(tx.value(sql, {"name": name}))


def test_values_are_kept_by_their_types(idp: Idp) -> None:
    (ada,) = idp.find("Users", 'userName eq "ada"')["Resources"]
    assert URN in ada["schemas"]
    assert ada[URN] == {
        "callName": "Countess",
        "badge": "A1",
        "level": 7,
        "share": 0.5,
        "since": "2026-01-31T08:00:00.000Z",
        "contractor": True,
        "teams": ["Red", "Blue"],
        "desk": {"room": "Attic"},
        "keys": [{"value": "k1", "type": "door"}],
    }
    shown = idp.find("Users", 'userName eq "ada"', attributes=f"{URN}:level")["Resources"][0]
    assert shown[URN] == {"level": 7}


@pytest.mark.parametrize(
    ("filter", "names"),
    [
        pytest.param(f'{URN}:callName eq "countess"', ["ada"], id="a text in any case"),
        pytest.param(f'{URN}:badge eq "a1"', [], id="a text in its own case"),
        pytest.param(f"{URN}:level gt 7", ["bob"], id="a number"),
        pytest.param(f"{URN}:level lt 12", ["ada"], id="a number among others"),
        pytest.param(f"{URN}:share eq 0.5", ["ada"], id="a fraction"),
        pytest.param(f'{URN}:since le "2026-01-31T08:00:00Z"', ["ada"], id="a time"),
        pytest.param(f"{URN}:contractor eq true", ["ada"], id="a yes"),
        pytest.param(f'{URN}:teams eq "blue"', ["ada"], id="one of many texts"),
        pytest.param(f'{URN}:teams sw "r"', ["ada"], id="a part of one of many texts"),
        pytest.param(f'{URN}:teams[value eq "green"]', [], id="none of many texts"),
        pytest.param(f"{URN}:teams pr", ["ada"], id="any of many texts"),
        pytest.param(f'{URN}:desk.room sw "at"', ["ada"], id="a part"),
        pytest.param(f'{URN}:keys[type eq "door" and value eq "K1"]', ["ada"], id="one of many"),
        pytest.param(f"{URN}:level pr", ["ada", "bob"], id="a number that is there"),
        pytest.param(f'schemas eq "{URN}"', ["before", "ada", "bob"], id="the schema"),
        pytest.param(f"{URN.upper()}:LEVEL eq 7", ["ada"], id="in any spelling"),
    ],
)
def test_users_are_found_by_them(idp: Idp, filter: str, names: list[str]) -> None:
    assert idp.names("Users", filter) == names


def test_a_list_is_sorted_by_them(idp: Idp) -> None:
    found = idp.find("Users", "userName pr", sortBy=f"{URN}:level", sortOrder="descending")
    assert [one["userName"] for one in found["Resources"]] == ["before", "bob", "ada"]


def test_the_schemas_and_resource_types_tell_of_them(idp: Idp) -> None:
    schema = idp.get(f"/Schemas/{URN}").json()
    types = {one["name"]: one["type"] for one in schema["attributes"]}
    assert (schema["name"], types["level"], types["since"]) == ("AcmeUser", "integer", "dateTime")
    assert URN in [one["id"] for one in idp.get("/Schemas").json()["Resources"]]
    extensions = idp.get("/ResourceTypes/User").json()["schemaExtensions"]
    assert {"schema": URN, "required": False} in extensions


def test_texts_join_and_leave(idp: Idp) -> None:
    made = idp.user("eve", **{URN: {"teams": "Red"}})
    path, teams = f"/Users/{made['id']}", f"{URN}:teams"
    idp.patch(path, {"op": "add", "path": teams, "value": ["blue", "red", "Green"]})
    assert idp.get(path).json()[URN]["teams"] == ["red", "blue", "Green"]
    idp.patch(path, {"op": "remove", "path": teams, "value": ["BLUE"]})
    assert idp.get(path).json()[URN]["teams"] == ["red", "Green"]
    idp.patch(path, {"op": "replace", "path": teams, "value": []})
    assert URN not in idp.get(path).json()
    idp.call("DELETE", path)


@pytest.mark.parametrize("order", [f"{URN}:teams", f"{URN}:keys"])
def test_a_list_is_sorted_by_the_first_of_many(idp: Idp, order: str) -> None:
    found = idp.find("Users", "userName pr", sortBy=order)
    assert [one["userName"] for one in found["Resources"]] == ["ada", "before", "bob"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("level", "high"),
        ("level", 1.5),
        ("level", "9" * 400),
        ("share", True),
        ("since", "soon"),
        ("desk", "Attic"),
    ],
)
def test_a_value_of_another_type_is_refused(idp: Idp, name: str, value: object) -> None:
    body = {"schemas": [USER], "userName": "eve", URN: {name: value}}
    answer = idp.call("POST", "/Users", body)
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
    (bob,) = idp.find("Users", 'userName eq "bob"')["Resources"]
    change = {"op": "replace", "path": f"{URN}:{name}", "value": value}
    answer = idp.patch(f"/Users/{bob['id']}", change)
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")


def test_an_attribute_describes_the_user_instead_of_its_own(idp: Idp) -> None:
    assert resolved(idp, "ada") == "Countess"
    made = idp.user("cid", displayName="Cid")
    path = f"/Users/{made['id']}"
    assert resolved(idp, "cid") == "Cid"

    def change(**op: Any) -> None:
        assert idp.call("PATCH", path, {"schemas": [PATCH_OP], "Operations": [op]}).is_success

    change(op="add", path=f"{URN}:callName", value="El Cid")
    assert resolved(idp, "cid") == "El Cid"
    change(op="replace", path="displayName", value="Sidney")
    assert resolved(idp, "cid") == "El Cid"
    change(op="remove", path=URN)
    assert resolved(idp, "cid") == "Sidney"
    idp.call("DELETE", path)

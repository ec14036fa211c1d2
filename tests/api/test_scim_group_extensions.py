"""A declared extension of groups is typed, kept, found by, changed, and told of."""

from collections.abc import Iterator

import pytest

from tests.api.scim_app import BOTH, GROUP, Idp, Json, serving_on
from tests.api.test_scim_extensions import declare

URN = "urn:acme:scim:extension:2.0:Group"
LOOSE = "urn:acme:scim:extension:2.0:Other:Group"
DECLARED: Json = {
    "schema": URN,
    "name": "AcmeGroup",
    "extends": "Group",
    "attributes": [
        {"name": "owner"},
        {"name": "cost", "type": "integer"},
        {"name": "tags", "multi_valued": True},
        {
            "name": "links",
            "type": "complex",
            "multi_valued": True,
            "sub_attributes": [{"name": "value"}, {"name": "type"}],
        },
    ],
}


@pytest.fixture(params=BOTH, scope="module")
def idp(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Idp]:
    home = tmp_path_factory.mktemp("scim")
    with serving_on(request.param, home) as service, service.client() as http:
        found = Idp(service, http)
        found.group("Before", **{URN: {"cost": "much"}})
        declare(found, DECLARED, {**DECLARED, "schema": f"{URN}:User", "extends": "User"})
        found.group("Ops", **{URN.upper(): {"owner": "Ada", "cost": "7", "tags": ["Red"], "no": 1}})
        found.group("Dev", **{URN: {"cost": 12}, LOOSE: {"kept": "as it is"}})
        yield found


@pytest.fixture
def group(idp: Idp) -> Iterator[Json]:
    made = idp.group("Passing", **{URN: {"cost": 1, "tags": ["Red"]}})
    yield made
    idp.call("DELETE", f"/Groups/{made['id']}")


def test_values_are_kept_by_their_types(idp: Idp) -> None:
    (ops,) = idp.find("Groups", 'displayName eq "Ops"')["Resources"]
    assert ops["schemas"] == [GROUP, URN]
    assert ops[URN] == {"owner": "Ada", "cost": 7, "tags": ["Red"]}
    (dev,) = idp.find("Groups", 'displayName eq "Dev"', attributes=f"{URN}:cost")["Resources"]
    assert dev[URN] == {"cost": 12}
    assert idp.get(f"/Groups/{dev['id']}").json()[LOOSE] == {"kept": "as it is"}


@pytest.mark.parametrize(
    ("filter", "names"),
    [
        (f'{URN}:owner eq "ada"', ["Ops"]),
        (f"{URN}:cost gt 7", ["Dev"]),
        (f'{URN}:tags eq "red"', ["Ops"]),
        (f'schemas eq "{URN}"', ["Before", "Ops", "Dev"]),
        (f"{URN.upper()}:COST eq 7", ["Ops"]),
    ],
)
def test_groups_are_found_by_them(idp: Idp, filter: str, names: list[str]) -> None:
    assert idp.names("Groups", filter) == names


def test_a_list_is_sorted_by_them(idp: Idp) -> None:
    found = idp.find("Groups", "displayName pr", sortBy=f"{URN}:cost", sortOrder="descending")
    assert [one["displayName"] for one in found["Resources"]] == ["Before", "Dev", "Ops"]


def test_what_extends_users_extends_no_groups(idp: Idp) -> None:
    answer = idp.get(f'/Groups?filter={URN}:User:owner eq "x"')
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter")
    assert idp.names("Users", f'{URN}:User:owner eq "x"') == []
    told = {
        one["id"]: one["schemaExtensions"] for one in idp.get("/ResourceTypes").json()["Resources"]
    }
    assert told["Group"] == [{"schema": URN, "required": False}]
    assert {"schema": f"{URN}:User", "required": False} in told["User"]
    assert idp.get(f"/Schemas/{URN}").json()["name"] == "AcmeGroup"


@pytest.mark.parametrize(
    ("change", "after"),
    [
        ({"op": "replace", "path": f"{URN}:cost", "value": "9"}, {"cost": 9, "tags": ["Red"]}),
        (
            {"op": "add", "path": f"{URN}:tags", "value": ["blue", "red"]},
            {"cost": 1, "tags": ["red", "blue"]},
        ),
        ({"op": "remove", "path": f"{URN}:tags"}, {"cost": 1}),
        (
            {"op": "replace", "value": {URN: {"owner": "Bob"}}},
            {"owner": "Bob", "cost": 1, "tags": ["Red"]},
        ),
        (
            {"op": "replace", "value": {f"{URN}:owner": "Bob"}},
            {"owner": "Bob", "cost": 1, "tags": ["Red"]},
        ),
        ({"op": "remove", "path": URN}, None),
        (
            {"op": "add", "path": f'{URN}:links[type eq "wiki"].value', "value": "w"},
            {"cost": 1, "tags": ["Red"], "links": [{"type": "wiki", "value": "w"}]},
        ),
    ],
)
def test_a_patch_changes_them(idp: Idp, group: Json, change: Json, after: Json | None) -> None:
    path = f"/Groups/{group['id']}"
    assert idp.patch(path, change).status_code == 204
    assert idp.get(path).json().get(URN) == after


def test_a_put_replaces_them(idp: Idp, group: Json) -> None:
    body = {"schemas": [GROUP], "displayName": "Passing", URN: {"cost": "3"}}
    assert idp.call("PUT", f"/Groups/{group['id']}", body).json()[URN] == {"cost": 3}


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"op": "replace", "path": f"{URN}:cost", "value": "much"}, "invalidValue"),
        ({"op": "replace", "path": f"{URN}:nothing", "value": 1}, "invalidPath"),
        ({"op": "replace", "path": f'{LOOSE}:a[b eq "c"]', "value": 1}, "invalidPath"),
    ],
)
def test_what_does_not_fit_is_refused(idp: Idp, group: Json, change: Json, kind: str) -> None:
    path = f"/Groups/{group['id']}"
    answer = idp.patch(path, {"op": "remove", "path": "members"}, change)
    assert (answer.status_code, answer.json()["scimType"]) == (400, kind)
    assert idp.get(path).json() == group

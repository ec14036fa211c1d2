"""Each tolerance is needed by what it names, is counted for the connection, and by no other."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from models.store.database import dumps
from sync.pushing.tolerances import TOLERANCES
from tests.api.scim_app import ENTERPRISE, GROUP, USER, Idp, Json, serving

ADS = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
MANAGER = f"{ENTERPRISE}:manager"
Needs = Callable[[Idp, Json, Json], object]
"""Sends what needs a tolerance, given a user and a group."""


@pytest.fixture(scope="module")
def idp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Idp]:
    with serving(tmp_path_factory.mktemp("tolerances")) as service, service.client() as http:
        yield Idp(service, http)


def patched(at: str, /, **op: Any) -> Needs:
    return lambda idp, ada, ops: idp.patch(at.format(ada=ada["id"], ops=ops["id"]), op)


def user(**attributes: Any) -> Needs:
    body = {"schemas": [USER], "userName": "new", **attributes}
    return lambda idp, ada, ops: idp.call("POST", "/Users", body)


def again(idp: Idp, ada: Json, ops: Json) -> None:
    idp.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "active", "value": False})
    idp.call("POST", "/Users", {"schemas": [USER], "userName": "ada", "externalId": "e-ada"})


def another(idp: Idp, ada: Json, ops: Json) -> None:
    idp.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "active", "value": False})
    idp.call("POST", "/Users", {"schemas": [USER], "userName": "ada", "externalId": "e-other"})


def by_former_id(idp: Idp, ada: Json, ops: Json) -> None:
    idp.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "externalId", "value": "e-new"})
    idp.patch(f"/Groups/{ops['id']}", {"op": "remove", "path": 'members[value eq "e-ada"]'})


def put(path: str, body: Json) -> Needs:
    return lambda idp, ada, ops: idp.call("PUT", path.format(ada=ada["id"], ops=ops["id"]), body)


def found(filter: str) -> Needs:
    return lambda idp, ada, ops: idp.find("Users", filter)


ADA, OPS = "/Users/{ada}", "/Groups/{ops}"
CASES: dict[str, list[Needs]] = {
    "op_in_capitals": [patched(ADA, op="Replace", path="title", value="x")],
    "boolean_as_text": [
        patched(ADA, op="replace", path="active", value="False"),
        found('active eq "true"'),
    ],
    "one_for_many": [user(emails={"value": "a@acme.example"})],
    "bare_values": [user(photos=["https://acme.example/a.png"])],
    "object_as_text": [
        patched(ADA, op="add", path=MANAGER, value="271"),
        found(f'{MANAGER} eq "271"'),
    ],
    "object_in_list": [patched(ADA, op="add", path=MANAGER, value=[{"value": "271"}])],
    "empty_removes": [patched(ADA, op="replace", path=MANAGER, value={"value": ""})],
    "empty_external_id": [user(externalId="")],
    "unknown_attributes": [
        user(badge=7),
        user(name={"nobody": "x"}),
        patched(ADA, op="add", value={"badge": 7}),
        patched(OPS, op="add", value={"badge": 7}),
    ],
    "enterprise_without_urn": [
        user(department="Ops"),
        patched(ADA, op="add", path="department", value="Ops"),
        found('department eq "Ops"'),
    ],
    "undeclared_extension": [
        user(**{"urn:acme:User": {"badge": "7"}}),
        patched(ADA, op="add", path="urn:acme:User:badge", value="7"),
        patched(OPS, op="add", path="urn:acme:Group:badge", value="7"),
    ],
    "extra_schemas": [
        lambda idp, ada, ops: idp.call(
            "POST", "/Groups", {"schemas": [GROUP, ADS], "displayName": "New"}
        )
    ],
    "no_schemas": [lambda idp, ada, ops: idp.call("POST", "/Users", {"userName": "new"})],
    "bare_members": [
        lambda idp, ada, ops: idp.patch(
            f"/Groups/{ops['id']}", {"op": "add", "path": "members", "value": [ada["id"]]}
        )
    ],
    "paths_as_names": [
        patched(ADA, op="add", value={"name.givenName": "A"}),
        patched(ADA, op="add", value={'emails[type eq "work"].value': "new@acme.example"}),
    ],
    "id_echoed": [
        lambda idp, ada, ops: idp.patch(
            f"/Groups/{ops['id']}",
            {"op": "replace", "value": {"id": ops["id"], "displayName": "Ops"}},
        ),
        lambda idp, ada, ops: idp.patch(
            f"/Users/{ada['id']}", {"op": "replace", "value": {"id": ada["id"], "title": "x"}}
        ),
    ],
    "listed_remove": [
        lambda idp, ada, ops: idp.patch(
            f"/Groups/{ops['id']}",
            {"op": "remove", "path": "members", "value": [{"value": ada["id"]}]},
        ),
        patched(ADA, op="remove", path="emails", value=[{"value": "ada@acme.example"}]),
    ],
    "null_members": [patched(OPS, op="replace", value={"displayName": "Ops", "members": None})],
    "absent_value_made": [
        patched(ADA, op="replace", path='emails[type eq "home"].value', value="h@acme.example")
    ],
    "selection_compared": [found('emails[type eq "work"].value eq "x"')] * 2,
    "password_sent": [
        user(password="hunter2"),
        patched(ADA, op="replace", path="password", value="hunter2"),
    ],
    "returning_user": [again],
    "name_given_on": [another],
    "put_without_active": [put(ADA, {"schemas": [USER], "userName": "ada", "externalId": "e-ada"})],
    "put_without_members": [put(OPS, {"schemas": [GROUP], "displayName": "Ops"})],
    "former_external_id": [by_former_id],
    "strangers_parked": [patched(OPS, op="add", path="members", value=[{"value": "stranger"}])],
}
USUALLY_OFF = {"cursors_untold", "unknown_paths", "user_name_from_email"}


def test_every_tolerance_has_a_case_here() -> None:
    assert set(CASES) | USUALLY_OFF == set(TOLERANCES)


@pytest.mark.parametrize(
    ("name", "needs"),
    [(name, one) for name, every in CASES.items() for one in every],
    ids=[f"{name}-{n}" for name, every in CASES.items() for n in range(len(every))],
)
def test_a_tolerance_is_counted_when_it_is_needed(name: str, needs: Needs, idp: Idp) -> None:
    ada = idp.user("ada", externalId="e-ada", emails=[{"value": "ada@acme.example"}])
    ops = idp.group("Ops", [ada["id"]])
    before = counts(idp)
    needs(idp, ada, ops)
    after = counts(idp)
    assert after.get(name, 0) == before.get(name, 0) + 1
    assert tolerances_of_the_newest(idp).count(name) == 1
    for one in ("Users", "Groups"):
        for each in idp.find(one, "id pr")["Resources"]:
            idp.call("DELETE", f"/{one}/{each['id']}")


def counts(idp: Idp) -> dict[str, int]:
    context = idp.service.context
    context.request_log.flush()
    with context.database.read() as tx:
        return {row.name: row.count for row in tx.rows("SELECT name, count FROM scim_tallies")}


def tolerances_of_the_newest(idp: Idp) -> list[str]:
    with idp.service.context.database.read() as tx:
        rows = tx.rows("SELECT tolerances FROM scim_requests ORDER BY created_at DESC LIMIT 1")
    return (rows[0].tolerances or "").split()


def test_what_is_by_the_book_needs_none(tmp_path: Path) -> None:
    with serving(tmp_path) as service, service.client() as http:
        idp = Idp(service, http)
        ada = idp.user("ada", externalId="e", emails=[{"value": "a@acme.example", "type": "work"}])
        ops = idp.group("Ops", [ada["id"]])
        idp.find("Users", 'userName eq "ada" and active eq true')
        idp.find("Users", f'{MANAGER}.value eq "271"')
        idp.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "active", "value": False})
        idp.patch(f"/Users/{ada['id']}", {"op": "add", "value": {"name": {"givenName": "Ada"}}})
        idp.patch(
            f"/Groups/{ops['id']}", {"op": "remove", "path": f'members[value eq "{ada["id"]}"]'}
        )
        idp.call("PUT", f"/Users/{ada['id']}", {**idp.get(f"/Users/{ada['id']}").json()})
        assert counts(idp) == {}


def test_what_could_do_harm_is_done_only_where_the_connection_wants_it(tmp_path: Path) -> None:
    with serving(tmp_path) as service, service.client() as http:
        idp = Idp(service, http)
        rippling = {"schemas": [USER], "emails": [{"value": "eve@acme.example", "primary": True}]}
        answer = idp.call("POST", "/Users", rippling)
        assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
        ada = idp.user("ada", externalId="e")
        lost = {"op": "add", "path": "badge", "value": "7"}
        assert idp.patch(f"/Users/{ada['id']}", lost).json()["scimType"] == "invalidPath"

        wanted(idp, user_name_from_email=True, unknown_paths=True, **OFF)
        made = idp.call("POST", "/Users", rippling)
        assert (made.status_code, made.json()["userName"]) == (201, "eve@acme.example")
        assert idp.patch(f"/Users/{ada['id']}", lost).status_code == 200
        off = {"op": "replace", "path": "active", "value": False}
        assert idp.patch(f"/Users/{ada['id']}", off).status_code == 200
        body = {"schemas": [USER], "userName": "ada", "externalId": "e"}
        assert idp.call("POST", "/Users", body).json()["scimType"] == "uniqueness"
        body = {"schemas": [USER], "userName": "ada", "externalId": "another"}
        assert idp.call("POST", "/Users", body).json()["scimType"] == "uniqueness"
        assert counts(idp) == {"user_name_from_email": 1, "unknown_paths": 1}


def test_a_provider_that_refuses_news_is_not_told_of_cursors_where_that_is_wanted(
    tmp_path: Path,
) -> None:
    with serving(tmp_path) as service, service.client() as http:
        idp = Idp(service, http)
        assert "pagination" in idp.get("/ServiceProviderConfig").json()
        wanted(idp, cursors_untold=True)
        assert "pagination" not in idp.get("/ServiceProviderConfig").json()
        assert counts(idp) == {"cursors_untold": 1}
        assert idp.get("/Users?cursor").status_code == 200


OFF = {"returning_user": False, "name_given_on": False}


def wanted(idp: Idp, **tolerances: bool) -> None:
    context, link = idp.service.context, idp.service.connection
    with context.database.write() as tx:
        tx.update("connections", link.key, {"policy": dumps({"tolerances": tolerances})})
    context.introduced.clear()

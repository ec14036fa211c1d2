"""What a body may be before it is looked into."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.scim_app import Idp, serving

TWICE = {
    "members twice": (
        "PUT",
        '{"displayName": "Ops", "members": [{"value": "ADA"}], "members": []}',
    ),
    "another way to write the name": (
        "PUT",
        '{"displayName": "Ops", "members": [], "m\\u0065mbers": []}',
    ),
    "two operations in one": (
        "PATCH",
        '{"Operations": [{"op": "add", "op": "remove", "path": "members"}]}',
    ),
    "two operations in one, in another case": (
        "PATCH",
        '{"Operations": [{"op": "add", "Op": "remove", "path": "members"}]}',
    ),
    "two lists of operations": (
        "PATCH",
        '{"Operations": [], "Operations": [{"op": "remove", "path": "members"}]}',
    ),
}


@pytest.fixture
def idp(tmp_path: Path) -> Iterator[Idp]:
    with serving(tmp_path) as service, service.client() as http:
        yield Idp(service, http)


@pytest.mark.parametrize(("method", "body"), TWICE.values(), ids=TWICE.keys())
def test_a_name_that_stands_twice_is_refused_and_removes_nobody(
    idp: Idp, method: str, body: str
) -> None:
    ada = idp.user("ada")
    group = idp.group("Ops", [ada["id"]])
    answer = idp.call(method, f"/Groups/{group['id']}", body.replace("ADA", ada["id"]).encode())
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidSyntax")
    assert answer.json()["detail"] == "A name stands twice in one object."
    assert idp.members(group) == {ada["id"]}


def test_a_name_may_stand_in_many_objects(idp: Idp) -> None:
    emails = [{"value": f"{n}@acme.example", "type": "work"} for n in range(3)]
    assert len(idp.user("ada", emails=emails)["emails"]) == 3


@pytest.mark.parametrize("number", ["9" * 400, "-1e308", "1.5e-300"])
def test_numbers_that_are_not_asked_for_do_no_harm(idp: Idp, number: str) -> None:
    body = '{"userName": "ada", "badge": NUMBER}'.replace("NUMBER", number)
    assert idp.call("POST", "/Users", body.encode()).status_code == 201


@pytest.mark.parametrize("path", ["/Users", "/Groups"])
def test_an_extension_has_a_name_that_can_be_kept(idp: Idp, path: str) -> None:
    body = b'{"userName": "ada", "displayName": "Ops", "urn:x\\u0000:User": {"a": "x"}}'
    answer = idp.call("POST", path, body)
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")

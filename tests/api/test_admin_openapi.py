"""The description of the API is valid, and leaves nothing out."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from openapi_spec_validator import validate as validate_openapi

from api.admin import PREFIX, operations
from api.operation import Operation
from tests.api.admin_kit import OIDC, OKTA, Office, connection, office, organization, staff, target


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("openapi")) as found:
        organization(found)
        connection(found, pull=OKTA, login=OIDC)
        target(found, connections=["okta"])
        staff(found)
        yield found


@pytest.fixture(scope="module")
def api(at: Office) -> Any:
    return at.client.get("/openapi.json").json()


def test_the_description_is_valid_openapi(api: Any) -> None:
    assert api["openapi"].startswith("3.1")
    validate_openapi(api, cls=OpenAPIV31SpecValidator)


def test_every_route_is_described_and_nothing_else_is(api: Any) -> None:
    described = {
        (method.upper(), path) for path, methods in api["paths"].items() for method in methods
    }
    assert described == {(one.method, PREFIX + one.path) for one in operations}


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [one.name for one in operations]
    assert len(names) == len(set(names))


def test_the_description_says_where_we_are(api: Any) -> None:
    assert api["servers"] == [{"url": "https://trueup.example"}]


READS = [one for one in operations if one.method == "GET" and "{" not in one.path]


@pytest.mark.parametrize(
    "one", [one for one in READS if ".csv" not in one.path], ids=lambda one: str(one.path)
)
def test_answers_are_as_described(at: Office, api: Any, one: Operation) -> None:
    params = {"user": "ada", "group": "ops"} if one.path == "/explain" else {}
    answer = at.get(one.path, **params)
    (content,) = api["paths"][PREFIX + one.path]["get"]["responses"]["200"]["content"].values()
    schema = {**content["schema"], "components": api["components"]}
    Draft202012Validator(schema).validate(answer)


def test_the_page_for_people_names_every_operation_and_loads_nothing(at: Office, api: Any) -> None:
    answer = at.client.get("/docs")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    for path in api["paths"]:
        assert path in answer.text
    assert not re.search(r"<script|src=|https?://", answer.text)

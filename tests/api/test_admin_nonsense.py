"""Whatever the description of the API allows, and what it forbids, is answered as described."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.admin import PREFIX, operations
from api.operation import Operation
from connectors.memory import MemorySource
from tests.api.admin_kit import OIDC, OKTA, Office, connection, office, organization, staff, target

NOWHERE = "https://127.0.0.1:9"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
QUIET = settings(
    max_examples=6,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
MODES = {"what is allowed": GenerationMode.POSITIVE, "what is not": GenerationMode.NEGATIVE}


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("nonsense")) as found:
        organization(found)
        pull, login = OKTA | {"org_url": NOWHERE}, OIDC | {"issuer": NOWHERE}
        connection(found, pull=pull, login=login)
        target(found, connections=["okta"])
        staff(found)
        found.peers.sources["okta"] = MemorySource()
        yield found


@pytest.fixture(scope="module")
def schema(at: Office) -> Any:
    return schemathesis.openapi.from_dict(at.client.get("/openapi.json").json())


@pytest.fixture(scope="module")
def real(at: Office) -> Mapping[str, str]:
    """Something that is there, of each kind that we have, so that not every answer is 404."""
    kinds = ("organizations", "connections", "targets", "users", "groups")
    return {kind: at.get(f"/{kind}")["items"][0]["id"] for kind in kinds}


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("one", operations, ids=lambda one: f"{one.method} {one.path}")
def test_whatever_is_asked_is_answered_as_described(
    at: Office, schema: Any, real: Mapping[str, str], one: Operation, mode: str
) -> None:
    described = schema[PREFIX + one.path][one.method]
    kind = one.path.split("/")[1]

    @QUIET
    @given(case=described.as_strategy(generation_mode=MODES[mode]), is_real=st.booleans())
    def ask(case: Any, is_real: bool) -> None:
        if is_real and one.method != "DELETE" and kind in real and "id" in case.path_parameters:
            case.path_parameters["id"] = real[kind]
        case.validate_response(_answer(at, case), checks=CHECKS)

    ask()


def _answer(at: Office, case: Any) -> Any:
    """Without waiting for runs, which nobody carries out here."""
    sent = case.as_transport_kwargs(base_url="http://testserver")
    query = {k: v for k, v in (sent.get("params") or {}).items() if k != "wait"}
    headers = {**(sent.get("headers") or {}), "authorization": f"Bearer {at.key}"}
    body = {name: sent[name] for name in ("json", "data") if sent.get(name) is not None}
    if isinstance(body.get("data"), bytes | str):
        body["content"] = body.pop("data")
    return at.client.request(case.method, sent["url"], params=query, headers=headers, **body)


@pytest.mark.parametrize(
    "one",
    [one for one in operations if "{" in one.path],
    ids=lambda one: f"{one.method} {one.path}",
)
def test_what_is_no_text_names_nothing(at: Office, one: Operation) -> None:
    """PostgreSQL knows no NUL, so it must not be asked."""
    answer = at.ask(one.method, re.sub(r"{\w+}", "%00", one.path))
    assert answer.status_code == 404, answer.text

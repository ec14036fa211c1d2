"""What identity providers are known to send, replayed in order, is answered as they want it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.scim_app import BOTH, Idp, Json, serving_on
from tests.api.test_scim_tolerances import counts, wanted

TRANSCRIPTS = Path(__file__).parents[1] / "transcripts"
HOLE = re.compile(r"\{\{(\w+)\.(\w+)\}\}")


@pytest.fixture(params=BOTH)
def idp(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Idp]:
    with serving_on(request.param, tmp_path) as service, service.client() as http:
        yield Idp(service, http)


SHOWN = {
    "entra": {
        *("op_in_capitals", "boolean_as_text", "object_as_text", "object_in_list", "empty_removes"),
        *("paths_as_names", "absent_value_made", "listed_remove", "selection_compared"),
        *("enterprise_without_urn", "extra_schemas", "undeclared_extension"),
    },
    "entra_compliant": {"paths_as_names", "object_as_text"},
    "okta": {"id_echoed", "password_sent", "returning_user"},
    "okta_wizard": {"password_sent", "returning_user", "strangers_parked", "put_without_members"},
    "onelogin": {"one_for_many", "null_members"},
    "jumpcloud": {"bare_values"},
    "pingone_put": {"put_without_active"},
    "pingone_patch": set(),
    "rippling": {"user_name_from_email", "bare_members"},
}
"""By provider, the quirks that its transcript shows, and it alone."""
WANTED = {"rippling": {"user_name_from_email": True}}
"""What the connection has to be told to tolerate."""


def test_every_transcript_is_replayed() -> None:
    assert {one.stem for one in TRANSCRIPTS.glob("*.json")} == set(SHOWN)


@pytest.mark.parametrize("provider", sorted(SHOWN))
def test_a_provider_is_answered_as_it_wants(provider: str, idp: Idp) -> None:
    known: dict[str, Json] = {}
    wanted(idp, **WANTED.get(provider, {}))
    for template in json.loads((TRANSCRIPTS / f"{provider}.json").read_text()):
        step = filled(template, known)
        answer = idp.call(step["method"], step["path"], step.get("body"), **step.get("headers", {}))
        said = f"{step['name']}: {answer.status_code} {answer.text}"
        expected = step["expect"]
        assert answer.status_code == expected["status"], said
        if "body_contains" in expected:
            assert contains(answer.json(), expected["body_contains"]), said
        for absent in expected.get("body_lacks", []):
            assert absent not in answer.text, said
        known |= {name: answer.json() for name in step.get("capture", {})}
    assert set(counts(idp)) == SHOWN[provider]


def filled(step: Json, known: dict[str, Json]) -> Json:
    """With what earlier answers said where the step refers to it."""

    def value(hole: re.Match[str]) -> str:
        return str(known[hole[1]][hole[2]])

    found: Json = json.loads(HOLE.sub(value, json.dumps(step)))
    return found


def contains(body: Any, wanted: Any) -> bool:
    """Every part of `wanted` stands at its place; in a list somewhere."""
    if isinstance(wanted, dict):
        return isinstance(body, dict) and all(
            name in body and contains(body[name], part) for name, part in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(body, list) and all(
            any(contains(each, part) for each in body) for part in wanted
        )
    return type(body) is type(wanted) and body == wanted

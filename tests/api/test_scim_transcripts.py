"""What identity providers are known to send, replayed in order, is answered as they want it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.scim_app import BOTH, Idp, Json, serving_on

TRANSCRIPTS = Path(__file__).parents[1] / "transcripts"
HOLE = re.compile(r"\{\{(\w+)\.(\w+)\}\}")


@pytest.fixture(params=BOTH)
def idp(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Idp]:
    with serving_on(request.param, tmp_path) as service, service.client() as http:
        yield Idp(service, http)


@pytest.mark.parametrize("provider", ["entra", "okta"])
def test_a_provider_is_answered_as_it_wants(provider: str, idp: Idp) -> None:
    known: dict[str, Json] = {}
    for template in json.loads((TRANSCRIPTS / f"{provider}.json").read_text()):
        step = filled(template, known)
        answer = idp.call(step["method"], step["path"], step.get("body"))
        said = f"{step['name']}: {answer.status_code} {answer.text}"
        expected = step["expect"]
        assert answer.status_code == expected["status"], said
        if "body_contains" in expected:
            assert contains(answer.json(), expected["body_contains"]), said
        for absent in expected.get("body_lacks", []):
            assert absent not in answer.text, said
        known |= {name: answer.json() for name in step.get("capture", {})}


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

"""Extensions of pushed users: declared with the connection, refused by name, taken back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.admin_kit import Office, connection, office, organization

AT = "/connections/acme~okta"
URN = "urn:acme:scim:extension:1.0:User"
BADGE = {"name": "badge"}


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as found:
        organization(found)
        yield found


def extension(*attributes: Any, **more: Any) -> dict[str, Any]:
    return {"schema": URN, "name": "AcmeUser", "attributes": list(attributes), **more}


def test_extensions_are_declared_changed_and_taken_back(at: Office) -> None:
    made = connection(at, extensions=[extension(BADGE)])
    (shown,) = made["extensions"]
    assert (shown["schema"], shown["attributes"][0]["type"]) == (URN, "string")
    at.ask("PATCH", AT, {"slug": "okta"})
    assert at.get(AT)["extensions"] == [shown]
    level = {"name": "level", "type": "integer"}
    at.ask("PATCH", AT, {"extensions": [extension(BADGE, level)]})
    assert [one["name"] for one in at.get(AT)["extensions"][0]["attributes"]] == ["badge", "level"]
    at.ask("PATCH", AT, {"extensions": []})
    assert at.get(AT)["extensions"] == []


WRONG = {
    "no URN": ([extension(BADGE, schema="acme")], "URN"),
    "a schema of the standard": (
        [extension(BADGE, schema="urn:ietf:params:scim:schemas:core:2.0:user")],
        "standard",
    ),
    "the same schema twice": ([extension(BADGE), extension(BADGE)], "twice"),
    "the same name twice": ([extension(BADGE, {"name": "Badge"})], "twice"),
    "no attribute": ([extension()], "attributes"),
    "a name with a dot": ([extension({"name": "a.b"})], "name"),
    "parts of a text": ([extension(BADGE | {"sub_attributes": [BADGE]})], "complex"),
    "many numbers": (
        [extension({"name": "n", "type": "integer", "multi_valued": True})],
        "several values",
    ),
    "a password": ([extension({"name": "PassWord"})], "never kept"),
    "a value of its own": ([extension({"name": "Value"})], "part"),
    "a type that is a yes": (
        [
            extension(
                BADGE | {"type": "complex", "sub_attributes": [{"name": "type", "type": "boolean"}]}
            )
        ],
        "must be a string",
    ),
    "a number as a name": (
        [extension({"name": "n", "type": "integer", "gives": "email"})],
        "string",
    ),
    "two for one": (
        [extension({"name": "a", "gives": "email"}, {"name": "b", "gives": "email"})],
        "twice",
    ),
}


@pytest.mark.parametrize(("extensions", "word"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_declared_is_refused_by_name(at: Office, extensions: Any, word: str) -> None:
    before = connection(at)["extensions"]
    status, sentence = at.refused("PATCH", AT, {"extensions": extensions})
    assert status == 422
    assert word in sentence
    assert at.get(AT)["extensions"] == before

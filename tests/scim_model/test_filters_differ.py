"""Another implementation of the RFC, scim2-models, finds whom our databases find.

It evaluates a filter on one resource in memory; ours is turned into SQL. The words of the
model stand between them, so that all three must agree.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st
from scim2_models import EnterpriseUser, Path, ScimFilter, User

from api.scim.filters import parse
from api.scim.schema import USER
from api.scim.selecting import select
from models.folding import fold
from tests.scim_model import questions, schema, speech
from tests.scim_model.door import Door, opened
from tests.scim_model.filtering import Filter, Select, matches, text
from tests.scim_model.reading import Json
from tests.store.laws import narrow_law

People = User[EnterpriseUser]


def _name(body: Json) -> str:
    """A name is given on where its holder was deactivated; nobody finds that one by it then."""
    return fold(next(str(value) for key, value in body.items() if key.casefold() == "username"))


@narrow_law(
    bodies=st.lists(speech.users, min_size=1, max_size=5, unique_by=_name),
    filters=st.lists(questions.sound_user_filters, min_size=1, max_size=8),
)
def test_the_database_finds_whom_another_implementation_finds(
    kind: str, bodies: list[Json], filters: list[Filter]
) -> None:
    door = opened(kind)
    for body in bodies:
        door.call("POST", "/Users", body)
    people = door.call("GET", "/Users", None, "count=200").body["Resources"]
    for filter in filters:
        written = text(filter)
        described = {one["id"] for one in people if _is_described(one, written)}
        assert found(door, written) == described, written
        meant = {
            one["id"] for one in people if matches(filter, one, schema.USER.attrs, schema.USER)
        }
        assert meant == described, written


def found(door: Door, written: str) -> set[str]:
    answer = door.call("GET", "/Users", None, urlencode({"filter": written, "count": 200}))
    assert answer.status == 200, (written, answer.content)
    return {one["id"] for one in answer.body["Resources"]}


def _is_described(person: Json, written: str) -> bool:
    return bool(ScimFilter[People](written).match(People.model_validate(person)))


@narrow_law(
    emails=speech.plural(speech.mails),
    inners=st.lists(questions.of_one_value, min_size=1, max_size=12),
)
def test_a_path_selects_the_values_that_another_implementation_selects(
    kind: str, emails: list[Json], inners: list[Filter]
) -> None:
    """Nothing is stored, so every database is as good."""
    attribute = USER.attribute("emails")
    assert attribute is not None
    person = People(user_name="x", emails=emails or None)
    for inner in inners:
        ours = select(emails, parse(text(inner)), attribute)
        path = Path[People](text(Select("emails", inner)))
        theirs: Any = path.get(person, strict=False) or []
        assert _told(ours) == _told(one.model_dump() for one in theirs), text(inner)


def _told(values: Iterable[Json]) -> list[Json]:
    """In one case: scim2-models writes domains small."""
    kept = ("value", "type", "primary", "display")
    return [
        {name: str(one[name]).casefold() for name in kept if one.get(name) is not None}
        for one in values
    ]

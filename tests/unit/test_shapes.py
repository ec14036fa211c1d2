"""What identifiers look like, and when a token only calls groups otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.tokens.shapes import Shape, dominant, has_changed, shape, speaks_otherwise

A, B, C = (f"{one * 8}-1111-2222-3333-{one * 12}" for one in "abc")
SHAPES = {
    A: Shape.GUID,
    A.upper(): Shape.GUID,
    A.replace("-", ""): Shape.GUID,
    "S-1-5-21-1004336348-1177238915-682003330-512": Shape.SID,
    "CN=Ops,OU=Groups,DC=acme,DC=example": Shape.DN,
    "ops@acme.example": Shape.EMAIL,
    "ACME\\Domain Admins": Shape.ACCOUNT,
    "/ops/admins": Shape.PATH,
    "ops/admins": Shape.PATH,
    "4711": Shape.NUMBER,
    "00g1emaKYZTWRYYRRTSK": Shape.KEY,
    "Engineering": Shape.NAME,
    "Research & Development": Shape.NAME,
    "R&D / Stockholm office": Shape.PATH,
    "engineeringandoperations": Shape.NAME,
    "": Shape.NAME,
}


@pytest.mark.parametrize(("value", "expected"), SHAPES.items(), ids=repr)
def test_it_has_the_shape_of(value: str, expected: Shape) -> None:
    assert shape(value) is expected


@given(st.text())
def test_every_text_has_one_shape(value: str) -> None:
    assert shape(value) in Shape


def test_half_of_the_values_do_not_make_a_language() -> None:
    assert dominant([A, B, "ops"]) is Shape.GUID
    assert dominant([A, "ops"]) is None
    assert dominant([]) is None


ROWS: dict[str, tuple[list[str], list[str], list[list[str]], bool]] = {
    "names became object ids": ([A, B], [A, B], [["ops"], ["dev"]], True),
    "some of them": ([A, "hr"], [A], [["CN=Ops,DC=x"]], True),
    "a group was left": (["dev"], [], [["ops"]], False),
    "all groups were left": ([], [], [["ops"]], False),
    "one group for another of the same form": (["dev"], ["dev"], [["ops"]], False),
    "one group for another that is long known": ([A], [], [["ops"]], False),
    "the group has a name of this form too": ([A], [A], [["ops", B]], False),
    "a group of another form was left": (["dev", A], ["dev"], [[B]], False),
    "one of each form was left for another": (
        ["hr"],
        ["hr"],
        [["ops"], [A]],
        False,
    ),
    "nothing is left out": ([A], [A], [], False),
}


@pytest.mark.parametrize(("listed", "young", "unlisted", "expected"), ROWS.values(), ids=ROWS)
def test_a_token_speaks_otherwise_when(
    listed: list[str], young: list[str], unlisted: list[list[str]], expected: bool
) -> None:
    assert speaks_otherwise(listed, young, unlisted) is expected


def test_a_source_has_changed_when_most_of_todays_people_are_named_otherwise() -> None:
    before, names, ids = ["ops", "dev"], ["ops"], [A, B]
    assert has_changed(before, {1: ids, 2: ids, 3: ids}, 50) == (Shape.NAME, Shape.GUID)
    assert has_changed(before, {1: ids, 2: ids, 3: ids, 4: names, 5: names}, 50) is not None
    assert has_changed(before, {1: ids, 2: ids, 3: ids, 4: names, 5: names, 6: names}, 50) is None


def test_two_people_of_many_do_not_speak_for_the_source_but_all_of_two_do() -> None:
    assert has_changed(["ops"], {1: [A], 2: [B]}, 50) is None
    assert has_changed(["ops"], {1: [A], 2: [B]}, 2) == (Shape.NAME, Shape.GUID)


def test_a_source_that_always_mixed_its_forms_has_not_changed() -> None:
    assert has_changed(["ops", A], {1: [B], 2: [B], 3: [B]}, 50) is None

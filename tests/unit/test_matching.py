"""Who is who: the immutable identifier first, and nobody by a guess."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.identity import Identifier, UserKey
from sync.matching import (
    STRONG,
    Disputed,
    Match,
    Matched,
    Recycled,
    Unknown,
    is_directory_id,
    match,
)

ADA, BOB = UserKey(1), UserKey(2)
SUBJECT, ID = Identifier("subject", "s1"), Identifier("id", "d1")
EXTERNAL = Identifier("external_id", "d1")
NAME, OTHER_NAME = Identifier("user_name", "ada"), Identifier("user_name", "ada.l")

ROWS: dict[str, tuple[list[Identifier], dict[Identifier, UserKey], dict[UserKey, str], Match]] = {
    "nobody is known by any of them": ([SUBJECT, NAME], {}, {}, Unknown()),
    "nothing is offered": ([], {}, {}, Unknown()),
    "by the immutable identifier": ([SUBJECT, NAME], {SUBJECT: ADA}, {}, Matched(ADA, SUBJECT)),
    "the first immutable one wins": (
        [SUBJECT, ID, NAME],
        {SUBJECT: ADA, ID: BOB},
        {},
        Matched(ADA, SUBJECT),
    ),
    "a second immutable one will do": ([SUBJECT, ID, NAME], {ID: BOB}, {}, Matched(BOB, ID)),
    "a name never overrules an immutable one": (
        [SUBJECT, EXTERNAL, NAME],
        {EXTERNAL: ADA, NAME: BOB},
        {},
        Matched(ADA, EXTERNAL),
    ),
    "by name, who has no immutable identifier yet": (
        [SUBJECT, NAME],
        {NAME: ADA},
        {},
        Matched(ADA, NAME),
    ),
    "by name, who has the same immutable identifier": (
        [SUBJECT, NAME],
        {NAME: ADA},
        {ADA: "s1"},
        Matched(ADA, NAME),
    ),
    "by name, who is somebody else by now": (
        [SUBJECT, NAME],
        {NAME: ADA},
        {ADA: "s0"},
        Recycled(ADA, NAME),
    ),
    "by name, where no immutable identifier is offered": (
        [NAME],
        {NAME: ADA},
        {ADA: "s0"},
        Matched(ADA, NAME),
    ),
    "two names of one person": (
        [SUBJECT, NAME, OTHER_NAME],
        {NAME: ADA, OTHER_NAME: ADA},
        {},
        Matched(ADA, NAME),
    ),
    "two names of two people": (
        [SUBJECT, NAME, OTHER_NAME],
        {NAME: BOB, OTHER_NAME: ADA},
        {},
        Disputed((ADA, BOB)),
    ),
}


@pytest.mark.parametrize(("offered", "found", "immutable", "expected"), ROWS.values(), ids=ROWS)
def test_it_is(
    offered: list[Identifier],
    found: dict[Identifier, UserKey],
    immutable: dict[UserKey, str],
    expected: Match,
) -> None:
    assert match(offered, found, immutable) == expected


identifiers = st.builds(
    Identifier,
    st.sampled_from(["subject", "id", "external_id", "user_name", "email"]),
    st.sampled_from("ab"),
)
keys = st.sampled_from([ADA, BOB])


@given(
    st.lists(identifiers, max_size=4, unique=True),
    st.dictionaries(identifiers, keys),
    st.dictionaries(keys, st.sampled_from("ab")),
)
def test_nobody_is_matched_by_what_was_not_offered_or_is_another_person(
    offered: list[Identifier],
    found: dict[Identifier, UserKey],
    immutable: dict[UserKey, str],
) -> None:
    matched = match(offered, found, immutable)
    if not isinstance(matched, Matched):
        return
    assert matched.by in offered
    assert found[matched.by] == matched.user
    if matched.by.namespace not in STRONG and offered[0].namespace in STRONG:
        assert immutable.get(matched.user, offered[0].value) == offered[0].value


@pytest.mark.parametrize(
    ("provider", "value", "expected"),
    [
        ("entra", "11111111-2222-3333-4444-55555555aBcD", True),
        ("entra", "ada.lovelace", False),
        ("entra", "00u1abcdefGHIJKLMN23", False),
        ("okta", "00u1abcdefGHIJKLMN23", True),
        ("okta", "00g1abcdefGHIJKLMN23", False),
        ("okta", "4711", False),
        ("generic", "11111111-2222-3333-4444-555555555555", False),
    ],
)
def test_a_pushed_id_is_the_directorys_where_its_form_says_so(
    provider: str, value: str, expected: bool
) -> None:
    assert is_directory_id(provider, value) is expected

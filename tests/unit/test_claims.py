"""What one login said, and what may be concluded from it."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.instant import SECOND
from sync.tokens.claims import ClaimsUnusable, GroupsState, as_of, diagnose, subject

LISTED, PARTIAL, ABSENT, OVERAGE, MALFORMED = GroupsState
GUID = "7f3c2f0e-5a53-4b8c-9f9a-1d2f7a6f0c11"
DN = "CN=Engineering,OU=Groups,DC=acme,DC=example"
PROVIDERS = ("okta", "entra", "onelogin", "google", "generic")


def groups(count: int) -> list[str]:
    return [f"group {number:05}" for number in range(count)]


@pytest.mark.parametrize(
    ("provider", "value", "values"),
    [
        pytest.param("generic", ["b", "a"], ("a", "b"), id="a list"),
        pytest.param("generic", [], (), id="an empty list is a list"),
        pytest.param("generic", ["a", "b", "a"], ("a", "b"), id="duplicates count once"),
        pytest.param("entra", [GUID], (GUID,), id="object ids stay as they are"),
        pytest.param("entra", groups(200), tuple(groups(200)), id="Entra's limit is not a cut"),
        pytest.param("generic", groups(100), tuple(groups(100)), id="only Okta cuts at 100"),
        pytest.param("okta", groups(99), tuple(groups(99)), id="below Okta's cut"),
        pytest.param("okta", groups(101), tuple(groups(101)), id="above it nothing was cut"),
        pytest.param("generic", ["ACME\\Admins"], ("ACME\\Admins",), id="a domain's group"),
        pytest.param("generic", [DN], (DN,), id="a distinguished name in a list"),
        pytest.param("generic", DN, (DN,), id="a distinguished name alone is one group"),
        pytest.param("generic", f"{DN};CN=Ops", (DN, "CN=Ops"), id="distinguished names joined"),
        pytest.param("generic", "Admins", ("Admins",), id="one name without a list"),
        pytest.param("onelogin", "a;b; c", ("a", "b", "c"), id="OneLogin joins with semicolons"),
        pytest.param("onelogin", ["a;b"], ("a", "b"), id="OneLogin's joined text in a list"),
        pytest.param("onelogin", ["a, b"], ("a, b",), id="a comma in a listed name"),
        pytest.param("onelogin", "a;", ("a",), id="a trailing semicolon adds no group"),
        pytest.param("okta", ["a;b"], ("a;b",), id="a semicolon in a listed name"),
        pytest.param("generic", '["a", "b,c"]', ("a", "b,c"), id="a JSON array inside a text"),
        pytest.param("generic", "[]", (), id="an empty JSON array inside a text"),
        pytest.param("generic", ["x" * 1024], ("x" * 1024,), id="the longest name"),
        pytest.param("generic", groups(10_000), tuple(groups(10_000)), id="the most names"),
        pytest.param("unheard-of", ["a"], ("a",), id="an unknown provider"),
    ],
)
def test_groups_that_are_listed(provider: str, value: object, values: tuple[str, ...]) -> None:
    found = diagnose({"groups": value}, claim="groups", provider=provider)

    assert (found.state, found.values, found.problem) == (LISTED, values, None)


@pytest.mark.parametrize(
    ("provider", "value", "sentence"),
    [
        pytest.param("generic", "a,b", "one text with separators", id="a text with commas"),
        pytest.param("okta", "a;b", "one text with separators", id="semicolons are not Okta's"),
        pytest.param("generic", "", "an empty text", id="an empty text"),
        pytest.param("onelogin", " ; ", "an empty text", id="only a separator"),
        pytest.param("generic", "[Team] A", "begins as a JSON array", id="brackets and no array"),
        pytest.param("generic", "[" * 50_000, "begins as a JSON array", id="an endless array"),
        pytest.param("generic", "[1]", "a number in place 1", id="a number in an array in a text"),
        pytest.param("generic", ["a", 7], "a number in place 2", id="a number among names"),
        pytest.param("generic", ["a", None], "a null in place 2", id="a null among names"),
        pytest.param("generic", ["a", ""], "an empty text in place 2", id="an empty name"),
        pytest.param("generic", ["a", " "], "an empty text in place 2", id="a blank name"),
        pytest.param("generic", [{"id": "a"}], "an object in place 1", id="objects for names"),
        pytest.param("generic", [["a"]], "a list in place 1", id="a list in a list"),
        pytest.param("generic", [True], "a true or false in place 1", id="a boolean for a name"),
        pytest.param("generic", {"a": True}, "is an object", id="an object for the list"),
        pytest.param("generic", 7, "is a number", id="a number for the list"),
        pytest.param("generic", False, "is a true or false", id="a boolean for the list"),
        pytest.param("generic", ["x" * 1025], "1025 characters", id="a name that is too long"),
        pytest.param("generic", ["x"] * 10_001, "10001 values", id="too many, even of one name"),
        pytest.param("generic", ["a\x00b"], "control characters", id="a NUL in a name"),
        pytest.param("generic", ["\ud800"], "control characters", id="half a character"),
    ],
)
def test_groups_that_cannot_be_read_without_guessing(
    provider: str, value: object, sentence: str
) -> None:
    found = diagnose({"groups": value}, claim="groups", provider=provider)

    assert (found.state, found.values) == (MALFORMED, ())
    assert sentence in str(found.problem)


@pytest.mark.parametrize(
    ("provider", "count", "state"),
    [
        pytest.param("okta", 100, PARTIAL, id="Okta cuts at 100"),
        pytest.param("google", 75, PARTIAL, id="Google's SAML ends at 75"),
    ],
)
def test_a_list_at_a_silent_limit_proves_no_absence(
    provider: str, count: int, state: GroupsState
) -> None:
    found = diagnose({"groups": groups(count)}, claim="groups", provider=provider)

    assert (found.state, len(found.values)) == (state, count)
    assert f"exactly {count}" in str(found.problem)


def test_duplicates_do_not_hide_that_okta_cut_the_list() -> None:
    cut = [*groups(99), "group 00000"]

    assert diagnose({"groups": cut}, claim="groups", provider="okta").state is PARTIAL


@pytest.mark.parametrize(
    ("claims", "claim", "state"),
    [
        pytest.param(
            {"_claim_names": {"groups": "s"}, "_claim_sources": {"s": {"endpoint": "https://…"}}},
            "groups",
            OVERAGE,
            id="a reference in place of the list",
        ),
        pytest.param({"hasgroups": True}, "groups", OVERAGE, id="the implicit flow's short form"),
        pytest.param({"hasgroups": "true"}, "groups", OVERAGE, id="the short form as a text"),
        pytest.param({"hasgroups": False}, "groups", ABSENT, id="a short form that says no"),
        pytest.param({"_claim_sources": {}}, "groups", OVERAGE, id="a source that names nothing"),
        pytest.param(
            {"http://schemas.microsoft.com/claims/groups.link": "https://…"},
            "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
            OVERAGE,
            id="the reference of a SAML assertion",
        ),
        pytest.param(
            {"_claim_names": {"groups": "s"}, "groups": ["a"]},
            "groups",
            OVERAGE,
            id="a reference beside a list leaves the list in doubt",
        ),
        pytest.param(
            {"_claim_names": {"groups": "s"}, "roles": ["a"]},
            "roles",
            LISTED,
            id="a reference for another claim",
        ),
        pytest.param(
            {"_claim_names": {"address": "s"}, "_claim_sources": {"s": {}}},
            "groups",
            ABSENT,
            id="a source for something else",
        ),
        pytest.param({"hasgroups": True}, "roles", ABSENT, id="the short form is not about roles"),
        pytest.param({"hasgroups": True, "groups": ["a"]}, "groups", LISTED, id="listed after all"),
        pytest.param({"_claim_names": "groups"}, "groups", ABSENT, id="a reference that is none"),
    ],
)
def test_groups_over_entras_limit(claims: Any, claim: str, state: GroupsState) -> None:
    assert diagnose(claims, claim=claim, provider="entra").state is state


def test_an_overage_names_the_limit_and_what_is_done_instead() -> None:
    claims = {"_claim_names": {"groups": "s"}, "_claim_sources": {"s": {"endpoint": "https://x"}}}

    entra = str(diagnose(claims, claim="groups", provider="entra").problem)
    other = str(diagnose(claims, claim="groups", provider="generic").problem)

    assert "200" in entra and "150" in entra and "asked about this user" in entra
    assert "https://x" not in entra + other and "not followed" in other


@pytest.mark.parametrize(
    ("provider", "advice"),
    [
        ("okta", "groups claim with a filter"),
        ("entra", "Token configuration"),
        ("onelogin", "Groups parameter"),
        ("google", "sends no groups"),
        ("generic", "Configure the provider"),
    ],
)
def test_a_missing_claim_says_how_that_provider_is_configured(provider: str, advice: str) -> None:
    found = diagnose({"sub": "ada"}, claim="groups", provider=provider)

    assert (found.state, found.values) == (ABSENT, ())
    assert "The claim groups is not in the token." in str(found.problem)
    assert advice in str(found.problem)


def test_a_null_is_no_list_of_nothing() -> None:
    found = diagnose({"groups": None}, claim="groups", provider="generic")

    assert found.state is ABSENT
    assert "is null" in str(found.problem)


def test_a_missing_claim_points_to_a_list_that_is_there() -> None:
    claims = {"aud": ["us"], "amr": ["pwd"], "Groups": ["a"], "sub": "ada"}

    assert "carry a list under Groups." in str(
        diagnose(claims, claim="groups", provider="generic").problem
    )


@pytest.mark.parametrize(
    ("claims", "claim", "values"),
    [
        pytest.param(
            {"https://acme.example/groups": ["a"]},
            "https://acme.example/groups",
            ("a",),
            id="a URL with dots",
        ),
        pytest.param(
            {"realm_access": {"roles": ["a"]}}, "realm_access.roles", ("a",), id="a dotted path"
        ),
        pytest.param(
            {"resource_access": {"app.acme.example": {"roles": ["a"]}}},
            "resource_access.app.acme.example.roles",
            ("a",),
            id="a path through a name with dots",
        ),
        pytest.param(
            {"realm_access.roles": ["a"], "realm_access": {"roles": ["b"]}},
            "realm_access.roles",
            ("a",),
            id="the exact name goes first",
        ),
        pytest.param(
            {"a": {"x": 1}, "a.b": {"c": ["a"]}}, "a.b.c", ("a",), id="the branch that leads there"
        ),
    ],
)
def test_where_a_claim_is_found(claims: Any, claim: str, values: tuple[str, ...]) -> None:
    assert diagnose(claims, claim=claim, provider="generic").values == values


def test_a_path_that_leads_through_a_text_is_absent() -> None:
    claims = {"realm_access": "roles"}

    assert diagnose(claims, claim="realm_access.roles", provider="generic").state is ABSENT


ADA = {
    "sub": "00u1",
    "email": "ada@acme.example",
    "email_verified": True,
    "given_name": "Ada",
    "family_name": "Lovelace",
    "name": "Ada Lovelace",
    "preferred_username": "ada",
}
ENTRA_ADA = {"sub": "pairwise", "oid": GUID, "tid": "tenant-1", "email": "ceo@other.example"}


def test_a_subject_is_read_from_the_standard_claims() -> None:
    ada = subject(ADA, mapping={}, provider="okta")

    assert (ada.user_id, ada.user_id_claim, ada.user_id_is_explicit) == ("00u1", "sub", False)
    assert (ada.user_name, ada.email, ada.email_verified) == ("ada", "ada@acme.example", True)
    assert (ada.first_name, ada.last_name, ada.display_name) == ("Ada", "Lovelace", "Ada Lovelace")
    assert ada.tenant is None


def test_a_mapping_replaces_the_standard_claims() -> None:
    claims = ADA | {"staff": {"no": "E-17"}, "mail": "a@b", "fn": "A", "sn": "L", "login": "al"}
    mapping = {
        "user_id": "staff.no",
        "email": "mail",
        "first_name": "fn",
        "last_name": "sn",
        "user_name": "login",
    }

    ada = subject(claims, mapping=mapping, provider="generic")

    assert (ada.user_id, ada.user_id_is_explicit, ada.user_name) == ("E-17", True, "al")
    assert (ada.email, ada.first_name, ada.last_name) == ("a@b", "A", "L")


@pytest.mark.parametrize(
    ("claims", "mapping", "user_id"),
    [
        pytest.param(ENTRA_ADA, {}, GUID, id="the object id, not the pairwise sub"),
        pytest.param({"sub": "pairwise"}, {}, "pairwise", id="the sub where there is no oid"),
        pytest.param({"sub": "p", "oid": 7}, {}, "p", id="the sub where the oid is no text"),
        pytest.param(ENTRA_ADA, {"user_id": "sub"}, "pairwise", id="what the mapping names"),
    ],
)
def test_who_an_entra_token_is_about(claims: Any, mapping: dict[str, str], user_id: str) -> None:
    ada = subject(claims, mapping=mapping, provider="entra")

    assert (ada.user_id, ada.tenant) == (user_id, claims.get("tid"))


@pytest.mark.parametrize(
    ("provider", "claims", "mapping", "is_verified"),
    [
        pytest.param("okta", {"email_verified": True}, {}, True, id="the provider says so"),
        pytest.param("okta", {"email_verified": "true"}, {}, True, id="it says so in a text"),
        pytest.param("okta", {"email_verified": False}, {}, False, id="it says no"),
        pytest.param("okta", {"email_verified": "false"}, {}, False, id="it says no in a text"),
        pytest.param("okta", {"email_verified": 1}, {}, False, id="a number says nothing"),
        pytest.param("okta", {}, {}, False, id="silence is no yes"),
        pytest.param(
            "okta",
            {"email_verified": True, "mail": "x@y"},
            {"email": "mail"},
            False,
            id="the word is about email, not about the claim mapped",
        ),
        pytest.param("entra", {"email_verified": True}, {}, False, id="Entra's word is not enough"),
        pytest.param("entra", {"xms_edov": True}, {}, True, id="Entra's domain owner verified"),
        pytest.param("entra", {"xms_edov": 1}, {}, True, id="the same as a number"),
        pytest.param("entra", {"xms_edov": 0}, {}, False, id="the owner has not verified"),
        pytest.param("okta", {"xms_edov": True}, {}, False, id="Entra's claim from another"),
        pytest.param("okta", {"email": 7, "email_verified": True}, {}, False, id="no address"),
    ],
)
def test_whether_an_address_is_vouched_for(
    provider: str, claims: dict[str, object], mapping: dict[str, str], is_verified: bool
) -> None:
    told = {"sub": "ada", "email": "ada@acme.example"} | claims

    assert subject(told, mapping=mapping, provider=provider).email_verified is is_verified


@pytest.mark.parametrize(
    ("claims", "user_name"),
    [
        ({"unique_name": "c", "upn": "b", "preferred_username": "a"}, "a"),
        ({"unique_name": "c", "upn": "b"}, "b"),
        ({"unique_name": "c"}, "c"),
        ({"preferred_username": 7, "upn": " b "}, "b"),
        ({"email": "ada@acme.example"}, None),
    ],
)
def test_which_claim_is_the_user_name(claims: dict[str, object], user_name: str | None) -> None:
    assert subject({"sub": "x"} | claims, mapping={}, provider="generic").user_name == user_name


@pytest.mark.parametrize(
    ("claims", "mapping", "sentence"),
    [
        pytest.param({}, {}, "no claim sub", id="no sub"),
        pytest.param({"sub": None}, {}, "no claim sub", id="a null"),
        pytest.param({"sub": 7}, {}, "not a plain text", id="a number"),
        pytest.param({"sub": ""}, {}, "not a plain text", id="an empty text"),
        pytest.param({"sub": " x "}, {}, "not a plain text", id="an id with blanks around it"),
        pytest.param({"sub": "x" * 1025}, {}, "not a plain text", id="an endless text"),
        pytest.param({"sub": "a\x00"}, {}, "not a plain text", id="a control character"),
        pytest.param({"sub": "x"}, {"user_id": "no"}, "no claim no,", id="no fallback if mapped"),
    ],
)
def test_a_token_without_a_user_is_unusable(
    claims: dict[str, object], mapping: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ClaimsUnusable, match=sentence):
        subject(claims, mapping=mapping, provider="generic")


@pytest.mark.parametrize(
    ("claims", "moment"),
    [
        pytest.param({"auth_time": 100, "iat": 200}, 100 * SECOND, id="the login, not the issue"),
        pytest.param({"iat": 200}, 200 * SECOND, id="the issue where no login is named"),
        pytest.param({"auth_time": 100.5}, 100_500_000, id="a time with decimals"),
        pytest.param({"auth_time": 0, "iat": 200}, 200 * SECOND, id="zero means unknown"),
        pytest.param({"auth_time": "100", "iat": 200}, 200 * SECOND, id="a text is no time"),
        pytest.param({"auth_time": True, "iat": 200}, 200 * SECOND, id="a boolean is no time"),
    ],
)
def test_the_moment_a_token_speaks_of(claims: dict[str, object], moment: int) -> None:
    assert as_of(claims) == moment


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(None, id="nothing"),
        pytest.param("1", id="a text"),
        pytest.param(-1, id="before 1970"),
        pytest.param(float("nan"), id="not a number"),
        pytest.param(float("inf"), id="infinity"),
        pytest.param(1_800_000_000_000, id="milliseconds"),
        pytest.param(10**400, id="more than a float can hold"),
    ],
)
def test_a_token_that_speaks_of_no_moment_is_unusable(value: object) -> None:
    with pytest.raises(ClaimsUnusable):
        as_of({"iat": value})


TELLING = (
    *("groups", "roles", "realm_access", "hasgroups", "_claim_names", "_claim_sources"),
    *("sub", "oid", "tid", "iat", "auth_time", "email", "email_verified", "xms_edov"),
)
names = st.sampled_from(TELLING)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names | st.text(), inner),
    max_leaves=8,
)
any_claims = st.dictionaries(names | st.text(max_size=5), json_values, max_size=6)


@settings(deadline=None)
@given(any_claims, st.sampled_from(["groups", "realm_access.roles"]), st.sampled_from(PROVIDERS))
@example({"groups": json.dumps(["a", ""])}, "groups", "generic")
def test_only_honest_names_are_ever_listed(
    claims: dict[str, Any], claim: str, provider: str
) -> None:
    found = diagnose(claims, claim=claim, provider=provider)

    assert all(isinstance(value, str) and value.strip() for value in found.values)
    assert found.values == tuple(sorted(set(found.values)))
    assert (found.problem is None) == (found.state is LISTED)
    assert not found.values or found.state in (LISTED, PARTIAL)


@settings(deadline=None)
@given(any_claims, st.sampled_from(PROVIDERS))
def test_any_claims_make_a_subject_or_one_sentence(claims: dict[str, Any], provider: str) -> None:
    for read in (lambda: subject(claims, mapping={}, provider=provider), lambda: as_of(claims)):
        try:
            read()
        except ClaimsUnusable as trouble:
            assert str(trouble).endswith(".")

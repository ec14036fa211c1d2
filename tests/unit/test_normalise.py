"""Every body that an identity provider sends becomes the one form in which it is kept."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scim2_models import EnterpriseUser, Group, User

from api.scim import normalise
from api.scim.errors import InvalidSyntax, InvalidValue, ScimError

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CUSTOM = "urn:ietf:params:scim:schemas:extension:acme:2.0:User"

ENTRA_USER = {
    "schemas": [USER, ENTERPRISE],
    "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
    "userName": "Test_User_ab6490ee@testuser.com",
    "active": "True",
    "department": None,
    "manager": None,
    "displayName": "lennay",
    "emails": [{"type": "work", "value": "Test_User@testuser.com", "primary": True}],
    "meta": {"resourceType": "User"},
    "name": {"formatted": "givenName familyName", "givenName": "givenName", "familyName": None},
    "nickName": None,
    "roles": [],
    "title": None,
}
OKTA_USER = {
    "schemas": [USER],
    "userName": "test.user@okta.local",
    "name": {"givenName": "Test", "familyName": "User"},
    "emails": [{"primary": True, "value": "test.user@okta.local", "type": "work"}],
    "displayName": "Test User",
    "locale": "en-US",
    "externalId": "00ujl29u0le5T6Aj10h7",
    "groups": [],
    "password": "1mz050nq",
    "active": True,
}


def kept(**attributes: object) -> dict[str, Any]:
    """What becomes of a user with these attributes, apart from what every user has."""
    found = normalise.user({"schemas": [USER], "userName": "ada", **attributes})
    assert found.pop("userName") == "ada"
    found.pop("schemas")
    return found


def test_a_user_of_entra_is_understood() -> None:
    assert normalise.user(ENTRA_USER) == {
        "schemas": [USER],
        "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
        "userName": "Test_User_ab6490ee@testuser.com",
        "active": True,
        "displayName": "lennay",
        "emails": [{"type": "work", "value": "Test_User@testuser.com", "primary": True}],
        "name": {"formatted": "givenName familyName", "givenName": "givenName"},
    }


def test_a_user_of_okta_is_understood_and_the_password_is_gone() -> None:
    expected = {k: v for k, v in OKTA_USER.items() if k not in ("groups", "password")}
    assert normalise.user(OKTA_USER) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"active": "False"}, {"active": False}, id="Entra's boolean"),
        pytest.param({"ACTIVE": True}, {"active": True}, id="a name in another case"),
        pytest.param(
            {"roles": [{"value": "Admin", "primary": "True"}]},
            {"roles": [{"value": "Admin", "primary": True}]},
            id="Entra's boolean within a role",
        ),
        pytest.param(
            {"roles": [{"value": '{"id":"827f","value":"Admin"}'}]},
            {"roles": [{"value": '{"id":"827f","value":"Admin"}'}]},
            id="a role that is a text of JSON comes back unchanged",
        ),
        pytest.param(
            {"emails": {"value": "a@b", "primary": True}},
            {"emails": [{"value": "a@b", "primary": True}]},
            id="OneLogin's object instead of a list",
        ),
        pytest.param({"emails": None, "phoneNumbers": []}, {}, id="JumpCloud's nulls"),
        pytest.param(
            {"photos": ["https://x/a.png"]},
            {"photos": [{"value": "https://x/a.png"}]},
            id="JumpCloud's bare values",
        ),
        pytest.param({"emails": [None, {}, {"value": None}]}, {}, id="values of nothing"),
        pytest.param({"name": {"givenName": None}}, {}, id="an object of nothing"),
        pytest.param({"name": {"GIVENNAME": "A"}}, {"name": {"givenName": "A"}}, id="a part"),
        pytest.param({"shoeSize": 44, "x": {"y": 1}}, {}, id="unknown attributes"),
        pytest.param({"name": {"nick": "A"}}, {}, id="an unknown part"),
        pytest.param({"id": "7", "meta": {}, "groups": [{"value": "g"}]}, {}, id="read-only ones"),
        pytest.param({"password": ["not", "even"]}, {}, id="a password, whatever it is"),
        pytest.param({"externalId": ""}, {}, id="an empty external id is none"),
        pytest.param({"title": ""}, {"title": ""}, id="an empty text comes back unchanged"),
        pytest.param(
            {"department": "Sales"}, {ENTERPRISE: {"department": "Sales"}}, id="without its URN"
        ),
        pytest.param(
            {"department": "Top", ENTERPRISE: {"department": "Within"}},
            {ENTERPRISE: {"department": "Within"}},
            id="the one with its URN counts",
        ),
        pytest.param(
            {ENTERPRISE.upper(): {"DEPARTMENT": "Sales"}},
            {ENTERPRISE: {"department": "Sales"}},
            id="a URN in another case",
        ),
        pytest.param(
            {ENTERPRISE: {"manager": "271"}},
            {ENTERPRISE: {"manager": {"value": "271"}}},
            id="a manager as a string",
        ),
        pytest.param(
            {ENTERPRISE: {"manager": {"value": "271", "$ref": "../Users/271"}}},
            {ENTERPRISE: {"manager": {"value": "271"}}},
            id="a manager as an object",
        ),
        pytest.param(
            {ENTERPRISE: {"manager": [{"value": "271"}]}},
            {ENTERPRISE: {"manager": {"value": "271"}}},
            id="a manager as a list",
        ),
        pytest.param({ENTERPRISE: {"manager": ""}}, {}, id="an empty manager is none"),
        pytest.param({ENTERPRISE: {"manager": {"value": ""}}}, {}, id="nor is an empty value"),
        pytest.param(
            {CUSTOM: {"a": [1, {"b": True}], "c": None}},
            {CUSTOM: {"a": [1, {"b": True}]}},
            id="an undeclared extension is kept",
        ),
        pytest.param({CUSTOM: "x"}, {}, id="an undeclared extension that is no object is not"),
    ],
)
def test_a_user_is_kept_as(given: dict[str, object], expected: dict[str, object]) -> None:
    assert kept(**given) == expected


@pytest.mark.parametrize(
    ("given", "named"),
    [
        pytest.param({"userName": None}, "userName", id="no name"),
        pytest.param({"userName": ""}, "userName", id="an empty name"),
        pytest.param({"userName": "  "}, "userName", id="a blank name"),
        pytest.param({"userName": 7}, "userName", id="a number for a name"),
        pytest.param({"userName": "x" * 257}, "userName", id="a name that is too long"),
        pytest.param({"userName": "a\x00b"}, "userName", id="a NUL"),
        pytest.param({"title": "\ud800"}, "title", id="half a surrogate pair"),
        pytest.param({"name": "Ada"}, "name", id="a text for an object"),
        pytest.param({"name": {"givenName": []}}, "name.givenName", id="a list for a text"),
        pytest.param({"active": "yes"}, "active", id="a word for a boolean"),
        pytest.param({"active": 1}, "active", id="a number for a boolean"),
        pytest.param({"emails": [7]}, "emails", id="a number for a value"),
        pytest.param({"emails": [{"value": 7}]}, r"emails\[\].value", id="a number within"),
        pytest.param({"emails": ["a"] * 501}, "emails", id="too many values"),
        pytest.param(
            {"emails": [{"value": "a", "primary": True}, {"value": "b", "primary": "True"}]},
            "emails",
            id="two primary values",
        ),
        pytest.param({"manager": ["1", "2"]}, "manager", id="two managers"),
        pytest.param({ENTERPRISE: "x"}, "enterprise", id="an extension that is no object"),
        pytest.param({CUSTOM: {"a": "\x00"}}, "acme", id="a NUL in an undeclared extension"),
        pytest.param({CUSTOM: {"a": [0] * 501}}, "acme", id="an extension of too many values"),
        pytest.param({f"urn:x:{n}": {"a": 1} for n in range(21)}, "ext", id="too many extensions"),
        pytest.param({"addresses": [{"region": "x" * 100_001}]}, "region", id="a text too long"),
        pytest.param({CUSTOM: {"a": float("nan")}}, "acme", id="no number"),
        pytest.param({CUSTOM: {"a": float("-inf")}}, "acme", id="a number without end"),
        pytest.param({CUSTOM: {"a": 10**4000}}, "acme", id="a number of very many digits"),
        pytest.param(
            {CUSTOM: {"a": [[[[[[[[[[[1]]]]]]]]]]]}}, "acme", id="an extension nested too deep"
        ),
    ],
)
def test_a_wrong_value_is_refused_by_name(given: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidValue, match=named):
        normalise.user({"schemas": [USER], "userName": "ada", **given})


@pytest.mark.parametrize(
    "body",
    [
        pytest.param([], id="a list"),
        pytest.param(None, id="null"),
        pytest.param({"schemas": [], "userName": "a"}, id="an empty list of schemas"),
        pytest.param({"schemas": [ENTERPRISE], "userName": "a"}, id="the extension alone"),
        pytest.param({"schemas": USER, "userName": "a"}, id="schemas that are no list"),
        pytest.param({"userName": "a", "username": "b"}, id="the name twice"),
    ],
)
def test_a_body_that_is_no_user_is_refused(body: object) -> None:
    with pytest.raises(InvalidSyntax):
        normalise.user(body)


@pytest.mark.parametrize(
    "schemas",
    [
        pytest.param([ENTERPRISE, USER], id="JumpCloud's order"),
        pytest.param([USER.upper()], id="another case"),
        pytest.param([USER, "urn:nobody:knows"], id="one that nobody knows"),
        pytest.param(None, id="none: the address says it"),
    ],
)
def test_the_schemas_are_those_of_what_is_kept(schemas: object) -> None:
    body = {"schemas": schemas, "userName": "a", CUSTOM: {"b": 1}, ENTERPRISE: {}}
    assert normalise.user(body)["schemas"] == [USER, CUSTOM]


def test_a_user_that_was_kept_is_kept_the_same() -> None:
    once = normalise.user({**ENTRA_USER, CUSTOM: {"a": 1}, "manager": "7"})
    assert normalise.user(once) == once


def test_what_is_kept_is_what_another_reader_understands() -> None:
    once = normalise.user({**ENTRA_USER, ENTERPRISE: {"manager": "7"}})
    again = User[EnterpriseUser].model_validate(once).model_dump(exclude_none=True)
    assert normalise.user(again) == once
    group, _ = normalise.group({"schemas": [GROUP], "displayName": "A"})
    assert Group.model_validate(group).display_name == "A"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, None, id="no members"),
        pytest.param({"members": None}, None, id="null says nothing"),
        pytest.param({"members": []}, [], id="an empty list says nobody"),
        pytest.param({"members": [{"value": "a"}, {"value": "b"}]}, ["a", "b"], id="two"),
        pytest.param({"members": [{"value": "a", "display": "x"}]}, ["a"], id="Okta's display"),
        pytest.param({"members": [{"$ref": None, "value": "a"}]}, ["a"], id="Entra's null"),
        pytest.param({"members": {"VALUE": "a"}}, ["a"], id="one object"),
        pytest.param({"members": ["a", "b", "a"]}, ["a", "b"], id="bare ids, once each"),
    ],
)
def test_members_are_told_apart(given: dict[str, object], expected: list[str] | None) -> None:
    resource, members = normalise.group({"schemas": [GROUP], "displayName": "Eng", **given})
    assert resource == {"schemas": [GROUP], "displayName": "Eng"}
    assert members == expected


def test_a_group_of_entra_is_understood() -> None:
    body = {
        "schemas": [
            GROUP,
            "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
        ],
        "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159",
        "displayName": "displayName",
        "meta": {"resourceType": "Group"},
    }
    resource = {
        "schemas": [GROUP],
        "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159",
        "displayName": "displayName",
    }
    assert normalise.group(body) == (resource, None)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"displayName": None}, id="no name"),
        pytest.param({"displayName": "x" * 257}, id="a name that is too long"),
        pytest.param({"members": [{}]}, id="a member of nothing"),
        pytest.param({"members": [{"value": ""}]}, id="a member without an id"),
        pytest.param({"members": [7]}, id="a number for a member"),
        pytest.param({"members": "a,b\x00"}, id="a NUL for a member"),
        pytest.param({"members": ["x" * 257]}, id="an id that is too long"),
    ],
)
def test_a_wrong_group_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        normalise.group({"displayName": "Eng", **given})


NAMES = [
    "userName",
    "USERNAME",
    "displayName",
    "emails",
    "name",
    "members",
    "active",
    "manager",
    "schemas",
    "id",
    "roles",
    "addresses",
    ENTERPRISE,
    CUSTOM,
    USER,
    "x:y",
    "",
    "value",
    "type",
    "primary",
]
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([USER, "True", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
bodies = json_values | st.dictionaries(st.sampled_from(NAMES), json_values)


@settings(deadline=None)
@given(bodies, st.booleans())
def test_any_body_is_understood_or_refused(body: Any, named: bool) -> None:
    if named and isinstance(body, dict):
        body = {**body, "userName": "ada", "displayName": "Eng", "schemas": None}
    for read in (normalise.user, normalise.group):
        try:
            read(body)
        except ScimError as refusal:
            assert str(refusal)

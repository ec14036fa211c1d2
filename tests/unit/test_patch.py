"""Every PATCH that an identity provider sends is understood, and none is guessed at."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from api.scim import errors
from api.scim.patch import (
    AddMembers,
    Extend,
    GroupChange,
    Kind,
    Op,
    RemoveMembers,
    ReplaceMembers,
    SetExternalId,
    SetName,
    apply_to_user,
    group_changes,
    operations,
)

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CUSTOM = "urn:ietf:params:scim:schemas:extension:acme:2.0:User"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

WORK = {"type": "work", "value": "ada@work", "primary": True}
HOME = {"type": "home", "value": "ada@home"}
MANAGER = {"value": "271"}


def patched(resource: dict[str, Any], *ops: object) -> dict[str, Any]:
    """The user Ada with these attributes, after the operations, apart from what all have."""
    before = {"schemas": [USER], "id": "u1", "userName": "ada", **resource}
    untouched = deepcopy(before)
    after = apply_to_user(before, operations({"schemas": [PATCH_OP], "Operations": list(ops)}))
    assert before == untouched
    return {k: v for k, v in after.items() if k not in ("schemas", "id", "userName")}


def op(kind: str, path: str | None = None, /, **value: object) -> dict[str, object]:
    return {"op": kind, **({} if path is None else {"path": path}), **value}


@pytest.mark.parametrize(
    ("before", "operation", "after"),
    [
        # Entra
        pytest.param(
            {"active": True},
            op("Replace", "active", value="False"),
            {"active": False},
            id="Entra disables a user",
        ),
        pytest.param(
            {"name": {"familyName": "L"}},
            op(
                "replace",
                value={
                    "displayName": "Bjfe",
                    "name.givenName": "Kkom",
                    f"{ENTERPRISE}:employeeNumber": "Aklq",
                },
            ),
            {
                "displayName": "Bjfe",
                "name": {"familyName": "L", "givenName": "Kkom"},
                ENTERPRISE: {"employeeNumber": "Aklq"},
            },
            id="Entra replaces by dotted and qualified names",
        ),
        pytest.param(
            {},
            op("Add", "manager", value=[{"$ref": "http://x/Users/00aa", "value": "00aa"}]),
            {ENTERPRISE: {"manager": {"value": "00aa"}}},
            id="Entra's manager in a list",
        ),
        pytest.param(
            {},
            op("Add", f"{ENTERPRISE}:manager", value="271"),
            {ENTERPRISE: {"manager": MANAGER}},
            id="Entra's manager as a string",
        ),
        pytest.param(
            {ENTERPRISE: {"manager": MANAGER}},
            op("Replace", f"{ENTERPRISE}:manager", value=""),
            {},
            id="Entra removes the manager with an empty string",
        ),
        pytest.param(
            {ENTERPRISE: {"manager": MANAGER}},
            op("Replace", f"{ENTERPRISE}:manager", value={"value": ""}),
            {},
            id="or with an empty value",
        ),
        pytest.param(
            {ENTERPRISE: {"manager": MANAGER}},
            op("Remove", f"{ENTERPRISE}:manager"),
            {},
            id="or in so many words",
        ),
        pytest.param(
            {ENTERPRISE: {"manager": MANAGER, "division": "D"}},
            op("Replace", f"{ENTERPRISE}:manager.value", value=""),
            {ENTERPRISE: {"division": "D"}},
            id="or by its part",
        ),
        pytest.param(
            {},
            op("Add", f"{ENTERPRISE}:manager.value", value="271"),
            {ENTERPRISE: {"manager": MANAGER}},
            id="a manager by its part",
        ),
        pytest.param(
            {},
            op("Add", 'emails[type eq "work"].value', value="a@b"),
            {"emails": [{"type": "work", "value": "a@b"}]},
            id="Entra makes the address that is not there",
        ),
        pytest.param(
            {"emails": [HOME, WORK]},
            op("Replace", 'emails[type eq "WORK"].value', value="a@b"),
            {"emails": [HOME, {**WORK, "value": "a@b"}]},
            id="and changes the one that is",
        ),
        pytest.param(
            {"emails": [HOME, WORK]},
            op("Remove", 'emails[type eq "work"].value', value="n@x.com"),
            {"emails": [HOME]},
            id="and removes it, with the label that is left",
        ),
        pytest.param(
            {"emails": [HOME]},
            op("Remove", 'emails[type eq "work"].value'),
            {"emails": [HOME]},
            id="and may remove it twice",
        ),
        pytest.param(
            {},
            op("Add", 'addresses[type eq "work"].streetAddress', value="1 Way"),
            {"addresses": [{"type": "work", "streetAddress": "1 Way"}]},
            id="the same with a postal address",
        ),
        pytest.param(
            {},
            op("Add", 'roles[primary eq "True"].value', value="Admin"),
            {"roles": [{"primary": True, "value": "Admin"}]},
            id="the same with a role",
        ),
        pytest.param(
            {},
            op("Add", "roles", value=[{"value": '{"id":"827f"}'}]),
            {"roles": [{"value": '{"id":"827f"}'}]},
            id="a role that is a text of JSON",
        ),
        pytest.param(
            {"roles": [{"value": "a"}, {"value": "b", "type": "x"}]},
            op("Remove", "roles", value=[{"value": "B"}]),
            {"roles": [{"value": "a"}]},
            id="a remove that lists values",
        ),
        pytest.param(
            {"roles": [{"value": "a", "type": "y"}, {"value": "a", "type": "x"}]},
            op("Remove", "roles", value=[{"value": "a", "type": "x"}]),
            {"roles": [{"value": "a", "type": "y"}]},
            id="a remove that lists types too",
        ),
        pytest.param(
            {"roles": [{"value": "a"}]},
            op("Remove", "roles", value=[]),
            {"roles": [{"value": "a"}]},
            id="a remove that lists nothing",
        ),
        pytest.param(
            {"name": {"givenName": "A", "familyName": "L"}},
            op("Replace", "name", value={"givenName": "B"}),
            {"name": {"givenName": "B", "familyName": "L"}},
            id="Entra's name is merged",
        ),
        pytest.param(
            {},
            op("Add", f"{CUSTOM}:tag", value="alpha"),
            {CUSTOM: {"tag": "alpha"}},
            id="an attribute of an undeclared extension",
        ),
        # Okta
        pytest.param(
            {"title": "T"},
            op("replace", value={"active": False}),
            {"title": "T", "active": False},
            id="Okta deactivates a user",
        ),
        pytest.param(
            {"title": "T"},
            op("replace", value={"password": "secret"}),
            {"title": "T"},
            id="Okta's password is forgotten",
        ),
        pytest.param({}, op("replace", "password", value="secret"), {}, id="by path as well"),
        pytest.param(
            {},
            op(
                "replace",
                value={
                    "id": "u1",
                    "meta": {"x": 1},
                    "groups": [{"value": "g"}],
                    "schemas": [USER],
                    "title": "T",
                },
            ),
            {"title": "T"},
            id="an echo of what is read-only",
        ),
        pytest.param({}, op("replace", "id", value="u1"), {}, id="the same id, by path"),
        pytest.param({}, op("add", value={"shoeSize": 1, "a.b": 2}), {}, id="what we do not have"),
        # The standard
        pytest.param(
            {}, op("add", "TITLE", value="T"), {"title": "T"}, id="a path in another case"
        ),
        pytest.param({}, op("add", f"{USER}:title", value="T"), {"title": "T"}, id="a full path"),
        pytest.param({"title": "T"}, op("remove", "title"), {}, id="remove"),
        pytest.param({}, op("remove", "title"), {}, id="remove what is absent"),
        pytest.param({}, op("remove", "name.givenName"), {}, id="remove a part of what is absent"),
        pytest.param(
            {"name": {"givenName": "A"}},
            op("remove", "name.givenName"),
            {},
            id="remove the last part",
        ),
        pytest.param({"title": "T"}, op("replace", "title", value=None), {}, id="null unassigns"),
        pytest.param(
            {"emails": [WORK]}, op("replace", "emails", value=[]), {}, id="an empty list unassigns"
        ),
        pytest.param(
            {"emails": [WORK]},
            op("add", "emails", value=[]),
            {"emails": [WORK]},
            id="an empty list adds nothing",
        ),
        pytest.param(
            {"emails": [WORK]},
            op("add", "emails", value=[HOME]),
            {"emails": [WORK, HOME]},
            id="add to the others",
        ),
        pytest.param(
            {"emails": [WORK]},
            op("add", "emails", value={"value": "x"}),
            {"emails": [WORK, {"value": "x"}]},
            id="add one object",
        ),
        pytest.param(
            {"emails": [WORK]},
            op("add", "emails", value=[{"type": "work", "value": "ADA@work"}]),
            {"emails": [{**WORK, "value": "ADA@work"}]},
            id="add what is there",
        ),
        pytest.param(
            {"emails": [WORK]},
            op("add", "emails", value=[{**HOME, "primary": True}]),
            {"emails": [{**WORK, "primary": False}, {**HOME, "primary": True}]},
            id="a new primary is the only one",
        ),
        pytest.param(
            {"emails": [WORK, HOME]},
            op("replace", 'emails[type eq "home"].primary', value=True),
            {"emails": [{**WORK, "primary": False}, {**HOME, "primary": True}]},
            id="so is one that is named by a filter",
        ),
        pytest.param(
            {"emails": [WORK]},
            op("replace", "emails", value=[HOME]),
            {"emails": [HOME]},
            id="replace all values",
        ),
        pytest.param(
            {"emails": [WORK, HOME]},
            op("remove", 'emails[type eq "work"]'),
            {"emails": [HOME]},
            id="remove a value",
        ),
        pytest.param(
            {"emails": [WORK, HOME]},
            op("remove", 'emails[value ew "work" or type eq "x"]'),
            {"emails": [HOME]},
            id="remove by any filter",
        ),
        pytest.param(
            {"emails": [WORK, HOME]},
            op("remove", "emails[not (primary pr)]"),
            {"emails": [WORK]},
            id="remove by absence",
        ),
        pytest.param(
            {"emails": [WORK]},
            op("remove", 'emails[display lt "x" or display co ""]'),
            {"emails": [WORK]},
            id="what is absent is not small, nor empty",
        ),
        pytest.param(
            {"emails": [WORK, HOME]},
            op("replace", 'emails[type eq "home"]', value={"value": "x"}),
            {"emails": [WORK, {"type": "home", "value": "x"}]},
            id="replace a value",
        ),
        pytest.param(
            {"emails": [HOME]},
            op("add", 'emails[type eq "home"]', value={"display": "x"}),
            {"emails": [{**HOME, "display": "x"}]},
            id="add to a value",
        ),
        pytest.param(
            {ENTERPRISE: {"division": "D"}},
            op("add", ENTERPRISE, value={"department": "S"}),
            {ENTERPRISE: {"division": "D", "department": "S"}},
            id="add to the extension",
        ),
        pytest.param(
            {ENTERPRISE: {"division": "D"}}, op("remove", ENTERPRISE), {}, id="remove the extension"
        ),
        pytest.param(
            {},
            op("replace", value={ENTERPRISE: {"manager": "271", "x": 1}}),
            {ENTERPRISE: {"manager": MANAGER}},
            id="the extension as a value",
        ),
        pytest.param(
            {CUSTOM: {"Tag": "a", "b": [1]}},
            op("add", value={CUSTOM: {"tag": "c", "b": [1, 2], "x": None}}),
            {CUSTOM: {"Tag": "c", "b": [1, 2]}},
            id="an undeclared extension as a value",
        ),
        pytest.param(
            {CUSTOM: {"a": {"b": 1}}},
            op("remove", f"{CUSTOM}:a.b"),
            {CUSTOM: {"a": {}}},
            id="a part within an undeclared extension",
        ),
        pytest.param(
            {CUSTOM: {"a": 1}}, op("remove", CUSTOM), {}, id="all of an undeclared extension"
        ),
    ],
)
def test_a_user_becomes(
    before: dict[str, Any], operation: dict[str, Any], after: dict[str, Any]
) -> None:
    assert patched(before, operation) == after


def test_operations_follow_each_other() -> None:
    ops = [op("add", "title", value="A"), op("replace", "title", value="B"), op("remove", "locale")]
    assert patched({"locale": "sv"}, *ops) == {"title": "B"}


def test_the_schemas_follow_the_extensions() -> None:
    before = {"schemas": [USER, ENTERPRISE], "userName": "ada", ENTERPRISE: {"division": "D"}}
    ops = [op("remove", f"{ENTERPRISE}:division"), op("add", f"{CUSTOM}:tag", value="x")]
    assert apply_to_user(before, operations({"Operations": ops}))["schemas"] == [USER, CUSTOM]


@pytest.mark.parametrize(
    ("operation", "refusal"),
    [
        pytest.param(op("add", "shoeSize", value=1), errors.InvalidPath, id="an unknown attribute"),
        pytest.param(op("remove", "name.nick"), errors.InvalidPath, id="an unknown part"),
        pytest.param(op("remove", "a b"), errors.InvalidPath, id="a path that is no path"),
        pytest.param(op("remove", ""), errors.InvalidPath, id="an empty path"),
        pytest.param(op("add", "emails.value", value="x"), errors.InvalidPath, id="which of them"),
        pytest.param(op("add", "title.x", value="x"), errors.InvalidPath, id="a part of a text"),
        pytest.param(op("remove", 'name[givenName eq "x"]'), errors.InvalidPath, id="one value"),
        pytest.param(op("remove", f'{CUSTOM}:a[b eq "x"]'), errors.InvalidPath, id="undeclared"),
        pytest.param(op("remove", USER), errors.InvalidPath, id="the whole user"),
        pytest.param(
            op("remove", 'emails[colour eq "x"]'), errors.InvalidFilter, id="no such part"
        ),
        pytest.param(op("remove", "emails[type gt 1]"), errors.InvalidFilter, id="a number"),
        pytest.param(op("remove", "emails[primary gt true]"), errors.InvalidFilter, id="an order"),
        pytest.param(op("remove", "emails["), errors.InvalidPath, id="an open bracket"),
        pytest.param(op("remove", "emails[]"), errors.InvalidFilter, id="an empty filter"),
        pytest.param(op("remove"), errors.NoTarget, id="remove without a path"),
        pytest.param(op("remove", value={"title": 1}), errors.NoTarget, id="remove by value"),
        pytest.param(
            op("replace", 'emails[type sw "x"].value', value="x"),
            errors.NoTarget,
            id="a filter that describes no value",
        ),
        pytest.param(op("add", "id", value="u2"), errors.Mutability, id="the id"),
        pytest.param(op("add", value={"id": "u2"}), errors.Mutability, id="another id"),
        pytest.param(op("add", "groups", value=[]), errors.Mutability, id="the groups"),
        pytest.param(op("add", "meta", value={}), errors.Mutability, id="the meta"),
        pytest.param(op("add", "manager.displayName", value="x"), errors.Mutability, id="a part"),
        pytest.param(op("remove", "userName"), errors.Mutability, id="the name"),
        pytest.param(
            op("replace", "userName", value=None), errors.Mutability, id="the name, by null"
        ),
        pytest.param(op("replace", "userName", value=""), errors.InvalidValue, id="an empty name"),
        pytest.param(op("replace", "active", value="yes"), errors.InvalidValue, id="a wrong value"),
        pytest.param(op("add", "title"), errors.InvalidValue, id="no value"),
        pytest.param(op("add"), errors.InvalidValue, id="nothing at all"),
        pytest.param(op("add", value="x"), errors.InvalidValue, id="a text without a path"),
        pytest.param(op("add", "name", value="x"), errors.InvalidValue, id="a text for an object"),
        pytest.param(
            op("add", 'emails[type eq "work"]', value=[HOME, HOME | {"type": "x"}]),
            errors.InvalidValue,
            id="two values for one",
        ),
        pytest.param(
            op("replace", "emails[type pr].primary", value=True),
            errors.InvalidValue,
            id="two primary values",
        ),
        pytest.param(
            op("add", "emails", value=[{"value": str(n)} for n in range(499)]),
            errors.InvalidValue,
            id="too many values",
        ),
        pytest.param(op("add", CUSTOM, value="x"), errors.InvalidValue, id="no object"),
        pytest.param(
            op("add", value={CUSTOM: {str(n): n for n in range(500)}}),
            errors.InvalidValue,
            id="too many attributes",
        ),
        pytest.param(op("add", f"{CUSTOM}:a.b", value="x"), errors.InvalidValue, id="no parts"),
    ],
)
def test_a_change_of_a_user_is_refused(
    operation: dict[str, Any], refusal: type[errors.ScimError]
) -> None:
    with pytest.raises(refusal, match=r"^.+\.$"):
        patched({"emails": [WORK, HOME], CUSTOM: {"a": "x"}}, operation)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param([], id="a list"),
        pytest.param({}, id="nothing"),
        pytest.param({"Operations": []}, id="no operation"),
        pytest.param({"Operations": {}}, id="an object"),
        pytest.param({"Operations": ["add"]}, id="a text"),
        pytest.param({"Operations": [{"op": "move"}]}, id="an unknown operation"),
        pytest.param({"Operations": [{"op": None}]}, id="a null operation"),
        pytest.param({"Operations": [{"op": "add", "path": 1}]}, id="a number for a path"),
        pytest.param({"Operations": [op("add")] * 1001}, id="too many"),
        pytest.param({"schemas": [USER], "Operations": [op("add")]}, id="another message"),
    ],
)
def test_a_body_that_is_no_patch_is_refused(body: object) -> None:
    with pytest.raises(errors.InvalidSyntax):
        operations(body)


def changes(*ops: object) -> list[GroupChange]:
    return group_changes(operations({"schemas": [PATCH_OP], "Operations": list(ops)}))


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        # Entra
        pytest.param(
            op("Add", "members", value=[{"$ref": None, "value": "f648"}]),
            [AddMembers(("f648",))],
            id="Entra adds a member",
        ),
        pytest.param(
            op("Remove", "members", value=[{"value": "u1"}, {"value": "u2"}]),
            [RemoveMembers(("u1", "u2"))],
            id="Entra's older way to remove",
        ),
        pytest.param(
            op("Remove", 'members[value eq "u1"]'), [RemoveMembers(("u1",))], id="Entra's newer way"
        ),
        pytest.param(op("Replace", "displayName", value="New"), [SetName("New")], id="a new name"),
        pytest.param(
            op("Replace", "externalId", value="e"), [SetExternalId("e")], id="external id"
        ),
        pytest.param(op("Remove", "externalId"), [SetExternalId(None)], id="no external id"),
        # Okta
        pytest.param(
            op("replace", value={"id": "g1", "displayName": "Eng"}),
            [SetName("Eng")],
            id="Okta's rename does not touch the members",
        ),
        pytest.param(
            op("replace", value={"members": [], "id": "g1", "displayName": "Eng"}),
            [ReplaceMembers(()), SetName("Eng")],
            id="Okta empties a group",
        ),
        pytest.param(op("replace", "members", value=[]), [ReplaceMembers(())], id="and by path"),
        pytest.param(
            op("replace", "members", value=[{"value": "u1", "display": "x"}]),
            [ReplaceMembers(("u1",))],
            id="Okta's members carry a display name",
        ),
        pytest.param(
            op("replace", value={"displayName": "Eng", "members": None}),
            [SetName("Eng")],
            id="a null among attributes says nothing",
        ),
        # The standard
        pytest.param(
            op("add", value={"members": [{"value": "u1"}]}),
            [AddMembers(("u1",))],
            id="add without a path",
        ),
        pytest.param(
            op("add", "members", value={"value": "u1"}), [AddMembers(("u1",))], id="one object"
        ),
        pytest.param(
            op("add", "members", value=["u1", "u2", "u1"]),
            [AddMembers(("u1", "u2"))],
            id="bare ids, once each",
        ),
        pytest.param(
            op("add", f"{GROUP}:members", value=["u1"]), [AddMembers(("u1",))], id="a full path"
        ),
        pytest.param(op("add", "members", value=[]), [], id="add nobody"),
        pytest.param(op("remove", "members", value=[]), [], id="remove nobody"),
        pytest.param(op("remove", "members"), [ReplaceMembers(())], id="remove everybody"),
        pytest.param(
            op("remove", 'Members[VALUE eq "a" or value EQ "b"]'),
            [RemoveMembers(("a", "b"))],
            id="remove two by a filter",
        ),
        pytest.param(
            op("add", value={"shoeSize": 1, "meta": {}, "schemas": [GROUP]}),
            [],
            id="what we do not have, or know ourselves",
        ),
        pytest.param(
            op("add", f"{CUSTOM}:a", value=1),
            [Extend(Op(Kind.ADD, f"{CUSTOM}:a", 1), f"{CUSTOM}:a")],
            id="an extension",
        ),
        pytest.param(
            op("remove", CUSTOM), [Extend(Op(Kind.REMOVE, CUSTOM), CUSTOM)], id="all of one"
        ),
        pytest.param(
            op("add", value={CUSTOM: {"a": 1}}),
            [Extend(Op(Kind.ADD, None, {"a": 1}), CUSTOM, is_named=True)],
            id="one by its name",
        ),
    ],
)
def test_a_group_is_asked_to(operation: dict[str, Any], expected: list[GroupChange]) -> None:
    assert changes(operation) == expected


def test_okta_removes_and_adds_in_one_request() -> None:
    found = changes(
        op("remove", 'members[value eq "u1"]'),
        op("add", "members", value=[{"value": "u2"}]),
        op("replace", value={"id": "g1", "displayName": "Eng"}),
    )
    assert found == [RemoveMembers(("u1",)), AddMembers(("u2",)), SetName("Eng")]


@pytest.mark.parametrize(
    ("operation", "refusal"),
    [
        pytest.param(op("remove", 'members[type eq "User"]'), errors.InvalidFilter, id="by type"),
        pytest.param(op("remove", 'members[value ne "u1"]'), errors.InvalidFilter, id="all others"),
        pytest.param(op("remove", "members[value pr]"), errors.InvalidFilter, id="all there are"),
        pytest.param(op("remove", 'members[not (value eq "a")]'), errors.InvalidFilter, id="not"),
        pytest.param(
            op("remove", 'members[value eq "a" and value eq "b"]'),
            errors.InvalidFilter,
            id="two at once",
        ),
        pytest.param(op("remove", 'members[value eq ""]'), errors.InvalidFilter, id="no id"),
        pytest.param(op("remove", "members[value eq 1]"), errors.InvalidFilter, id="a number"),
        pytest.param(op("remove", "members["), errors.InvalidPath, id="an open bracket"),
        pytest.param(op("remove", 'members[value eq "u1"].value'), errors.InvalidPath, id="a part"),
        pytest.param(op("remove", "members.value"), errors.InvalidPath, id="a part of all"),
        pytest.param(
            op("replace", 'members[value eq "u1"]', value={"value": "u2"}),
            errors.InvalidPath,
            id="replace one by another",
        ),
        pytest.param(op("remove", "member"), errors.InvalidPath, id="a slip of the pen"),
        pytest.param(op("remove", "emails"), errors.InvalidPath, id="what groups do not have"),
        pytest.param(op("remove"), errors.NoTarget, id="no path"),
        pytest.param(op("remove", "members", value=None), errors.InvalidValue, id="null: who?"),
        pytest.param(op("replace", "members", value=None), errors.InvalidValue, id="null: nobody?"),
        pytest.param(op("replace", "members"), errors.InvalidValue, id="no value"),
        pytest.param(
            op("add", "members", value=[{"display": "x"}]), errors.InvalidValue, id="no id"
        ),
        pytest.param(op("remove", "displayName"), errors.Mutability, id="the name"),
        pytest.param(
            op("replace", "displayName", value=None), errors.Mutability, id="name by null"
        ),
        pytest.param(
            op("replace", "displayName", value=" "), errors.InvalidValue, id="a blank name"
        ),
        pytest.param(op("replace", "id", value="x"), errors.Mutability, id="the id"),
        pytest.param(op("replace", "meta", value={}), errors.Mutability, id="the meta"),
    ],
)
def test_a_change_of_a_group_is_refused_and_nobody_is_removed(
    operation: dict[str, Any], refusal: type[errors.ScimError]
) -> None:
    with pytest.raises(refusal, match=r"^.+\.$"):
        changes(operation)


PATHS = [
    "userName",
    "name",
    "name.givenName",
    "emails",
    'emails[type eq "work"]',
    'emails[type eq "work"].value',
    "emails[primary eq true].primary",
    "emails[",
    "manager",
    f"{ENTERPRISE}:manager",
    f"{ENTERPRISE}:manager.value",
    ENTERPRISE,
    CUSTOM,
    f"{CUSTOM}:a",
    f"{CUSTOM}:a.b",
    "urn:x:1.0",
    USER,
    "members",
    'members[value eq "a"]',
    "id",
    "meta",
    "groups",
    "schemas",
    "displayName",
    "externalId",
    "password",
    "x509Certificates",
    'addresses[type eq "work" and primary eq "True"].locality',
    "schemas[value pr]",
]
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.text(max_size=3)
    | st.sampled_from(["True", "\x00"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*PATHS, "value", "type", "primary", "display"]) | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
any_op = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "Replace", "remove"]) | json_values},
    optional={"path": st.sampled_from(PATHS) | st.text() | json_values, "value": json_values},
)
full_user = {
    "schemas": [USER, ENTERPRISE, CUSTOM],
    "id": "u1",
    "userName": "ada",
    "emails": [WORK, HOME],
    "name": {"givenName": "A"},
    ENTERPRISE: {"manager": MANAGER},
    CUSTOM: {"a": "x", "b": [1]},
}


@settings(deadline=None, max_examples=300)
@given(
    st.fixed_dictionaries({"Operations": st.lists(any_op, min_size=1, max_size=4)}) | json_values
)
def test_any_body_is_carried_out_or_refused(body: Any) -> None:
    before = deepcopy(full_user)
    for carry_out in (lambda ops: apply_to_user(full_user, ops), group_changes):
        try:
            carry_out(operations(body))
        except errors.ScimError as refusal:
            assert str(refusal)
    assert full_user == before


one_email = st.dictionaries(st.sampled_from(["value", "display"]), st.text(max_size=2))
single = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "replace", "remove"]), "path": st.sampled_from(PATHS)},
    optional={"value": json_values | one_email},
)


@settings(deadline=None, max_examples=300)
@given(single)
def test_what_was_carried_out_can_be_repeated(operation: dict[str, Any]) -> None:
    """A provider that missed our answer sends the same again.

    Unless the value contradicts the filter in its own path, which then selects another.
    """
    value = operation.get("value")
    keys = {str(key).lower() for key in value} if isinstance(value, dict) else set()
    keys.add(operation["path"].rpartition("].")[2].lower())
    assume("[" not in operation["path"] or not keys & {"type", "primary"})
    ops = operations({"Operations": [operation]})
    try:
        once = apply_to_user(full_user, ops)
    except errors.ScimError:
        return
    assert apply_to_user(once, ops) == once
    assert sum(bool(each.get("primary")) for each in once.get("emails", [])) <= 1
    assert once["userName"]


@given(st.lists(any_op, min_size=1, max_size=4))
def test_only_a_list_of_everybody_or_a_bare_remove_empties_a_group(ops: list[Any]) -> None:
    try:
        found = changes(*ops)
    except errors.ScimError:
        return
    if ReplaceMembers(()) in found:
        assert any(
            (str(each["op"]).lower() == "remove" and "value" not in each)
            or each.get("value") == []
            or (isinstance(each.get("value"), dict) and [] in each["value"].values())
            for each in ops
        )

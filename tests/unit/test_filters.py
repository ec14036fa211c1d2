"""The filter's text and its meaning are the same thing, whichever parser reads it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scim2_models import path as oracle

from api.scim.errors import InvalidFilter, InvalidPath, ScimError
from api.scim.filters import PatchPath, parse, parse_path
from models.filters import (
    And,
    Comparison,
    Filter,
    Not,
    Operator,
    Or,
    Path,
    Present,
    Value,
    ValuePath,
)

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
KEYWORDS = {op.value for op in Operator} | {"pr", "and", "or", "not", "true", "false", "null"}


def eq(name: str, value: Value, *, sub: str | None = None, uri: str | None = None) -> Comparison:
    return Comparison(Path(uri, name, sub), Operator.EQ, value)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        pytest.param('userName eq "x"', eq("userName", "x"), id="a string"),
        pytest.param("n eq 10", eq("n", 10), id="a number of two digits"),
        pytest.param("n eq -1", eq("n", -1), id="a negative number"),
        pytest.param("n eq 1.5e2", eq("n", 150.0), id="a decimal with an exponent"),
        pytest.param("active eq True", eq("active", True), id="a literal in any case"),
        pytest.param("title eq null", eq("title", None), id="null"),
        pytest.param('active eq "true"', eq("active", "true"), id="a quoted true stays a string"),
        pytest.param(r'a eq "q\"\\é"', eq("a", 'q"\\é'), id="escapes"),
        pytest.param('a eq ""', eq("a", ""), id="an empty string"),
        pytest.param("trueName pr", Present(Path(None, "trueName")), id="a name like true"),
        pytest.param("nullable pr", Present(Path(None, "nullable")), id="a name like null"),
        pytest.param("false-ish pr", Present(Path(None, "false-ish")), id="a name like false"),
        pytest.param("android pr", Present(Path(None, "android")), id="a name like and"),
        pytest.param("$ref pr", Present(Path(None, "$ref")), id="a name with a dollar"),
        pytest.param('A EQ "x" ', eq("A", "x"), id="an operator in capitals"),
        pytest.param(
            f'{ENTERPRISE}:manager.value eq "1"',
            eq("manager", "1", sub="value", uri=ENTERPRISE),
            id="a qualified sub-attribute",
        ),
        pytest.param(
            "a pr or b pr and c pr",
            Or(Present(Path(None, "a")), And(Present(Path(None, "b")), Present(Path(None, "c")))),
            id="and binds tighter than or",
        ),
        pytest.param(
            "a pr and b pr or c pr",
            Or(And(Present(Path(None, "a")), Present(Path(None, "b"))), Present(Path(None, "c"))),
            id="and binds tighter than or, on the left",
        ),
        pytest.param(
            "not (a pr) and b pr",
            And(Not(Present(Path(None, "a"))), Present(Path(None, "b"))),
            id="not binds tightest",
        ),
        pytest.param(
            'emails[type eq "work" and value co "@x"]',
            ValuePath(
                Path(None, "emails"),
                And(eq("type", "work"), Comparison(Path(None, "value"), Operator.CO, "@x")),
            ),
            id="a selection",
        ),
        pytest.param(
            'emails[type eq "work"].value eq "x"',
            ValuePath(Path(None, "emails"), And(eq("type", "work"), eq("value", "x"))),
            id="Entra's comparison after a selection",
        ),
    ],
)
def test_a_filter_means(text: str, meaning: Filter) -> None:
    found = parse(text)
    assert found == meaning
    assert _types(found) == _types(meaning), "a value lost its type"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("  ", id="blanks"),
        pytest.param("userName", id="a name alone"),
        pytest.param('userName eq "x', id="an open string"),
        pytest.param("userName eq x", id="a bare word"),
        pytest.param("userName eq 'x'", id="single quotes"),
        pytest.param("n eq 01", id="a leading zero"),
        pytest.param("n eq 1e999", id="a number beyond all bounds"),
        pytest.param("n eq 9223372036854775808", id="a number no database holds"),
        pytest.param(r'a eq "\u0000"', id="a NUL"),
        pytest.param(r'a eq "\ud800"', id="half a surrogate pair"),
        pytest.param('a eq "\n"', id="a raw control character"),
        pytest.param(r'a eq "\x"', id="an escape JSON does not know"),
        pytest.param('a regex "x"', id="an unknown operator"),
        pytest.param("not a pr", id="not without parentheses"),
        pytest.param("(a pr", id="an open parenthesis"),
        pytest.param("a pr)", id="a closing parenthesis too many"),
        pytest.param("a pr b pr", id="no word between two tests"),
        pytest.param("a.b.c pr", id="a sub-attribute of a sub-attribute"),
        pytest.param("emails .value pr", id="a blank within a name"),
        pytest.param('emails.value[type eq "x"]', id="a selection from a sub-attribute"),
        pytest.param('emails.value[type eq "x"] eq "y"', id="the same, compared"),
        pytest.param('emails[type eq "x"] eq "y"', id="a selection compared as a whole"),
        pytest.param("a[b[c pr]]", id="a selection within a selection"),
        pytest.param("a[b pr][c pr]", id="a selection from a selection"),
        pytest.param("a[b pr].c[d pr]", id="a selection from a part of a selection"),
        pytest.param("a" * 4097, id="too long"),
        pytest.param("(" * 21 + "a pr" + ")" * 21, id="too deep"),
        pytest.param(" and ".join(["a pr"] * 101), id="too many comparisons"),
        pytest.param("(" * 4000, id="deep enough to break a recursive parser"),
    ],
)
def test_a_filter_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(InvalidFilter, match=r"^The filter .*\.$"):
        parse(text)


def test_the_limits_themselves_are_allowed() -> None:
    parse("(" * 20 + "a pr" + ")" * 20)
    parse(" and ".join(["a pr"] * 100))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        pytest.param("active", PatchPath(None, "active"), id="an attribute"),
        pytest.param("name.givenName", PatchPath(None, "name", sub="givenName"), id="a part"),
        pytest.param(
            f"{ENTERPRISE}:manager", PatchPath(ENTERPRISE, "manager"), id="a qualified attribute"
        ),
        pytest.param(
            f"{ENTERPRISE}:manager.value",
            PatchPath(ENTERPRISE, "manager", sub="value"),
            id="a part of a qualified attribute",
        ),
        pytest.param(
            'members[value eq "a]b"]',
            PatchPath(None, "members", eq("value", "a]b")),
            id="a bracket within the string",
        ),
        pytest.param(
            'emails[type eq "work"].value',
            PatchPath(None, "emails", eq("type", "work"), "value"),
            id="a part of a selection",
        ),
    ],
)
def test_a_path_means(text: str, meaning: PatchPath) -> None:
    assert parse_path(text) == meaning


@pytest.mark.parametrize(
    "text", ["", " ", "a b", "a.b.c", "a.b[c pr]", "a[b pr", "a]", "a[b pr]c", "a\n", "1a", "a:"]
)
def test_a_path_that_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(InvalidPath):
        parse_path(text)


@pytest.mark.parametrize("text", ["a[]", "a[b]", "a[b eq]", "a[b[c pr]]"])
def test_a_path_with_a_wrong_filter_is_refused(text: str) -> None:
    with pytest.raises(InvalidFilter):
        parse_path(text)


names = st.from_regex(r"\$?[A-Za-z][A-Za-z0-9_-]{0,8}", fullmatch=True).filter(
    lambda name: name.lower() not in KEYWORDS
)
values: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(1 - 2**63, 2**63 - 1),
    st.floats(-1e18, 1e18, allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
)
paths = st.builds(Path, st.sampled_from([None, ENTERPRISE, "urn:x:y"]), names, st.none() | names)
bare = st.builds(Path, st.none(), names, st.none())


def checks(path: st.SearchStrategy[Path]) -> st.SearchStrategy[Filter]:
    return st.builds(Comparison, path, st.sampled_from(Operator), values) | st.builds(Present, path)


def trees(leaf: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    return st.recursive(
        leaf,
        lambda inner: (
            st.builds(And, inner, inner) | st.builds(Or, inner, inner) | st.builds(Not, inner)
        ),
        max_leaves=12,
    )


whole = st.builds(Path, st.sampled_from([None, ENTERPRISE]), names, st.none())
filters = trees(checks(paths) | st.builds(ValuePath, whole, trees(checks(bare)))).filter(
    lambda each: render(each).count("(") < 20
)


def render(filter: Filter) -> str:
    """The text of a filter, with all the parentheses there can be."""
    match filter:
        case And(left, right):
            return f"({render(left)}) and ({render(right)})"
        case Or(left, right):
            return f"({render(left)}) or ({render(right)})"
        case Not(inner):
            return f"not ({render(inner)})"
        case ValuePath(path, inner):
            return f"{path}[{render(inner)}]"
        case Present(path):
            return f"{path} pr"
        case Comparison(path, op, value):
            return f"{path} {op} {json.dumps(value)}"


def _types(filter: Filter) -> list[type]:
    match filter:
        case And(left, right) | Or(left, right):
            return _types(left) + _types(right)
        case Not(inner) | ValuePath(_, inner):
            return _types(inner)
        case Comparison(value=value):
            return [type(value)]
        case _:
            return []


@settings(deadline=None)
@given(filters)
def test_a_filter_reads_back_as_it_was_written(filter: Filter) -> None:
    found = parse(render(filter))
    assert found == filter
    assert _types(found) == _types(filter)


def translated(node: Any) -> Filter:
    """scim2-models' tree in our words; its chains of and and or become pairs from the left."""
    match node:
        case oracle.LogicalExpr(op, terms):
            join = And if op == oracle.LogicalOperator.and_ else Or
            first, *rest = [translated(term) for term in terms]
            for term in rest:
                first = join(first, term)
            return first
        case oracle.Not(expr):
            return Not(translated(expr))
        case oracle.Present(path):
            return Present(Path(path.uri, path.attr, path.sub_attr))
        case oracle.Comparison(path, op, value):
            return Comparison(Path(path.uri, path.attr, path.sub_attr), Operator(op.value), value)
        case oracle.ValuePath(path, inner):
            return ValuePath(Path(path.uri, path.attr, path.sub_attr), translated(inner))
    raise AssertionError(node)


def straight(filter: Filter) -> Filter:
    """The same filter with its chains of the same word leaning to the left."""
    match filter:
        case And() | Or():
            first, *rest = [straight(each) for each in _chain(filter, type(filter))]
            for each in rest:
                first = type(filter)(first, each)
            return first
        case Not(inner):
            return Not(straight(inner))
        case ValuePath(path, inner):
            return ValuePath(path, straight(inner))
        case _:
            return filter


def _chain(filter: Filter, word: type) -> list[Filter]:
    if isinstance(filter, And | Or) and isinstance(filter, word):
        return _chain(filter.left, word) + _chain(filter.right, word)
    return [filter]


CORPUS = [
    'userName eq "bjensen"',
    'name.familyName co "O\'Malley"',
    'userName sw "J"',
    'urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"',
    "title pr",
    'meta.lastModified gt "2011-05-13T04:42:34Z"',
    'title pr and userType eq "Employee"',
    'title pr or userType eq "Intern"',
    'schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"',
    'userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")',
    'userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")',
    'userType eq "Employee" and emails[type eq "work" and value co "@example.com"]',
    'emails[type eq "work" and value co "@x"] or ims[type eq "xmpp" and value co "@f"]',
    'emails[type eq "work"].value eq "ada@acme.example"',
    'id eq "x" and manager eq "y"',
    'displayName eq "Engineering \\"core\\""',
    "a pr or b pr and c pr or not (d pr)",
    "a pr and (b pr or c pr) and d pr",
    "not (a pr and b pr) or c eq -1.5e3",
]


@pytest.mark.parametrize("text", CORPUS)
def test_two_parsers_agree_on_the_filters_of_the_rfc_and_the_vendors(text: str) -> None:
    assert straight(parse(text)) == straight(translated(oracle.ScimFilter(text).ast))


@settings(deadline=None, max_examples=50)
@given(filters)
def test_two_parsers_agree_on_any_filter(filter: Filter) -> None:
    text = render(filter)
    assert straight(parse(text)) == straight(translated(oracle.ScimFilter(text).ast))


@settings(deadline=None)
@given(st.text() | st.from_regex(r"[a-e \[\]()\".:]{0,40}(eq|pr|and|not)[a-e \[\]()\"0-9.:]{0,40}"))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (parse, parse_path):
        try:
            read(text)
        except ScimError as refusal:
            assert str(refusal)


@pytest.mark.parametrize(
    "text",
    [
        'userName eq "Ada@acme.example"',
        'USERNAME EQ "a (b) and [c]"',
        'externalId  eq "ü  "',
        'displayName eq ""',
        'id eq "\u007f\u2028"',
    ],
)
def test_what_is_asked_most_means_what_the_grammar_says(text: str) -> None:
    assert parse(text) == parse(f"({text})")

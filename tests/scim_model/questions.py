"""Filters that an identity provider might ask by."""

from typing import Any

from hypothesis import strategies as st

from tests.scim_model.filtering import Both, Either, Filter, Not, Select, Test
from tests.scim_model.schema import CORE_USER, ENTERPRISE
from tests.scim_model.speech import EXTERNALS, NAMES, TEAMS, mails, picks, spelled, types, words

TEXT_OPS = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]
text_ops = st.sampled_from(TEXT_OPS)


def test_of(name: str, values: st.SearchStrategy[Any], **where: Any) -> st.SearchStrategy[Filter]:
    """Any comparison, with what is there or something like it."""
    spelt = spelled(name)
    return st.one_of(
        st.builds(lambda n, op, v: Test(n, op, v, **where), spelt, text_ops, values),
        st.builds(
            lambda n, op: Test(n, op, None, **where), spelt, st.sampled_from(["pr", "eq", "ne"])
        ),
    )


def flag_of(name: str, **where: Any) -> st.SearchStrategy[Filter]:
    ops = st.sampled_from(["eq", "ne"])
    return st.builds(lambda n, op, v: Test(n, op, v, **where), spelled(name), ops, st.booleans())


def combined(leaves: st.SearchStrategy[Filter], size: int = 4) -> st.SearchStrategy[Filter]:
    def joined(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
        return st.one_of(
            st.builds(Both, inner, inner), st.builds(Either, inner, inner), st.builds(Not, inner)
        )

    return st.recursive(leaves, joined, max_leaves=size)


def address_of(name: str) -> st.SearchStrategy[Filter]:
    """A whole address, or a part of one: scim2-models compares with nothing else."""
    inside = st.sampled_from(["co", "sw", "ew"])
    part = st.builds(Test, spelled(name), inside, fragments)
    return st.one_of(part, test_of(name, mails))


teams = st.sampled_from(TEAMS)
fragments = st.one_of(words, mails, st.sampled_from(["a", "A", "EXAMPLE", "z", ""]))
of_one_value = combined(
    st.one_of(address_of("value"), test_of("type", types), flag_of("primary")), 3
)
wrong_tests = st.sampled_from(
    [
        Test("shoeSize", "eq", "1"),
        Test("active", "gt", True),
        Test("title", "eq", 5),
        Test("name", "eq", "x"),
    ]
)
user_tests: st.SearchStrategy[Filter] = st.one_of(
    st.builds(Test, spelled("userName"), text_ops, st.one_of(st.sampled_from(NAMES), fragments)),
    test_of("title", fragments),
    test_of("externalId", st.sampled_from([*EXTERNALS, "x"])),
    test_of("name", fragments, part="givenName"),
    address_of("emails"),
    test_of("emails", types, part="type"),
    test_of("department", words, uri=ENTERPRISE),
    test_of("title", words, uri=CORE_USER),
    flag_of("active"),
    st.builds(Select, spelled("emails"), of_one_value),
    st.builds(Select, spelled("phoneNumbers"), of_one_value),
    st.builds(lambda n: Test(n, "pr"), st.sampled_from(["emails", "name", "groups", "addresses"])),
)
sound_user_filters = combined(user_tests)
ways = st.sampled_from(["direct", "indirect"]).map(lambda way: Test("type", "eq", way))
of_one_group = combined(
    st.one_of(ways, st.builds(lambda op, v: Test("display", op, v), text_ops, teams)), 3
)
nested_user_tests = st.one_of(
    st.builds(Select, spelled("groups"), of_one_group),
    st.builds(lambda op, v: Test("groups", op, v, "display"), text_ops, teams),
    st.just(Test("groups", "eq", "indirect", "type")),
)
user_filters = combined(
    st.one_of(user_tests, user_tests, user_tests, nested_user_tests, wrong_tests)
)
group_tests: st.SearchStrategy[Filter] = st.one_of(
    test_of("displayName", st.one_of(st.sampled_from(TEAMS), fragments)),
    test_of("externalId", st.sampled_from([*EXTERNALS, "x"])),
    st.sampled_from([Test("members", "pr"), Select("members", Test("type", "eq", "group"))]),
    st.builds(lambda op, pick: Test("members", op, pick), st.sampled_from(["eq", "ne"]), picks),
)
group_filters = combined(group_tests)

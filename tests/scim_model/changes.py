"""Operations that an identity provider might ask for in a PATCH."""

from typing import Any

from hypothesis import strategies as st

from tests.scim_model.filtering import Both, Test
from tests.scim_model.operations import NOTHING, Garbled, Op, Where
from tests.scim_model.questions import of_one_value
from tests.scim_model.schema import CORE_USER, ENTERPRISE
from tests.scim_model.speech import (
    EXTERNALS,
    NAMES,
    TEAMS,
    flags,
    mails,
    managers,
    names,
    picks,
    plural,
    some,
    spelled,
    types,
    words,
)

verbs = st.sampled_from(["add", "replace", "remove", "Add", "REPLACE", "Remove"])
Typed = tuple[Where, Any]


def _typed(path: Any, value: st.SearchStrategy[Any]) -> st.SearchStrategy[Typed]:
    return st.tuples(path, value)


def _plain(name: str, value: st.SearchStrategy[Any], **where: Any) -> st.SearchStrategy[Typed]:
    return _typed(spelled(name).map(lambda found: Where(found, **where)), value)


singles = st.one_of(
    *(_plain(name, st.one_of(words, st.none())) for name in ("displayName", "nickName", "title")),
    _plain("title", words, uri=CORE_USER),
    _plain("userName", st.sampled_from([*NAMES, None, ""])),
    _plain("externalId", st.sampled_from([*EXTERNALS, None])),
    _plain("active", st.one_of(flags, flags, st.sampled_from(["nope", None]))),
    _plain("name", st.one_of(names, st.sampled_from([None, "Ada"]))),
    _plain("name", st.one_of(words, st.none()), part="givenName"),
    _plain("name", words, part="familyName"),
    _plain("department", words, uri=ENTERPRISE),
    _plain("department", words),
    _plain("manager", managers, uri=ENTERPRISE),
    _plain("manager", st.sampled_from(["271", "", None]), part="value"),
)
wholes = st.one_of(
    _plain("emails", plural(mails)),
    _plain("emails", plural(mails).filter(bool).map(lambda found: found[0])),
    _plain("phoneNumbers", plural(st.sampled_from(["+1", "+2"]))),
    _plain("photos", plural(st.sampled_from(["https://a.example/P", "https://a.example/p"]))),
    _plain("emails", st.sampled_from([None, []])),
)
selections = st.one_of(
    types.map(lambda kind: Test("type", "eq", kind)),
    st.builds(
        lambda one, two: Both(Test("type", "eq", one), Test("value", "eq", two)), types, mails
    ),
    st.just(Test("primary", "eq", True)),
    of_one_value,
    st.just(Test("foo", "eq", "1")),
)
parts = st.sampled_from(["value", "type", "primary", "display", None, None])
SELECTED: dict[str | None, st.SearchStrategy[Any]] = {
    "value": st.one_of(mails, st.none()),
    "type": types,
    "primary": st.booleans(),
    "display": words,
    None: st.builds(
        lambda value, rest: {"value": value, **rest}, mails, some(type=types, primary=st.booleans())
    ),
}
chosen = st.builds(
    lambda name, select, part: Where(name, part, select), spelled("emails"), selections, parts
).flatmap(lambda where: st.tuples(st.just(where), SELECTED[where.part]))
garbled = st.sampled_from(
    [
        Garbled("shoeSize"),
        Garbled("emails["),
        Garbled("emails[type eq]", "invalidFilter"),
        Garbled("emails.value"),
        Garbled("name[givenName pr]"),
        Garbled('emails[type eq "work"].shoeSize'),
        Garbled("a b"),
        Garbled(""),
    ]
)
forbidden = st.sampled_from([Where("id"), Where("groups"), Where("meta")])


def _op(verb: str, typed: Typed, is_bare: bool) -> Op:
    """A remove mostly has no value."""
    where, value = typed
    if verb.lower() != "remove":
        return Op(verb, where, value)
    is_list = where.select is None and isinstance(value, list) and not is_bare
    return Op(verb, where, value if is_list else NOTHING)


user_ops = st.one_of(
    st.builds(_op, verbs, singles, st.booleans()),
    st.builds(_op, verbs, wholes, st.booleans()),
    st.builds(_op, verbs, chosen, st.booleans()),
    st.builds(
        lambda verb, pairs: Op(
            verb, None, NOTHING, tuple({str(one[0]).lower(): one for one in pairs}.values())
        ),
        st.sampled_from(["add", "replace"]),
        st.lists(st.one_of(singles, wholes), min_size=1, max_size=3),
    ),
)
wrong_ops = st.one_of(
    st.builds(lambda path: Op("replace", path, "x"), st.one_of(garbled, forbidden)),
    st.sampled_from(
        [
            Op("remove"),
            Op("add", Where("title")),
            Op("add", None, "x"),
            Op("remove", Where("userName")),
        ]
    ),
)
user_patches = st.lists(
    st.one_of(user_ops, user_ops, user_ops, user_ops, user_ops, wrong_ops), min_size=1, max_size=3
)

picked = st.lists(st.one_of(picks, picks, st.sampled_from([*EXTERNALS, "nobody"])), max_size=3)
group_changes = st.one_of(
    st.builds(_op, verbs, _plain("displayName", st.sampled_from([*TEAMS, None])), st.booleans()),
    st.builds(_op, verbs, _plain("externalId", st.sampled_from(EXTERNALS)), st.booleans()),
    st.sampled_from(
        [
            Op("remove", Where("members")),
            Op("remove", Where("members", None, Test("display", "eq", "x"))),
            Op("replace", Where("members"), None),
            Op("add", Where("members", None, Test("value", "eq", "x")), "y"),
            Op("add", Garbled("member"), []),
            Op("replace", Where("id"), "x"),
            Op("remove"),
            Op("add", Where("members"), [{"display": "x"}]),
        ]
    ),
)
group_sayings = st.one_of(
    st.tuples(verbs, st.just("members"), picked),
    st.tuples(verbs, st.just("members"), picked),
    st.tuples(st.just("remove"), st.just("select"), picked.filter(bool)),
    st.tuples(st.sampled_from(["add", "replace"]), st.just("pairs"), picked),
    st.tuples(st.just(""), st.just("op"), group_changes),
)
"""Operations on a group, in which members are still numbers."""

"""What an identity provider might say of users and groups, and what it wants to see."""

from typing import Any

from hypothesis import strategies as st

from tests.scim_model.reading import Json
from tests.scim_model.schema import CORE_GROUP, CORE_USER, ENTERPRISE

NAMES = ["ada", "ADA", "bob", "Zoë", "ZOE\u0308", "eve d'Été"]
EXTERNALS = ["x1", "x2", "X2", "x3"]
WORDS = ["Ada", "ada", "Ops", "O'Neil", 'a "b" \\c', "É%_", "Ω"]
MAILS = ["ada@a.example", "ADA@A.EXAMPLE", "bob@b.example"]
TYPES = ["work", "home", "Work"]
TEAMS = ["Ops", "ops", "Dev", "Été"]

words, mails, types = (st.sampled_from(one) for one in (WORDS, MAILS, TYPES))
flags = st.sampled_from([True, False, "True", "false"])
GONE, GROUP = 6, 4
picks = st.integers(0, GONE)
"""Which of those there are, counted around; the last is one that is gone, and of members the
two before are groups.
"""


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    """An object with any of the fields."""
    return st.fixed_dictionaries({}, optional=fields)


def distinct(values: list[Json]) -> list[Json]:
    """RFC 7643 §2.4: no two of one type and value, and one primary at most."""
    found: dict[tuple[str, str], Json] = {}
    for one in values:
        is_second = one.get("primary") and any(each.get("primary") for each in found.values())
        kept = {name: given for name, given in one.items() if not (is_second and name == "primary")}
        found[one.get("type", "").casefold(), one["value"].casefold()] = kept
    chosen = list(found.values())
    while sum(bool(one.get("primary")) for one in chosen) > 1:
        next(one for one in chosen if one.get("primary")).pop("primary")
    return chosen


def plural(values: st.SearchStrategy[str]) -> st.SearchStrategy[list[Json]]:
    one = st.builds(
        lambda value, rest: {"value": value, **rest},
        values,
        some(type=types, primary=st.booleans(), display=words),
    )
    return st.lists(one, max_size=3).map(distinct)


def spelled(name: str) -> st.SearchStrategy[str]:
    """RFC 7643 §2.1: in any case."""
    return st.sampled_from([name, name, name, name.upper(), name.lower()])


names = some(givenName=words, familyName=words, formatted=words)
managers = st.sampled_from([{"value": "271"}, {"value": "272"}, "271", "", None, {}])
enterprise = some(department=words, employeeNumber=st.sampled_from(["1", "2"]), manager=managers)
addresses = st.lists(some(locality=words, type=types), max_size=2).map(
    lambda found: [one for one in found if "locality" in one]
)
USER_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "externalId": st.sampled_from(EXTERNALS),
    "displayName": words,
    "nickName": words,
    "title": words,
    "active": flags,
    "name": names,
    "emails": plural(mails),
    "phoneNumbers": plural(st.sampled_from(["+1", "+2"])),
    "photos": plural(st.sampled_from(["https://a.example/P", "https://a.example/p"])),
    "addresses": addresses,
}
ODD: dict[str, st.SearchStrategy[Any]] = {
    "shoeSize": st.just(43),
    "password": st.just("secret"),
    "id": st.just("mine"),
    "groups": st.just([{"value": "1"}]),
    "meta": st.just({"version": "1"}),
}
"""What is not known, forgotten, or not theirs to say."""

WRONG = st.sampled_from(
    [
        {"userName": ""},
        {"userName": 5},
        {"userName": None},
        {"active": "nope"},
        {"active": 1},
        {"name": "Ada"},
        {"emails": [5]},
        {"displayName": ["x"]},
        {"schemas": ["urn:wrong"]},
        {"emails": [{"value": "a", "primary": True}, {"value": "b", "primary": True}]},
    ]
)


def _body(user_name: str, rest: Json, odd: Json, extension: Json, spelling: bool) -> Json:
    body = {"userName": user_name, **rest, **odd}
    if extension:
        body[ENTERPRISE] = extension
    if spelling:
        body = {name if ":" in name else name.upper(): given for name, given in body.items()}
    return {"schemas": [CORE_USER], **body}


users = st.builds(
    _body,
    st.sampled_from(NAMES),
    some(**USER_VALUES),
    some(**ODD),
    st.one_of(st.just({}), enterprise),
    st.sampled_from([False, False, False, True]),
)
wrong_users = st.builds(
    lambda body, wrong: {**body, **wrong}, users.filter(lambda one: "userName" in one), WRONG
)

Members = list[int | str] | None
members = st.lists(st.one_of(picks, picks, st.sampled_from([*EXTERNALS, "nobody"])), max_size=4)
"""Users by number, or somebody by a name."""
groups = st.builds(
    lambda name, rest: {"schemas": [CORE_GROUP], "displayName": name, **rest},
    st.sampled_from(TEAMS),
    some(externalId=st.sampled_from(EXTERNALS)),
)

# -- what is to be shown ------------------------------------------------------------------------

SHOWN = [
    "userName",
    "USERNAME",
    "emails",
    "emails.value",
    "name.givenName",
    "groups",
    "groups.display",
    "members",
    "members.value",
    "displayName",
    "id",
    "meta",
    "schemas",
    ENTERPRISE,
    f"{ENTERPRISE}:department",
    f"{CORE_USER}:title",
    "manager.value",
    "shoeSize",
]
Projection = tuple[str, list[str]]
projections: st.SearchStrategy[Projection] = st.tuples(
    st.sampled_from(["", "", "attributes", "excludedAttributes"]),
    st.lists(st.sampled_from(SHOWN), min_size=1, max_size=3),
)
conditions = st.sampled_from(["", "", "", "", "current", "stale", "*"])

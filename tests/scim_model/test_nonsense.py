"""Whatever is sent: an answer that a client understands, and a refusal changes nothing.

A fault of ours is raised by the door, and would fail these tests by itself.
"""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_from_bytes

from hypothesis import strategies as st

from tests.api.scim_app import ERROR, PATCH_OP
from tests.scim_model import changes, questions, speech
from tests.scim_model.door import Answer, Door, opened
from tests.scim_model.filtering import text
from tests.scim_model.schema import CORE_GROUP, CORE_USER, ENTERPRISE
from tests.store.laws import narrow_law

PIECES = [
    *("userName", "emails", "members", "groups", "name", "meta", "active", "value", "type", "$ref"),
    *("eq", "ne", "co", "sw", "ew", "gt", "le", "pr", "and", "or", "not", "EQ", "Not", "true"),
    *("(", ")", "[", "]", ".", ":", ",", '"', '\\"', "\\", "'", " ", "  ", "\t", "null", "-"),
    *(
        '"work"',
        '"x"',
        '""',
        '"\\u0000"',
        '"\\ud800"',
        "1",
        "-1.5e9",
        "1e999",
        "9" * 30,
        "é",
        "\x00",
    ),
    *(
        CORE_USER,
        ENTERPRISE,
        f"{ENTERPRISE}:manager.value",
        "urn:x:y",
        "%",
        "--",
        ";",
        "😀",
        "\u202e",
    ),
]
pieces = st.sampled_from(PIECES)
separated = st.lists(pieces, max_size=12).map(" ".join)
joined = st.lists(st.one_of(pieces, st.text(max_size=3)), max_size=12).map("".join)
sound = st.one_of(questions.user_filters.map(text), changes.chosen.map(lambda typed: str(typed[0])))


@st.composite
def broken(draw: Callable[[Any], Any]) -> str:
    """Something that would be right, but for one piece too many or too few."""
    whole = draw(sound)
    place = draw(st.integers(0, len(whole)))
    return str(
        whole[:place]
        + draw(st.one_of(pieces, st.just("")))
        + whole[place + draw(st.integers(0, 3)) :]
    )


nonsense = st.one_of(separated, joined, broken(), broken())
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    nonsense,
    st.sampled_from(["ada", "bob", "x1", "Ops", "True", ""]),
)
keys = st.one_of(
    st.sampled_from(["value", "type", "primary", "userName", "id", "schemas", "active", "emails"]),
    st.sampled_from(["members", "displayName", "name", "meta", "groups", "externalId", ENTERPRISE]),
    nonsense,
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=8,
)
operations = st.fixed_dictionaries(
    {"op": st.one_of(st.sampled_from(["add", "replace", "remove"]), scalars)},
    optional={"path": st.one_of(nonsense, nonsense, sound, scalars), "value": values},
)
sound_operations = st.one_of(changes.user_ops.map(lambda op: op.sent()), operations)
patches = st.one_of(
    st.lists(sound_operations, max_size=4).map(
        lambda found: {"schemas": [PATCH_OP], "Operations": found}
    ),
    values,
)
bodies = st.one_of(
    st.dictionaries(keys, values, max_size=5),
    st.builds(lambda body, odd: {**body, **odd}, speech.users, st.dictionaries(keys, values)),
    values,
)
PATHS = ["/Users", "/Groups", "/", "/Users/.search", "/Groups/.search", "/.search"]


def begun(kind: str) -> tuple[Door, str, str]:
    """Ada is in Ops, which waits for somebody else."""
    door = opened(kind)
    emails = [{"value": "ada@a.example", "type": "work", "primary": True}]
    user = {"schemas": [CORE_USER], "userName": "ada", "externalId": "x1", "emails": emails}
    ada = door.call("POST", "/Users", user).body["id"]
    members = [{"value": ada}, {"value": "x9"}]
    group = {"schemas": [CORE_GROUP], "displayName": "Ops", "members": members}
    return door, ada, door.call("POST", "/Groups", group).body["id"]


def state(door: Door) -> Any:
    with door.database.read() as tx:
        parked = [tuple(row) for row in tx.rows("SELECT group_id, value FROM parked_members")]
    return door.call("GET", "/", None, "count=200").body["Resources"], parked


def is_understood(answer: Answer) -> bool:
    """Answers whether it was refused."""
    assert answer.status < 500, answer.content
    if answer.status < 400:
        return False
    assert answer.body["schemas"] == [ERROR]
    assert answer.body["status"] == str(answer.status)
    assert answer.body["detail"]
    return True


@narrow_law(texts=st.lists(nonsense, min_size=1, max_size=10), where=st.sampled_from(PATHS))
def test_any_filter_is_answered_or_refused(kind: str, texts: list[str], where: str) -> None:
    door, _, _ = begun(kind)
    for written in texts:
        if where.endswith(".search"):
            answer = door.call("POST", where, {"filter": written, "sortBy": written[:20]})
        else:
            encoded = quote(written, errors="replace")
            answer = door.call("GET", where, None, f"filter={encoded}&attributes={encoded}")
        if is_understood(answer):
            assert answer.body["scimType"] in ("invalidFilter", "invalidValue", "invalidSyntax")


@narrow_law(query=st.binary(max_size=30))
def test_any_query_is_answered_or_refused(kind: str, query: bytes) -> None:
    door, ada, _ = begun(kind)
    said = quote_from_bytes(query, safe="=&+")
    for path in ("/Users", f"/Users/{ada}", "/Groups"):
        is_understood(door.call("GET", path, None, f"filter={said}&count={said}"))
        is_understood(door.call("GET", path, None, f"{said}&cursor={said}"))


@narrow_law(said=st.lists(patches, min_size=1, max_size=5), to_a_group=st.booleans())
def test_any_patch_is_carried_out_or_refused_and_then_changes_nothing(
    kind: str, said: list[Any], to_a_group: bool
) -> None:
    door, ada, ops = begun(kind)
    path = f"/Groups/{ops}" if to_a_group else f"/Users/{ada}"
    _try_each(door, "PATCH", path, said)


@narrow_law(
    said=st.lists(bodies, min_size=1, max_size=5),
    what=st.sampled_from(["POST Users", "POST Groups", "PUT Users", "PUT Groups"]),
)
def test_any_body_is_taken_or_refused_and_then_changes_nothing(
    kind: str, said: list[Any], what: str
) -> None:
    door, ada, ops = begun(kind)
    method, _, where = what.partition(" ")
    own = {"Users": ada, "Groups": ops}[where]
    _try_each(door, method, f"/{where}/{own}" if method == "PUT" else f"/{where}", said)


def _try_each(door: Door, method: str, path: str, said: list[Any]) -> None:
    before = state(door)
    for body in said:
        content = json.dumps(body).encode("utf-8", "replace")
        if is_understood(door.call(method, path, content)):
            assert state(door) == before
        before = state(door)


@narrow_law(
    content=st.one_of(
        st.binary(max_size=60), joined.map(lambda one: one.encode("utf-8", "replace"))
    )
)
def test_a_body_that_is_no_json_changes_nothing(kind: str, content: bytes) -> None:
    door, ada, ops = begun(kind)
    before = state(door)
    for method, path in (("PATCH", f"/Groups/{ops}"), ("PUT", f"/Users/{ada}"), ("POST", "/Bulk")):
        assert is_understood(door.call(method, path, content))
    assert state(door) == before

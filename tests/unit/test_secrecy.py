"""No secret of a request is kept, whatever it is called and wherever it stands."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.scim import secrecy
from api.scim.secrecy import REMOVED

SECRET = "hunter-2-of-acme"

BODIES = {
    "a password": {"userName": "ada", "password": SECRET},
    "in another spelling": {"PassWord": SECRET, "name": {"givenName": "Ada"}},
    "of an extension": {"urn:acme:User": {"clientSecret": SECRET, "badge": 7}},
    "many": {"tokens": [SECRET, {"value": SECRET}]},
    "an object": {"credentials": {"a": {"b": SECRET}}},
    "an API key": {"apiKey": SECRET, "private_key": SECRET, "Access Key": SECRET, "pwd": SECRET},
    "a PATCH by path": {"Operations": [{"op": "replace", "path": "password", "value": SECRET}]},
    "a PATCH in other capitals": {"operations": [{"Path": "PASSWORD", "Value": [SECRET]}]},
    "a PATCH by URN": {"Operations": [{"path": "urn:acme:User:secretWord", "value": SECRET}]},
    "a PATCH without a path": {"Operations": [{"op": "add", "value": {"password": SECRET}}]},
    "a selection": {"Operations": [{"path": f'password[value eq "{SECRET}"]', "value": "x"}]},
    "a value that its type names": {"phoneNumbers": [{"type": "pass code", "value": SECRET}]},
    "a value that its key names": {"urn:acme:User": {"key": "password", "value": SECRET}},
    "a search": {"filter": f'password eq "{SECRET}"'},
    "a path that compares": {"Operations": [{"path": f"password eq {SECRET}", "value": 1}]},
    "JSON in a text": {"roles": [{"value": json.dumps({"id": 1, "password": SECRET})}]},
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_secret_is_left_out(body: object) -> None:
    kept = secrecy.body(json.dumps(body).encode())
    assert kept is not None
    assert SECRET not in kept and REMOVED in kept


def test_an_escape_does_not_hide_a_name() -> None:
    kept = secrecy.body(b'{"p\\u0061ssword": "hunter-2-of-acme"}')
    assert kept == '{"password":"(removed)"}'


def test_the_rest_is_kept_as_it_came() -> None:
    raw = b'{"userName": "Ada",  "keys": {"pass": "a"}, "externalId": "\xc3\xa9"}'
    assert json.loads(secrecy.body(raw) or "") == json.loads(raw)
    plain = b'{"userName" : "Ada"}'
    assert secrecy.body(plain) == plain.decode()


def test_a_body_too_deep_to_be_looked_through_is_not_kept() -> None:
    assert secrecy.body(b'{"password":' + b"[" * 900 + b"]" * 900 + b"}") in (
        None,
        '{"password":"(removed)"}',
    )
    assert secrecy.body(b'{"key":' + b"[" * 100_000 + b"]" * 100_000 + b"}") is None


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("/Users?filter=userName%20eq%20%22ada%22", "/Users?filter=userName%20eq%20%22ada%22"),
        ("/Users?filter=password+eq+%22x%22&count=1", f"/Users?filter={REMOVED}&count=1"),
        ("/Users?access_token=x", f"/Users?access_token={REMOVED}"),
        ("/Users/x%2Fpassword%3Dx", f"/Users/{REMOVED}"),
        ("/Users", "/Users"),
        ("/Users/scim_1/x", f"/Users/{REMOVED}/x"),
        ("/Users/ſecret=x", f"/Users/{REMOVED}"),
        ("/Users/%C5%BFecret=x", f"/Users/{REMOVED}"),
        ("/Users/%73%63im_1", f"/Users/{REMOVED}"),
        ("/Users?a=b&sort=%73cim_1&scim_1=c", f"/Users?a=b&sort={REMOVED}&{REMOVED}"),
    ],
)
def test_of_an_address_too(target: str, kept: str) -> None:
    assert secrecy.target(target, "scim_1") == kept


def test_a_sentence_that_speaks_of_a_secret_does_not_quote_it() -> None:
    assert secrecy.sentence("There is no attribute 'badge'.") == "There is no attribute 'badge'."
    assert secrecy.sentence("The path 'password[a eq 1]' is wrong.") == (
        f"The path {REMOVED} is wrong."
    )


@given(
    st.recursive(
        st.just(SECRET) | st.booleans(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
        max_leaves=10,
    )
)
def test_whatever_stands_under_a_secret_name_is_gone(value: object) -> None:
    assert SECRET not in (secrecy.body(json.dumps({"userToken": value}).encode()) or "")

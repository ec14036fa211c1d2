"""Which ID tokens are believed."""

import base64
import hmac
import json
import warnings
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey
from pydantic import ValidationError

from api.login.compact import take_apart
from api.login.oidc import OidcSettings, Refusal, TokenRefused
from models.instant import HOUR, SECOND, Instant
from tests.fakes import issuer as fakes
from tests.fakes.door import CLIENT, EPOCH_NOW, NOW, Door, opened
from tests.fakes.issuer import JWKS, FakeIssuer, saying


@pytest.fixture(scope="module")
def issuer() -> Iterator[FakeIssuer]:
    with fakes.running() as issuer:
        yield issuer


@pytest.fixture
def door(issuer: FakeIssuer) -> Iterator[Door]:
    with opened(issuer) as door:
        yield door


@pytest.mark.parametrize(
    "algorithm",
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "EdDSA", "Ed25519"],
)
def test_every_allowed_algorithm_is_believed(door: Door, algorithm: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = door.verify(door.signed(algorithm))

    assert found.claims["aud"] == CLIENT


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"aud": [CLIENT]}, id="an audience in a list"),
        pytest.param({"aud": ["api", CLIENT], "azp": CLIENT}, id="several audiences through us"),
        pytest.param({"azp": "an app"}, id="another asked on behalf of the one audience"),
        pytest.param({"exp": EPOCH_NOW - 59}, id="expired within the leeway"),
        pytest.param({"iat": EPOCH_NOW + 59}, id="a clock that is a little ahead"),
        pytest.param({"nbf": EPOCH_NOW + 59}, id="valid in a moment"),
        pytest.param({"auth_time": EPOCH_NOW - 100.25}, id="a login time with decimals"),
        pytest.param({"exp": EPOCH_NOW + 0.5}, id="an end with decimals"),
    ],
)
def test_a_sound_token_is_believed(door: Door, claims: dict[str, object]) -> None:
    assert door.verify(door.token(**claims)).claims["sub"] == "ada"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        pytest.param({"iss": "https://other.example"}, Refusal.WRONG_ISSUER, id="another issuer"),
        pytest.param({"iss": None}, Refusal.WRONG_ISSUER, id="no issuer"),
        pytest.param({"iss": ["x"]}, Refusal.WRONG_ISSUER, id="a list of issuers"),
        pytest.param({"aud": None}, Refusal.WRONG_AUDIENCE, id="no audience"),
        pytest.param({"aud": []}, Refusal.WRONG_AUDIENCE, id="an empty list of audiences"),
        pytest.param({"aud": "other"}, Refusal.WRONG_AUDIENCE, id="another application"),
        pytest.param({"aud": CLIENT + "2"}, Refusal.WRONG_AUDIENCE, id="a longer client id"),
        pytest.param({"aud": {CLIENT: 1}}, Refusal.WRONG_AUDIENCE, id="an object as audience"),
        pytest.param({"aud": [CLIENT, "x"]}, Refusal.WRONG_AUDIENCE, id="several, and no azp"),
        pytest.param(
            {"aud": [CLIENT, "x"], "azp": "x"}, Refusal.WRONG_AUDIENCE, id="issued to another"
        ),
        pytest.param({"exp": EPOCH_NOW - 60}, Refusal.EXPIRED, id="expired"),
        pytest.param({"exp": None}, Refusal.MALFORMED, id="no end"),
        pytest.param({"exp": "never"}, Refusal.MALFORMED, id="an end in words"),
        pytest.param({"exp": True}, Refusal.MALFORMED, id="a boolean end"),
        pytest.param({"exp": 10**400}, Refusal.MALFORMED, id="an end beyond all time"),
        pytest.param({"iat": None}, Refusal.MALFORMED, id="no time of issue"),
        pytest.param({"iat": 0}, Refusal.MALFORMED, id="an issue at the beginning of time"),
        pytest.param({"iat": EPOCH_NOW + 61}, Refusal.ISSUED_IN_FUTURE, id="from the future"),
        pytest.param(
            {"auth_time": EPOCH_NOW + 61}, Refusal.ISSUED_IN_FUTURE, id="a login in the future"
        ),
        pytest.param({"nbf": EPOCH_NOW + 61}, Refusal.NOT_YET_VALID, id="not valid yet"),
        pytest.param({"nbf": "x"}, Refusal.MALFORMED, id="a beginning in words"),
        pytest.param({"events": {}}, Refusal.MALFORMED, id="a logout token"),
    ],
)
def test_a_token_whose_claims_do_not_hold_is_refused(
    door: Door, claims: dict[str, object], code: Refusal
) -> None:
    assert door.refusal(door.token(**claims)).code is code


def test_an_audience_beside_the_client_is_believed_where_it_is_configured(door: Door) -> None:
    token = door.token(aud="api://acme")

    assert door.refusal(token).code is Refusal.WRONG_AUDIENCE
    assert door.verify(token, audiences=["api://acme"]).claims["aud"] == "api://acme"


def test_an_algorithm_that_the_connection_excludes_is_refused(door: Door) -> None:
    assert door.refusal(door.signed("RS256"), algorithms=["ES256"]).code is Refusal.BAD_ALGORITHM


@pytest.mark.parametrize(
    ("header", "code"),
    [
        pytest.param({"jwk": {"kty": "RSA"}}, Refusal.MALFORMED, id="a key brought along"),
        pytest.param({"jku": "https://evil.example"}, Refusal.MALFORMED, id="keys elsewhere"),
        pytest.param({"x5u": "https://evil.example"}, Refusal.MALFORMED, id="a certificate link"),
        pytest.param({"typ": "at+jwt"}, Refusal.MALFORMED, id="an access token"),
        pytest.param({"typ": "logout+jwt"}, Refusal.MALFORMED, id="a typed logout token"),
        pytest.param({"kid": "../../etc/passwd"}, Refusal.UNKNOWN_KEY, id="a path for a key id"),
        pytest.param({"kid": "x' OR 1=1 --"}, Refusal.UNKNOWN_KEY, id="SQL for a key id"),
        pytest.param({"kid": ""}, Refusal.UNKNOWN_KEY, id="an empty key id"),
    ],
)
def test_a_header_that_asks_for_trust_is_refused(
    door: Door, header: dict[str, object], code: Refusal
) -> None:
    assert door.refusal(door.signed("RS256", **header)).code is code


@pytest.mark.parametrize("header", [{"typ": None}, {"x5t": "abc"}, {"nonce": "1"}, {"kid": None}])
def test_a_header_with_harmless_additions_is_believed(
    door: Door, header: dict[str, object]
) -> None:
    door.verify(door.signed("RS256", **header))


def test_a_critical_extension_is_refused(door: Door) -> None:
    assert door.refusal(door.signed("RS256", crit=["b64"], b64=True)).code is Refusal.MALFORMED


STRANGER = ECKey.generate_key("P-256")


def b64(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unsigned(header: object, body: object) -> str:
    return f"{b64(header)}.{b64(body)}."


@pytest.mark.parametrize("name", ["none", "None", "nOnE", "", "HS256", "RS1", "ES256K", 5, None])
def test_an_algorithm_that_proves_nothing_is_refused(door: Door, name: object) -> None:
    body = door.token().split(".")[1]

    refusal = door.refusal(f"{b64({'alg': name})}.{body}.")

    assert refusal.code is Refusal.BAD_ALGORITHM
    assert door.issuer.asked.total() == 0


def test_the_public_key_is_no_shared_secret(door: Door) -> None:
    """The classic confusion: HS256 with the RSA public key's text as the secret."""
    key = door.issuer.key("RS256")
    assert isinstance(key, RSAKey)
    signed = unsigned({"alg": "HS256", "kid": key.kid}, {"iss": door.issuer.url, "aud": CLIENT})
    for secret in (key.as_pem(private=False), json.dumps(key.as_dict(private=False)).encode()):
        mac = hmac.digest(secret, signed[:-1].encode(), "sha256")
        assert door.refusal(signed + b64(mac)).code is Refusal.BAD_ALGORITHM


def test_a_shared_secret_in_the_key_set_is_never_used(door: Door) -> None:
    door.issuer.faults[JWKS] = saying({"keys": [{"kty": "oct", "kid": "rsa-1", "k": "c2VjcmV0"}]})

    assert door.refusal(door.signed("RS256")).code is Refusal.UNKNOWN_KEY


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "PS256"])
def test_an_algorithm_must_go_with_the_key_it_names(door: Door, algorithm: str) -> None:
    rsa = door.issuer.key("RS256").as_dict(private=False) | {"alg": "RS256"}
    door.issuer.faults[JWKS] = saying({"keys": [rsa]})

    assert door.refusal(door.signed(algorithm, kid=rsa["kid"])).code is Refusal.BAD_ALGORITHM


def test_a_signature_by_a_stranger_is_refused(door: Door) -> None:
    stranger = RSAKey.generate_key(2048, {"kid": door.issuer.key("RS256").kid or ""})
    header, body, _ = door.token().split(".")
    forged = jws.serialize_compact(
        {"alg": "RS256", "kid": stranger.kid}, base64.urlsafe_b64decode(body + "=="), stranger
    )

    assert door.refusal(forged).code is Refusal.BAD_SIGNATURE
    assert door.refusal(f"{header}.{body}.").code is Refusal.BAD_SIGNATURE


def test_a_changed_claim_breaks_the_signature(door: Door) -> None:
    header, _, signature = door.token().split(".")
    claims = {"iss": door.issuer.url, "aud": CLIENT, "sub": "root"}

    assert door.refusal(f"{header}.{b64(claims)}.{signature}").code is Refusal.BAD_SIGNATURE


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="nothing"),
        pytest.param("certainly no token", id="words"),
        pytest.param("a.b", id="two parts"),
        pytest.param("a.b.c.d.e", id="an encrypted token"),
        pytest.param("é.é.é", id="letters outside base64"),
        pytest.param(unsigned([], {}), id="a list for a header"),
        pytest.param(unsigned("alg", {}), id="a text for a header"),
        pytest.param(unsigned({"alg": "RS256"}, []), id="a list for claims"),
        pytest.param(unsigned({"alg": "RS256", "kid": 7}, {}), id="a number for a key id"),
        pytest.param(unsigned({"alg": "RS256"}, b"[" * 40_000), id="endless nesting"),
        pytest.param(unsigned({"alg": "RS256"}, b'{"exp": NaN}'), id="not a number"),
        pytest.param(unsigned({"alg": "RS256"}, b'{"sub": 1, "sub": 2}'), id="a claim twice"),
        pytest.param(unsigned({"alg": "RS256"}, {"x": "a" * 50_000}), id="more than 64 KiB"),
    ],
)
def test_what_is_no_token_is_refused_before_anybody_is_asked(door: Door, token: str) -> None:
    with pytest.raises(TokenRefused) as caught:
        door.verify(token)

    assert caught.value.code is Refusal.MALFORMED
    assert door.issuer.asked.total() == 0


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
headers = st.dictionaries(st.sampled_from(["kid", "typ", "crit", "b64", "jwk"]), json_like)


@settings(deadline=None)
@given(
    st.text()
    | st.builds(unsigned, json_like | headers, json_like | st.binary())
    | st.builds(unsigned, headers.map(lambda header: {"alg": "ES256"} | header), json_like)
)
def test_taking_anything_apart_gives_claims_or_a_refusal(token: str) -> None:
    try:
        compact = take_apart(token)
    except TokenRefused as refusal:
        assert refusal.reason.endswith(".")
    else:
        assert isinstance(compact.claims, dict)
        assert not compact.is_signed_by(STRANGER)


def test_a_token_within_a_token_is_refused(door: Door) -> None:
    key = door.issuer.key("RS256")
    nested = jws.serialize_compact({"alg": "RS256", "cty": "JWT"}, door.token(), key)

    assert door.refusal(nested).code is Refusal.MALFORMED


def test_a_token_seen_again_has_the_same_digest(door: Door) -> None:
    first, other = door.token(jti="1"), door.token(jti="2")

    digests = [door.verify(token).digest for token in (first, first, other)]

    assert digests[0] == digests[1] != digests[2]
    assert len(digests[0]) == 64


def test_a_rewritten_signature_does_not_make_another_token(door: Door) -> None:
    """With (r, s) an ECDSA signature holds as (r, n - s) too."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    token = door.signed("ES256")
    signed, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    mirrored = (order - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    twin = f"{signed}.{b64(raw[:32] + mirrored)}"

    assert twin != token
    assert door.verify(twin).digest == door.verify(token).digest


@pytest.mark.parametrize(
    ("claims", "as_of"),
    [
        pytest.param({"auth_time": EPOCH_NOW - 3600}, NOW - HOUR, id="the login of an hour ago"),
        pytest.param({"iat": EPOCH_NOW - 30}, NOW - 30 * SECOND, id="the issue"),
        pytest.param({"auth_time": EPOCH_NOW + 30}, NOW, id="a fast clock is held back to now"),
    ],
)
def test_as_of_when_a_token_speaks(door: Door, claims: dict[str, object], as_of: Instant) -> None:
    assert door.verify(door.token(**claims)).as_of == as_of


def test_settings_hide_the_secret_and_fill_in_the_rest() -> None:
    settings = OidcSettings.model_validate_json(
        '{"protocol": "oidc", "issuer": "https://a.example", "client_id": "c",'
        ' "client_secret": "hush", "mapping": {"user_id": "sub"}}'
    )

    assert "hush" not in repr(settings)
    assert (settings.groups_claim, settings.mapping) == ("groups", {"user_id": "sub"})


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"issuer": "http://idp.example"}, id="an issuer in clear text"),
        pytest.param({"issuer": "https://idp.example?x=1"}, id="an issuer with a query"),
        pytest.param({"issuer": "idp.example"}, id="an issuer without a scheme"),
        pytest.param({"issuer": 7}, id="a number for an issuer"),
        pytest.param({"client_id": ""}, id="an empty client id"),
        pytest.param({"mapping": {"surname": "sn"}}, id="an unknown property"),
        pytest.param({"algorithms": ["HS256"]}, id="a shared secret"),
        pytest.param({"algorithms": ["none"]}, id="no signature"),
        pytest.param({"algorithms": []}, id="no algorithm at all"),
        pytest.param({"scopes": "openid"}, id="an unknown setting"),
        pytest.param({"protocol": "saml"}, id="another protocol"),
    ],
)
def test_settings_that_could_not_work_are_refused(change: dict[str, object]) -> None:
    sound: dict[str, object] = {"issuer": "https://idp.example", "client_id": "c"}
    OidcSettings.model_validate(sound)

    with pytest.raises(ValidationError):
        OidcSettings.model_validate(sound | change)

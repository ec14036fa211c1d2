"""How an issuer's keys are found, kept and doubted."""

import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from api.login.oidc import OidcSettings, Refusal, Verifier
from connectors.errors import Misconfigured, Transient
from connectors.http import networks
from models.instant import DAY, MINUTE, SECOND
from tests.fakes import issuer as fakes
from tests.fakes.door import CLIENT, EPOCH_NOW, NOW, Door, opened
from tests.fakes.issuer import DISCOVERY, JWKS, FakeIssuer, saying


@pytest.fixture(scope="module")
def issuer() -> Iterator[FakeIssuer]:
    with fakes.running() as issuer:
        yield issuer


@pytest.fixture
def door(issuer: FakeIssuer) -> Iterator[Door]:
    with opened(issuer) as door:
        yield door


def test_the_keys_are_asked_for_once_in_ten_minutes(door: Door) -> None:
    for minute in range(10):
        door.verify(door.signed(), NOW + minute * 6 * SECOND)
    assert door.fetches() == 1

    door.verify(door.token(exp=EPOCH_NOW + 3600), NOW + 11 * MINUTE)
    assert door.fetches() == 2


def test_a_rotation_is_followed_at_once(door: Door) -> None:
    old = door.token()
    door.verify(old)

    door.issuer.rotate()

    door.verify(door.token(), NOW + SECOND)
    assert door.refusal(old, NOW + 2 * SECOND).code is Refusal.UNKNOWN_KEY
    assert door.fetches() == 2


def test_a_rotation_under_the_same_key_id_is_followed(door: Door) -> None:
    door.verify(door.token())
    named = door.issuer.key("RS256").kid
    door.issuer.rotate()
    twin = door.issuer.key("RS256").as_dict(private=False) | {"kid": named}
    door.issuer.faults[JWKS] = saying({"keys": [twin]})

    door.verify(door.signed("RS256", kid=named), NOW + SECOND)


def test_a_rotation_is_followed_where_tokens_name_no_key(door: Door) -> None:
    door.verify(door.signed("RS256", kid=None))

    door.issuer.rotate()

    door.verify(door.signed("RS256", kid=None), NOW + SECOND)


def test_invented_key_ids_do_not_hammer_the_issuer(door: Door) -> None:
    door.verify(door.token())

    for number in range(50):
        token = door.signed("RS256", kid=f"invented-{number}")
        assert door.refusal(token, NOW + number * SECOND).code is Refusal.UNKNOWN_KEY
    assert door.fetches() == 2

    door.refusal(door.signed("RS256", kid="another"), NOW + MINUTE)
    assert door.fetches() == 3


def test_bad_signatures_do_not_hammer_the_issuer(door: Door) -> None:
    unsigned = door.token().rpartition(".")[0] + "."
    for number in range(20):
        door.refusal(unsigned, NOW + number * SECOND)

    assert door.fetches() == 2


def test_many_at_once_ask_once(door: Door) -> None:
    door.issuer.delay = 0.2
    token, failures = door.token(), []

    def sign_in() -> None:
        try:
            door.verify(token)
        except Exception as trouble:
            failures.append(trouble)

    threads = [threading.Thread(target=sign_in) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (failures, door.fetches()) == ([], 1)


def test_known_keys_are_used_for_a_day_while_the_issuer_is_out_of_order(door: Door) -> None:
    token = door.token(exp=EPOCH_NOW + 200_000)
    door.verify(token)
    door.issuer.break_both(fakes.server_error)

    door.verify(token, NOW + DAY - SECOND)
    with pytest.raises(Transient, match="answered 500"):
        door.verify(token, NOW + DAY + MINUTE)


def test_an_unknown_key_is_not_refused_while_nobody_can_say_so(door: Door) -> None:
    door.verify(door.token())
    door.issuer.break_both(fakes.server_error)
    door.issuer.rotate()

    for moment in (NOW + SECOND, NOW + 2 * SECOND):
        with pytest.raises(Transient):
            door.verify(door.token(), moment)
    assert door.issuer.asked[DISCOVERY] == 2

    door.issuer.faults.clear()
    door.verify(door.token(), NOW + 2 * MINUTE)


def test_a_bad_signature_is_refused_even_while_the_issuer_is_out_of_order(door: Door) -> None:
    unsigned = door.token().rpartition(".")[0] + "."
    door.verify(door.token())
    door.issuer.break_both(fakes.server_error)

    assert door.refusal(unsigned, NOW + SECOND).code is Refusal.BAD_SIGNATURE


def test_an_issuer_that_never_answered_is_left_alone_for_a_moment(door: Door) -> None:
    door.issuer.break_both(fakes.server_error)
    for moment in (NOW, NOW + SECOND, NOW + 2 * SECOND):
        with pytest.raises(Transient):
            door.verify(door.token(), moment)
    assert door.issuer.asked[DISCOVERY] == 1

    door.issuer.faults.clear()
    door.verify(door.token(), NOW + 6 * SECOND)


def test_two_keys_of_one_id_are_both_tried(door: Door) -> None:
    rsa = door.issuer.key("RS256").as_dict(private=False)
    stranger = RSAKey.generate_key(2048).as_dict(private=False) | {"kid": rsa["kid"]}
    curve = ECKey.generate_key("P-384").as_dict(private=False) | {"kid": rsa["kid"]}
    door.issuer.faults[JWKS] = saying({"keys": [stranger, curve, rsa, rsa]})

    door.verify(door.signed("RS256"))


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_keys_without_an_id_are_tried_for_any_token(door: Door, algorithm: str) -> None:
    keys = [{**key, "kid": None} for key in door.issuer.jwks()["keys"]]
    bare = [{name: value for name, value in key.items() if value} for key in keys]
    door.issuer.faults[JWKS] = saying({"keys": bare})

    door.verify(door.signed(algorithm))


def small_rsa() -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dict(RSAKey.generate_key(1024).as_dict(private=False))


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        pytest.param(small_rsa, "between 2,048 and 8,192 bits", id="a short RSA key"),
        pytest.param(lambda: {"kty": "RSA", "n": "A" * 9999, "e": "AQAB"}, "bits", id="a huge one"),
        pytest.param(lambda: {"kty": "RSA"}, "bits", id="an RSA key without a number"),
        pytest.param(lambda: {"kty": "EC", "crv": "P-256"}, "cannot be read", id="half a point"),
        pytest.param(
            lambda: {"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"},
            "cannot be read",
            id="a point off the curve",
        ),
        pytest.param(lambda: {"kty": "OKP", "crv": "X"}, "cannot be read", id="an unknown curve"),
        pytest.param(lambda: {"kty": "AKP"}, "no public key", id="a kind that is not invented yet"),
        pytest.param(lambda: "key", "no public key", id="a text for a key"),
        pytest.param(
            lambda: ECKey.generate_key("P-256").as_dict(private=True),
            "private half",
            id="a key that everybody can sign with",
        ),
    ],
)
def test_an_unfit_key_is_left_out_and_the_others_stand(door: Door, entry: Any, why: str) -> None:
    door.issuer.faults[JWKS] = saying({"keys": [entry(), *door.issuer.jwks()["keys"]]})

    door.verify(door.signed())
    assert why in door.refusal(door.signed("RS256", kid="unknown")).reason


def test_a_key_for_encryption_signs_nothing(door: Door) -> None:
    keys = [{**key, "use": "enc"} for key in door.issuer.jwks()["keys"]]
    door.issuer.faults[JWKS] = saying({"keys": keys})

    assert door.refusal(door.signed()).code is Refusal.BAD_ALGORITHM


# The discovery document


@pytest.mark.parametrize(
    ("fault", "error", "sentence"),
    [
        pytest.param(fakes.server_error, Transient, "answered 500", id="out of order"),
        pytest.param(fakes.html, Transient, "no valid JSON", id="a page instead of a document"),
        pytest.param(fakes.not_found, Misconfigured, "Check the issuer's address", id="no such"),
        pytest.param(fakes.huge, Misconfigured, "sent more than", id="a document without end"),
        pytest.param(fakes.redirect_inside, Misconfigured, "answered 307", id="a way inside"),
        pytest.param(saying([]), Misconfigured, "JSON object", id="a list for a document"),
    ],
)
@pytest.mark.parametrize("path", [DISCOVERY, JWKS])
def test_an_issuer_that_answers_wrongly_is_an_error_of_its_own(
    door: Door, path: str, fault: fakes.Fault, error: type[Exception], sentence: str
) -> None:
    door.issuer.faults[path] = fault

    with pytest.raises(error, match=sentence):
        door.verify(door.token())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        pytest.param({"issuer": "https://other.example"}, "names the issuer", id="another issuer"),
        pytest.param({"issuer": None}, "names no issuer", id="no issuer"),
        pytest.param({"issuer": "https://x/{tenantid}/v2.0"}, "names the issuer", id="a template"),
        pytest.param({"jwks_uri": None}, "no https jwks_uri", id="no keys"),
        pytest.param({"jwks_uri": "http://192.0.2.1/"}, "no https", id="keys in clear text"),
        pytest.param({"jwks_uri": "file:///etc/passwd"}, "no https", id="keys in a file"),
        pytest.param({"jwks_uri": "https://a:b@c/"}, "no https", id="an address with a password"),
        pytest.param({"jwks_uri": "https://[/"}, "no https", id="no address at all"),
        pytest.param(
            {"jwks_uri": "https://10.0.0.1/"}, "private address", id="keys in our own network"
        ),
    ],
)
def test_a_discovery_document_that_leads_astray_is_misconfigured(
    door: Door, change: dict[str, object], sentence: str
) -> None:
    door.issuer.faults[DISCOVERY] = saying(door.issuer.discovery() | change)

    with pytest.raises(Misconfigured, match=sentence):
        door.verify(door.token())


def test_a_final_slash_must_be_spelled_as_the_provider_spells_it(door: Door) -> None:
    with pytest.raises(Misconfigured, match="a final slash included"):
        door.verify(door.token(), issuer=door.issuer.url + "/")


@pytest.mark.parametrize("keys", [None, {}, "keys", [{}] * 101])
def test_a_key_set_that_is_no_list_is_misconfigured(door: Door, keys: object) -> None:
    door.issuer.faults[JWKS] = saying({"keys": keys})

    with pytest.raises(Misconfigured, match="no list of at most 100 keys"):
        door.verify(door.token())


def test_loopback_is_not_reached_unless_it_is_allowed(door: Door) -> None:
    verifier = Verifier()
    with pytest.raises(Misconfigured, match="TRUEUP_ALLOW_NETWORKS"):
        verifier.verify(door.token(), door.settings, NOW)
    verifier.close()


def test_an_issuer_that_is_switched_off_is_a_passing_trouble() -> None:
    with fakes.running() as issuer:
        token = issuer.id_token(CLIENT, NOW, sub="ada")
    verifier = Verifier(networks("127.0.0.0/8"))
    with pytest.raises(Transient, match="did not get through"):
        verifier.verify(token, OidcSettings(issuer=issuer.url, client_id=CLIENT), NOW)
    verifier.close()


# Entra's issuer for many tenants


@pytest.fixture
def common(door: Door) -> Door:
    """The issuer as Entra's `common`: the document names no tenant."""
    template = f"{door.issuer.url}/{{tenantid}}/v2.0"
    document = door.issuer.discovery() | {"issuer": template}
    address = f"/common/v2.0{DISCOVERY}"
    door.issuer.faults[address] = saying(document)
    door.settings = OidcSettings(
        issuer=f"{door.issuer.url}/common/v2.0", client_id=CLIENT, tenants=["t1"]
    )
    return door


def of_tenant(door: Door, tenant: object, issued_by: str) -> str:
    return door.token(tid=tenant, iss=f"{door.issuer.url}/{issued_by}/v2.0")


def test_a_tenant_that_is_admitted_comes_in_by_the_common_issuer(common: Door) -> None:
    assert common.verify(of_tenant(common, "t1", "t1")).claims["tid"] == "t1"


@pytest.mark.parametrize(
    ("tenant", "issued_by"),
    [
        pytest.param("t2", "t2", id="a tenant that is not admitted"),
        pytest.param("t1", "t2", id="an issuer of another tenant than said"),
        pytest.param(None, "t1", id="no tenant"),
        pytest.param("t1", "{tenantid}", id="the template itself"),
    ],
)
def test_other_tenants_stay_out(common: Door, tenant: object, issued_by: str) -> None:
    assert common.refusal(of_tenant(common, tenant, issued_by)).code is Refusal.WRONG_ISSUER


def test_the_common_issuer_admits_nobody_until_tenants_are_named(common: Door) -> None:
    with pytest.raises(Misconfigured, match="every Entra tenant"):
        common.verify(of_tenant(common, "t1", "t1"), tenants=[])


@pytest.mark.parametrize(("tenant", "is_believed"), [("t1", True), ("t2", False)])
def test_a_key_for_one_tenant_signs_for_no_other(
    common: Door, tenant: str, is_believed: bool
) -> None:
    issuer = f"{common.issuer.url}/t1/v2.0"
    keys = [{**key, "issuer": issuer} for key in common.issuer.jwks()["keys"]]
    common.issuer.faults[JWKS] = saying({"keys": keys})
    token = of_tenant(common, tenant, tenant)

    if is_believed:
        common.verify(token, tenants=["t1", "t2"])
    else:
        assert common.refusal(token, tenants=["t1", "t2"]).code is Refusal.UNKNOWN_KEY

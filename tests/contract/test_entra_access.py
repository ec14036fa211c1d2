"""Signing in to Entra by msal, the settings of the pull channel, and what `check` says."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import ValidationError

from connectors.entra import ClientToken, Entra, EntraPull
from connectors.errors import Misconfigured, Transient
from connectors.http import Http, Limits
from tests.contract import source_suite
from tests.contract.entra_kit import APP, LIMITS, SCOPES, entra, hidden, populate, pull, whole
from tests.fakes import graph as graph_fake
from tests.fakes.graph import READS_APPS, READS_GROUPS, READS_USERS, FakeGraph
from tests.fakes.graph_faults import BROKEN_WIRE, FATAL, Answer, Fault, Spoiler
from tests.fakes.graph_sign_in import CLIENT, TENANT
from tests.fakes.tls import contexts, self_signed

OTHER = "0c0ffee0-0000-4000-8000-00000000ffff"


@pytest.fixture(scope="module")
def server() -> Iterator[FakeGraph]:
    with graph_fake.running() as fake:
        yield fake


@pytest.fixture
def fake(server: FakeGraph) -> FakeGraph:
    server.reset()
    populate(server.tenant)
    return server


@pytest.fixture(scope="module")
def pem() -> tuple[rsa.RSAPrivateKey, str]:
    key = rsa.generate_private_key(65537, 2048)
    return key, self_signed(key)


def signing_in(fake: FakeGraph, **changes: Any) -> Entra:
    """With msal, as in production."""
    return Entra(
        pull(fake, **changes), limits=LIMITS, tls=contexts()[1], sleep=lambda seconds: None
    )


def client_token(fake: FakeGraph, **changes: Any) -> ClientToken:
    return ClientToken(pull(fake, **changes), Http(limits=LIMITS, tls=contexts()[1]))


# Tokens


def test_a_secret_signs_in(fake: FakeGraph) -> None:
    told = whole(fake, "all")
    users, groups = told.users.values(), told.groups.values()
    source_suite.reads_exactly(signing_in(fake), users, groups, told.members)
    assert (fake.asked["discovery"], fake.asked["token"]) == (1, 1)


def test_a_certificate_signs_in(fake: FakeGraph, pem: tuple[rsa.RSAPrivateKey, str]) -> None:
    fake.public_key = pem[0].public_key()
    source = signing_in(fake, client_secret=None, certificate=pem[1])
    assert source_suite.drain(source).error is None


def test_an_authority_may_name_its_tenant_itself(fake: FakeGraph) -> None:
    source = signing_in(fake, authority=f"{fake.url}/{TENANT}/", tenant_id="acme.example")
    assert source_suite.drain(source).error is None


def test_nobody_is_called_before_the_first_question(fake: FakeGraph) -> None:
    signing_in(fake).close()
    assert not fake.asked


def test_twenty_cold_threads_make_one_token_call(fake: FakeGraph) -> None:
    token = client_token(fake)
    with ThreadPoolExecutor(20) as pool:
        tokens = set(pool.map(lambda number: token(), range(20)))
    assert tokens == set(fake.issued)
    assert (fake.asked["discovery"], fake.asked["token"]) == (1, 1)


def test_twenty_threads_with_the_same_refused_token_make_one_more(fake: FakeGraph) -> None:
    token = client_token(fake)
    first = token()
    with ThreadPoolExecutor(20) as pool:
        tokens = set(pool.map(lambda number: token(first), range(20)))
    assert len(tokens) == 1
    assert first not in tokens
    assert fake.asked["token"] == 2


def test_a_token_that_ends_under_way_is_fetched_anew(fake: FakeGraph) -> None:
    def expire(answer: Answer) -> Answer:
        fake.valid.clear()
        return answer

    fake.faults = [Fault("groups", expire)]
    assert source_suite.drain(signing_in(fake)).error is None
    assert fake.asked["token"] == 2


def test_a_mended_secret_works_at_once(fake: FakeGraph) -> None:
    """msal would repeat a refusal from memory for a minute."""
    token = client_token(fake)
    said = {"error": "invalid_client", "error_description": "AADSTS7000222: The secret expired."}
    fake.faults = [Fault("token", lambda a: Answer(400, said))]
    with pytest.raises(Misconfigured, match="AADSTS7000222: The secret expired"):
        token()
    assert token() in fake.issued


@pytest.mark.parametrize("where", ["discovery", "token"])
@pytest.mark.parametrize("kind", FATAL | BROKEN_WIRE)
def test_a_fault_at_sign_in_breaks_the_read_off(fake: FakeGraph, where: str, kind: str) -> None:
    fake.faults = [Fault(where, (FATAL | BROKEN_WIRE)[kind])]
    source = signing_in(fake)
    source_suite.breaks_off(source, *hidden(fake))
    assert source_suite.drain(source).error is None, "and the next read signs in again"


@pytest.mark.parametrize("where", ["discovery", "token"])
@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_failing_sign_in_service_is_worth_another_try(
    fake: FakeGraph, where: str, status: int
) -> None:
    later = Answer(status, {"error": "server_error"}, {"retry-after": "30"})
    fake.faults = [Fault(where, lambda a: later)]
    error = source_suite.breaks_off(signing_in(fake))
    assert isinstance(error, Transient)
    assert error.retry_after == 30


def test_a_refusal_that_will_pass_is_worth_another_try(fake: FakeGraph) -> None:
    said = {"error": "temporarily_unavailable", "error_description": "AADSTS90033: Try later."}
    fake.faults = [Fault("token", lambda a: Answer(400, said))]
    assert isinstance(source_suite.breaks_off(signing_in(fake)), Transient)


ODD: dict[str, dict[str, Any]] = {
    "a token with a line break": {"access_token": "abc\r\nx-evil: 1"},
    "a token with a line break behind": {"access_token": "abc\n"},
    "a token with a space": {"access_token": "abc def"},
    "an empty token": {"access_token": ""},
    "a number for a token": {"access_token": 7},
    "no token": {"access_token": None},
    "no end": {"expires_in": None},
    "an end that is a list": {"expires_in": []},
    "an end that is a word": {"expires_in": "soon"},
    "no type": {"token_type": None},
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_odd_token_is_not_sent(fake: FakeGraph, odd: dict[str, Any]) -> None:
    fake.faults = [Fault("token", lambda a: replace(a, body=a.body | odd))]
    source = signing_in(fake)
    assert isinstance(source_suite.breaks_off(source), Transient)
    assert not fake.hosts
    assert source_suite.drain(source).error is None, "nor is it kept"


def test_what_else_comes_with_a_token_is_ignored(fake: FakeGraph) -> None:
    more = {"scope": 7, "client_info": "x", "id_token": [], "refresh_in": "x", "expires_in": "60"}
    fake.faults = [Fault("token", lambda a: replace(a, body=a.body | more), times=9)]
    assert source_suite.drain(signing_in(fake)).error is None


DISCOVERIES: dict[str, Spoiler] = {
    "without a token endpoint": lambda a: replace(
        a, body={"authorization_endpoint": a.body["authorization_endpoint"]}
    ),
    "with a token endpoint in the clear": lambda a: replace(
        a, body=a.body | {"token_endpoint": a.body["token_endpoint"].replace("https", "http")}
    ),
    "with a token endpoint that is none": lambda a: replace(
        a, body=a.body | {"token_endpoint": "https://"}
    ),
}


@pytest.mark.parametrize("spoil", DISCOVERIES.values(), ids=DISCOVERIES)
def test_a_secret_is_not_sent_by_a_discovery(fake: FakeGraph, spoil: Spoiler) -> None:
    fake.faults = [Fault("discovery", spoil)]
    source_suite.breaks_off(signing_in(fake), fake.secret)
    assert not fake.asked["token"]


def test_the_address_rule_holds_for_msal_too(fake: FakeGraph) -> None:
    source = Entra(pull(fake), limits=Limits(), tls=contexts()[1])
    error = source_suite.breaks_off(source)
    assert isinstance(error, Misconfigured)
    assert "TRUEUP_ALLOW_NETWORKS" in str(error)
    assert not fake.asked


def test_a_peer_that_quotes_our_secret_gets_it_into_no_error(fake: FakeGraph) -> None:
    said = {"error": "invalid_client", "error_description": f"AADSTS1: not {fake.secret}, sorry"}
    fake.faults = [Fault("token", lambda a: Answer(401, said))]
    error = source_suite.breaks_off(signing_in(fake), fake.secret)
    assert "AADSTS1: not …, sorry" in str(error)


def test_secrets_are_in_no_log_and_no_repr(
    fake: FakeGraph, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    source = signing_in(fake)
    fake.faults = [Fault("groups", FATAL["403"])]
    source_suite.breaks_off(source)
    fake.faults = [Fault("token", FATAL["200 with HTML"])]
    fake.valid.clear()
    source_suite.breaks_off(source)
    seen = f"{caplog.text} {pull(fake)!r} {source!r} {vars(source)!r}"
    assert all(secret not in seen for secret in hidden(fake))


# check


@pytest.mark.parametrize("scope", SCOPES)
def test_right_settings_leave_nothing_to_say(fake: FakeGraph, scope: str) -> None:
    source_suite.is_well(signing_in(fake, scope=SCOPES[scope]))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param(
            {"client_secret": "wrong"},
            f"Microsoft Entra does not sign in the client {CLIENT} of the tenant {TENANT}: "
            "AADSTS7000215: Invalid client secret provided. Ensure the secret is the value.",
            id="wrong secret",
        ),
        pytest.param(
            {"tenant_id": "other.example"},
            f"Microsoft Entra does not sign in the client {CLIENT} of the tenant other.example: "
            "AADSTS90002: Tenant 'other.example' not found. Check to make sure you have it right.",
            id="wrong tenant",
        ),
        pytest.param(
            {"client_id": OTHER},
            f"Microsoft Entra does not sign in the client {OTHER} of the tenant {TENANT}: "
            f"AADSTS700016: Application with identifier '{OTHER}' was not found in the directory.",
            id="wrong client",
        ),
        pytest.param(
            {"scope": {"groups": ["eng", "nowhere"]}},
            "The scope names the group nowhere, which does not exist.",
            id="wrong group",
        ),
        pytest.param(
            {"scope": {"app_id": CLIENT}},
            f"There is no enterprise application {CLIENT}. The scope wants the object id of the "
            "enterprise application, not the application (client) id.",
            id="client id for the object id",
        ),
    ],
)
def test_check_says_what_is_wrong(fake: FakeGraph, changes: Any, sentence: str) -> None:
    assert signing_in(fake, **changes).check() == [sentence]


@pytest.mark.parametrize(
    ("missing", "number"),
    [({READS_USERS}, 1), ({READS_GROUPS}, 1), ({READS_APPS}, 1), ({READS_USERS, READS_APPS}, 2)],
)
def test_check_names_every_missing_permission(
    fake: FakeGraph, missing: set[str], number: int
) -> None:
    fake.permissions -= missing
    sentences = entra(fake, "app").check()
    assert len(sentences) == number
    assert all(any(name in sentence for sentence in sentences) for name in missing)


def test_check_says_that_nobody_answers(fake: FakeGraph) -> None:
    (sentence,) = signing_in(fake, authority="https://127.0.0.1:1").check()
    assert "127.0.0.1:1" in sentence


# Settings


def test_national_clouds_are_a_matter_of_two_addresses() -> None:
    settings = EntraPull(
        kind="entra",
        tenant_id=TENANT,
        client_id=CLIENT,
        client_secret="s3cret",  # type: ignore[arg-type]
        authority="https://login.microsoftonline.us/",
        graph_url="https://Graph.microsoft.us",
    )
    assert settings.sign_in == f"https://login.microsoftonline.us/{TENANT}"
    assert settings.graph == "https://graph.microsoft.us/v1.0"
    assert settings.permission == "https://graph.microsoft.us/.default"
    assert settings.scope == "all"


def test_the_version_of_graph_may_be_given(fake: FakeGraph) -> None:
    told = source_suite.drain(signing_in(fake, graph_url=f"{fake.url}/v1.0/"))
    assert told.error is None


WRONG: dict[str, dict[str, Any]] = {
    "no credential": {"client_secret": None},
    "an empty secret": {"client_secret": ""},
    "two credentials": {"certificate": self_signed(rsa.generate_private_key(65537, 2048))},
    "a certificate that is none": {"client_secret": None, "certificate": "hush-hush"},
    "a key of another kind": {
        "client_secret": None,
        "certificate": self_signed(ec.generate_private_key(ec.SECP256R1())),
    },
    "an unknown field": {"user": "x"},
    "another kind": {"kind": "okta"},
    "an authority in the clear": {"authority": "http://login.microsoftonline.com"},
    "an authority with a user": {"authority": "https://me:hush-hush@login.example"},
    "a graph with a query": {"graph_url": "https://graph.microsoft.com/v1.0?x=1"},
    "a graph in the clear": {"graph_url": "http://graph.microsoft.com"},
    "a graph without a host": {"graph_url": "https://"},
    "no tenant": {"tenant_id": ""},
    "every tenant": {"tenant_id": "common"},
    "a tenant with a path": {"tenant_id": "a/b"},
    "a client with a space": {"client_id": "a b"},
    "no groups": {"scope": {"groups": []}},
    "a group with a path": {"scope": {"groups": ["../users"]}},
    "another word for the scope": {"scope": "everything"},
    "two scopes": {"scope": {"groups": ["a"], "app_id": APP}},
    "a number for a secret": {"client_secret": 7},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
def test_wrong_settings_are_refused_without_quoting_them(
    fake: FakeGraph, changes: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError) as caught:
        pull(fake, **changes)
    assert all(secret not in str(caught.value) for secret in (fake.secret, "hush-hush", "PRIVATE"))


def test_a_wrong_scope_is_told_in_one_sentence(fake: FakeGraph) -> None:
    with pytest.raises(ValidationError) as caught:
        pull(fake, scope="everything")
    assert [error["msg"] for error in caught.value.errors()] == [
        'Value error, must be "all", {"groups": ["…"]} or {"app_id": "…"}'
    ]

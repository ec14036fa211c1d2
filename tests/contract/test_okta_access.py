"""How Trueup gets into an Okta organization, and what it says when it does not."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from pydantic import ValidationError

from connectors.base import UserFound
from connectors.errors import ConnectorError, Misconfigured, Transient
from connectors.http import Limits
from connectors.okta import Okta, OktaPull
from tests.contract import source_suite
from tests.contract.okta_case import company, scope_of, source
from tests.fakes.okta import FakeOkta, Fault
from tests.fakes.okta.server import TOKEN

KEY = RSAKey.generate_key(2048, {"kid": "key-1"}, private=True)
PEM = KEY.as_pem(private=True).decode()
RIGHT: dict[str, Any] = {
    "kind": "okta",
    "org_url": "https://acme.okta.com",
    "token": TOKEN,
    "scope": "all",
}


@pytest.fixture(autouse=True)
def _allow_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OKTA_TESTING_TESTINGDISABLEHTTPSCHECK", "true")


@pytest.fixture
def fake() -> Iterator[FakeOkta]:
    with FakeOkta(company()) as fake:
        fake.tokens.register("0oaTrueup", KEY)
        yield fake


def by_key(fake: FakeOkta, private_key: str = PEM, scope: Any = "all", **more: Any) -> Okta:
    key: dict[str, Any] = {"token": None, "client_id": "0oaTrueup", "private_key": private_key}
    return source(fake, scope, **key, **more)


@pytest.mark.parametrize(
    "change",
    [
        {"org_url": "http://acme.okta.com"},
        {"org_url": "https://acme-admin.okta.com"},
        {"org_url": "https://acme.okta.com/api/v1"},
        {"org_url": "https://acme.okta.com?x"},
        {"org_url": "https://user@acme.okta.com"},
        {"org_url": "https://acme.okta.com:x"},
        {"org_url": "acme.okta.com"},
        {"org_url": "https://{yourOktaDomain}"},
        {"token": None},
        {"token": ""},
        {"token": f"SSWS {TOKEN}"},
        {"token": f"{TOKEN}\n"},
        {"client_id": "0oaX"},
        {"client_id": "0oaX", "private_key": PEM},
        {"token": None, "client_id": "0oaX"},
        {"token": None, "private_key": PEM},
        {"token": None, "client_id": "0oaX", "private_key": "/etc/hostname"},
        {"token": None, "client_id": "0oaX", "private_key": json.dumps(KEY.as_dict())[:99]},
        {"token": None, "client_id": "0oaX", "private_key": KEY.as_pem(private=False).decode()},
        {"scope": "some"},
        {"scope": {}},
        {"scope": {"app_id": "0oa1", "groups": ["x"]}},
        {"scope": {"app_id": ""}},
        {"scope": {"groups": []}},
        {"scope": {"groups": "Eng"}},
        {"colour": "red"},
    ],
)
def test_wrong_settings_are_refused_without_showing_a_secret(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    monkeypatch.delenv("OKTA_TESTING_TESTINGDISABLEHTTPSCHECK")
    with pytest.raises(ValidationError) as refused:
        OktaPull.model_validate(RIGHT | change)
    source_suite.keeps_secrets(refused.value, TOKEN, PEM, "/etc/hostname")


def test_settings_do_not_show_their_secrets() -> None:
    settings = OktaPull.model_validate(RIGHT)
    assert (
        TOKEN not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    )


def test_an_address_is_normalized() -> None:
    settings = OktaPull.model_validate(RIGHT | {"org_url": "https://ACME.okta.com/"})
    assert settings.org_url == "https://acme.okta.com"


@pytest.mark.parametrize("scope", ["all", "app", "groups"])
def test_right_settings_leave_the_check_nothing_to_say(fake: FakeOkta, scope: str) -> None:
    source_suite.is_well(source(fake, scope_of(fake, scope)))
    source_suite.is_well(by_key(fake, scope=scope_of(fake, scope)))


def said(okta: Okta) -> str:
    """The one sentence of the check."""
    (sentence,) = okta.check()
    assert TOKEN not in sentence and sentence.endswith((".", "?"))
    return sentence


def test_a_wrong_token_is_said_to_be_refused(fake: FakeOkta) -> None:
    assert "does not accept the token" in said(source(fake, token="00wrong"))


def test_a_token_that_cannot_list_users_is_said_to_lack_a_role(fake: FakeOkta) -> None:
    fake.faults = [Fault("403", r"users\?")]
    assert "read-only administrator role" in said(source(fake))


def test_a_token_that_sees_only_some_groups_is_said_to_see_a_part(fake: FakeOkta) -> None:
    fake.directory.sees_everyone = False
    assert "only a part" in said(source(fake))


def test_a_missing_app_is_said_to_be_missing(fake: FakeOkta) -> None:
    assert "no app with the id 0oaNone" in said(source(fake, {"app_id": "0oaNone"}))


def test_each_missing_group_is_named(fake: FakeOkta) -> None:
    sentences = source(fake, {"groups": ["Eng", "Nix", "Nada"]}).check()
    assert [("Nix" in s, "Nada" in s) for s in sentences] == [(True, False), (False, True)]


@pytest.mark.parametrize("fault", ["404 of another server", "redirect", "html"])
def test_another_server_is_said_to_be_no_okta_organization(fake: FakeOkta, fault: str) -> None:
    fake.faults = [Fault(fault)]
    assert fake.url in said(source(fake))


def test_a_host_that_does_not_exist_is_said_not_to_be_found(fake: FakeOkta) -> None:
    assert "cannot be found" in said(source(fake, org_url="https://acme.okta.invalid"))


def test_a_private_address_is_refused_before_anything_is_sent(fake: FakeOkta) -> None:
    assert "private address" in said(source(fake, limits=Limits()))
    assert "private address" in said(by_key(fake, limits=Limits()))
    assert fake.requests == []


def test_a_check_does_not_wait_for_a_rate_limit(fake: FakeOkta) -> None:
    fake.faults = [Fault("429 with reset")]
    waits: list[float] = []
    assert "rate limit" in said(source(fake, sleep=waits.append))
    assert waits == []


@pytest.mark.parametrize("private_key", [PEM, json.dumps(KEY.as_dict(private=True)), f"\n{PEM}\n"])
def test_a_private_key_reads_as_well_as_a_token(fake: FakeOkta, private_key: str) -> None:
    assert source_suite.drain(by_key(fake, private_key)) == source_suite.drain(source(fake))
    assert fake.tokens.scopes == ["okta.users.read okta.groups.read"], "one token serves the read"


def test_the_scope_of_an_app_asks_for_one_right_more(fake: FakeOkta) -> None:
    assert source_suite.drain(by_key(fake, scope=scope_of(fake, "app"))).ended
    assert fake.tokens.scopes == ["okta.users.read okta.groups.read okta.apps.read"]


def test_an_access_token_is_renewed_before_it_ends(fake: FakeOkta) -> None:
    fake.tokens.lifetime = 200  # shorter than the five minutes before which it is renewed
    okta = by_key(fake)
    assert [isinstance(okta.read_user(user), UserFound) for user in list(fake.directory.users)[:2]]
    assert len(fake.tokens.given) == 4, "one for each request"


def test_a_key_that_okta_does_not_know_is_said_to_be_refused(fake: FakeOkta) -> None:
    other = RSAKey.generate_key(2048, private=True).as_pem(private=True).decode()
    assert "no access token" in said(by_key(fake, other))
    assert isinstance(source_suite.breaks_off(by_key(fake, other), other), Misconfigured)


@pytest.mark.parametrize(
    "fault",
    ["500", "429 with reset", "429 without reset", "401", "dropped", "truncated", "html",
     "nothing", "an object", "null", "redirect", "404 of another server"],
)  # fmt: skip
def test_a_fault_of_the_token_endpoint_is_one_of_ours(fake: FakeOkta, fault: str) -> None:
    fake.faults = [Fault(fault, "oauth2")]
    okta = by_key(fake)
    source_suite.breaks_off(okta, PEM)
    assert [url for url in fake.requests if "oauth2" not in url] == []
    fake.faults = []
    assert source_suite.drain(okta).ended, "a fault leaves nothing behind"


def test_many_threads_share_one_token(fake: FakeOkta) -> None:
    okta = by_key(fake)
    user = next(iter(fake.directory.users))
    outcomes: list[object] = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(okta.read_user(user))) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(outcomes) == 16 and len(set(map(repr, outcomes))) == 1
    assert len(fake.tokens.given) == 1


def test_a_closed_source_leaves_no_thread_behind(fake: FakeOkta) -> None:
    okta = source(fake)
    okta.check()
    okta.close()
    deadline = time.monotonic() + 5
    while any("okta" in t.name.lower() or "asyncio" in t.name for t in threading.enumerate()):
        assert time.monotonic() < deadline


@pytest.mark.parametrize("trouble", [AttributeError, KeyError, TypeError, ValueError])
def test_what_the_sdk_stumbles_over_is_one_of_our_errors(
    fake: FakeOkta, monkeypatch: pytest.MonkeyPatch, trouble: type[Exception]
) -> None:
    from okta.request_executor import RequestExecutor  # noqa: PLC0415

    async def stumble(*_: object, **__: object) -> None:
        raise trouble(TOKEN)

    monkeypatch.setattr(RequestExecutor, "fire_request_helper", stumble)
    with pytest.raises(ConnectorError) as raised:
        source(fake).read_user("00u1")
    assert isinstance(raised.value, Transient) and TOKEN not in str(raised.value)

"""Kinds of connectors by their names: what they need, what is secret, who else may add one."""

import json
import re
from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from connectors import registry
from connectors.errors import Misconfigured
from connectors.http import Limits
from connectors.kinds import Kind
from connectors.memory import MemoryTarget
from connectors.scim import ScimSettings, ScimTarget

SCIM = {
    "url": "https://app.example/scim/v2",
    "auth": {"type": "bearer", "token": "s3cret"},
}


class PaperSettings(BaseModel):
    shelf: str
    key: SecretStr | None = None


PAPER = Kind(PaperSettings, lambda settings, limits: MemoryTarget())


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a package had declared an entry point of ours."""
    point = EntryPoint("paper", f"{__name__}:PAPER", "trueup.targets")
    monkeypatch.setattr(EntryPoint, "load", lambda self: PAPER)

    def entry_points(**chosen: str) -> EntryPoints:
        return EntryPoints([point]).select(**chosen)

    monkeypatch.setattr(registry, "entry_points", entry_points)


def test_a_target_of_a_known_kind_is_made() -> None:
    target = registry.target("scim", SCIM, Limits())
    assert isinstance(target, ScimTarget)
    target.close()


@pytest.mark.parametrize("make", [registry.source, registry.target])
def test_an_unknown_kind_is_misconfigured_and_the_known_ones_are_named(make: Any) -> None:
    name = "scim" if make is registry.target else "entra, okta"
    with pytest.raises(Misconfigured, match=f"'fax' is no known kind. Known are: .*{name}"):
        make("fax", {}, Limits())


def test_a_target_is_no_source() -> None:
    with pytest.raises(Misconfigured, match="'scim' is no known kind"):
        registry.source("scim", SCIM, Limits())


@pytest.mark.usefixtures("installed")
def test_an_installed_package_adds_a_kind() -> None:
    assert isinstance(registry.target("paper", {"shelf": "a"}, Limits()), MemoryTarget)
    assert registry.known("target") == ["paper", "scim"]
    assert registry.secret_names("paper") == {"key"}
    with pytest.raises(Misconfigured, match="shelf: Field required"):
        registry.target("paper", {}, Limits())


@pytest.mark.parametrize(
    ("kind", "secret"),
    [
        ("scim", {"auth.token", "auth.password"}),
        ("okta", {"token", "private_key"}),
        ("entra", {"client_secret", "certificate"}),
    ],
)
def test_every_secret_of_a_kind_is_named(kind: str, secret: set[str]) -> None:
    assert registry.secret_names(kind) == secret


def test_valid_settings_come_back_as_their_model_and_hide_their_secrets() -> None:
    settings = registry.validate("scim", {"kind": "scim", **SCIM})
    assert isinstance(settings, ScimSettings)
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in settings.model_dump_json()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"url": "app.example/scim"}, "url: url must look like https://app.example/scim/v2."),
        ({"url": "ftp://app.example"}, "url: url must look like"),
        ({"url": "https://u:s3cret@app.example"}, "url: url must have no user, password"),
        ({"url": "https://app.example/?token=s3cret"}, "url: url must have no user, password"),
        ({"url": "https://app.example/scim/Users/"}, "url: url must be the address above"),
        ({"auth": {"type": "bearer"}}, "auth.bearer.token: Field required."),
        ({"auth": {"type": "bearer", "token": "Bearer s3cret"}}, "token must be the bare token"),
        ({"auth": {"type": "bearer", "token": "s3cret\n"}}, "token must be the bare token"),
        ({"auth": {"type": "bearer", "token": ""}}, "token must be the bare token"),
        ({"auth": {"type": "basic", "user_name": "a:b", "password": "s3cret"}}, "user_name"),
        ({"auth": {"type": "ntlm", "password": "s3cret"}}, "auth: Input tag 'ntlm'"),
        ({"auth": "s3cret"}, "auth: "),
        ({"correlate": "email"}, "correlate: Input should be 'none' or 'user_name'."),
        ({"batch": 0}, "batch: Input should be greater than or equal to 1."),
        ({"batch": 1001}, "batch: Input should be less than or equal to 1000."),
        ({"timeouts": {"read": 0}}, "timeouts.read: Input should be greater than 0."),
        ({"token": "s3cret"}, "token: Extra inputs are not permitted."),
        ({"kind": "okta"}, "kind: Input should be 'scim'."),
    ],
)
def test_wrong_settings_are_told_in_sentences_without_their_values(
    changed: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)) as refusal:
        registry.validate("scim", SCIM | changed)
    assert "s3cret" not in str(refusal.value)
    with pytest.raises(Misconfigured):
        registry.target("scim", SCIM | changed, Limits())


def test_two_faults_are_two_sentences() -> None:
    with pytest.raises(ValueError, match=r"url: Field required\. auth: Field required\."):
        registry.validate("scim", {})


def test_given_time_limits_replace_those_of_the_daemon_and_nothing_else() -> None:
    settings = ScimSettings.model_validate(SCIM | {"timeouts": {"read": 5}})
    assert settings.limits(Limits(connect=1, read=2, total=3)) == Limits(connect=1, read=5, total=3)


def test_a_basic_header_is_that_of_the_rfc() -> None:
    auth = json.loads('{"type": "basic", "user_name": "Aladdin", "password": "open sesame"}')
    settings = ScimSettings.model_validate(SCIM | {"auth": auth})
    assert settings.auth.header() == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="

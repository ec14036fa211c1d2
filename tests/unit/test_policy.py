"""A policy is read as its administrator meant it, or refused in a sentence."""

from typing import Any

import pytest

from models.instant import DAY, HOUR, MINUTE, SECOND
from sync import policy
from sync.policy import Grants, Policy

PULL_ALL: dict[str, Any] = {"kind": "okta", "scope": "all"}
LOGIN: dict[str, Any] = {"protocol": "oidc"}


def of(settings: dict[str, Any], *, provider: str = "generic", **channels: Any) -> Policy:
    channels = {"push": True, "pull": None, "login": None} | channels
    return policy.of(provider, settings, **channels)


def test_without_settings_the_defaults_of_the_provider_stand() -> None:
    assert of({}) == Policy()
    assert of({}, provider="entra").cycle == 80 * MINUTE
    assert of({}, provider="entra").lag == 5 * MINUTE


def test_the_channels_are_those_of_the_connection() -> None:
    found = of({}, push=False, pull=PULL_ALL, login=LOGIN)
    assert (found.push, found.pull, found.login) == (False, True, True)


ADMITS = {
    "a read of everything admits nobody": ({}, PULL_ALL, False),
    "a read without a scope is one of everything": ({}, {"kind": "okta"}, False),
    "a read of an application's users admits": ({}, {"scope": {"app_id": "a"}}, True),
    "a read of named groups admits": ({}, {"scope": {"groups": ["g"]}}, True),
    "a policy may admit all": ({"admit": "all"}, PULL_ALL, True),
    "without a read nothing is admitted by it": ({}, None, False),
}


@pytest.mark.parametrize(("settings", "pull", "admits"), ADMITS.values(), ids=ADMITS.keys())
def test_admission(settings: dict[str, Any], pull: dict[str, Any] | None, admits: bool) -> None:
    assert of(settings, pull=pull).pull_admits is admits


DIRECTORY = {
    "push": (True, None, True),
    "pull": (False, PULL_ALL, True),
    "login only": (False, None, False),
}


@pytest.mark.parametrize(("push", "pull", "has"), DIRECTORY.values(), ids=DIRECTORY.keys())
def test_a_connection_has_a_directory_by(
    push: bool, pull: dict[str, Any] | None, has: bool
) -> None:
    assert of({}, push=push, pull=pull, login=LOGIN).has_directory is has


DURATIONS = {
    "seconds": (90, 90 * SECOND),
    "parts of a second": (0.5, SECOND // 2),
    "seconds in words": ("90s", 90 * SECOND),
    "minutes": ("90m", 90 * MINUTE),
    "hours": ("48h", 48 * HOUR),
    "days": ("3d", 3 * DAY),
    "nothing": (0, 0),
}


@pytest.mark.parametrize(("written", "meant"), DURATIONS.values(), ids=DURATIONS.keys())
def test_a_duration_is_read(written: object, meant: int) -> None:
    assert policy.duration(written) == meant


@pytest.mark.parametrize("written", [-1, True, None, "", "m", "1.5h", "-3d", "3w", "٣x", [3]])
def test_what_is_no_duration_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="no duration"):
        policy.duration(written)


WRONG = {
    "a setting nobody knows": ({"graace": 3}, "graace"),
    "a lag that is none": ({"lag": "soon"}, "policy lag"),
    "a time-to-live that is none": ({"ttl": {"pull": "soon"}}, "policy ttl.pull"),
    "a time-to-live of a channel that is none": ({"ttl": {"phone": 3}}, "policy ttl"),
    "a time-to-live that is no object": ({"ttl": 3}, "policy ttl"),
    "a grant nobody knows": ({"login_grants": "all"}, "login_grants"),
    "an admission nobody knows": ({"admit": "none"}, "policy admit"),
    "a share above one": ({"shrink": 2}, "policy shrink"),
    "a share that is a boolean": ({"shrink": True}, "policy shrink"),
}


@pytest.mark.parametrize(("settings", "named"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_setting_is_refused_by_name(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        of(settings)


def test_settings_are_read() -> None:
    found = of(
        {
            "ttl": {"pull": "6d", "push": "9d", "login": "1d"},
            "login_grants": "lease",
            "lag": "2m",
            "cycle": "1h",
            "retention": "90d",
            "shrink": 0.5,
        }
    )
    assert (found.pull_ttl, found.push_ttl, found.lease) == (6 * DAY, 9 * DAY, DAY)
    assert (found.lag, found.cycle, found.retention) == (2 * MINUTE, HOUR, 90 * DAY)
    assert (found.login_grants, found.shrink) == (Grants.LEASE, 0.5)


def test_a_time_to_live_under_twice_the_interval_is_too_short() -> None:
    said = policy.too_short(Policy(pull_ttl=47 * HOUR), DAY)
    assert said is not None and said.endswith(".")
    assert policy.too_short(Policy(pull_ttl=48 * HOUR), DAY) is None

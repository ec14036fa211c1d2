"""A policy is read as its administrator meant it, or refused in a sentence."""

from typing import Any

import pytest

from models.instant import DAY, HOUR, MINUTE, SECOND
from sync.authority import Authority
from sync.policies import policy
from sync.policies import settings as policy_settings
from sync.policies.policy import Expired, Grants, Policy, Removed

PULL_ALL: dict[str, Any] = {"kind": "okta", "scope": "all"}
LOGIN: dict[str, Any] = {"protocol": "oidc"}


def of(settings: dict[str, Any], *, provider: str = "generic", **channels: Any) -> Policy:
    channels = {"push": True, "pull": None, "login": None} | channels
    return policy_settings.of(provider, settings, **channels)


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
    assert policy_settings.duration(written) == meant


@pytest.mark.parametrize("written", [-1, True, None, "", "m", "1.5h", "-3d", "3w", "٣x", [3]])
def test_what_is_no_duration_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="no duration"):
        policy_settings.duration(written)


WRONG = {
    "a setting nobody knows": ({"graace": 3}, "graace"),
    "a lag that is none": ({"lag": "soon"}, "policy lag"),
    "a time-to-live that is none": ({"ttl": {"pull": "soon"}}, "policy ttl.pull"),
    "a push that never counts": ({"ttl": {"push": 0}}, "policy ttl.push is 0"),
    "a read that never counts": ({"ttl": {"pull": 0}}, "policy ttl.pull is 0"),
    "a login that never counts": ({"ttl": {"login": "0d"}}, "policy ttl.login is 0"),
    "a time-to-live of a channel that is none": ({"ttl": {"phone": 3}}, "policy ttl"),
    "a time-to-live that is no object": ({"ttl": 3}, "policy ttl"),
    "a grant nobody knows": ({"login_grants": "all"}, "login_grants"),
    "an admission nobody knows": ({"admit": "none"}, "policy admit"),
    "a share above one": ({"shrink": 2}, "policy shrink"),
    "a share that is a boolean": ({"shrink": True}, "policy shrink"),
    "an authority that is no object": ({"authority": "push"}, "policy authority"),
    "an authority over a fact nobody knows": ({"authority": {"colour": "push"}}, "'colour'"),
    "an authority that is no directory channel": (
        {"authority": {"active": "login"}},
        "policy authority.active",
    ),
    "an authority over an attribute nobody knows": (
        {"authority": {"attributes": {"phone": "push"}}},
        "authority.attributes has no attribute 'phone'",
    ),
    "an authority over attributes that is no object": (
        {"authority": {"attributes": ["email"]}},
        "authority.attributes",
    ),
    "an expired lease that does what nobody knows": ({"expired_lease": []}, "expired_lease"),
    "removed groups that do what nobody knows": ({"removed_groups": "go"}, "removed_groups"),
    "groups that are no object": ({"groups": ["ops"]}, "policy groups"),
    "groups by a word nobody knows": ({"groups": {"always": ["ops"]}}, "policy groups"),
    "groups that are no list": ({"groups": {"only": "ops"}}, "policy groups.only"),
    "a group that is no text": ({"groups": {"never": [3]}}, "policy groups.never"),
    "a group that is empty": ({"groups": {"never": [" "]}}, "policy groups.never"),
    "no group at all": ({"groups": {"only": []}}, "policy groups.only is empty"),
    "too many groups": ({"groups": {"only": ["a"] * 1001}}, "at most 1000"),
    "a group both let in and kept out": (
        {"groups": {"only": ["Ops", "Dev"], "never": ["ops"]}},
        "'ops' both",
    ),
    "a role that is no text": ({"default_role": 3}, "policy default_role"),
    "a role that is too long": ({"default_role": "a" * 65}, "policy default_role"),
    "a role that cannot be printed": ({"default_role": "a\nb"}, "policy default_role"),
    "attributes that are no object": ({"attributes": ["email"]}, "policy attributes"),
    "attributes by a word nobody knows": ({"attributes": {"only": []}}, "policy attributes"),
    "ignored attributes that are no list": (
        {"attributes": {"ignore": "email"}},
        "attributes.ignore",
    ),
    "an ignored user name": ({"attributes": {"ignore": ["user_name"]}}, "attributes.ignore"),
    "a history that is none": ({"history": "long"}, "policy history"),
    "a history of less than a day": ({"history": "1h"}, "policy history"),
    "tolerances that are no object": ({"tolerances": ["returning_user"]}, "policy tolerances"),
    "a tolerance by a word": ({"tolerances": {"returning_user": "yes"}}, "policy tolerances"),
    "a tolerance that cannot be set": ({"tolerances": {"no_schemas": False}}, "no_schemas"),
    "requests that nobody could look at": ({"requests": "1m"}, "policy requests"),
}


@pytest.mark.parametrize(("settings", "named"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_setting_is_refused_by_name(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        of(settings)


CONTRADICTIONS = {
    "an authority without its channel": (
        {"authority": {"memberships": "pull"}},
        {"login": LOGIN},
        'authority.memberships is "pull"',
    ),
    "an authority over an attribute without its channel": (
        {"authority": {"attributes": {"email": "push"}}},
        {"push": False, "pull": PULL_ALL},
        'authority.attributes.email is "push"',
    ),
    "existence by a read that admits nobody": (
        {"authority": {"existence": "pull"}},
        {"pull": PULL_ALL},
        "admits nobody",
    ),
    "existence by push, and all admitted": (
        {"authority": {"existence": "push"}, "admit": "all"},
        {"pull": PULL_ALL},
        "push alone admit",
    ),
    "all admitted, and nothing read": ({"admit": "all"}, {}, "policy admit"),
    "an attribute that is ignored and has an authority": (
        {"authority": {"attributes": {"email": "push"}}, "attributes": {"ignore": ["email"]}},
        {},
        "attributes.ignore names email",
    ),
    "a lease without logins": ({"login_grants": "lease"}, {}, "login_grants"),
    "an end of leases without logins": ({"expired_lease": "remove"}, {}, "expired_lease"),
    "an end of leases where tokens are hints": (
        {"expired_lease": "remove"},
        {"login": LOGIN},
        "expired_lease",
    ),
    "groups that return where nobody could bring them": (
        {"removed_groups": "return"},
        {"push": False, "login": LOGIN},
        "removed_groups",
    ),
}


@pytest.mark.parametrize(
    ("settings", "channels", "words"), CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys()
)
def test_what_cannot_both_be_meant_is_refused(
    settings: dict[str, Any], channels: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words) as refused:
        of(settings, **channels)
    assert str(refused.value).endswith(".")


def test_authorities_are_read() -> None:
    settings = {
        "authority": {
            "existence": "push",
            "active": "pull",
            "memberships": "push",
            "group_names": "pull",
            "attributes": {"email": "push", "first_name": "newest"},
        }
    }
    found = of(settings, pull=PULL_ALL).authority
    assert [one.value for one in (found.existence, found.active)] == ["push", "pull"]
    assert [one.value for one in (found.memberships, found.group_names)] == ["push", "pull"]
    assert found.attributes == {"email": Authority.PUSH, "first_name": Authority.NEWEST}


def test_settings_are_read() -> None:
    found = of(
        login=LOGIN,
        settings={
            "ttl": {"pull": "6d", "push": "9d", "login": "1d"},
            "login_grants": "lease",
            "lag": "2m",
            "cycle": "1h",
            "retention": "90d",
            "shrink": 0.5,
            "expired_lease": "remove",
            "removed_groups": "return",
            "groups": {"only": ["app-*"], "never": ["app-test"]},
            "default_role": "member",
            "attributes": {"ignore": ["display_name"]},
            "history": "90d",
            "requests": "2d",
            "tolerances": {"unknown_paths": True},
        },
    )
    assert (found.pull_ttl, found.push_ttl, found.lease) == (6 * DAY, 9 * DAY, DAY)
    assert (found.lag, found.cycle, found.retention) == (2 * MINUTE, HOUR, 90 * DAY)
    assert (found.login_grants, found.shrink) == (Grants.LEASE, 0.5)
    assert (found.expired_lease, found.removed_groups) == (Expired.REMOVE, Removed.RETURN)
    assert (found.groups.only, found.groups.never) == (("app-*",), ("app-test",))
    assert (found.default_role, found.history) == ("member", 90 * DAY)
    assert (found.ignored, found.requests) == ({"display_name"}, 2 * DAY)
    assert found.tolerances == {"unknown_paths", "returning_user", "name_given_on"}


def test_a_time_to_live_under_twice_the_interval_is_too_short() -> None:
    said = policy.too_short(Policy(pull_ttl=47 * HOUR), DAY)
    assert said is not None and said.endswith(".")
    assert policy.too_short(Policy(pull_ttl=48 * HOUR), DAY) is None


@pytest.mark.parametrize("lag", ["1h", "2h"])
def test_a_lag_as_long_as_reads_count_is_refused(lag: str) -> None:
    settings = {"lag": lag, "ttl": {"pull": "1h"}}
    with pytest.raises(ValueError, match=r"policy lag is .*, and ttl\.pull is 1 hour: .*\.$"):
        of(settings, pull=PULL_ALL)
    assert of(settings).lag >= HOUR
    assert of(settings | {"lag": "59m"}, pull=PULL_ALL).lag < HOUR

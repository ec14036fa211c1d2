"""A policy as an administrator writes it, read, or refused in one sentence. Pure."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from models.instant import DAY, HOUR, MINUTE, SECOND, Instant
from sync import authority
from sync.authority import ATTRIBUTES
from sync.policies import groups_let_in
from sync.policies.conflicts import conflict
from sync.policies.policy import Expired, Grants, Policy, Removed, default, stretched
from sync.pushing import tolerances

LONGEST = 3650 * DAY
UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
TTLS = {"pull": "pull_ttl", "push": "push_ttl", "login": "lease"}
LONGEST_ROLE = 64
Read = Callable[[object], dict[str, Any]]
"""From the value of a setting to fields of the policy. Raises ValueError."""


def of(
    provider: str,
    settings: dict[str, Any],
    *,
    push: bool,
    pull: dict[str, Any] | None,
    login: dict[str, Any] | None,
) -> Policy:
    """The policy of a connection. Raises ValueError with a sentence about a wrong setting."""
    for name in settings:
        if name not in _SETTINGS:
            known = ", ".join(sorted(_SETTINGS))
            raise ValueError(f"policy has no setting {name[:50]!r}; it knows {known}.")
    fields: dict[str, Any] = {"pull_ttl": stretched(pull)}
    for name, value in settings.items():
        fields |= _SETTINGS[name](value)
    narrow = pull is not None and pull.get("scope", "all") != "all"
    admits = fields.pop("pull_admits", False)
    found = replace(
        default(provider),
        push=push,
        pull=pull is not None,
        login=login is not None,
        pull_admits=narrow or admits,
        **fields,
    )
    sentence = conflict(found, admits_all=admits)
    if sentence is not None:
        raise ValueError(sentence)
    return found


def duration(value: object) -> Instant:
    """Microseconds from seconds, or from a text such as 90m, 48h or 3d. Raises ValueError."""
    found = -1
    if isinstance(value, int | float) and not isinstance(value, bool) and value < LONGEST:
        found = round(value * SECOND)
    if isinstance(value, str) and value[:-1].isdecimal() and len(value) < 12:
        found = int(value[:-1]) * UNITS.get(value[-1:], -1)
    if not 0 <= found <= LONGEST:
        raise ValueError(f"{value!r} is no duration; write seconds, or 90m, 48h, 3d.")
    return found


def _duration(name: str, value: object) -> Instant:
    try:
        return duration(value)
    except ValueError as trouble:
        raise ValueError(f"policy {name}: {trouble}") from trouble


def _time(name: str) -> Read:
    return lambda value: {name: _duration(name, value)}


def _history(value: object) -> dict[str, Any]:
    found = _duration("history", value)
    if found < DAY:
        raise ValueError("policy history is at least a day, or nothing could be explained.")
    return {"history": found}


def _requests(value: object) -> dict[str, Any]:
    found = _duration("requests", value)
    if found < HOUR:
        raise ValueError("policy requests is at least an hour, or nobody could look at any.")
    return {"requests": found}


def _ttl(value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) - set(TTLS):
        raise ValueError('policy ttl is an object with a duration for "pull", "push", "login".')
    return {TTLS[channel]: _duration(f"ttl.{channel}", one) for channel, one in value.items()}


def _choice(name: str, *known: str) -> Callable[[object], str]:
    def chosen(value: object) -> str:
        if value not in known:
            raise ValueError(f'policy {name} is "{known[0]}" or "{known[1]}".')
        return str(value)

    return chosen


def _share(value: object) -> dict[str, Any]:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError("policy shrink is a share between 0 and 1.")
    return {"shrink": float(value)}


def _role(value: object) -> dict[str, Any]:
    """Null, as if it were not set."""
    if value is None:
        return {"default_role": None}
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_ROLE:
        raise ValueError(f"policy default_role is a text of 1 to {LONGEST_ROLE} characters.")
    if not value.isprintable():
        raise ValueError("policy default_role has a character that cannot be printed.")
    return {"default_role": value}


def _attributes(value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) - {"ignore"}:
        raise ValueError('policy attributes is an object with the list "ignore".')
    ignored = value.get("ignore", [])
    known = [one for one in ATTRIBUTES if one != "user_name"]
    if not isinstance(ignored, list):
        raise ValueError("policy attributes.ignore is a list of attributes.")
    for one in ignored:
        if one not in known:
            raise ValueError(
                f"policy attributes.ignore has an entry that is none of {', '.join(known)}."
            )
    return {"ignored": frozenset(ignored)}


_ADMIT = _choice("admit", "assigned", "all")
_GRANTS = _choice("login_grants", "hint", "lease")
_EXPIRED = _choice("expired_lease", "hold", "remove")
_REMOVED = _choice("removed_groups", "stay", "return")
_SETTINGS: dict[str, Read] = {
    "admit": lambda value: {"pull_admits": _ADMIT(value) == "all"},
    "attributes": _attributes,
    "authority": lambda value: {"authority": authority.read(value)},
    "cycle": _time("cycle"),
    "default_role": _role,
    "expired_lease": lambda value: {"expired_lease": Expired(_EXPIRED(value))},
    "groups": lambda value: {"groups": groups_let_in.read(value)},
    "history": _history,
    "lag": _time("lag"),
    "login_grants": lambda value: {"login_grants": Grants(_GRANTS(value))},
    "requests": _requests,
    "removed_groups": lambda value: {"removed_groups": Removed(_REMOVED(value))},
    "retention": _time("retention"),
    "shrink": _share,
    "tolerances": lambda value: {"tolerances": tolerances.read(value)},
    "ttl": _ttl,
}

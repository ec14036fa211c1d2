"""What an organization wants of one connection, with the defaults of its provider."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from models.instant import DAY, HOUR, MINUTE, SECOND, Instant

LONGEST = 3650 * DAY
UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}


class Grants(StrEnum):
    """What a token may do where the directory has not (yet) said the same."""

    HINT = "hint"
    LEASE = "lease"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    push: bool = True
    pull: bool = False
    login: bool = False
    pull_admits: bool = False
    """The declared scope of the read is the assignment to the application."""
    pull_ttl: Instant = 3 * DAY
    push_ttl: Instant | None = None
    """None: what was pushed stands until it is taken back."""
    lag: Instant = MINUTE
    """How far the directory's lists may be behind its changes."""
    cycle: Instant = 0
    """How long a push may take to follow the directory before it counts as missed."""
    login_grants: Grants = Grants.HINT
    lease: Instant = 30 * DAY
    shrink: float = 0.2
    """The share of users or groups a read may list fewer than the last, and still be whole."""
    retention: Instant = 30 * DAY
    """How long a disabled user is kept at a target before it is deleted."""

    @property
    def has_directory(self) -> bool:
        return self.push or self.pull


LAG = {"entra": 5 * MINUTE}
CYCLE = {"entra": 80 * MINUTE}
DURATIONS = frozenset({"lag", "cycle", "retention"})
TTLS = {"pull": "pull_ttl", "push": "push_ttl", "login": "lease"}
CHOICES = frozenset({"ttl", "login_grants", "shrink", "admit"})


def default(provider: str) -> Policy:
    return Policy(lag=LAG.get(provider, MINUTE), cycle=CYCLE.get(provider, 0))


def of(
    provider: str,
    settings: dict[str, Any],
    *,
    push: bool,
    pull: dict[str, Any] | None,
    login: dict[str, Any] | None,
) -> Policy:
    """The policy of a connection. Raises ValueError with a sentence about a wrong setting."""
    unknown = set(settings) - DURATIONS - CHOICES
    if unknown:
        known = ", ".join(sorted(DURATIONS | CHOICES))
        raise ValueError(f"policy has no setting {min(unknown)!r}; it knows {known}.")
    times = {name: _duration(name, settings[name]) for name in DURATIONS & set(settings)}
    narrow = pull is not None and pull.get("scope", "all") != "all"
    return replace(
        default(provider),
        push=push,
        pull=pull is not None,
        login=login is not None,
        pull_admits=narrow or _admit(settings) == "all",
        login_grants=_grants(settings),
        shrink=_share(settings),
        **times,
        **({"pull_ttl": stretched(pull)} | _ttl(settings)),
    )


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


def stretched(pull: dict[str, Any] | None) -> Instant:
    """The time-to-live of reads where the policy sets none: three intervals, if that is more."""
    return max(Policy().pull_ttl, 3 * int((pull or {}).get("interval", 0)))


def too_short(policy: Policy, interval: Instant) -> str | None:
    """A time-to-live under twice the interval would let one missed read stop everything."""
    if policy.pull_ttl >= 2 * interval:
        return None
    return (
        f"policy ttl.pull is {policy.pull_ttl // SECOND} s, less than twice the interval between "
        f"reads ({interval // SECOND} s). One late read would make all evidence stale."
    )


def _duration(name: str, value: object) -> Instant:
    try:
        return duration(value)
    except ValueError as trouble:
        raise ValueError(f"policy {name}: {trouble}") from trouble


def _ttl(settings: dict[str, Any]) -> dict[str, Instant]:
    ttl = settings.get("ttl", {})
    if not isinstance(ttl, dict) or set(ttl) - set(TTLS):
        raise ValueError('policy ttl is an object with a duration for "pull", "push", "login".')
    return {TTLS[channel]: _duration(f"ttl.{channel}", value) for channel, value in ttl.items()}


def _admit(settings: dict[str, Any]) -> str:
    value = settings.get("admit", "assigned")
    if value not in ("assigned", "all"):
        raise ValueError('policy admit is "assigned" or "all".')
    return str(value)


def _grants(settings: dict[str, Any]) -> Grants:
    try:
        return Grants(settings.get("login_grants", "hint"))
    except ValueError as trouble:
        raise ValueError('policy login_grants is "hint" or "lease".') from trouble


def _share(settings: dict[str, Any]) -> float:
    value = settings.get("shrink", 0.2)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError("policy shrink is a share between 0 and 1.")
    return float(value)

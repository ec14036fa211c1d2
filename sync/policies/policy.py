"""What an organization wants of one connection, with the defaults of its provider."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from models.instant import DAY, HOUR, MINUTE, SECOND, Instant
from sync.authority import PEERS, Authorities
from sync.policies.groups_let_in import EVERY_GROUP, GroupsLetIn
from sync.pushing.tolerances import USUAL


class Grants(StrEnum):
    """What a token may do where the directory has not (yet) said the same."""

    HINT = "hint"
    LEASE = "lease"


class Expired(StrEnum):
    """What becomes of what only a login vouches for, once its lease has ended."""

    HOLD = "hold"
    REMOVE = "remove"


class Removed(StrEnum):
    """What becomes of a group that an administrator removed and a directory still names."""

    STAY = "stay"
    RETURN = "return"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    push: bool = True
    pull: bool = False
    login: bool = False
    pull_admits: bool = False
    """The declared scope of the read is the assignment to the application."""
    scoped_at: Instant = 0
    """Since when that is the scope: what was read of another one admits nobody."""
    authority: Authorities = PEERS
    ignored: frozenset[str] = frozenset()
    """Attributes that are taken from nobody."""
    pull_ttl: Instant = 3 * DAY
    push_ttl: Instant | None = None
    """None: what was pushed stands until it is taken back."""
    lag: Instant = MINUTE
    """How far the directory's lists may be behind its changes."""
    cycle: Instant = 0
    """How long a push may take to follow the directory before it counts as missed."""
    login_grants: Grants = Grants.HINT
    lease: Instant = 30 * DAY
    expired_lease: Expired = Expired.HOLD
    groups: GroupsLetIn = EVERY_GROUP
    removed_groups: Removed = Removed.STAY
    shrink: float = 0.2
    """The share of users or groups a read may list fewer than the last, and still be whole."""
    retention: Instant = 30 * DAY
    """How long a disabled user is kept at a target before it is deleted."""
    history: Instant = 400 * DAY
    """How long journals are kept."""
    requests: Instant = 14 * DAY
    """How long the provider's requests are kept, with their bodies."""
    default_role: str | None = None
    tolerances: frozenset[str] = USUAL
    """What is forgiven of the provider's SCIM, of what could do harm (sync.pushing.tolerances)."""

    @property
    def has_directory(self) -> bool:
        return self.push or self.pull

    @property
    def tokens_grant(self) -> bool:
        """Whether a token can give what no directory says."""
        return not self.has_directory or self.login_grants is Grants.LEASE

    def unvouched_before(self, now: Instant) -> Instant:
        """What only a login vouches for is taken back if the login was before this; 0 is never."""
        is_taken = self.tokens_grant and self.expired_lease is Expired.REMOVE
        return max(0, now - self.lease) if is_taken else 0


LAG = {"entra": 5 * MINUTE}
CYCLE = {"entra": 80 * MINUTE}


def default(provider: str) -> Policy:
    return Policy(lag=LAG.get(provider, MINUTE), cycle=CYCLE.get(provider, 0))


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


def span(time: Instant) -> str:
    """A duration in words: 3 days, 90 minutes, 1 hour; a crooked one in its two largest units."""
    for size, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if time >= size and time % size == 0:
            return f"{time // size} {name}{'' if time == size else 's'}"
    for size, less in ((DAY, HOUR), (HOUR, MINUTE), (MINUTE, SECOND)):
        if time > size:
            above, rest = time // size * size, time % size // less * less
            told = f"{span(above)} and {span(rest)}" if rest else span(above)
            return told if above + rest == time else f"about {told}"
    return f"{time / SECOND:g} second{'' if time == SECOND else 's'}"

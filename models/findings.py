"""A standing disagreement, with what each side says."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from models.evidence import Channel
from models.instant import Instant, to_text


class Kind(StrEnum):
    MISSED_PUSH = "missed_push"
    STALE_PUSH = "stale_push"
    TOKEN_AHEAD_OF_DIRECTORY = "token_ahead_of_directory"
    DIRECTORY_AHEAD_OF_TOKEN = "directory_ahead_of_token"
    LOGIN_OF_INACTIVE_USER = "login_of_inactive_user"
    NESTED_ONLY = "nested_only"
    ATTRIBUTE_CONFLICT = "attribute_conflict"
    STALE_EVIDENCE = "stale_evidence"
    SOURCE_SILENT = "source_silent"
    FLAPPING = "flapping"
    PULL_INCOMPLETE = "pull_incomplete"
    SCOPE_SHRUNK = "scope_shrunk"
    CLAIM_ABSENT = "claim_absent"
    CLAIM_OVERAGE = "claim_overage"
    CLAIM_TRUNCATED = "claim_truncated"
    CLAIM_MALFORMED = "claim_malformed"
    CLAIM_FORMAT_CHANGED = "claim_format_changed"
    REMOVED_GROUP_STILL_SENT = "removed_group_still_sent"
    IDENTITY_DISPUTED = "identity_disputed"
    IDENTIFIER_RECYCLED = "identifier_recycled"
    EMAIL_TAKEOVER_SUSPECT = "email_takeover_suspect"
    GROUP_RENAMED = "group_renamed"
    GROUP_IDENTIFIER_CHANGED = "group_identifier_changed"
    GROUP_TWINS = "group_twins"
    MISSING_AT_TARGET = "missing_at_target"
    UNEXPECTED_AT_TARGET = "unexpected_at_target"
    FOREIGN_AT_TARGET = "foreign_at_target"
    ATTRIBUTE_DRIFT = "attribute_drift"
    MEMBERSHIP_DRIFT = "membership_drift"
    ACTION_FAILING = "action_failing"
    TARGET_QUARANTINED = "target_quarantined"
    HELD_BY_GUARD = "held_by_guard"
    PROTECTED_REMOVAL = "protected_removal"


OF_IDENTITY = frozenset(
    {
        Kind.IDENTITY_DISPUTED,
        Kind.IDENTIFIER_RECYCLED,
        Kind.EMAIL_TAKEOVER_SUSPECT,
        Kind.GROUP_RENAMED,
        Kind.GROUP_IDENTIFIER_CHANGED,
        Kind.GROUP_TWINS,
        Kind.CLAIM_FORMAT_CHANGED,
    }
)
"""Who is who, and what things are called."""
AT_TARGET = frozenset(
    {
        Kind.MISSING_AT_TARGET,
        Kind.UNEXPECTED_AT_TARGET,
        Kind.FOREIGN_AT_TARGET,
        Kind.ATTRIBUTE_DRIFT,
        Kind.MEMBERSHIP_DRIFT,
    }
)
"""What is found by looking at a target, and at no other time."""


MENDED = frozenset({Kind.MISSING_AT_TARGET, Kind.ATTRIBUTE_DRIFT, Kind.MEMBERSHIP_DRIFT})
"""What an operation at the target mends."""


class Severity(StrEnum):
    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


RANK = {one: rank for rank, one in enumerate(Severity)}


class State(StrEnum):
    """The life of a finding."""

    OPEN = "open"
    ACCEPTED = "accepted"
    """A person lets it stand, for good or until a date."""
    HEALED = "healed"
    """The next look did not find it again."""
    RESOLVED = "resolved"
    """A person's decision ended it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One side of a disagreement.

    `channel` is a channel; or `target`, `binding` (what we know of the target), `guard`,
    `administrator`.
    """

    channel: Channel | str
    says: str
    """yes, no or silent."""
    value: str | None = None
    as_of: Instant | None = None
    why: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {
            "channel": str(self.channel),
            "says": self.says,
            "value": self.value,
            "as_of": to_text(self.as_of) if self.as_of else None,
            "why": self.why,
        }


@dataclass(frozen=True, slots=True)
class Mending:
    """The operation that mends a finding, as a plan has it."""

    operation: str
    fingerprint: str

    def as_dict(self) -> dict[str, str]:
        return {"operation": self.operation, "fingerprint": self.fingerprint}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    kind: Kind
    severity: Severity
    connection: int
    target: int | None = None
    user: int | None = None
    group: int | None = None
    detail: str = ""
    """What tells it from another of its kind about the same objects: an attribute, say."""
    summary: str
    suggestion: str
    evidence: tuple[Evidence, ...] = ()
    action: Mending | None = None

    @property
    def subject(self) -> str:
        """What makes it the same finding the next time it is seen."""
        about = (self.connection, self.target, self.user, self.group)
        return "/".join([self.kind, *(str(one or "-") for one in about), self.detail[:200]])

    @property
    def object_key(self) -> str:
        """What at a target it is about, as a plan calls it."""
        if self.user is not None and self.group is not None:
            return f"m{self.group}:{self.user}"
        return f"u{self.user}" if self.user is not None else f"g{self.group}"

    @property
    def sides(self) -> str:
        """Who says what, whenever it was said."""
        said = sorted(f"{one.channel}\x1f{one.says}\x1f{one.value}" for one in self.evidence)
        return hashlib.blake2b("\x1e".join(said).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Stood:
    """What is written down of a finding that is seen again."""

    state: State
    severity: Severity
    sides: str
    """Empty where nobody noted them."""
    accepted_until: Instant | None

    @property
    def stands(self) -> bool:
        return self.state in (State.OPEN, State.ACCEPTED)


def when_seen(before: Stood, seen: Finding, now: Instant) -> tuple[State, Severity]:
    """How it stands now. What was accepted stays so until its time, unless it got worse.

    An accepted one keeps the severity it was accepted with, so that going up and down does
    not open it again.
    """
    in_time = before.accepted_until is None or before.accepted_until > now
    worse = RANK[seen.severity] > RANK[before.severity] or before.sides not in ("", seen.sides)
    if before.state is State.ACCEPTED and in_time and not worse:
        return State.ACCEPTED, before.severity
    return State.OPEN, seen.severity

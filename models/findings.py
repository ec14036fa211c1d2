"""A standing disagreement, with what each side says."""

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
    ATTRIBUTE_CONFLICT = "attribute_conflict"
    STALE_EVIDENCE = "stale_evidence"
    PULL_INCOMPLETE = "pull_incomplete"
    SCOPE_SHRUNK = "scope_shrunk"
    CLAIM_ABSENT = "claim_absent"
    CLAIM_OVERAGE = "claim_overage"
    CLAIM_MALFORMED = "claim_malformed"
    REMOVED_GROUP_STILL_SENT = "removed_group_still_sent"
    IDENTITY_DISPUTED = "identity_disputed"
    MISSING_AT_TARGET = "missing_at_target"
    UNEXPECTED_AT_TARGET = "unexpected_at_target"
    FOREIGN_AT_TARGET = "foreign_at_target"
    ATTRIBUTE_DRIFT = "attribute_drift"
    MEMBERSHIP_DRIFT = "membership_drift"
    ACTION_FAILING = "action_failing"
    HELD_BY_GUARD = "held_by_guard"


class Severity(StrEnum):
    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One side of a disagreement. `channel` is a channel, or the word `target`."""

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

    @property
    def subject(self) -> str:
        """What makes it the same finding the next time it is seen."""
        about = (self.connection, self.target, self.user, self.group)
        return "/".join([self.kind, *(str(one or "-") for one in about), self.detail[:200]])

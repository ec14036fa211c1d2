"""A decision with the evidence that made it."""

from dataclasses import dataclass
from enum import StrEnum

from models.evidence import Channel
from models.identity import Profile
from models.instant import Instant


class Answer(StrEnum):
    YES = "yes"
    NO = "no"
    HOLD = "hold"
    """Change nothing."""


@dataclass(frozen=True, slots=True)
class Verdict:
    answer: Answer
    why: str
    """A sentence."""
    decided_by: Channel | None = None
    as_of: Instant | None = None
    since: Instant = 0
    """When the deciding word was first said; reads that merely confirm it do not move it."""
    explicit: bool = False
    """The identity provider said this about this one object, by a push."""


@dataclass(frozen=True, slots=True)
class UserVerdict:
    exists: Verdict
    active: Verdict
    profile: Profile | None
    """None while no channel has given a user name."""


@dataclass(frozen=True, slots=True)
class GroupVerdict:
    exists: Verdict
    name: str

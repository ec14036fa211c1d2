"""A decision with the evidence that made it."""

from dataclasses import field
from enum import StrEnum

from models.evidence import Channel
from models.frozen import frozen
from models.identity import Profile
from models.instant import Instant


class Answer(StrEnum):
    YES = "yes"
    NO = "no"
    HOLD = "hold"
    """Change nothing."""


@frozen()
class Verdict:
    answer: Answer
    why: str
    """A sentence."""
    decided_by: Channel | None = None
    as_of: Instant | None = None
    since: Instant = 0
    """When the deciding word was first said; reads that merely confirm it do not move it."""
    after: Instant | None = field(default=None, compare=False)
    """The newest word to the contrary that the deciding word replaced, if a word decided."""
    explicit: bool = False
    """Said about this one object, by a push of the identity provider or by an administrator."""

    @property
    def is_a_persons(self) -> bool:
        """An administrator decided about this one object: no channel denies it, nor a policy."""
        return self.answer is Answer.NO and self.decided_by is None and self.explicit


@frozen()
class UserVerdict:
    exists: Verdict
    active: Verdict
    profile: Profile | None
    """None while no channel has given a user name."""
    role: str | None = None


@frozen()
class GroupVerdict:
    exists: Verdict
    name: str
    is_let_in: bool = True
    """Whether the policy of the connection has room for it, whatever the channels say."""

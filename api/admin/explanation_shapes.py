"""An explanation as it is shown."""

from typing import Any

from api.admin.evidence import Alias, LoginShown, Says, VerdictShown
from api.admin.memberships import GroupRef, UserRef
from api.admin.shapes import Shown


class ChannelWord(Says):
    age_seconds: int | None
    coverage: str
    sentence: str


class Deciding(Shown):
    """The observation that decided, from the journal or the list of runs."""

    channel: str
    event: str
    as_of: str | None
    received_at: str | None


class Turned(Shown):
    """When a channel's answer turned, and to what."""

    at: str | None
    channel: str
    says: str
    as_of: str | None
    sentence: str


class Pending(Shown):
    id: str
    hold: str | None
    sentence: str
    operation: str
    state: str
    error: str | None
    because: VerdictShown


class AtTarget(Shown):
    target: str
    target_name: str
    state: str
    sentence: str
    is_protected: bool
    binding: dict[str, Any] | None
    pending: list[Pending]


class Explanation(Shown):
    user: UserRef
    group: GroupRef | None
    at: str
    verdict: VerdictShown
    sentences: list[str]
    deciding: Deciding | None
    channels: dict[str, ChannelWord]
    login: LoginShown | None
    aliases: dict[str, list[Alias]]
    nested: list[list[GroupRef]]
    """Paths from the group down to one that the user is in."""
    history: list[Turned]
    log_begins: str | None
    """How far back the answers of channels are known exactly."""
    targets: list[AtTarget]

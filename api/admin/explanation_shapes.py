"""An explanation as it is shown."""

from typing import Any

from api.admin.evidence import Alias, LoginShown, Says, VerdictShown
from api.admin.memberships import GroupRef, UserRef
from api.admin.shapes import Shown


class ChannelWord(Says):
    age_seconds: int | None
    coverage: str
    sentence: str


class Pending(Shown):
    id: str
    operation: str
    state: str
    error: str | None
    because: VerdictShown


class AtTarget(Shown):
    target: str
    target_name: str
    state: str
    sentence: str
    binding: dict[str, Any] | None
    pending: list[Pending]


class Explanation(Shown):
    user: UserRef
    group: GroupRef | None
    at: str
    verdict: VerdictShown
    sentences: list[str]
    channels: dict[str, ChannelWord]
    login: LoginShown | None
    aliases: dict[str, list[Alias]]
    targets: list[AtTarget]

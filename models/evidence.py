"""What a channel said, what it covered, and how that is heard now.

An observation is a partial function: it says something only inside its coverage. For each
channel and fact two marks are kept, the newest "yes" and the newest "no". Marks only grow,
so merging is a join: any order, any repetition ends in the same state.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from models.identity import GroupKey, UserKey
from models.instant import Instant


class Channel(StrEnum):
    PUSH = "push"
    PULL = "pull"
    LOGIN = "login"


@dataclass(frozen=True, slots=True)
class Marks:
    """The newest yes and the newest no of one channel about one fact; 0 is never."""

    yes: Instant = 0
    no: Instant = 0

    def join(self, other: "Marks") -> "Marks":
        return Marks(max(self.yes, other.yes), max(self.no, other.no))


@dataclass(frozen=True, slots=True)
class Cover:
    """A complete look at something: what it did not list, it denied.

    `yes_as_of` dates what was listed, `no_as_of` what was not: a directory that lags may
    not yet list what was added just before the read began.
    """

    yes_as_of: Instant = 0
    no_as_of: Instant = 0


NO_COVER = Cover()


@dataclass(frozen=True, slots=True)
class Yes:
    as_of: Instant
    since: Instant
    """When the channel last said it anew; `as_of` moves on with every read that confirms it."""


@dataclass(frozen=True, slots=True)
class No:
    as_of: Instant
    since: Instant
    """When the channel first denied it; 0 where it never affirmed it, and its covers alone deny.

    It stays the same while reads repeat the word, so a plan made of it stays the same plan.
    """
    is_confirmed: bool = True
    """False while one complete read, that did not list it, is all there is."""


@dataclass(frozen=True, slots=True)
class Silent:
    """The channel says nothing about this fact."""


Word = Yes | No | Silent
SILENT = Silent()


@dataclass(frozen=True, slots=True)
class Testimony:
    """What each of the three says about one fact."""

    push: Word = SILENT
    pull: Word = SILENT
    login: Word = SILENT

    def of(self, channel: Channel) -> Word:
        match channel:
            case Channel.PUSH:
                return self.push
            case Channel.PULL:
                return self.pull
            case Channel.LOGIN:
                return self.login


def hear(marks: Marks, cover: Cover = NO_COVER) -> Word:
    """What a channel says now, given its marks and the newest cover that includes the fact.

    A cover denies what it did not list by raising `no` on every fact then affirmed. So a
    fact still affirmed whose `no` is older than the cover was listed by it, and is as fresh.
    Freshness therefore costs one write for a whole read.
    """
    if marks.yes and marks.yes >= marks.no:
        listed = marks.no < cover.no_as_of
        as_of = max(marks.yes, cover.yes_as_of) if listed else marks.yes
        return Yes(as_of=as_of, since=marks.yes)
    no = max(marks.no, cover.no_as_of)
    if not no:
        return SILENT
    return No(as_of=no, since=marks.no, is_confirmed=marks.no not in (0, cover.no_as_of))


def meet(marks: Marks, said: Marks, cover: Cover = NO_COVER) -> Marks:
    """Join a word into marks, whenever it comes.

    A yes older than a cover that did not list it meets its no; a no older than a cover that
    listed it meets its yes, which until then was not written down.
    """
    joined = marks.join(said)
    if not (marks.yes and marks.yes >= marks.no):
        if marks.yes < said.yes < cover.yes_as_of:
            return joined.join(Marks(no=cover.no_as_of))
    elif marks.no < cover.no_as_of and marks.no < said.no < cover.yes_as_of:
        return joined.join(Marks(yes=cover.yes_as_of))
    return joined


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSaid:
    """About one user. None says nothing."""

    user: UserKey
    exists: bool | None = None
    active: bool | None = None
    attributes: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSaid:
    """About one group. None says nothing."""

    group: GroupKey
    exists: bool | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class MembersAdded:
    group: GroupKey
    users: frozenset[UserKey]


@dataclass(frozen=True, slots=True)
class MembersRemoved:
    group: GroupKey
    users: frozenset[UserKey]


@dataclass(frozen=True, slots=True)
class GroupCovered:
    """All the members of a group. Who is not listed is denied."""

    group: GroupKey
    users: frozenset[UserKey]


@dataclass(frozen=True, slots=True)
class UserCovered:
    """All the groups of a user, among those the channel can name."""

    user: UserKey
    groups: frozenset[GroupKey]


@dataclass(frozen=True, slots=True)
class UserInGroups:
    """Some of the groups of a user. Silent about all others."""

    user: UserKey
    groups: frozenset[GroupKey]


Fact = (
    UserSaid | GroupSaid | MembersAdded | MembersRemoved | GroupCovered | UserCovered | UserInGroups
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a channel said in one event."""

    channel: Channel
    event: str
    as_of: Instant
    facts: tuple[Fact, ...]

"""What a channel said, what it covered, and how that is heard now.

An observation is a partial function: it says something only inside its coverage. For each
channel and fact two marks are kept, the newest "yes" and the newest "no". Marks only grow,
so merging is a join: any order, any repetition ends in the same state.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from models.frozen import frozen
from models.identity import GroupKey, UserKey
from models.instant import Instant


class Channel(StrEnum):
    PUSH = "push"
    PULL = "pull"
    LOGIN = "login"


@frozen()
class Marks:
    """The newest yes and the newest no of one channel about one fact; 0 is never."""

    yes: Instant = 0
    no: Instant = 0

    def join(self, other: "Marks") -> "Marks":
        return Marks(max(self.yes, other.yes), max(self.no, other.no))


@frozen()
class Cover:
    """A complete look at something: what it did not list, it denied.

    `yes_as_of` dates what was listed, `no_as_of` what was not: a directory that lags may
    not yet list what was added just before the read began.
    """

    yes_as_of: Instant = 0
    no_as_of: Instant = 0
    read_no: Instant = 0
    """As of when the newest full read denied, where that alone proves nothing yet; else 0.

    Rounds of changes carry a cover on, and confirm nothing that the read had missed.
    """


NO_COVER = Cover()


@frozen()
class Yes:
    as_of: Instant
    since: Instant
    """When the channel last said it anew; `as_of` moves on with every read that confirms it."""
    after: Instant = field(default=0, compare=False)
    """The newest no that this yes replaced: which yes it is, in whatever order words came."""


@frozen()
class No:
    as_of: Instant
    since: Instant
    """When the channel first denied it; 0 where it never affirmed it, and its covers alone deny.

    It stays the same while reads repeat the word.
    """
    is_confirmed: bool = True
    """False while the newest full read, that did not list it, is all there is."""
    after: Instant = field(default=0, compare=False)
    """The newest yes that this no replaced: which no it is, in whatever order words came."""
    is_named: bool = field(default=True, compare=False)
    """False where a list merely left it out."""


@dataclass(frozen=True, slots=True)
class Silent:
    """The channel says nothing about this fact."""


Word = Yes | No | Silent
SILENT = Silent()


@frozen()
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


def is_same_without(with_row: Testimony, without: Testimony) -> bool:
    """Whether covers alone make every channel answer what it answers by its marks, as lately.

    Then the marks may go: whatever comes later meets the covers as it would have met them.
    """
    return all(_is_as_good(without.of(one), with_row.of(one)) for one in Channel)


def _is_as_good(left: Word, right: Word) -> bool:
    match left, right:
        case (No(as_of), No(before)) | (Yes(as_of), Yes(before)):
            return as_of >= before
        case _:
            return isinstance(left, Silent) and isinstance(right, Silent)


def hear(marks: Marks, *covers: Cover) -> Word:
    """What a channel says now, given its marks and the covers that include the fact.

    A cover denies what it did not list by raising `no` on every fact then affirmed. So a
    fact still affirmed whose `no` is older than the cover was listed by it, and is as fresh.
    Freshness therefore costs one write for a whole read.
    """
    return heard(marks.yes, marks.no, *covers)


def heard(yes: Instant, no: Instant, *covers: Cover) -> Word:
    """As `hear`, of marks that need not be put into one value first."""
    if 0 < yes >= no:
        return Yes(_listed(yes, no, covers), yes, no)
    denied = max(no, _denied(covers))
    if not denied:
        return SILENT
    is_named = denied == no and all(no != one.no_as_of for one in covers)
    return No(denied, no, _is_confirmed(no, covers), yes, is_named)


def meet(marks: Marks, said: Marks, *covers: Cover) -> Marks:
    """Join a word into marks, whenever it comes, with what covers said before it.

    Covers are written down only where the answer turns: a yes about something that covers
    did not list meets their no; a no about something that they listed meets their yes. So
    what stands has always replaced the newest word to the contrary, in whatever order words
    came, and a late word does not undo a cover.
    """
    if is_affirmed(marks):
        listed = _listed(marks.yes, marks.no, covers) if said.no > marks.no else 0
        return marks.join(said).join(Marks(yes=listed))
    denied = _denied(covers) if said.yes > marks.yes else 0
    return marks.join(said).join(Marks(no=denied))


def is_affirmed(marks: Marks) -> bool:
    """Yes and no at one instant keep access."""
    return 0 < marks.yes >= marks.no


def _listed(yes: Instant, no: Instant, covers: Iterable[Cover]) -> Instant:
    """As of when what is affirmed was last said or listed."""
    newest = yes
    for one in covers:
        if no < one.no_as_of and newest < one.yes_as_of:
            newest = one.yes_as_of
    return newest


def _denied(covers: Iterable[Cover]) -> Instant:
    newest = 0
    for one in covers:
        newest = max(newest, one.no_as_of)
    return newest


def _is_confirmed(no: Instant, covers: Iterable[Cover]) -> bool:
    """Whether anything but the newest full read has denied it."""
    reads = {one.read_no for one in covers if one.read_no}
    if not reads or no:
        return no not in reads
    return any(one.no_as_of and not one.read_no for one in covers)


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

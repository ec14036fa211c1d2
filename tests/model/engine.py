"""The engine as its design tells it, with nothing clever in it.

All observations are kept, as a set, and every word and verdict is derived from all of them
each time. No marks, no SQL, no order of arrival. The real engine must agree with it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from models.instant import DAY, MINUTE, Instant

PUSH, PULL, LOGIN = "push", "pull", "login"
YES, NO, HOLD = "yes", "no", "hold"
NEVER: Instant = 0


class Fact(NamedTuple):
    """`exists`, `active` of a user; `group` of a group; `member` of both."""

    about: str
    user: str = ""
    group: str = ""


class Everything(NamedTuple):
    """The declared scope of a directory: its users, its groups, and who is in those it lists."""


class MembersOf(NamedTuple):
    group: str


class GroupsOf(NamedTuple):
    user: str


Coverage = Everything | MembersOf | GroupsOf | None


@dataclass(frozen=True)
class Heard:
    """One observation: what it says, what it covers, and as of when."""

    channel: str
    as_of: Instant
    yes: frozenset[Fact] = frozenset()
    no: frozenset[Fact] = frozenset()
    covers: Coverage = None
    lag: Instant = 0
    """How much older its denials are."""
    since: Instant = NEVER
    """Of a round of changes: where it begins."""
    whole: frozenset[str] = frozenset()
    """Of a round: the groups of which it tells every member."""

    @property
    def denies_as_of(self) -> Instant:
        return self.as_of - self.lag


@dataclass(frozen=True)
class Rules:
    """What an organization wants, in the defaults of the design."""

    push: bool = True
    pull: bool = True
    pull_admits: bool = False
    lease_grants: bool = False
    pull_ttl: Instant = 3 * DAY
    lease: Instant = 30 * DAY
    lag: Instant = MINUTE


@dataclass(frozen=True)
class Word:
    yes: Instant
    no: Instant

    @property
    def says(self) -> str | None:
        if self.yes == NEVER and self.no == NEVER:
            return None
        return YES if self.yes != NEVER and self.yes >= self.no else NO

    @property
    def as_of(self) -> Instant:
        return max(self.yes, self.no)


@dataclass(frozen=True)
class World:
    """Everything that was ever heard on one connection."""

    rules: Rules = Rules()
    heard: frozenset[Heard] = frozenset()
    removed: frozenset[str] = frozenset()
    """Groups that an administrator removed."""

    def hears(self, *more: Heard) -> "World":
        return replace(self, heard=self.heard | set(more))

    # -- what each channel says of a fact (§2) ----------------------------------------------

    def word(self, channel: str, fact: Fact) -> Word:
        """The newest yes and the newest no."""
        told = [one for one in self.heard if one.channel == channel]
        yes = [self._carried(one, fact) for one in told if fact in one.yes]
        no = [self._repeated(one, fact) - one.lag for one in told if fact in one.no]
        no += [self._carried(one, fact) - one.lag for one in told if self._omits(one, fact)]
        return Word(max(yes, default=NEVER), max(no, default=NEVER))

    def _omits(self, one: Heard, fact: Fact) -> bool:
        """It looked where the fact would be, and did not find it."""
        if fact in one.yes or fact in one.no:
            return False
        match one.covers:
            case Everything():
                return self._in_scope(one, fact)
            case MembersOf(group):
                return fact.about == "member" and fact.group == group
            case GroupsOf(user):
                return (
                    fact.about == "member"
                    and fact.user == user
                    and self._names_group(one.channel, fact.group)
                )
            case None:
                is_told = fact.about == "member" and fact.group in one.whole
                return is_told and self.names_user(fact.user)

    def _in_scope(self, one: Heard, fact: Fact) -> bool:
        """A directory can deny what it can name; of members, those of the groups it listed."""
        match fact.about:
            case "exists":
                return self.names_user(fact.user)
            case "group":
                return self._names_group(PULL, fact.group)
            case "member":
                return Fact("group", group=fact.group) in one.yes and self.names_user(fact.user)
            case _:
                return False

    def names_user(self, user: str) -> bool:
        """The directory has named the user, or by now it should have.

        It should have named whom pushes name by its own ids, as the users show who have both.
        """
        listed = self._first(PULL)
        pushed = self._first(PUSH)
        return user in listed or any(
            pushed.get(user, read) < read
            and any(pushed[one] < read and listed[one] <= read for one in listed.keys() & pushed)
            for read in (one.as_of for one in self.heard if one.covers == Everything())
        )

    def _first(self, channel: str) -> dict[str, Instant]:
        """When a channel first spoke of each user."""
        told = sorted((one for one in self.heard if one.channel == channel), key=_as_of)
        spoken = [(f.user, one.as_of) for one in reversed(told) for f in one.yes | one.no]
        return {user: at for user, at in spoken if user}

    def _names_group(self, channel: str, group: str) -> bool:
        if channel == PULL:
            return Fact("group", group=group) in self._said(PULL, "group")
        return any(fact.group == group for fact in self._said(LOGIN, "member"))

    def _said(self, channel: str, about: str) -> set[Fact]:
        told = [one for one in self.heard if one.channel == channel]
        return {fact for one in told for fact in one.yes | one.no if fact.about == about}

    def _carried(self, one: Heard, fact: Fact) -> Instant:
        """As of when a word stands: unbroken rounds of changes carry a full read on."""
        if not (isinstance(one.covers, Everything) or one.since):
            return one.as_of
        now = one.as_of
        of_group = Fact("group", group=fact.group)
        for changes in sorted((r for r in self.heard if r.since), key=_as_of):
            if changes.since == now and not {fact, of_group} & changes.no:
                now = changes.as_of
        return now

    def _repeated(self, one: Heard, fact: Fact) -> Instant:
        """As of when a denial stands: rounds that do not take it back carry it on, as a full read
        that still does not list it would deny it anew (law 11).
        """
        if not (isinstance(one.covers, Everything) or one.since):
            return one.as_of
        now = one.as_of
        of_group = Fact("group", group=fact.group)
        for changes in sorted((r for r in self.heard if r.since), key=_as_of):
            if changes.since == now and fact not in changes.yes and of_group not in changes.no:
                now = changes.as_of
        return now

    # -- the verdict (§3) ---------------------------------------------------------------------

    def verdict(self, fact: Fact, now: Instant) -> str:
        match fact.about:
            case "member":
                return self._member(fact, now)
            case "active":
                return self._active(fact, now)
            case _:
                return self._exists(fact, now)

    def _member(self, fact: Fact, now: Instant) -> str:
        if fact.group in self.removed:
            return NO
        if not (self.rules.push or self.rules.pull):
            return self._by_token(fact, now)
        answer, as_of = self._by_directory(fact, now)
        token = self.word(LOGIN, fact)
        if not self.rules.lease_grants or answer == YES or token.says != YES:
            return answer
        if token.yes <= as_of:
            return answer
        return YES if now - token.yes <= self.rules.lease else HOLD

    def _active(self, fact: Fact, now: Instant) -> str:
        push, pull = self.word(PUSH, fact), self.word(PULL, fact)
        if push.says is None and pull.says is None:
            return YES
        if push.says == NO and pull.says == YES and not self.rules.pull_admits:
            return HOLD if self._is_stale(PUSH, push, now) else NO
        return self._by_directory(fact, now)[0]

    def _exists(self, fact: Fact, now: Instant) -> str:
        """Admission comes first: a wide read denies, and admits nobody."""
        if fact.group in self.removed:
            return NO
        if not (self.rules.push or self.rules.pull):
            return self._by_token(fact, now)
        push, pull = self.word(PUSH, fact), self.word(PULL, fact)
        if push.says is None and not self.rules.pull_admits:
            return NO if pull.says == NO and self.rung(fact) == "gone" else HOLD
        if pull.says == YES and not self.rules.pull_admits:
            if self._is_stale(PUSH, push, now):
                return HOLD
            return push.says or HOLD
        answer, _ = self._by_directory(fact, now)
        by_pull = pull.says == NO and (push.says is None or pull.as_of > push.as_of)
        return HOLD if by_pull and answer == NO and self.rung(fact) == "missing" else answer

    def rung(self, fact: Fact) -> str:
        """The first steps of the ladder: present, missing (one complete read), gone."""
        pull = self.word(PULL, fact)
        if pull.says != NO:
            return "present"
        told = [one for one in self.heard if one.channel == PULL]
        if any(fact in one.no and one.as_of >= pull.yes for one in told):
            return "gone"
        since = max(pull.yes, self._first_said(fact))
        omitting = [one for one in told if self._omits(one, fact) and one.denies_as_of > since]
        return "gone" if len(omitting) > 1 else "missing"

    def _first_said(self, fact: Fact) -> Instant:
        """When a directory first spoke of it: nothing is missing before that."""
        told = [one for one in self.heard if one.channel != LOGIN]
        return min((one.as_of for one in told if fact in one.yes | one.no), default=NEVER)

    def _by_directory(self, fact: Fact, now: Instant) -> tuple[str, Instant]:
        """Push and pull are peers: the newest word wins; stale evidence changes nothing."""
        words = [(channel, self.word(channel, fact)) for channel in (PUSH, PULL)]
        spoken = [(word.as_of, word.says == YES, channel) for channel, word in words if word.says]
        if not spoken:
            return HOLD, NEVER
        as_of, is_yes, channel = max(spoken)
        if self._is_stale(channel, dict(words)[channel], now):
            return HOLD, as_of
        return (YES if is_yes else NO), as_of

    def _by_token(self, fact: Fact, now: Instant) -> str:
        word = self.word(LOGIN, fact)
        if word.says is None or (word.says == YES and now - word.yes > self.rules.lease):
            return HOLD
        return word.says

    def _is_stale(self, channel: str, word: Word, now: Instant) -> bool:
        return channel == PULL and now - word.as_of > self.rules.pull_ttl


def _as_of(one: Heard) -> Instant:
    return one.as_of


def members(group: str, users: Iterable[str]) -> frozenset[Fact]:
    return frozenset(Fact("member", user, group) for user in users)


def groups_of(user: str, groups: Iterable[str]) -> frozenset[Fact]:
    return frozenset(Fact("member", user, group) for group in groups)

"""Months of a company and of its identity provider, who both have bad days."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from models.instant import HOUR, MINUTE, Instant
from sync.tokens.claims import GroupsState

CLAIMS = {
    GroupsState.LISTED: 70,
    GroupsState.PARTIAL: 8,
    GroupsState.ABSENT: 10,
    GroupsState.OVERAGE: 8,
    GroupsState.MALFORMED: 4,
}
NIGHTS = {"complete": 68, "503 on page two": 12, "ends early": 10, "empty": 5, "filtered": 5}
LOST = 0.12
"""The share of pushes that never arrive."""
OLDEST_TOKEN = 10 * HOUR


@dataclass(frozen=True, slots=True)
class Pushed:
    """What the provider sends when something changed."""

    what: str
    user: str
    group: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """What a nightly read brings: whole, or broken off after some of the parts."""

    how: str
    users: tuple[str, ...]
    members: dict[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Shown:
    """A token that a user brings along: what it said when it was issued."""

    user: str
    state: GroupsState
    groups: frozenset[str]
    age: Instant


Happening = Pushed | Listed | Shown


@dataclass
class Life:
    """Who is there in truth, and what is heard of it. Every number is drawn from one seed."""

    seed: int
    people: int
    teams: int
    random: Random = field(init=False)
    members: dict[str, set[str]] = field(init=False)
    users: set[str] = field(init=False)
    hired: int = 0
    by_ids: bool = False
    """The provider names groups in tokens by their ids from some day on."""

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.members = {f"team{number}": set() for number in range(self.teams)}
        self.users = set()

    def begin(self) -> Iterator[Happening]:
        for _ in range(self.people):
            yield from self._hire()
        yield self._night("complete")

    def access(self) -> set[tuple[str, str]]:
        return {(group, user) for group, users in self.members.items() for user in users}

    def day(self, number: int, days: int) -> Iterator[Happening]:
        """Changes and logins mixed; at night the directory is read."""
        self.by_ids = number > days // 2
        before = {user: self._groups(user) for user in self.users}
        told = [one for change in self._changes() for one in change]
        seen = [self._token(user, before) for user in self._who_signs_in()]
        steps: list[Happening] = [*(one for one in told if self._arrives()), *seen]
        order = {id(one): self.random.random() for one in seen}
        steps.sort(key=lambda one: order.get(id(one), 0.5))
        yield from steps
        how = self.random.choices(list(NIGHTS), list(NIGHTS.values()))[0]
        yield self._night(how)

    def _arrives(self) -> bool:
        return self.random.random() >= LOST

    def _changes(self) -> Iterator[list[Pushed]]:
        for _ in range(max(1, self.people // 60)):
            if self.random.random() < 0.6:
                yield list(self._hire())
            if self.random.random() < 0.5:
                yield self._dismiss()
        for _ in range(max(2, self.people // 25)):
            yield self._move()

    def _hire(self) -> Iterator[Pushed]:
        user = f"u{self.hired}"
        self.hired += 1
        self.users.add(user)
        yield Pushed("hire", user)
        for group in self.random.sample(sorted(self.members), min(3, self.teams)):
            self.members[group].add(user)
            yield Pushed("join", user, group)

    def _dismiss(self) -> list[Pushed]:
        user = self.random.choice(sorted(self.users))
        self.users.discard(user)
        for members in self.members.values():
            members.discard(user)
        return [Pushed("dismiss", user)]

    def _move(self) -> list[Pushed]:
        user, group = (
            self.random.choice(sorted(self.users)),
            self.random.choice(sorted(self.members)),
        )
        if user in self.members[group]:
            self.members[group].discard(user)
            return [Pushed("leave", user, group)]
        self.members[group].add(user)
        return [Pushed("join", user, group)]

    def _who_signs_in(self) -> list[str]:
        return self.random.sample(sorted(self.users), max(1, len(self.users) // 6))

    def _token(self, user: str, before: dict[str, frozenset[str]]) -> Shown:
        """Issued hours ago it says what was true this morning."""
        state = self.random.choices(list(CLAIMS), list(CLAIMS.values()))[0]
        age = self.random.choice([MINUTE, HOUR, OLDEST_TOKEN])
        groups = before.get(user, frozenset()) if age > HOUR else self._groups(user)
        if state is GroupsState.PARTIAL:
            groups = frozenset(sorted(groups)[: len(groups) // 2])
        if state in (GroupsState.ABSENT, GroupsState.OVERAGE, GroupsState.MALFORMED):
            groups = frozenset()
        if self.by_ids:
            groups = frozenset(f"8f14e45f-{group}" for group in groups)
        return Shown(user, state, groups, age)

    def _groups(self, user: str) -> frozenset[str]:
        return frozenset(group for group, users in self.members.items() if user in users)

    def _night(self, how: str) -> Listed:
        users = tuple(sorted(self.users))
        members = {group: frozenset(names) for group, names in self.members.items()}
        match how:
            case "503 on page two":
                users = users[: len(users) // 2]
                members = {}
            case "ends early":
                members = dict(list(members.items())[: self.teams // 2])
            case "empty":
                users, members = (), {}
            case "filtered":
                kept = list(members)[: max(1, self.teams // 3)]
                members = {group: members[group] for group in kept}
                users = tuple(sorted(set().union(*members.values())))
        return Listed(how, users, members)

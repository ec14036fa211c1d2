"""Three ways to hear the same: this engine, and the two that are most often built."""

from dataclasses import dataclass, field
from typing import Protocol

from connectors.base import DirectoryGroup, DirectoryMembers, DirectoryUser, ReadEnded, ReadPart
from connectors.errors import Transient
from connectors.memory import MemorySource
from models.instant import DAY, MINUTE
from tests.playground import Company, Playground, fresh, mail, playground
from tests.simulation.life import Happening, Life, Listed, Pushed, Shown

Access = set[tuple[str, str]]
"""Groups and who is in them."""


class Engine(Protocol):
    name: str

    def hear(self, one: Happening) -> None:
        """Something happened."""

    def end_of_day(self) -> Access:
        """Who has access after all that was heard."""


@dataclass
class Naive:
    """Takes every push at its word, and whatever else it listens to for the whole truth."""

    name: str
    listens_to: type[Listed] | type[Shown]
    users: set[str] = field(default_factory=set)
    members: Access = field(default_factory=set)

    def hear(self, one: Happening) -> None:
        match one:
            case Pushed("hire", user):
                self.users.add(user)
            case Pushed("dismiss", user):
                self.users.discard(user)
                self._put(user, frozenset())
            case Pushed("join", user, group):
                self.members.add((group, user))
            case Pushed("leave", user, group):
                self.members.discard((group, user))
            case Listed() if self.listens_to is Listed:
                self.users = set(one.users)
                self.members = {(g, user) for g, users in one.members.items() for user in users}
            case Shown() if self.listens_to is Shown:
                self.users.add(one.user)
                self._put(one.user, one.groups)

    def _put(self, user: str, groups: frozenset[str]) -> None:
        self.members = {one for one in self.members if one[1] != user}
        self.members |= {(group, user) for group in groups}

    def end_of_day(self) -> Access:
        return {one for one in self.members if one[1] in self.users}


class BrokenSource(MemorySource):
    """Breaks off, as told, before the end is reached."""

    def __init__(self, listed: Listed) -> None:
        self.listed = listed
        users = [DirectoryUser(id=name, user_name=mail(name)) for name in listed.users]
        groups = [DirectoryGroup(group, group) for group in listed.members]
        super().__init__(users, groups, listed.members)

    def _parts(self) -> list[ReadPart]:
        parts: list[ReadPart] = [list(self.users.values()), list(self.groups.values())]
        parts += [DirectoryMembers(g, frozenset(self.members[g])) for g in self.groups]
        if self.listed.how in ("complete", "empty", "filtered"):
            return [*parts, ReadEnded(len(self.users), len(self.groups))]
        return parts

    def read(self):  # type: ignore[no-untyped-def]
        yield from super().read()
        if self.listed.how == "503 on page two":
            raise Transient("503 Service Unavailable")


class Ours:
    """The real engine around a real store, with push, pull and login."""

    name = "Trueup"

    def __init__(self, life: Life) -> None:
        self.life = life
        self.play: Playground = playground(fresh(), scope={"app_id": "x"})
        self.groups: set[str] = set()

    def hear(self, one: Happening) -> None:
        play = self.play
        play.clock.at += MINUTE
        match one:
            case Pushed("hire", user):
                play.push_user(user)
            case Pushed("dismiss", user):
                play.push_delete(user)
            case Pushed("join", user, group):
                self._join(user, group)
            case Pushed("leave", user, group):
                play.push_remove(group, user)
            case Listed():
                self._read(one)
            case Shown(user, state, groups, age):
                play.token(user, *groups, state=state, at=play.clock.now() - age)

    def _join(self, user: str, group: str) -> None:
        if group not in self.groups:
            self.groups.add(group)
            self.play.push_group(group)
        self.play.push_add(group, user)

    def _read(self, one: Listed) -> None:
        self.play.read(source=BrokenSource(one))

    def end_of_day(self) -> Access:
        """Runs that wait are carried out; whatever the guard holds is approved unseen."""
        play = self.play
        play.company = self._company()
        play.work_off()
        play.deliver()
        play.approve()
        play.deliver()
        play.clock.at += DAY - play.clock.at % DAY
        active = {one.remote_id: one.user_name for one in play.app.users.values() if one.active}
        return {
            (group.name.casefold(), active[one].partition("@")[0])
            for group in play.app.groups.values()
            for one in group.members or ()
            if one in active
        }

    def _company(self) -> Company:
        """What the directory answers when it is asked about one user."""
        company = Company()
        company.hire(*self.life.users)
        for group, users in self.life.members.items():
            company.found(group, *users)
        return company


def everybody(life: Life) -> list[Engine]:
    return [
        Ours(life),
        Naive("The last list wins", Listed),
        Naive("The token wins", Shown),
    ]

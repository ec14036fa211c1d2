"""A directory in memory."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from connectors.base import (
    DirectoryGroup,
    DirectoryMembers,
    DirectoryUser,
    ReadEnded,
    ReadPart,
    RoundEnded,
    RoundPart,
    UserFound,
    UserGone,
)
from connectors.errors import CursorLost
from connectors.memory.faults import Calls, Faults
from connectors.memory.history import History, Snapshot, between


class MemorySource:
    """A `Source`. `members` names the users of each group by their ids, `nested` the groups
    inside it. With a `history` it offers delta rounds.

    Each part of a read or round counts as one call, and so does `read_user`; `faults` lets the n-th
    fail. `expected` overrides the counts that the directory claims at the end.
    """

    def __init__(
        self,
        users: Iterable[DirectoryUser] = (),
        groups: Iterable[DirectoryGroup] = (),
        members: Mapping[str, Iterable[str]] | None = None,
        *,
        faults: Faults | None = None,
        expected: ReadEnded | None = None,
        problems: Iterable[str] = (),
        history: History | None = None,
        nested: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        self.users = {user.id: user for user in users}
        self.groups = {group.id: group for group in groups}
        self.members = {group: set(ids) for group, ids in (members or {}).items()}
        self.problems = list(problems)
        self.nested = {group: set(ids) for group, ids in (nested or {}).items()}
        self._expected = expected
        self._history = history
        self._calls = Calls(faults)

    def read(self) -> Iterator[ReadPart]:
        for part in self._parts():
            self._calls.count()
            yield part

    def changes(self, cursor: str) -> Iterator[RoundPart]:
        if self._history is None:
            raise CursorLost("This directory offers no rounds.")
        before, now = self._history.at(cursor), self._snapshot()
        for part in [*between(before, now), RoundEnded(self._history.keep(now))]:
            self._calls.count()
            yield part

    def _parts(self) -> list[ReadPart]:
        cursor = None if self._history is None else self._history.keep(self._snapshot())
        parts: list[ReadPart] = [list(self.users.values()), list(self.groups.values())]
        parts += [self._members_of(group) for group in self.groups]
        ended = self._expected or ReadEnded(len(self.users), len(self.groups))
        return [*parts, replace(ended, cursor=cursor)]

    def _members_of(self, group: str) -> DirectoryMembers:
        inside = frozenset(self.nested.get(group, ()))
        return DirectoryMembers(group, frozenset(self.members.get(group, ())), inside)

    def _snapshot(self) -> Snapshot:
        members = {group: frozenset(self.members.get(group, ())) for group in self.groups}
        return Snapshot(dict(self.users), dict(self.groups), members)

    def read_user(self, directory_id: str) -> UserFound | UserGone:
        self._calls.count()
        user = self.users.get(directory_id)
        if user is None:
            return UserGone()
        groups = [g for g in self.groups.values() if directory_id in self.members.get(g.id, ())]
        return UserFound(user, frozenset(groups))

    def check(self) -> list[str]:
        return list(self.problems)

    def close(self) -> None:
        """Nothing to let go of."""

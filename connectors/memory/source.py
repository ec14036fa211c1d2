"""A directory in memory."""

from collections.abc import Iterable, Iterator, Mapping

from connectors.base import (
    DirectoryGroup,
    DirectoryMembers,
    DirectoryUser,
    ReadEnded,
    ReadPart,
    UserFound,
    UserGone,
)
from connectors.memory.faults import Calls, Faults


class MemorySource:
    """A `Source`. `members` names the users of each group by their ids.

    Each part of a read counts as one call, and so does `read_user`; `faults` lets the n-th
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
    ) -> None:
        self.users = {user.id: user for user in users}
        self.groups = {group.id: group for group in groups}
        self.members = {group: set(ids) for group, ids in (members or {}).items()}
        self.problems = list(problems)
        self._expected = expected
        self._calls = Calls(faults)

    def read(self) -> Iterator[ReadPart]:
        for part in self._parts():
            self._calls.count()
            yield part

    def _parts(self) -> list[ReadPart]:
        parts: list[ReadPart] = [list(self.users.values()), list(self.groups.values())]
        parts += [DirectoryMembers(g, frozenset(self.members.get(g, ()))) for g in self.groups]
        return [*parts, self._expected or ReadEnded(len(self.users), len(self.groups))]

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

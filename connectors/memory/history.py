"""What a directory in memory held at earlier times, so that it can tell what changed since."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from connectors.base import DirectoryGone, DirectoryGroup, DirectoryMembers, DirectoryUser
from connectors.errors import CursorLost


@dataclass(frozen=True, slots=True)
class Snapshot:
    users: Mapping[str, DirectoryUser]
    groups: Mapping[str, DirectoryGroup]
    members: Mapping[str, frozenset[str]]


@dataclass
class History:
    """Snapshots by cursor. Directories of one tenant share it."""

    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    taken: int = 0

    def keep(self, snapshot: Snapshot) -> str:
        """Answers the cursor from which its changes will be told."""
        self.taken += 1
        self.snapshots[str(self.taken)] = snapshot
        return str(self.taken)

    def at(self, cursor: str) -> Snapshot:
        if cursor not in self.snapshots:
            raise CursorLost(f"The directory no longer knows the cursor {cursor}.")
        return self.snapshots[cursor]

    def forget(self) -> None:
        """As directories do after some days."""
        self.snapshots.clear()


Difference = list[DirectoryUser] | list[DirectoryGroup] | DirectoryMembers | DirectoryGone


def between(before: Snapshot, now: Snapshot) -> Iterator[Difference]:
    """What a round tells: the changed users and groups, then whole groups, then who is gone."""
    yield [one for key, one in now.users.items() if before.users.get(key) != one]
    yield [one for key, one in now.groups.items() if before.groups.get(key) != one]
    for group in now.groups:
        members = now.members.get(group, frozenset())
        if group not in before.groups or before.members.get(group, frozenset()) != members:
            yield DirectoryMembers(group, members)
    yield DirectoryGone(
        users=frozenset(before.users.keys() - now.users.keys()),
        groups=frozenset(before.groups.keys() - now.groups.keys()),
    )

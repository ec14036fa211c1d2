"""The two protocols: a directory we read, a system we provision."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import msgspec

from models.actions import Operation, Outcome


class DirectoryUser(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One user as a directory describes it. There are very many of them in a night."""

    id: str
    """The directory's immutable identifier."""
    user_name: str
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    display_name: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class DirectoryGroup:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class DirectoryMembers:
    """Everyone in one group, nested groups resolved, read to the end.

    Whoever reads leaves out those whom the same read does not list as users: they are outside
    its scope, or came meanwhile, and the next read tells of them.
    """

    group: str
    users: frozenset[str]
    groups: frozenset[str] = frozenset()
    """The groups inside it, at any depth, whose members are among `users`."""


@dataclass(frozen=True, slots=True)
class DirectoryGone:
    """The directory says of these, by their ids, that they were deleted."""

    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ReadEnded:
    """The terminal marker: every page of every list was read to its end.

    The counts are what the provider itself says there should be at the least (the smaller
    of a count asked before and one asked after), or None where it offers none.
    """

    expected_users: int | None = None
    expected_groups: int | None = None
    cursor: str | None = None
    """Where a delta round may begin: taken before the first page of this read was asked for.

    None where the directory, or the scope, offers no rounds.
    """


@dataclass(frozen=True, slots=True)
class RoundEnded:
    """The terminal marker of a delta round: every page of every list was read to its end."""

    cursor: str
    """Where the next round begins."""


ReadPart = list[DirectoryUser] | list[DirectoryGroup] | DirectoryMembers | ReadEnded
RoundPart = (
    list[DirectoryUser] | list[DirectoryGroup] | DirectoryMembers | DirectoryGone | RoundEnded
)


@dataclass(frozen=True, slots=True)
class UserFound:
    user: DirectoryUser
    groups: frozenset[DirectoryGroup]
    """Every group of the user, nested ones resolved."""


@dataclass(frozen=True, slots=True)
class UserGone:
    """The directory says, with proof, that there is no such user (deleted or deprovisioned)."""


class Source(Protocol):
    """A directory we read."""

    def read(self) -> Iterator[ReadPart]:
        """One full read of the declared scope: users, then groups, then members group by group.

        Objects may come twice. Ends with one `ReadEnded`. Any doubt (an error, a page
        missing, a next link that cannot be followed) raises a `ConnectorError`: a read
        that stops without `ReadEnded` is incomplete and removes nothing.
        """

    def changes(self, cursor: str) -> Iterator[RoundPart]:
        """What may have changed since the cursor was given: users and groups in full, then each
        group whose members may have changed, with everyone in it.

        Ends with one `RoundEnded`. Raises `CursorLost` when only a full read can go on from
        here, and any other `ConnectorError` when in doubt: then nothing has been left out yet.
        """

    def read_user(self, directory_id: str) -> UserFound | UserGone:
        """One user and all its groups, now. Raises a `ConnectorError` when in doubt."""

    def check(self) -> list[str]:
        """What is wrong with our access, in sentences; empty when all is well."""

    def close(self) -> None:
        """Let go of connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteUser:
    """A user as a target holds it."""

    remote_id: str
    external_id: str | None
    user_name: str
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    display_name: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class RemoteGroup:
    remote_id: str
    external_id: str | None
    name: str
    members: frozenset[str] | None
    """Remote ids of its members; None where the target does not tell."""


@dataclass(frozen=True, slots=True)
class ObserveEnded:
    """Every page of users and groups was read to its end."""


ObservedPart = list[RemoteUser] | list[RemoteGroup] | ObserveEnded


class Target(Protocol):
    """A system we provision."""

    def observe(self) -> Iterator[ObservedPart]:
        """All it holds: users, then groups, then one `ObserveEnded`.

        Raises a `ConnectorError` when in doubt; without `ObserveEnded` nothing is missing.
        """

    def apply(self, operation: Operation) -> Outcome:
        """Make it so. Safe to repeat. Raises only the errors of `connectors.errors`."""

    def check(self) -> list[str]:
        """What is wrong with our access, in sentences; empty when all is well."""

    def close(self) -> None:
        """Let go of connections."""

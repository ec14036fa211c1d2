"""What every `Source` promises, as checks that each connector's tests call.

Used by the contract tests of all directories, so it knows nothing of any one of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from connectors.base import (
    DirectoryGroup,
    DirectoryMembers,
    DirectoryUser,
    ReadEnded,
    Source,
    UserFound,
    UserGone,
)
from connectors.errors import ConnectorError


@dataclass
class Told:
    """What a read told, up to where it ended or broke off."""

    users: dict[str, DirectoryUser] = field(default_factory=dict)
    groups: dict[str, DirectoryGroup] = field(default_factory=dict)
    members: dict[str, frozenset[str]] = field(default_factory=dict)
    ended: ReadEnded | None = None
    error: ConnectorError | None = None


def drain(source: Source) -> Told:
    """Read to the end or to the first `ConnectorError`; any other error is a bug, and raised."""
    told = Told()
    try:
        for part in source.read():
            assert told.ended is None, "something came after ReadEnded"
            _take(part, told)
    except ConnectorError as error:
        told.error = error
    return told


def _take(part: object, told: Told) -> None:
    match part:
        case ReadEnded():
            told.ended = part
        case DirectoryMembers(group=group, users=users):
            assert group in told.groups, "members of a group that was not told of"
            known = users.intersection(told.users)  # whoever reads leaves the others out
            told.members[group] = told.members.get(group, frozenset()) | known
        case list():
            for item in part:
                if isinstance(item, DirectoryUser):
                    told.users[item.id] = item
                else:
                    assert isinstance(item, DirectoryGroup)
                    told.groups[item.id] = item
        case _:
            raise AssertionError(f"not a part of a read: {part!r}")


def reads_exactly(
    source: Source,
    users: Iterable[DirectoryUser],
    groups: Iterable[DirectoryGroup],
    members: dict[str, frozenset[str]],
) -> ReadEnded:
    """A read without faults tells all there is and nothing else, and says that it ended."""
    told = drain(source)
    assert told.error is None, told.error
    assert told.users == {user.id: user for user in users}
    assert told.groups == {group.id: group for group in groups}
    assert told.members == members
    assert told.ended is not None, "the read stopped without ReadEnded"
    return told.ended


def breaks_off(source: Source, *secrets: str) -> ConnectorError:
    """A read with a fault raises before `ReadEnded`, and the error gives no secret away."""
    told = drain(source)
    assert told.error is not None, "the fault went unnoticed"
    assert told.ended is None, "the read claimed to be complete, and failed"
    keeps_secrets(told.error, *secrets)
    return told.error


def is_never_short(source: Source, whole: Told, *secrets: str) -> None:
    """Whatever happens on the way: the read tells everything, or it raises before its end."""
    told = drain(source)
    if told.error is not None:
        assert told.ended is None
        keeps_secrets(told.error, *secrets)
        return
    assert told.ended is not None
    assert (told.users, told.groups, told.members) == (whole.users, whole.groups, whole.members)


def keeps_secrets(error: BaseException, *secrets: str) -> None:
    """Neither the error nor any error behind it shows a secret."""
    seen: BaseException | None = error
    while seen is not None:
        for secret in secrets:
            assert secret not in f"{seen} {seen!r}", "an error shows a secret"
        seen = seen.__cause__ or seen.__context__


def finds(source: Source, user: DirectoryUser, groups: Iterable[DirectoryGroup]) -> None:
    assert source.read_user(user.id) == UserFound(user, frozenset(groups))


def knows_it_is_gone(source: Source, directory_id: str) -> None:
    assert source.read_user(directory_id) == UserGone()


def is_well(source: Source) -> None:
    """Right settings leave `check` nothing to say."""
    assert source.check() == []

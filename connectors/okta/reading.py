"""One full read of a declared scope."""

from collections.abc import Iterable, Iterator

from connectors.base import DirectoryMembers, DirectoryUser, ReadEnded, ReadPart
from connectors.errors import Transient
from connectors.okta.organization import Organization
from connectors.okta.shapes import Group, assigned_user, directory_group, directory_user


class Reading:
    """Remembers whom it told of, so that the members of a group are never strangers.

    A user who arrives during the read is in a group, but not in the list read before; so
    members come with their users, where these are new. Where a user comes twice, the later
    word is the newer one.
    """

    def __init__(self, okta: Organization) -> None:
        self._okta = okta
        self._known: set[str] = set()

    def everything(self) -> Iterator[ReadPart]:
        """All users and groups. The group Everyone says how many users there are at the least.

        The deprovisioned come first: a user who is reactivated between the two lists is then
        in both, and not in none.
        """
        for page in self._okta.deprovisioned():
            yield self._tell(map(directory_user, page))
        for page in self._okta.users():
            yield self._tell(map(directory_user, page))
        groups: dict[str, Group] = {}
        for listed in self._okta.groups():
            groups |= {group.id: group for group in listed}
            yield [directory_group(group) for group in listed]
        for group in groups.values():
            yield from self._members(group, group.count)
        everyone = next((group for group in groups.values() if group.is_everyone), None)
        yield ReadEnded(expected_users=self._smaller_count(everyone) if everyone else None)

    def app(self, app: str) -> Iterator[ReadPart]:
        """The users and groups assigned to an app, and the members of those groups."""
        for page in self._okta.app_users(app):
            yield self._tell(map(assigned_user, page))
        groups: dict[str, Group] = {}
        for listed in self._okta.app_groups(app):
            groups |= {group.id: group for group in listed}
            yield [directory_group(group) for group in listed]
        for group in groups.values():
            yield from self._members(group, self._okta.count(group.id))
        yield ReadEnded()

    def groups(self, names: Iterable[str]) -> Iterator[ReadPart]:
        """Some groups. Their members are the users, so memberships wait until all are told."""
        groups = {group.id: group for group in map(self._okta.group, names)}
        memberships: list[ReadPart] = []
        for group in groups.values():
            for part in self._members(group, self._okta.count(group.id)):
                if isinstance(part, DirectoryMembers):
                    memberships.append(part)
                else:
                    yield part
        yield [directory_group(group) for group in groups.values()]
        yield from memberships
        yield ReadEnded()

    def _members(
        self, group: Group, expected: int | None
    ) -> Iterator[list[DirectoryUser] | DirectoryMembers]:
        """Those who were not told of before, then the membership."""
        members: set[str] = set()
        for page in self._okta.members(group):
            users = [directory_user(user) for user in page]
            members.update(user.id for user in users)
            if new := [user for user in users if user.id not in self._known]:
                yield self._tell(new)
        self._confirm(group, expected, len(members))
        yield DirectoryMembers(group.id, frozenset(members))

    def _confirm(self, group: Group, expected: int | None, listed: int) -> None:
        """Fewer than Okta counts is a doubt, unless the group became smaller meanwhile."""
        if expected is None or listed >= expected:
            return
        now = self._okta.count(group.id)
        if now is None or listed < now:
            raise Transient(
                f"Okta counts {expected if now is None else min(expected, now)} members of "
                f"{group.profile.name}, and listed {listed}."
            )

    def _smaller_count(self, group: Group) -> int | None:
        """Of a count asked before and one asked after."""
        counts = (group.count, self._okta.count(group.id))
        return min((count for count in counts if count is not None), default=None)

    def _tell(self, users: Iterable[DirectoryUser]) -> list[DirectoryUser]:
        told = list(users)
        self._known.update(user.id for user in told)
        return told

"""The users and groups that a target in memory holds."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, replace

from connectors.base import RemoteGroup, RemoteUser
from connectors.errors import Foreign, Gone, Refused
from models.actions import (
    CreateGroup,
    CreateUser,
    DeactivateUser,
    Outcome,
    Ownership,
    UpdateGroup,
    UpdateUser,
)


class Users:
    """userName is unique, caseless, as in SCIM (RFC 7643 §4.1.1)."""

    def __init__(self, held: dict[str, RemoteUser], ids: Iterator[str], *, adopt: bool) -> None:
        self._held = held
        self._ids = ids
        self._adopt = adopt

    def write(self, operation: CreateUser | UpdateUser | DeactivateUser) -> Outcome:
        """Raises Gone, Foreign, and Refused for a userName that another user has."""
        match operation:
            case CreateUser():
                return self._create(operation)
            case UpdateUser(remote_id, profile):
                return self._put(replace(self._get(remote_id), **asdict(profile)))
            case DeactivateUser(remote_id):
                return self._put(replace(self._get(remote_id), active=False))

    def _create(self, wanted: CreateUser) -> Outcome:
        uid, profile = wanted.uid, asdict(wanted.profile)
        found = next((u for u in self._held.values() if u.external_id == uid), None)
        if found is not None:
            return self._put(replace(found, **profile))
        found = self._named(wanted.profile.user_name)
        if found is None:
            new = RemoteUser(remote_id=next(self._ids), external_id=uid, **profile)
            return self._put(new)
        if not self._adopt:
            raise Foreign(f"The user {found.user_name} is there already.", found.remote_id)
        external_id = found.external_id or uid
        adopted = self._put(replace(found, **profile, external_id=external_id))
        return replace(adopted, ownership=Ownership.ADOPTED)

    def _put(self, user: RemoteUser) -> Outcome:
        twin = self._named(user.user_name)
        if twin is not None and twin.remote_id != user.remote_id:
            raise Refused(f"Another user is called {user.user_name}.")
        changed = self._held.get(user.remote_id) != user
        self._held[user.remote_id] = user
        return Outcome(changed, user.remote_id)

    def _named(self, name: str) -> RemoteUser | None:
        same = (u for u in self._held.values() if u.user_name.casefold() == name.casefold())
        return next(same, None)

    def _get(self, remote_id: str) -> RemoteUser:
        if remote_id not in self._held:
            raise Gone(f"There is no user {remote_id}.")
        return self._held[remote_id]


class Groups:
    def __init__(self, held: dict[str, RemoteGroup], ids: Iterator[str]) -> None:
        self._held = held
        self._ids = ids

    def write(self, operation: CreateGroup | UpdateGroup) -> Outcome:
        """Raises Gone and Foreign."""
        match operation:
            case CreateGroup(uid, name):
                return self._create(uid, name)
            case UpdateGroup(remote_id, name):
                return self._put(replace(self._get(remote_id), name=name))

    def add(self, remote_id: str, members: Sequence[str], *, known: AbstractSet[str]) -> Outcome:
        """A member that is no user here is refused. Raises Gone."""
        group = self._get(remote_id)
        refused = {member: "There is no such user." for member in members if member not in known}
        now = (group.members or frozenset()) | (set(members) & known)
        return replace(self._put(replace(group, members=now)), refused=refused)

    def remove(self, remote_id: str, members: Sequence[str]) -> Outcome:
        """Raises Gone."""
        group = self._get(remote_id)
        return self._put(replace(group, members=(group.members or frozenset()) - set(members)))

    def forget(self, user: str) -> None:
        """A deleted user is in no group."""
        for group in list(self._held.values()):
            if group.members and user in group.members:
                self._put(replace(group, members=group.members - {user}))

    def _create(self, uid: str, name: str) -> Outcome:
        found = next((g for g in self._held.values() if g.external_id == uid), None)
        if found is not None:
            return self._put(replace(found, name=name))
        for twin in self._held.values():
            if twin.name.casefold() == name.casefold():
                raise Foreign(f"The group {name} is there already.", twin.remote_id)
        return self._put(RemoteGroup(next(self._ids), uid, name, frozenset()))

    def _put(self, group: RemoteGroup) -> Outcome:
        changed = self._held.get(group.remote_id) != group
        self._held[group.remote_id] = group
        return Outcome(changed, group.remote_id)

    def _get(self, remote_id: str) -> RemoteGroup:
        if remote_id not in self._held:
            raise Gone(f"There is no group {remote_id}.")
        return self._held[remote_id]

"""A SCIM service provider as a target: every operation looks first, so that it can be repeated."""

from collections.abc import Iterator

from connectors.base import ObservedPart
from connectors.http import Limits
from connectors.scim.check import check
from connectors.scim.creation import Created, Found, Wanted, create
from connectors.scim.listing import observe
from connectors.scim.members import addition, change_members, removal
from connectors.scim.peer import Json, Peer, address
from connectors.scim.resources import (
    GROUP,
    USER,
    Kind,
    changes,
    external_id,
    identifier,
    is_active,
    new_group,
    new_user,
)
from connectors.scim.settings import ScimSettings
from connectors.scim.writing import Difference, delete, replace, update
from models.actions import (
    AddMembers,
    CreateGroup,
    CreateUser,
    DeactivateUser,
    DeleteGroup,
    DeleteUser,
    Operation,
    Outcome,
    RemoveMembers,
    UpdateGroup,
    UpdateUser,
)
from models.identity import Profile


class ScimTarget:
    """A `Target`. Thread-safe."""

    def __init__(self, settings: ScimSettings, limits: Limits | None = None) -> None:
        self._adopts = settings.correlate == "user_name"
        self._batch = settings.batch
        self._peer = Peer(settings, limits or Limits())

    def observe(self) -> Iterator[ObservedPart]:
        return observe(self._peer)

    def check(self) -> list[str]:
        return check(self._peer)

    def close(self) -> None:
        self._peer.close()

    def apply(self, operation: Operation) -> Outcome:
        match operation:
            case CreateUser() | CreateGroup():
                return self._create(operation)
            case UpdateUser(remote_id, profile):
                return self._update(USER, remote_id, lambda held: changes(held, profile))
            case UpdateGroup(remote_id, name):
                return self._update(GROUP, remote_id, lambda held: _name(held, name))
            case DeactivateUser(remote_id):
                return self._update(USER, remote_id, _inactive)
            case DeleteUser(remote_id) | DeleteGroup(remote_id):
                kind = USER if isinstance(operation, DeleteUser) else GROUP
                return Outcome(delete(self._peer, kind, remote_id), remote_id)
            case AddMembers() | RemoveMembers():
                return self._change_members(operation)

    def _create(self, operation: CreateUser | CreateGroup) -> Outcome:
        """What is found may be older than what is wanted, and is brought up to it.

        Groups are never adopted: `correlate` speaks of users only.
        """
        wanted = _wanted(operation)
        adopt = self._adopts and wanted.kind is USER
        match create(self._peer, wanted, adopt=adopt):
            case Created(remote_id):
                return Outcome(changed=True, remote_id=remote_id)
            case Found(held, ownership):
                path = address(wanted.kind.collection, identifier(held))
                changed = replace(self._peer, path, wanted.difference(held))
                return Outcome(changed, identifier(held), ownership)

    def _update(self, kind: Kind, remote_id: str, difference: Difference) -> Outcome:
        return Outcome(update(self._peer, kind, remote_id, difference=difference), remote_id)

    def _change_members(self, operation: AddMembers | RemoveMembers) -> Outcome:
        """`changed` means that a member may have changed: a peer does not tell."""
        members = tuple(dict.fromkeys(operation.members))
        operations = addition if isinstance(operation, AddMembers) else removal
        path = address(GROUP.collection, operation.remote_id)
        refused = change_members(
            self._peer, path, members, operations=operations, batch=self._batch
        )
        return Outcome(len(refused) < len(members), operation.remote_id, refused=refused)


def _wanted(operation: CreateUser | CreateGroup) -> Wanted:
    match operation:
        case CreateUser(uid, profile):
            body = new_user(uid, profile)
            return Wanted(
                USER, uid, profile.user_name, body, lambda held: _ours(held, uid, profile)
            )
        case CreateGroup(uid, name):
            return Wanted(GROUP, uid, name, new_group(uid, name), lambda held: _name(held, name))


def _ours(held: Json, uid: str, profile: Profile) -> Json:
    """An adopted user gets our externalId only where it has none: another's may be in use."""
    mark = {"externalId": uid} if external_id(held) is None else {}
    return changes(held, profile) | mark


def _name(held: Json, name: str) -> Json:
    return {} if held.get("displayName") == name else {"displayName": name}


def _inactive(held: Json) -> Json:
    return {"active": False} if is_active(held) else {}

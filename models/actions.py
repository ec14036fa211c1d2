"""One operation on one object of a target, and what came of it.

The operations below carry the target's own identifiers, so that whoever carries one out
needs to know nothing else.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from models.identity import Profile


@dataclass(frozen=True, slots=True)
class CreateUser:
    uid: str
    """Our public id; the target keeps it as externalId, and we recognise ours by it."""
    profile: Profile


@dataclass(frozen=True, slots=True)
class UpdateUser:
    remote_id: str
    profile: Profile


@dataclass(frozen=True, slots=True)
class DeactivateUser:
    remote_id: str


@dataclass(frozen=True, slots=True)
class DeleteUser:
    remote_id: str


@dataclass(frozen=True, slots=True)
class CreateGroup:
    uid: str
    name: str


@dataclass(frozen=True, slots=True)
class UpdateGroup:
    remote_id: str
    name: str


@dataclass(frozen=True, slots=True)
class DeleteGroup:
    remote_id: str


@dataclass(frozen=True, slots=True)
class AddMembers:
    remote_id: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RemoveMembers:
    remote_id: str
    members: tuple[str, ...]


Operation = (
    CreateUser
    | UpdateUser
    | DeactivateUser
    | DeleteUser
    | CreateGroup
    | UpdateGroup
    | DeleteGroup
    | AddMembers
    | RemoveMembers
)


class Ownership(StrEnum):
    """Whose an object at a target is. Only `ours` and `adopted` may be changed."""

    OURS = "ours"
    ADOPTED = "adopted"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an operation ended well: done now, or already so."""

    changed: bool
    remote_id: str
    ownership: Ownership = Ownership.OURS
    refused: dict[str, str] = field(default_factory=dict)
    """Members the target would not take, each with its reason. The others are done."""

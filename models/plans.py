"""The operations that would make a target match."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from models.identity import GroupKey, Profile, TargetKey, UserKey
from models.verdicts import Verdict


class OperationName(StrEnum):
    """In the order in which they are carried out: what is referred to comes first."""

    CREATE_USER = "create_user"
    UPDATE_USER = "update_user"
    CREATE_GROUP = "create_group"
    UPDATE_GROUP = "update_group"
    REMOVE_MEMBER = "remove_member"
    ADD_MEMBER = "add_member"
    DEACTIVATE_USER = "deactivate_user"
    DELETE_USER = "delete_user"
    DELETE_GROUP = "delete_group"


ORDER = {name: rank for rank, name in enumerate(OperationName)}


class Budget(StrEnum):
    """What a destructive operation draws on."""

    USERS = "users"
    GROUPS = "groups"
    MEMBERSHIPS = "memberships"
    USERS_EXPLICIT = "users_explicit"
    GROUPS_EXPLICIT = "groups_explicit"
    MEMBERSHIPS_EXPLICIT = "memberships_explicit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One operation on one object of one target, and why."""

    target: TargetKey
    operation: OperationName
    because: Verdict
    user: UserKey | None = None
    group: GroupKey | None = None
    desired: str = ""
    """Digest of the state it leads to."""
    draws_on: Budget | None = None

    @property
    def object_key(self) -> str:
        """What must be done in order: a user, a group, or a membership."""
        if self.user is not None and self.group is not None:
            return f"m{self.group}:{self.user}"
        return f"u{self.user}" if self.user is not None else f"g{self.group}"

    @property
    def fingerprint(self) -> str:
        """Target, object, operation, desired state, deciding word (ENGINE: idempotency key)."""
        decided = f"{self.because.decided_by}@{self.because.since}"
        parts = (str(self.target), self.object_key, self.operation, self.desired, decided)
        return digest(*parts)


def digest(*parts: str | bool | None) -> str:
    text = "\x1f".join("\x00" if part is None else str(part) for part in parts)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def profile_digest(profile: Profile) -> str:
    return digest(
        profile.user_name,
        profile.email,
        profile.first_name,
        profile.last_name,
        profile.display_name,
        profile.active,
    )

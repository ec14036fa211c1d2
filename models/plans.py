"""The operations that would make a target match."""

import hashlib
from enum import StrEnum

from models.frozen import frozen
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


REMOVALS = frozenset(
    {
        OperationName.REMOVE_MEMBER,
        OperationName.DEACTIVATE_USER,
        OperationName.DELETE_USER,
        OperationName.DELETE_GROUP,
    }
)
"""What takes access away: the guard is asked first."""
ORDER = {name: rank for rank, name in enumerate(OperationName)}


class Budget(StrEnum):
    """What a destructive operation draws on."""

    USERS = "users"
    GROUPS = "groups"
    MEMBERSHIPS = "memberships"
    USERS_EXPLICIT = "users_explicit"
    GROUPS_EXPLICIT = "groups_explicit"
    MEMBERSHIPS_EXPLICIT = "memberships_explicit"

    @property
    def is_explicit(self) -> bool:
        """For what the provider named; for what it left out otherwise."""
        return self.value.endswith("_explicit")


class HoldKind(StrEnum):
    """What a hold is about. Each kind at a target is decided by itself."""

    PROTECTED = "protected"
    USERS = "users"
    GROUPS = "groups"
    MEMBERSHIPS = "memberships"


@frozen(kw_only=True)
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
    """None too for a removal that a person decided about already."""
    takes_along: int = 0
    """How many memberships go with a deleted group."""

    @property
    def is_removal(self) -> bool:
        return self.operation in REMOVALS

    @property
    def object_key(self) -> str:
        return object_key(self.user, self.group)

    @property
    def fingerprint(self) -> str:
        """Target, object, operation, desired state, deciding word (ENGINE: idempotency key).

        The word is known by the newest one to the contrary that it replaced: that is the same
        in whatever order words came, and however often this one is repeated.
        """
        because = self.because
        replaced = because.since if because.after is None else because.after
        return _hashed(
            f"{self.target}\x1f{self.object_key}\x1f{self.operation}\x1f{self.desired}"
            f"\x1f{because.decided_by}@{replaced}"
        )


def object_key(user: int | None, group: int | None) -> str:
    """What must be done in order: a user, a group, or a membership."""
    if user is not None and group is not None:
        return f"m{group}:{user}"
    return f"u{user}" if user is not None else f"g{group}"


def digest(*parts: str | None) -> str:
    return _hashed("\x1f".join(["\x00" if part is None else part for part in parts]))


def _hashed(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def profile_digest(profile: Profile, *, active: bool | None = None) -> str:
    """As it is, or as if it were active or not."""
    return digest(
        profile.user_name,
        profile.email,
        profile.first_name,
        profile.last_name,
        profile.display_name,
        str(profile.active if active is None else active),
    )

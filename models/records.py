"""What stands about one object, as the store reads it and the core decides it."""

from typing import Any

from models.evidence import Testimony
from models.frozen import frozen
from models.identity import GroupKey, Membership, Profile, UserKey
from models.instant import Instant


@frozen(kw_only=True)
class UserRecord:
    """What stands about one user, and what a target holds of it."""

    key: UserKey
    public_id: str
    user_name: str | None
    email: str | None
    exists: Testimony
    active: Testimony
    push_said: dict[str, Any]
    pull_said: dict[str, Any]
    login_said: dict[str, Any]
    wanted: bool
    was_active: bool
    resolved: Profile | None
    """What was decided before."""
    login_at: Instant
    remote_id: str | None = None
    ownership: str | None = None
    held_active: bool = False
    held_digest: str = ""
    held_since: Instant = 0
    """When what the target holds was last written."""


@frozen(kw_only=True)
class GroupRecord:
    key: GroupKey
    public_id: str
    name: str
    push_name: tuple[str, Instant] | None
    pull_name: tuple[str, Instant] | None
    exists: Testimony
    wanted: bool
    removed_at: Instant
    identifiers: tuple[str, ...] = ()
    """By which directory, push and tokens name it; an administrator may let it in by each."""
    let_in: bool = True
    """Whether the policy had room for it when it was last decided."""
    is_part: bool = False
    """It turned out to be another group, and is one with it."""
    remote_id: str | None = None
    ownership: str | None = None
    held_digest: str = ""


@frozen(kw_only=True)
class MemberRecord:
    membership: Membership
    testimony: Testimony
    user_wanted: bool
    user_active: bool
    group_wanted: bool
    removed_at: Instant
    user_bound: str | None
    """Ownership of the user at the target, if it is there."""
    group_bound: str | None
    held: bool
    user_name: str | None
    group_name: str
    group_let_in: bool = True

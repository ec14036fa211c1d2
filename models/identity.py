"""Who and what a fact is about."""

from dataclasses import dataclass
from typing import NewType

from models.frozen import frozen

OrganizationKey = NewType("OrganizationKey", int)
ConnectionKey = NewType("ConnectionKey", int)
TargetKey = NewType("TargetKey", int)
UserKey = NewType("UserKey", int)
GroupKey = NewType("GroupKey", int)


@frozen(order=True)
class Membership:
    """That a user is in a group."""

    group: GroupKey
    user: UserKey


@dataclass(frozen=True, slots=True, order=True)
class Identifier:
    """A name that the outside has for a user or group.

    Immutable: `id` (the directory's), `external_id` (pushed), `subject` (of tokens). That two
    of these are one and the same is a matter of proof. Weak, for they may change hands:
    `user_name`, `email`, `name` (of a group; all caseless), `claim` (a group in tokens).
    """

    namespace: str
    value: str


@frozen(kw_only=True)
class Profile:
    """The core attributes of a user, as decided or as somebody holds them."""

    user_name: str
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    display_name: str | None = None
    active: bool = True

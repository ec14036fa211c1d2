"""What Okta's answers look like, as far as we read them, and what they say in our words.

Source: developer.okta.com/docs/api/openapi/okta-management (User, Group, Application Users,
Application Groups). Anything of another shape fails the read; nothing is skipped.
"""

from typing import Annotated

import msgspec
from msgspec.structs import replace

from connectors.base import DirectoryGroup, DirectoryUser
from connectors.errors import Refused

Text = Annotated[str, msgspec.Meta(min_length=1)]

_ACTIVE = {
    "ACTIVE": True,
    "PASSWORD_EXPIRED": True,  # signs in after setting a new password
    "RECOVERY": True,  # the same: a reset was asked for
    "LOCKED_OUT": True,  # wrong passwords; unlocks by itself, and no decision of anybody
    "PROVISIONED": True,  # activated, has not set a password yet: may come at any time
    "STAGED": False,  # made or imported, and nobody has activated it
    "SUSPENDED": False,
    "DEPROVISIONED": False,
}
"""Whether a user of a status is one that its administrators let in."""

_ASSIGNED = {
    "ACTIVE": True,
    "PROVISIONED": True,
    "IMPLICIT": True,  # by a group
    "APPROVED": True,  # by a workflow; provisioning is under way
    "PENDING": True,
    "STAGED": True,
    "IMPORTED": True,
    "MATCHED": True,
    "SUSPENDED": False,
    "INACTIVE": False,
    "REVOKED": False,
    "UNASSIGNED": False,
    "DEPROVISIONED": False,
}
"""Whether an assignment of a status lets its user into the application."""


class _Profile(msgspec.Struct):
    login: Text
    email: str | None = None
    firstName: str | None = None
    lastName: str | None = None
    displayName: str | None = None


class User(msgspec.Struct):
    id: Text
    status: str
    profile: _Profile


class _AssignedUser(msgspec.Struct):
    user: User


class AppUser(msgspec.Struct):
    """Asked for with expand=user: its own profile is the application's, without the login."""

    id: Text
    status: str
    embedded: _AssignedUser = msgspec.field(name="_embedded")


class _GroupProfile(msgspec.Struct):
    name: Text


class _Stats(msgspec.Struct):
    usersCount: int | None = None


class _GroupStats(msgspec.Struct):
    stats: _Stats | None = None


class Group(msgspec.Struct):
    id: Text
    profile: _GroupProfile
    type: str = ""
    embedded: _GroupStats | None = msgspec.field(name="_embedded", default=None)

    @property
    def count(self) -> int | None:
        """How many members Okta says it has, if it was asked with expand=stats."""
        return self.embedded.stats.usersCount if self.embedded and self.embedded.stats else None

    @property
    def is_everyone(self) -> bool:
        return self.type == "BUILT_IN" and self.profile.name == "Everyone"


class _AssignedGroup(msgspec.Struct):
    group: Group


class AppGroup(msgspec.Struct):
    """Asked for with expand=group: by itself it has no name."""

    id: Text
    embedded: _AssignedGroup = msgspec.field(name="_embedded")


USER = msgspec.json.Decoder(User)
USERS = msgspec.json.Decoder(list[User])
APP_USERS = msgspec.json.Decoder(list[AppUser])
GROUP = msgspec.json.Decoder(Group)
GROUPS = msgspec.json.Decoder(list[Group])
APP_GROUPS = msgspec.json.Decoder(list[AppGroup])


def directory_user(user: User) -> DirectoryUser:
    """Raises Refused for a status we do not know: to guess could let in, or shut out."""
    profile = user.profile
    return DirectoryUser(
        id=user.id,
        user_name=profile.login,
        email=profile.email or None,
        first_name=profile.firstName or None,
        last_name=profile.lastName or None,
        display_name=profile.displayName or None,
        active=_meaning(_ACTIVE, user.status, user.id),
    )


def assigned_user(assigned: AppUser) -> DirectoryUser:
    """Active when both the user and the assignment are. Raises Refused like `directory_user`."""
    user = directory_user(assigned.embedded.user)
    if assigned.id != user.id:
        raise Refused(f"Okta lists the user {assigned.id} with the profile of {user.id}.")
    is_assigned = _meaning(_ASSIGNED, assigned.status, user.id)
    return user if is_assigned else replace(user, active=False)


def directory_group(group: Group) -> DirectoryGroup:
    return DirectoryGroup(group.id, group.profile.name)


def _meaning(table: dict[str, bool], status: str, user: str) -> bool:
    if status not in table:
        raise Refused(f"Okta gives the user {user} the status {status[:40]!r}, which is not known.")
    return table[status]

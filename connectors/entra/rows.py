"""Graph's objects in our words. Only the fields that we ask for."""

from typing import Annotated

import msgspec

from connectors.base import DirectoryGroup, DirectoryUser
from connectors.errors import Misconfigured

Id = Annotated[str, msgspec.Meta(min_length=1)]

USER_FIELDS = "id,userPrincipalName,mail,givenName,surname,displayName,accountEnabled"
GROUP_FIELDS = "id,displayName,visibility"
USER, GROUP = "#microsoft.graph.user", "#microsoft.graph.group"
"""Types of members."""


class UserRow(msgspec.Struct, kw_only=True, gc=False):
    """https://learn.microsoft.com/graph/api/resources/user"""

    id: Id
    user_name: str | None = msgspec.field(name="userPrincipalName", default=None)
    mail: str | None = None
    first_name: str | None = msgspec.field(name="givenName", default=None)
    last_name: str | None = msgspec.field(name="surname", default=None)
    display_name: str | None = msgspec.field(name="displayName", default=None)
    enabled: bool | None = msgspec.field(name="accountEnabled", default=None)


class GroupRow(msgspec.Struct, kw_only=True, gc=False):
    """https://learn.microsoft.com/graph/api/resources/group"""

    id: Id
    name: str | None = msgspec.field(name="displayName", default=None)
    visibility: str | None = None


class MemberRow(msgspec.Struct, kw_only=True, gc=False):
    """A member of any kind: users, groups, devices, contacts, service principals."""

    id: Id
    type: Id = msgspec.field(name="@odata.type")


class PersonRow(UserRow, kw_only=True, gc=False):
    """A member of any kind, and of a user the details."""

    type: Id = msgspec.field(name="@odata.type")

    @property
    def is_user(self) -> bool:
        return self.type == USER


class ParentRow(GroupRow, kw_only=True, gc=False):
    """What somebody is a member of: groups, directory roles, administrative units."""

    type: Id = msgspec.field(name="@odata.type")

    @property
    def is_group(self) -> bool:
        return self.type == GROUP


class AssignedRow(msgspec.Struct, kw_only=True, gc=False):
    """https://learn.microsoft.com/graph/api/resources/approleassignment"""

    principal: Id = msgspec.field(name="principalId")
    type: Id = msgspec.field(name="principalType")


def user(row: UserRow) -> DirectoryUser:
    """Raises Misconfigured: a user without these two is one whose details are withheld.

    Read as "not enabled", a permission taken away would deactivate everybody.
    """
    if row.user_name is None or row.enabled is None:
        raise Misconfigured(
            f"Microsoft Graph withholds the details of the user {row.id}. The application "
            "permission User.Read.All with an administrator's consent shows them."
        )
    return DirectoryUser(
        id=row.id,
        user_name=row.user_name,
        email=row.mail,
        first_name=row.first_name,
        last_name=row.last_name,
        display_name=row.display_name,
        active=row.enabled,
    )


def group(row: GroupRow) -> DirectoryGroup:
    """Raises Misconfigured: a group always has a name, unless it is withheld."""
    if row.name is None:
        raise Misconfigured(
            f"Microsoft Graph withholds the name of the group {row.id}. The application "
            "permission GroupMember.Read.All with an administrator's consent shows it."
        )
    return DirectoryGroup(row.id, row.name)

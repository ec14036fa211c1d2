"""What a PATCH asks for (RFC 7644 §3.5.2): of a user the new user, of a group its changes.

Nothing here reads or writes anything; a group is never loaded.
"""

from api.scim.operations import Kind, Missing, Op, operations
from api.scim.patch_groups import (
    AddMembers,
    GroupChange,
    RemoveMembers,
    ReplaceMembers,
    SetAttribute,
    SetExternalId,
    SetName,
    group_changes,
)
from api.scim.patch_users import apply_to_user

__all__ = [
    "AddMembers",
    "GroupChange",
    "Kind",
    "Missing",
    "Op",
    "RemoveMembers",
    "ReplaceMembers",
    "SetAttribute",
    "SetExternalId",
    "SetName",
    "apply_to_user",
    "group_changes",
    "operations",
]

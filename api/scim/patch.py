"""What a PATCH asks for (RFC 7644 §3.5.2): of a user the new user, of a group its changes.

Nothing here reads or writes anything; a group is never loaded.
"""

from api.scim.operations import Kind, Missing, Op, operations
from api.scim.patch_groups import (
    AddMembers,
    Extend,
    GroupChange,
    RemoveMembers,
    ReplaceMembers,
    SetExternalId,
    SetName,
    group_changes,
)
from api.scim.patch_users import apply_to_user

__all__ = [
    "AddMembers",
    "Extend",
    "GroupChange",
    "Kind",
    "Missing",
    "Op",
    "RemoveMembers",
    "ReplaceMembers",
    "SetExternalId",
    "SetName",
    "apply_to_user",
    "group_changes",
    "operations",
]

"""What one call to a target will do, and for which actions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from models.actions import (
    AddMembers,
    CreateGroup,
    CreateUser,
    DeactivateUser,
    DeleteGroup,
    DeleteUser,
    Operation,
    RemoveMembers,
    UpdateGroup,
    UpdateUser,
)
from models.identity import GroupKey, Membership, Profile, UserKey
from models.plans import OperationName, Planned
from models.store import bindings, directory
from models.store.database import Tx
from models.store.ledger import Touched
from models.verdicts import Answer

MEMBER_OPERATIONS = (OperationName.ADD_MEMBER, OperationName.REMOVE_MEMBER)


@dataclass(frozen=True, slots=True)
class Member:
    action: int
    user: UserKey
    remote_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    target: Row[Any]
    rows: tuple[Row[Any], ...]
    """Its actions, as they were claimed."""
    operation: Operation
    name: OperationName
    connection: int
    user: UserKey | None
    group: GroupKey | None
    members: tuple[Member, ...] = ()
    profile: Profile | None = None

    @property
    def actions(self) -> tuple[int, ...]:
        return tuple(row.id for row in self.rows)

    @property
    def failures(self) -> int:
        """Of the one that failed most often."""
        return max(int(row.failures) for row in self.rows)


def object_key(row: Row[Any]) -> str:
    """Of an action; the same as that of its plan."""
    if row.user_id and row.group_id:
        return f"m{row.group_id}:{row.user_id}"
    return f"u{row.user_id}" if row.user_id else f"g{row.group_id}"


def touched(rows: Sequence[Row[Any]]) -> Touched:
    """The objects that actions are about."""
    found = Touched()
    for row in rows:
        if row.user_id and row.group_id:
            found.memberships.add(Membership(row.group_id, row.user_id))
        elif row.user_id:
            found.users.add(row.user_id)
        else:
            found.groups.add(row.group_id)
    return found


def build(
    tx: Tx, target: Row[Any], rows: Sequence[Row[Any]], planned: Mapping[str, Planned]
) -> Job | None:
    """The call for actions that travel together; None when the target lost what it refers to.

    Members that the target lost are left out; the job does not have their actions.
    """
    first = planned[object_key(rows[0])]
    if first.operation in MEMBER_OPERATIONS:
        return _members(tx, target, rows, first)
    return _user(tx, target, rows[0], first) if first.user else _group(tx, target, rows[0], first)


def _user(tx: Tx, target: Row[Any], row: Row[Any], planned: Planned) -> Job | None:
    assert planned.user is not None
    user = directory.user_of(tx, planned.user)
    remote = bindings.remote_user(tx, target.id, planned.user)
    if user is None or user.user_name is None:
        return None
    profile = Profile(
        user_name=user.user_name,
        email=user.email,
        first_name=user.first_name,
        last_name=user.last_name,
        display_name=user.display_name,
        active=planned.because.answer is Answer.YES,
    )
    operation: Operation
    match planned.operation:
        case OperationName.CREATE_USER:
            operation = CreateUser(user.public_id, profile)
        case OperationName.UPDATE_USER:
            operation = UpdateUser(remote, profile)
        case OperationName.DEACTIVATE_USER:
            operation = DeactivateUser(remote)
        case _:
            operation = DeleteUser(remote)
    return _job(target, [row], planned, operation, user.connection_id, profile=profile)


def _group(tx: Tx, target: Row[Any], row: Row[Any], planned: Planned) -> Job | None:
    assert planned.group is not None
    group = directory.group_of(tx, planned.group)
    remote = bindings.remote_group(tx, target.id, planned.group)
    if group is None:
        return None
    operation: Operation
    match planned.operation:
        case OperationName.CREATE_GROUP:
            operation = CreateGroup(group.public_id, group.name)
        case OperationName.UPDATE_GROUP:
            operation = UpdateGroup(remote, group.name)
        case _:
            operation = DeleteGroup(remote)
    return _job(target, [row], planned, operation, group.connection_id)


def _members(tx: Tx, target: Row[Any], rows: Sequence[Row[Any]], planned: Planned) -> Job | None:
    assert planned.group is not None
    remote = bindings.remote_group(tx, target.id, planned.group)
    remotes = bindings.remote_users(tx, target.id, [row.user_id for row in rows])
    members = tuple(
        Member(row.id, UserKey(row.user_id), remotes[row.user_id])
        for row in rows
        if row.user_id in remotes
    )
    if not remote or not members:
        return None
    kind = AddMembers if planned.operation is OperationName.ADD_MEMBER else RemoveMembers
    operation = kind(remote, tuple(one.remote_id for one in members))
    connection = directory.connection_of(tx, None, planned.group)
    going = [row for row in rows if row.user_id in remotes]
    return _job(target, going, planned, operation, connection, members=members)


def _job(
    target: Row[Any],
    rows: Sequence[Row[Any]],
    planned: Planned,
    operation: Operation,
    connection: int,
    *,
    members: tuple[Member, ...] = (),
    profile: Profile | None = None,
) -> Job:
    return Job(
        target=target,
        rows=tuple(rows),
        operation=operation,
        name=planned.operation,
        connection=connection,
        user=planned.user,
        group=planned.group,
        members=members,
        profile=profile,
    )

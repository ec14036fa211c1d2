"""How an action ended, written down: what the target holds now, and what follows."""

from models.actions import (
    AddMembers,
    CreateGroup,
    Outcome,
    Ownership,
    RemoveMembers,
    UpdateGroup,
)
from models.identity import GroupKey, UserKey
from models.instant import Instant
from models.plans import OperationName, digest, profile_digest
from models.store import bindings, cases, queue
from models.store.database import Tx
from models.store.ledger import Touched
from sync import connection as connections
from sync import rule
from sync.intake import plan_touched
from sync.job import MEMBER_OPERATIONS, Job, Member


def done(tx: Tx, job: Job, outcome: Outcome, *, owner: str, now: Instant) -> None:
    """The target holds what was asked for."""
    if job.name in MEMBER_OPERATIONS:
        _members(tx, job, outcome, owner=owner, now=now)
        return
    target = job.target.id
    match job.name:
        case OperationName.CREATE_USER | OperationName.UPDATE_USER:
            _bind_user(tx, job, outcome, now)
            if job.name is OperationName.CREATE_USER and job.user is not None:
                _take_along(tx, job, job.user, now)
        case OperationName.DEACTIVATE_USER if job.user is not None:
            bindings.set_inactive(tx, target, job.user, now)
        case OperationName.DELETE_USER if job.user is not None:
            bindings.unbind_user(tx, target, job.user)
        case OperationName.CREATE_GROUP | OperationName.UPDATE_GROUP:
            _bind_group(tx, job, outcome, now)
        case OperationName.DELETE_GROUP if job.group is not None:
            bindings.unbind_group(tx, target, job.group)
    queue.finish(tx, list(job.actions), owner=owner, state="done", now=now)


def foreign(tx: Tx, job: Job, remote_id: str, now: Instant) -> None:
    """Somebody else's object: remembered, so that it is never touched."""
    stranger = Outcome(changed=False, remote_id=remote_id, ownership=Ownership.FOREIGN)
    if job.user is not None:
        _bind_user(tx, job, stranger, now)
    else:
        _bind_group(tx, job, stranger, now)


def gone(tx: Tx, job: Job, now: Instant) -> None:
    """The target lost the object: what is still wanted there is planned anew."""
    touched = Touched()
    if job.group is not None:
        bindings.unbind_group(tx, job.target.id, job.group)
        touched.groups.add(job.group)
        touched.memberships = {one.membership for one in cases.members_of_group(tx, job.group)}
    elif job.user is not None:
        bindings.unbind_user(tx, job.target.id, job.user)
        touched.users.add(job.user)
        touched.memberships = {one.membership for one in cases.members_of_user(tx, job.user)}
    _plan(tx, job, touched, now)


def _take_along(tx: Tx, job: Job, user: UserKey, now: Instant) -> None:
    """One who was made inactive was not expected there, so its memberships were not planned."""
    if job.profile is None or job.profile.active:
        return
    members = {one.membership for one in cases.members_of_user(tx, user)}
    _plan(tx, job, Touched(memberships=members), now)


def _plan(tx: Tx, job: Job, touched: Touched, now: Instant) -> None:
    connection = connections.load(tx, job.connection)
    planned = plan_touched(tx, connection, job.target, touched, now)
    rule.settle(tx, job.target, rule.judge(tx, job.target, planned, now), now)


def _bind_user(tx: Tx, job: Job, outcome: Outcome, now: Instant) -> None:
    if job.user is None or job.profile is None:
        return
    bindings.bind_user(
        tx,
        job.target.id,
        job.user,
        remote_id=outcome.remote_id,
        ownership=outcome.ownership,
        digest=profile_digest(job.profile),
        active=job.profile.active,
        now=now,
    )


def _bind_group(tx: Tx, job: Job, outcome: Outcome, now: Instant) -> None:
    if job.group is None:
        return
    name = job.operation.name if isinstance(job.operation, CreateGroup | UpdateGroup) else ""
    bindings.bind_group(
        tx,
        job.target.id,
        job.group,
        remote_id=outcome.remote_id,
        ownership=outcome.ownership,
        digest=digest(name),
        now=now,
    )


def _members(tx: Tx, job: Job, outcome: Outcome, *, owner: str, now: Instant) -> None:
    """Each member ends by itself: one that was refused does not take the others along.

    A group or user that was deleted there meanwhile took its memberships with it.
    """
    if job.group is None:
        return
    taken = [one for one in job.members if one.remote_id not in outcome.refused]
    good = _still_there(tx, job, job.group, taken)
    change = (
        bindings.bind_members if job.name is OperationName.ADD_MEMBER else bindings.unbind_members
    )
    change(tx, job.target.id, job.group, [one.user for one in good])
    queue.finish(tx, [one.action for one in good], owner=owner, state="done", now=now)
    lost = [one.action for one in taken if one not in good]
    queue.finish(tx, lost, owner=owner, state="superseded", now=now)
    for one in job.members:
        if one.remote_id in outcome.refused:
            error = outcome.refused[one.remote_id]
            queue.finish(tx, [one.action], owner=owner, state="dead", now=now, error=error)


def _still_there(tx: Tx, job: Job, group: GroupKey, members: list[Member]) -> list[Member]:
    """Those whose user and group have the ids by which we spoke of them."""
    operation, target = job.operation, job.target.id
    assert isinstance(operation, AddMembers | RemoveMembers)
    if bindings.remote_group(tx, target, group) != operation.remote_id:
        return []
    remotes = bindings.remote_users(tx, target, [one.user for one in members])
    return [one for one in members if remotes.get(one.user) == one.remote_id]

"""Do exactly what a finding shows, or say why not."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from models.findings import Kind, Mending
from models.identity import GroupKey, Membership, UserKey
from models.instant import Instant
from models.plans import Planned, object_key
from models.store import accounts, orders
from models.store.database import Tx, loads
from models.store.ledger import Touched
from sync import connection as connections
from sync import intake, rule

OF_SOURCE = frozenset({Kind.PULL_INCOMPLETE, Kind.SCOPE_SHRUNK, Kind.STALE_EVIDENCE})
OF_USER = frozenset(
    {
        Kind.MISSED_PUSH,
        Kind.STALE_PUSH,
        Kind.TOKEN_AHEAD_OF_DIRECTORY,
        Kind.LOGIN_OF_INACTIVE_USER,
        Kind.ATTRIBUTE_CONFLICT,
    }
)


@dataclass(frozen=True, slots=True)
class Queued:
    """An action, by its key: it was queued now, or was on its way already."""

    action: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was done. A sentence says why."""

    why: str


def look(kind: str, *, has_pull: bool, user: int | None, is_of_pull: bool) -> str | None:
    """The kind of run by which a finding is looked at again, if that may mend it."""
    if not has_pull:
        return None
    if kind in OF_SOURCE or (kind == Kind.SOURCE_SILENT and is_of_pull):
        return "pull"
    return "point_read" if kind in OF_USER and user is not None else None


def heal(tx: Tx, finding: Row[Any], now: Instant) -> Queued | Refused:
    """Queue the operation that a finding shows, if it is still what would be done now."""
    shown = _shown(finding)
    target = None if finding.target_id is None else accounts.target(tx, finding.target_id)
    if shown is None or target is None:
        return Refused(f"This finding shows no action that could be queued. {finding.suggestion}")
    about = object_key(finding.user_id, finding.group_id)
    under_way = orders.under_way(tx, target.id, about, shown.fingerprint)
    if under_way is not None:
        return _hastened(tx, under_way, now)
    planned = _planned(tx, finding, target, now)
    if planned is None:
        return Refused(
            "Nothing is to be done about it now: the target holds what was decided, or nothing is "
            "decided. The next reconciliation looks again."
        )
    if planned.fingerprint != shown.fingerprint:
        return Refused(
            f"What would be done now is {planned.operation.value} ({planned.because.why}), and "
            "that is not what this finding shows. Reconcile, and look at it again."
        )
    rule.settle(tx, target, rule.judge(tx, target, [planned], now), now)
    queued = orders.under_way(tx, target.id, about, shown.fingerprint)
    assert queued is not None, "it is queued or held"
    return Queued(queued.id)


def _hastened(tx: Tx, row: Row[Any], now: Instant) -> Queued | Refused:
    """It is on its way already. What waits for its next attempt need not wait any longer."""
    if row.hold_state == "refused":
        return Refused("A person refused this action. It goes on when the provider says it anew.")
    if row.state == "retrying" and rule.objection(tx, row, now) is None:
        orders.try_again(tx, row.id, now)
    return Queued(row.id)


def _shown(finding: Row[Any]) -> Mending | None:
    action = loads(finding.action)
    return None if action is None else Mending(action["operation"], action["fingerprint"])


def _planned(tx: Tx, finding: Row[Any], target: Row[Any], now: Instant) -> Planned | None:
    """What this one object needs at the target, as things stand."""
    connection = connections.load(tx, finding.connection_id)
    touched = Touched()
    if finding.user_id is not None and finding.group_id is not None:
        touched.memberships.add(Membership(GroupKey(finding.group_id), UserKey(finding.user_id)))
    elif finding.user_id is not None:
        touched.users.add(UserKey(finding.user_id))
    elif finding.group_id is not None:
        touched.groups.add(GroupKey(finding.group_id))
    planned = intake.plan_touched(tx, connection, target, touched, now)
    return planned[0] if planned else None

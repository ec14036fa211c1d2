"""Users at a target, compared with what we believe it holds of them."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row

from connectors.base import RemoteUser
from models.actions import Ownership
from models.findings import Finding, Kind, Severity
from models.identity import UserKey
from models.plans import profile_digest
from models.store import bindings
from models.store.database import Tx
from sync.observing.beliefs import holds_user, lost_user, profile_of
from sync.observing.sight import Difference, Found, Sight
from sync.observing.strangers import strange_users


def compare_users(tx: Tx, sight: Sight, page: list[RemoteUser]) -> Iterator[Found]:
    """One account may be ours for one connection and foreign for another."""
    seen = {one.remote_id: one for one in page}
    bound = bindings.users_named(tx, sight.target.id, list(seen))
    for row in bound:
        if row.connection_id != sight.connection:
            continue
        user = UserKey(row.user_id)
        sight.unseen_users.discard(user)
        if row.ownership == Ownership.FOREIGN:
            if row.wanted:
                yield sight.in_the_way(row.user_name, row.remote_id, user=user)
            else:
                yield Difference(user, "user", lost_user(sight, user))
            continue
        sight.ours[row.remote_id] = user
        yield from _compare(sight, row, seen[row.remote_id])
    known = {row.remote_id for row in bound if not sight.releases(row)}
    yield from strange_users(tx, sight, [one for one in page if one.remote_id not in known])


def missing_users(tx: Tx, sight: Sight) -> Iterator[Difference]:
    """Those whom a list that was read to its end does not hold. Asked in chunks."""
    for row in bindings.bound_users(tx, sight.target.id, sorted(sight.unseen_users)):
        user = UserKey(row.user_id)
        finding = None if row.ownership == Ownership.FOREIGN else _missing(sight, row)
        yield Difference(user, "user", lost_user(sight, user), finding)


def _missing(sight: Sight, row: Row[Any]) -> Finding:
    return sight.note(
        Kind.MISSING_AT_TARGET,
        Severity.HIGH if row.active else Severity.LOW,
        f"{row.user_name} is not at {sight.target.slug} any more, and we had put it there.",
        "It is created again, if it is still wanted.",
        user=row.user_id,
        is_there=False,
    )


def _compare(sight: Sight, row: Row[Any], remote: RemoteUser) -> Iterator[Difference]:
    held = profile_digest(profile_of(remote))
    is_as_active = bool(row.active) == remote.active
    if is_as_active and row.digest in ("", held):
        return
    shown = "active" if remote.active else "inactive"
    summary = (
        f"Somebody changed attributes of {row.user_name} at {sight.target.slug}."
        if is_as_active
        else f"{row.user_name} is {shown} at {sight.target.slug}, which we did not ask for."
    )
    finding = sight.note(
        Kind.ATTRIBUTE_DRIFT,
        Severity.LOW if is_as_active else Severity.HIGH,
        summary,
        "It is set back to what was decided.",
        user=row.user_id,
        detail="attributes" if is_as_active else "active",
    )
    user = UserKey(row.user_id)
    believe = holds_user(sight, user, remote, Ownership(row.ownership))
    yield Difference(user, "user", believe, finding)

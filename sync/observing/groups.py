"""Groups at a target, and who is in them, compared with what we believe."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row

from connectors.base import RemoteGroup
from models.actions import Ownership
from models.findings import Finding, Kind, Severity
from models.identity import GroupKey
from models.plans import digest
from models.store import bindings
from models.store.database import Tx
from sync.observing.beliefs import holds_group, lost_group
from sync.observing.members import compare_members
from sync.observing.sight import Difference, Found, Sight
from sync.observing.strangers import strange_groups


def compare_groups(tx: Tx, sight: Sight, page: list[RemoteGroup]) -> Iterator[Found]:
    seen = {one.remote_id: one for one in page}
    bound = bindings.groups_named(tx, sight.target.id, list(seen))
    for row in bound:
        if row.connection_id != sight.connection:
            continue
        group, remote = GroupKey(row.group_id), seen[row.remote_id]
        sight.unseen_groups.discard(group)
        if row.ownership == Ownership.FOREIGN:
            if row.wanted:
                yield sight.in_the_way(f"The group {row.name}", row.remote_id, group=group)
            else:
                yield Difference(group, "group", lost_group(sight, group))
            continue
        yield from _compare(sight, row, remote)
        if remote.members is not None:
            yield from compare_members(tx, sight, group, row.name, remote.members)
    known = {row.remote_id for row in bound if not sight.releases(row)}
    yield from strange_groups(tx, sight, [one for one in page if one.remote_id not in known])


def missing_groups(tx: Tx, sight: Sight) -> Iterator[Difference]:
    """Those that a list that was read to its end does not hold."""
    for row in bindings.bound_groups(tx, sight.target.id, sorted(sight.unseen_groups)):
        group = GroupKey(row.group_id)
        finding = None if row.ownership == Ownership.FOREIGN else _missing(sight, row)
        yield Difference(group, "group", lost_group(sight, group), finding)


def _missing(sight: Sight, row: Row[Any]) -> Finding:
    return sight.note(
        Kind.MISSING_AT_TARGET,
        Severity.HIGH,
        f"The group {row.name} is not at {sight.target.slug} any more.",
        "It is created again with its members, if it is still wanted.",
        group=row.group_id,
        is_there=False,
    )


def _compare(sight: Sight, row: Row[Any], remote: RemoteGroup) -> Iterator[Difference]:
    if row.digest == digest(remote.name):
        return
    group = GroupKey(row.group_id)
    finding = sight.note(
        Kind.ATTRIBUTE_DRIFT,
        Severity.LOW,
        f"The group {row.name} is called {remote.name} at {sight.target.slug}.",
        "It is set back to what was decided.",
        group=group,
        detail="name",
    )
    believe = holds_group(sight, group, remote, Ownership(row.ownership))
    yield Difference(group, "group", believe, finding)

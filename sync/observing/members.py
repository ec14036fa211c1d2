"""Who is in a group at a target, compared with whom we believe to be in it."""

from collections.abc import Iterator

from models.actions import Ownership
from models.findings import Finding, Kind, Severity
from models.identity import GroupKey, Membership, UserKey
from models.store import bindings, correlating
from models.store.database import Tx
from sync.observing.beliefs import holds_member, lost_member
from sync.observing.sight import Difference, Found, Sight


def compare_members(
    tx: Tx, sight: Sight, group: GroupKey, name: str, remote: frozenset[str]
) -> Iterator[Found]:
    """Each group is one value: what it does not list is not in it, whatever follows."""
    ours = sight.ours
    if not remote <= ours.keys():
        _came_since(tx, sight, remote - ours.keys())
        yield from _accounts_of_others(sight, group, name, remote - ours.keys())
    there = {ours[one] for one in remote if one in ours}
    believed = bindings.members_at(tx, sight.target.id, group)
    if there == believed:
        return
    names = correlating.names(tx, sorted(there ^ believed))
    for user in sorted(believed - there):
        pair = Membership(group, user)
        finding = _drifted(sight, pair, name, who=names.get(user), is_there=False)
        yield Difference(pair, "member", lost_member(sight, group, user), finding)
    for user in sorted(there - believed):
        pair = Membership(group, user)
        finding = _drifted(sight, pair, name, who=names.get(user), is_there=True)
        yield Difference(pair, "member", holds_member(sight, group, user), finding)


def _came_since(tx: Tx, sight: Sight, remote_ids: frozenset[str]) -> None:
    """Some may have been put there by us after the look began."""
    for row in bindings.users_named(tx, sight.target.id, sorted(remote_ids)):
        if row.connection_id == sight.connection and row.ownership != Ownership.FOREIGN:
            sight.ours[row.remote_id] = UserKey(row.user_id)


def _accounts_of_others(
    sight: Sight, group: GroupKey, name: str, strangers: frozenset[str]
) -> Iterator[Finding]:
    for stranger in sorted(strangers):
        yield sight.note(
            Kind.UNEXPECTED_AT_TARGET,
            Severity.MEDIUM,
            f"An account that is not ours ({stranger}) is in the group {name} at "
            f"{sight.target.slug}.",
            "Ask who put it there. It is left alone.",
            group=group,
            detail=stranger,
        )


def _drifted(
    sight: Sight, pair: Membership, name: str, *, who: str | None, is_there: bool
) -> Finding:
    how = "is in" if is_there else "is no longer in"
    return sight.note(
        Kind.MEMBERSHIP_DRIFT,
        Severity.MEDIUM,
        f"{who} {how} the group {name} at {sight.target.slug}, which we did not do.",
        "It is set back to what was decided.",
        user=pair.user,
        group=pair.group,
        is_there=is_there,
    )

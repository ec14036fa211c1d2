"""What is at a target and was not put there by us, as far as we know."""

from collections.abc import Iterator

from connectors.base import RemoteGroup, RemoteUser
from models.actions import Ownership
from models.findings import Kind, Severity
from models.identity import GroupKey, UserKey
from models.store import correlating
from models.store.database import Tx
from models.store.scim import name_key
from sync.observing.beliefs import holds_group, holds_user
from sync.observing.sight import Difference, Found, Sight


def strange_users(tx: Tx, sight: Sight, strangers: list[RemoteUser]) -> Iterator[Found]:
    """Ours by its external id (an answer to a create was lost), or somebody else's."""
    if not strangers:
        return
    external = [one.external_id for one in strangers if one.external_id]
    ours = correlating.by_public_id(tx, "users", sight.connection, external)
    names = correlating.by_name(tx, sight.connection, [one.user_name for one in strangers])
    for remote in strangers:
        key = ours.get(remote.external_id or "")
        if key is not None:
            user = UserKey(key)
            sight.ours[remote.remote_id] = user
            sight.unseen_users.discard(user)
            yield Difference(user, "user", holds_user(sight, user, remote, Ownership.OURS))
            continue
        namesake = names.get(name_key(remote.user_name))
        yield sight.note(
            Kind.FOREIGN_AT_TARGET,
            Severity.INFO if namesake is None else Severity.MEDIUM,
            f"{remote.user_name} is at {sight.target.slug} and was not put there by us.",
            "Adopt it by a stated correlation, or leave it. It is never changed.",
            user=namesake,
            detail=remote.remote_id,
        )


def strange_groups(tx: Tx, sight: Sight, strangers: list[RemoteGroup]) -> Iterator[Found]:
    external = [one.external_id for one in strangers if one.external_id]
    ours = correlating.by_public_id(tx, "groups", sight.connection, external)
    for remote in strangers:
        key = ours.get(remote.external_id or "")
        if key is not None:
            group = GroupKey(key)
            sight.unseen_groups.discard(group)
            yield Difference(group, "group", holds_group(sight, group, remote, Ownership.OURS))
            continue
        yield sight.note(
            Kind.FOREIGN_AT_TARGET,
            Severity.INFO,
            f"The group {remote.name} is at {sight.target.slug} and was not put there by us.",
            "Nothing: it is never changed.",
            detail=remote.remote_id,
        )

"""What to write down so that we believe what was seen."""

from collections.abc import Callable
from functools import partial

from connectors.base import RemoteGroup, RemoteUser
from models.actions import Ownership
from models.identity import GroupKey, Profile, UserKey
from models.plans import digest, profile_digest
from models.store import bindings, memberships
from models.store.database import Tx
from sync.observing.sight import Sight

Belief = Callable[[Tx], None]


def holds_user(sight: Sight, user: UserKey, remote: RemoteUser, ownership: Ownership) -> Belief:
    return partial(
        bindings.bind_user,
        target=sight.target.id,
        user=user,
        remote_id=remote.remote_id,
        ownership=ownership,
        digest=profile_digest(profile_of(remote)),
        active=remote.active,
        now=sight.now,
    )


def holds_group(sight: Sight, group: GroupKey, remote: RemoteGroup, ownership: Ownership) -> Belief:
    return partial(
        bindings.bind_group,
        target=sight.target.id,
        group=group,
        remote_id=remote.remote_id,
        ownership=ownership,
        digest=digest(remote.name),
        now=sight.now,
    )


def lost_user(sight: Sight, user: UserKey) -> Belief:
    return partial(bindings.unbind_user, target=sight.target.id, user=user)


def lost_group(sight: Sight, group: GroupKey) -> Belief:
    return partial(bindings.unbind_group, target=sight.target.id, group=group)


def lost_member(sight: Sight, group: GroupKey, user: UserKey) -> Belief:
    return partial(bindings.unbind_members, target=sight.target.id, group=group, users=[user])


def holds_member(sight: Sight, group: GroupKey, user: UserKey) -> Belief:
    """Nobody may ever have spoken of it, and then it has no row to be decided by yet."""

    def believe(tx: Tx) -> None:
        memberships.mention(tx, group, {user})
        bindings.bind_members(tx, sight.target.id, group, [user])

    return believe


def profile_of(remote: RemoteUser) -> Profile:
    return Profile(
        user_name=remote.user_name,
        email=remote.email,
        first_name=remote.first_name,
        last_name=remote.last_name,
        display_name=remote.display_name,
    )

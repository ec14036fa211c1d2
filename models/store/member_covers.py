"""The covers that include a membership: of its group, of its user, of the whole directory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from models.evidence import NO_COVER, Channel, Cover
from models.identity import GroupKey, UserKey
from models.instant import Instant
from models.store import changes
from models.store.database import Tx

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ByUser(Generic[T]):
    """One for all, and others for some."""

    common: T
    special: Mapping[UserKey, T] = field(default_factory=dict)

    def of(self, user: UserKey) -> T:
        return self.special.get(user, self.common)


def denied(tx: Tx, channel: Channel, group: GroupKey, users: Sequence[UserKey]) -> ByUser[Instant]:
    """As of when covers denied each membership, had they not listed it."""
    common = _of_group(tx, channel, group).no_as_of
    special = _of_users(tx, channel, group, users)
    return ByUser(common, {user: max(common, at) for user, at in special.items()})


def listed(tx: Tx, channel: Channel, group: GroupKey, users: Sequence[UserKey]) -> ByUser[Cover]:
    """The cover that listed each membership, if any did. What a point read lists is written."""
    if channel is not Channel.LOGIN:
        return ByUser(_of_group(tx, channel, group))
    special = _of_users(tx, channel, group, users)
    return ByUser(NO_COVER, {user: Cover(at, at) for user, at in special.items()})


def covered_since(tx: Tx, connection: int, as_of: Instant) -> set[UserKey] | None:
    """Users whom point reads have covered since; None when the whole directory was."""
    sql = "SELECT pull_cover_yes FROM connections WHERE id = :connection"
    if as_of < tx.value(sql, {"connection": connection}):
        return None
    rows = tx.rows(
        """
        SELECT id FROM users
        WHERE connection_id = :connection AND pull_cover > 0 AND pull_cover > :at
        """,
        {"connection": connection, "at": as_of},
    )
    return {UserKey(row.id) for row in rows}


def of_user(tx: Tx, channel: Channel, user: UserKey) -> Instant:
    """When a token, or a point read, last listed all groups of a user."""
    sql = f"SELECT {channel}_cover FROM users WHERE id = :key"
    return int(tx.value(sql, {"key": user}) or 0)


def raise_group(tx: Tx, group: GroupKey, as_of: Instant, now: Instant) -> None:
    """A push listed all members of a group."""
    changes.log_group_cover(tx, group, as_of, now)
    tx.run(
        "UPDATE groups SET push_cover = :at WHERE id = :key AND push_cover < :at",
        {"at": as_of, "key": group},
    )


def raise_user(tx: Tx, channel: Channel, user: UserKey, as_of: Instant, now: Instant) -> None:
    """A token, or a point read, listed all groups of a user."""
    changes.log_user_cover(tx, channel, user, as_of, now)
    column = f"{channel}_cover"
    tx.run(
        f"UPDATE users SET {column} = :at WHERE id = :key AND {column} < :at",
        {"at": as_of, "key": user},
    )


def _of_group(tx: Tx, channel: Channel, group: GroupKey) -> Cover:
    """The newest cover of a group's members by push or pull; a token covers a user instead."""
    if channel is Channel.LOGIN:
        return NO_COVER
    if channel is Channel.PUSH:
        cover = tx.value("SELECT push_cover FROM groups WHERE id = :key", {"key": group}) or 0
        return Cover(cover, cover)
    row = tx.row(
        """
        SELECT c.pull_cover_yes AS yes, c.pull_cover_no AS no FROM groups g
        JOIN connections c ON c.id = g.connection_id
        WHERE g.id = :key AND g.pull_known AND g.pull_yes > 0 AND g.pull_yes >= g.pull_no
          AND g.pull_no < c.pull_cover_no
        """,
        {"key": group},
    )
    return Cover(row.yes, row.no) if row else NO_COVER


def _of_users(
    tx: Tx, channel: Channel, group: GroupKey, users: Sequence[UserKey]
) -> dict[UserKey, Instant]:
    """When each user's groups were last listed, if the channel can name this one."""
    if not _may_have_covers(tx, channel, group):
        return {}
    sql = f"SELECT id, {channel}_cover AS at FROM users WHERE id IN :users AND {channel}_cover > 0"
    found: dict[UserKey, Instant] = {}
    for start in range(0, len(users), 5000):
        rows = tx.rows(sql, {"users": list(users[start : start + 5000])})
        found |= {UserKey(row.id): row.at for row in rows}
    return found


def _may_have_covers(tx: Tx, channel: Channel, group: GroupKey) -> bool:
    """Nearly always no user of a connection has been read alone, and asking is cheap."""
    if channel is Channel.PUSH:
        return False
    some = {
        Channel.LOGIN: "g.login_known",
        Channel.PULL: """g.pull_known AND EXISTS (SELECT 1 FROM users u
            WHERE u.connection_id = g.connection_id AND u.pull_cover > 0)""",
    }[channel]
    sql = f"SELECT 1 FROM groups g WHERE g.id = :group AND {some}"
    return tx.value(sql, {"group": group}) is not None

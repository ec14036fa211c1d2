"""What `explain` shows beside the verdict: covers, and the state of things at each target."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from models.identity import GroupKey, UserKey
from models.instant import Instant
from models.store.database import Tx

_SHOWN = "('ready', 'queued', 'running', 'retrying', 'held', 'dead')"


def at_targets(
    tx: Tx, user: UserKey, group: GroupKey | None, *, connection: int
) -> Sequence[Row[Any]]:
    """What each target of the connection holds."""
    return tx.rows(
        """
        SELECT t.id, t.public_id, t.slug, t.state, t.problem, t.guard, ub.remote_id,
            ub.ownership, ub.active, gb.remote_id AS group_remote_id,
            gb.ownership AS group_ownership,
            mb.user_id IS NOT NULL AS is_member
        FROM targets t JOIN target_connections l ON l.target_id = t.id
        LEFT JOIN user_bindings ub ON ub.target_id = t.id AND ub.user_id = :user
        LEFT JOIN group_bindings gb ON gb.target_id = t.id AND gb.group_id = :group
        LEFT JOIN member_bindings mb
            ON mb.target_id = t.id AND mb.user_id = :user AND mb.group_id = :group
        WHERE l.connection_id = :connection ORDER BY t.id
        """,
        {"user": user, "group": group or 0, "connection": connection},
    )


def waiting(tx: Tx, target: int, keys: list[str]) -> Sequence[Row[Any]]:
    """The newest action of each of these objects, where it has not ended well."""
    return tx.rows(
        f"""
        SELECT a.*, h.public_id AS hold, h.why AS hold_why, h.state AS hold_state
        FROM actions a LEFT JOIN holds h ON h.id = a.hold_id
        WHERE a.target_id = :target AND a.object_key IN :keys AND a.state IN {_SHOWN}
          AND NOT EXISTS (SELECT 1 FROM actions n WHERE n.target_id = a.target_id
              AND n.object_key = a.object_key AND n.id > a.id)
        ORDER BY a.id
        """,
        {"target": target, "keys": keys},
    )


def told(
    tx: Tx, connection: int, channel: str, as_of: Instant, *, user: UserKey, group: GroupKey | None
) -> Row[Any] | None:
    """The line of the journal in which a channel said something as of then."""
    return tx.row(
        """
        SELECT event, as_of, created_at FROM observations
        WHERE connection_id = :connection AND channel = :channel AND as_of = :as_of
          AND (user_id = :user OR group_id = :group) ORDER BY id LIMIT 1
        """,
        {
            "connection": connection,
            "channel": channel,
            "as_of": as_of,
            "user": user,
            "group": group or 0,
        },
    )


def read(tx: Tx, connection: int, begun: Sequence[Instant]) -> Row[Any] | None:
    """The read, or the round after it, that began at one of these times."""
    return tx.row(
        """
        SELECT kind, started_at, ended_at FROM runs
        WHERE connection_id = :connection AND kind <> 'reconcile' AND started_at IN :begun
        ORDER BY id DESC LIMIT 1
        """,
        {"connection": connection, "begun": list(begun)},
    )


def replaced(
    tx: Tx, user: UserKey, group: GroupKey | None, *, until: Instant, limit: int = 100
) -> Sequence[Row[Any]]:
    """What newer words about a membership, or about a user, replaced: the newest first."""
    where = "group_id IS NULL" if group is None else "group_id = :group"
    fact = "exists" if group is None else "member"
    return tx.rows(
        f"""
        SELECT channel, yes, no, created_at FROM changes
        WHERE user_id = :user AND {where} AND fact = '{fact}' AND created_at <= :until
        ORDER BY id DESC LIMIT :limit
        """,
        {"user": user, "group": group, "until": until, "limit": limit},
    )


def inside(tx: Tx, groups: Sequence[GroupKey], user: UserKey) -> Sequence[Row[Any]]:
    """The groups inside these, and whether the directory or a push says the user is in them."""
    return tx.rows(
        """
        SELECT n.parent_id, n.child_id, g.public_id, g.name,
            (m.pull_yes > 0 AND m.pull_yes >= m.pull_no)
                OR (m.push_yes > 0 AND m.push_yes >= m.push_no) AS is_member
        FROM nestings n JOIN groups g ON g.id = n.child_id
        LEFT JOIN memberships m ON m.group_id = n.child_id AND m.user_id = :user
        WHERE n.parent_id IN :groups AND ((n.pull_yes > 0 AND n.pull_yes >= n.pull_no)
            OR (n.push_yes > 0 AND n.push_yes >= n.push_no))
        ORDER BY n.parent_id, n.child_id
        """,
        {"groups": list(groups), "user": user},
    )

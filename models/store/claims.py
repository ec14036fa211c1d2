"""What the values of groups claims mean in a connection, and whether their silence counts."""

from collections.abc import Iterator, Sequence

from models.identity import GroupKey, UserKey
from models.instant import DAY, Instant
from models.store.database import Tx, loads

RECENT = 200
"""How many logins are looked at to tell how a source speaks today."""


def suspended_at(tx: Tx, connection: int) -> Instant:
    """Since when tokens deny nothing; 0 when they do. Groups do not merge until the end of this.

    Whoever merges or splits groups waits for those who asked, and they for him.
    """
    held = "" if tx.dialect == "sqlite" else " FOR KEY SHARE"
    sql = f"SELECT claims_suspended_at FROM connections WHERE id = :key{held}"
    since = tx.minded(("claims", connection), lambda: tx.value(sql, {"key": connection}))
    return int(since or 0)


def suspend(tx: Tx, connection: int, now: Instant) -> bool:
    """From now on tokens deny nothing. False when that was so already."""
    changed = tx.run(
        "UPDATE connections SET claims_suspended_at = :now "
        "WHERE id = :key AND claims_suspended_at = 0",
        {"key": connection, "now": now},
    )
    return changed == 1


def resume(tx: Tx, connection: int, now: Instant) -> bool:
    """Tokens deny again what they do not list, by whatever words. False when they did."""
    changed = tx.run(
        "UPDATE connections SET claims_suspended_at = 0, claims_resumed_at = :now "
        "WHERE id = :key AND claims_suspended_at > 0",
        {"key": connection, "now": now},
    )
    return changed == 1


def standing(tx: Tx, user: UserKey) -> dict[GroupKey, set[str]]:
    """The groups a user has by tokens, each with the values that name it in tokens."""
    rows = tx.rows(
        """
        SELECT m.group_id, a.value FROM memberships m
        JOIN groups g ON g.id = m.group_id AND g.merged_into IS NULL
        JOIN group_aliases a ON a.group_id = m.group_id AND a.namespace = 'claim'
            AND a.valid_to IS NULL
        WHERE m.user_id = :user AND m.login_yes > 0 AND m.login_yes >= m.login_no
        """,
        {"user": user},
    )
    found: dict[GroupKey, set[str]] = {}
    for row in rows:
        found.setdefault(GroupKey(row.group_id), set()).add(row.value)
    return found


def young(tx: Tx, connection: int, values: Sequence[str], now: Instant) -> set[str]:
    """Those of the values that no token of this source held a day ago.

    Nor when an administrator last said that its words are good.
    """
    if not values:
        return set()
    rows = tx.rows(
        """
        SELECT DISTINCT a.value FROM group_aliases a JOIN connections c ON c.id = a.connection_id
        WHERE a.connection_id = :connection AND a.namespace = 'claim' AND a.value IN :values
          AND (a.valid_from < :before OR a.valid_from <= c.claims_resumed_at)
        """,
        {"connection": connection, "values": list(values), "before": now - DAY},
    )
    return set(values) - {row.value for row in rows}


def in_use(tx: Tx, connection: int) -> list[tuple[str, Instant]]:
    """Values that name a group in tokens, the oldest first, and since when."""
    rows = tx.rows(
        """
        SELECT value, valid_from FROM group_aliases
        WHERE connection_id = :connection AND namespace = 'claim' AND valid_to IS NULL
        ORDER BY valid_from, id LIMIT 1000
        """,
        {"connection": connection},
    )
    return [(row.value, row.valid_from) for row in rows]


def today(tx: Tx, connection: int, now: Instant) -> dict[int, list[str]]:
    """What the newest token of each user lists, among the most recent ones of the last day."""
    rows = tx.rows(
        """
        SELECT user_id, groups_values FROM logins
        WHERE connection_id = :connection AND created_at > :since
          AND groups_state IN ('listed', 'partial') ORDER BY id DESC LIMIT :limit
        """,
        {"connection": connection, "since": now - DAY, "limit": RECENT},
    )
    found: dict[int, list[str]] = {}
    for row in rows:
        found.setdefault(row.user_id, loads(row.groups_values))
    return found


def people(tx: Tx, connection: int, limit: int) -> int:
    """How many have ever signed in, as far as `limit`."""
    sql = """
        SELECT count(*) FROM (SELECT 1 FROM users
            WHERE connection_id = :connection AND login_yes > 0 LIMIT :limit) AS seen
    """
    return int(tx.value(sql, {"connection": connection, "limit": limit}) or 0)


def told(
    tx: Tx, connection: int, since: Instant, limit: int
) -> Iterator[tuple[int, Instant, list[str]]]:
    """The newest logins whose groups were listed: user, when it came, values."""
    rows = tx.rows(
        """
        SELECT user_id, created_at, groups_values FROM logins
        WHERE connection_id = :connection AND created_at > :since AND groups_state = 'listed'
        ORDER BY id DESC LIMIT :limit
        """,
        {"connection": connection, "since": since, "limit": limit},
    )
    return ((row.user_id, row.created_at, loads(row.groups_values)) for row in rows)


def meanings(tx: Tx, connection: int) -> dict[str, GroupKey]:
    """Value of a claim → the group that it names now; the oldest value of a group comes last."""
    rows = tx.rows(
        """
        SELECT value, group_id FROM group_aliases
        WHERE connection_id = :connection AND namespace = 'claim' AND valid_to IS NULL
        ORDER BY valid_from DESC, id DESC
        """,
        {"connection": connection},
    )
    return {row.value: GroupKey(row.group_id) for row in rows}

"""What is too old to matter to anybody: lines of journals, and memberships that all deny.

Each statement takes a bounded batch, so that pushes wait for one batch at the most.
"""

from collections.abc import Iterator, Sequence
from types import SimpleNamespace

from models.evidence import Channel, Testimony, is_same_without
from models.identity import GroupKey, Membership, UserKey
from models.instant import Instant
from models.store import changes, hearing, past
from models.store.changes import Line
from models.store.database import Tx

LOGS = ("observations", "changes")
START = Membership(GroupKey(0), UserKey(0))


def forget_lines(tx: Tx, table: str, before: Instant, *, connection: int, limit: int) -> int:
    """The oldest lines of a log of that connection; answers how many there were."""
    assert table in LOGS
    return tx.run(
        f"""
        DELETE FROM {table} WHERE id IN (SELECT id FROM {table}
            WHERE created_at < :before AND connection_id = :connection
            ORDER BY created_at LIMIT :limit)
        """,
        {"connection": connection, "before": before, "limit": limit},
    )


def candidates(
    tx: Tx, connection: int, before: Instant, after: Membership, *, limit: int
) -> Sequence[Membership]:
    """Memberships that nobody has affirmed since, that no target holds; by key, from `after`."""
    rows = tx.rows(
        """
        SELECT m.group_id, m.user_id FROM groups g JOIN memberships m ON m.group_id = g.id
        WHERE g.connection_id = :connection AND (m.group_id, m.user_id) > (:group, :user)
          AND m.push_yes < :before AND m.push_no < :before AND m.pull_yes < :before
          AND m.pull_no < :before AND m.login_yes < :before AND m.login_no < :before
          AND (m.push_yes = 0 OR m.push_yes < m.push_no)
          AND (m.pull_yes = 0 OR m.pull_yes < m.pull_no)
          AND (m.login_yes = 0 OR m.login_yes < m.login_no)
          AND NOT EXISTS (SELECT 1 FROM member_bindings b
            WHERE b.group_id = m.group_id AND b.user_id = m.user_id)
        ORDER BY m.group_id, m.user_id LIMIT :limit
        """,
        {
            "connection": connection,
            "before": before,
            "group": after.group,
            "user": after.user,
            "limit": limit,
        },
    )
    return [Membership(GroupKey(row.group_id), UserKey(row.user_id)) for row in rows]


def forget_memberships(
    tx: Tx, connection: int, found: Sequence[Membership], before: Instant, now: Instant
) -> int:
    """Those without which every channel says the same; what they said is logged first."""
    count = 0
    for one in found:
        row = past.member(tx, one.user, one.group, at=now, now=now)
        if is_same_without(*_with_and_without(row)) and not _is_wanted_by_work(tx, one):
            changes.log(tx, list(_lines(connection, one, row)), now)
            count += tx.run(
                """
                DELETE FROM memberships WHERE group_id = :group AND user_id = :user
                  AND push_yes < :before AND pull_yes < :before AND login_yes < :before
                """,
                {"group": one.group, "user": one.user, "before": before},
            )
    return count


def _with_and_without(row: SimpleNamespace) -> tuple[Testimony, Testimony]:
    """Heard as if the connection had every channel, for one may be switched on again."""
    every = vars(row) | {f"has_{channel}": True for channel in Channel}
    silent = {f"{channel}_{word}": 0 for channel in Channel for word in ("yes", "no")}
    return (
        hearing.member(SimpleNamespace(**every)),
        hearing.member(SimpleNamespace(**(every | silent))),
    )


def _is_wanted_by_work(tx: Tx, one: Membership) -> bool:
    sql = """
        SELECT 1 FROM targets t JOIN actions a ON a.target_id = t.id
        WHERE a.object_key = :object
          AND a.state IN ('ready', 'queued', 'running', 'retrying', 'held')
    """
    return tx.value(sql, {"object": f"m{one.group}:{one.user}"}) is not None


def _lines(connection: int, one: Membership, row: SimpleNamespace) -> Iterator[Line]:
    for channel in Channel:
        yes, no = getattr(row, f"{channel}_yes"), getattr(row, f"{channel}_no")
        if yes or no:
            yield Line(
                connection_id=connection,
                fact="member",
                channel=channel.value,
                user_id=one.user,
                group_id=one.group,
                yes=yes,
                no=no,
            )

"""Work that ended long ago, and what was reported then: kept for a history, and then forgotten.

Each statement takes a bounded batch. The newest of its kind stays, whatever its age: what failed
last, and when a directory was last read, is true until something newer is.
"""

from models.instant import Instant
from models.store.database import Tx


def forget_reports(tx: Tx, before: Instant, *, connection: int, limit: int) -> int:
    return tx.run(
        """
        DELETE FROM reports WHERE id IN (SELECT id FROM reports
            WHERE connection_id = :connection AND created_at < :before ORDER BY id LIMIT :limit)
        """,
        {"connection": connection, "before": before, "limit": limit},
    )


def forget_spells(tx: Tx, before: Instant, *, connection: int, limit: int) -> int:
    """Of findings: what no report that is left can tell of."""
    return tx.run(
        """
        DELETE FROM finding_spells WHERE id IN (SELECT id FROM finding_spells
            WHERE connection_id = :connection AND ended_at < :before ORDER BY id LIMIT :limit)
        """,
        {"connection": connection, "before": before, "limit": limit},
    )


def forget_runs(tx: Tx, before: Instant, *, connection: int, limit: int) -> int:
    return tx.run(
        """
        DELETE FROM runs WHERE id IN (SELECT r.id FROM runs r
            WHERE r.connection_id = :connection AND r.ended_at < :before
              AND r.state IN ('complete', 'incomplete', 'failed')
              AND EXISTS (SELECT 1 FROM runs n WHERE n.connection_id = r.connection_id
                AND n.kind = r.kind AND n.id > r.id
                AND n.state IN ('complete', 'incomplete', 'failed'))
              AND NOT EXISTS (SELECT 1 FROM reports p WHERE p.run_id = r.id)
              AND NOT EXISTS (SELECT 1 FROM pull_missing p WHERE p.run_id = r.id)
            ORDER BY r.id LIMIT :limit)
        """,
        {"connection": connection, "before": before, "limit": limit},
    )


def forget_actions(tx: Tx, before: Instant, *, connection: int, limit: int) -> int:
    """Those after which something newer was done about the same object."""
    return tx.run(
        """
        DELETE FROM actions WHERE id IN (SELECT a.id FROM actions a
            LEFT JOIN users u ON u.id = a.user_id LEFT JOIN groups g ON g.id = a.group_id
            WHERE coalesce(u.connection_id, g.connection_id) = :connection
              AND a.updated_at < :before AND a.state IN ('done', 'dead', 'superseded')
              AND EXISTS (SELECT 1 FROM actions n WHERE n.target_id = a.target_id
                AND n.object_key = a.object_key AND n.id > a.id)
            ORDER BY a.id LIMIT :limit)
        """,
        {"connection": connection, "before": before, "limit": limit},
    )

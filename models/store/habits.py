"""What happened how often, of late: when a channel was heard, what came and went."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from models.instant import Instant
from models.store.database import Tx


def visits(
    tx: Tx, connection: int, channel: str, *, since: Instant, apart: Instant
) -> list[Instant]:
    """When a channel was heard, the newest first; what lies closer together counts once.

    One look at the index a visit, however much was said in between.
    """
    rows = tx.rows(
        """
        WITH RECURSIVE heard(moment) AS (
            SELECT max(o.created_at) FROM observations o
            WHERE o.connection_id = :connection AND o.channel = :channel
            UNION ALL
            SELECT (SELECT max(o.created_at) FROM observations o
                WHERE o.connection_id = :connection AND o.channel = :channel
                  AND o.created_at < heard.moment - :apart)
            FROM heard WHERE heard.moment > :since)
        SELECT moment FROM heard WHERE moment > :since ORDER BY moment DESC
        """,
        {"connection": connection, "channel": channel, "since": since, "apart": apart},
    )
    return [row.moment for row in rows]


def token_used_at(tx: Tx, connection: int) -> Instant:
    """When the push last knocked at all, be it only to ask; 0 when never."""
    found = tx.value(
        "SELECT max(last_used_at) FROM scim_tokens WHERE connection_id = :connection",
        {"connection": connection},
    )
    return int(found or 0)


def turned(
    tx: Tx, target: int, connection: int, *, since: Instant, flips: int
) -> Sequence[Row[Any]]:
    """Objects whose access at a target was given and taken so often, with the newest of both.

    Only what was really done counts. Removals are few, so they are looked for first.
    """
    return tx.rows(
        """
        SELECT d.object_key, max(d.user_id) AS user_id, max(d.group_id) AS group_id,
            sum(d.has_turned) AS flips,
            max(CASE WHEN d.gives = 1 THEN d.id END) AS given_id,
            max(CASE WHEN d.gives = 0 THEN d.id END) AS taken_id
        FROM (
            SELECT s.*, CASE WHEN s.gives <> lag(s.gives) OVER (
                PARTITION BY s.object_key ORDER BY s.id) THEN 1 ELSE 0 END AS has_turned
            FROM (
                SELECT a.id, a.object_key, a.user_id, a.group_id,
                    CASE WHEN a.operation IN ('add_member', 'create_user', 'update_user',
                        'create_group', 'update_group') THEN 1 ELSE 0 END AS gives
                FROM actions a LEFT JOIN users u ON u.id = a.user_id
                LEFT JOIN groups g ON g.id = a.group_id
                WHERE a.target_id = :target AND a.state = 'done' AND a.updated_at > :since
                  AND coalesce(u.connection_id, g.connection_id) = :connection
                  AND a.object_key IN (
                    SELECT r.object_key FROM actions r
                    WHERE r.target_id = :target AND r.draws_on > '' AND r.state = 'done'
                      AND r.updated_at > :since
                    GROUP BY r.object_key HAVING count(*) >= 2)) s) d
        GROUP BY d.object_key HAVING sum(d.has_turned) >= :flips ORDER BY d.object_key
        """,
        {"target": target, "connection": connection, "since": since, "flips": flips},
    )


def done(tx: Tx, actions: list[int]) -> dict[int, Row[Any]]:
    """What each action did, to whom, and why."""
    rows = tx.rows(
        """
        SELECT a.id, a.because, a.user_id, a.group_id, u.user_name, g.name AS group_name
        FROM actions a LEFT JOIN users u ON u.id = a.user_id
        LEFT JOIN groups g ON g.id = a.group_id WHERE a.id IN :keys
        """,
        {"keys": actions},
    )
    return {row.id: row for row in rows}


def returning(tx: Tx, connection: int, *, since: Instant, times: int) -> Sequence[Row[Any]]:
    """Findings that healed and came back so often."""
    return tx.rows(
        """
        SELECT f.public_id, f.summary, f.evidence, f.target_id, f.user_id, f.group_id
        FROM findings f WHERE f.kind <> 'flapping' AND f.id IN (
            SELECT s.finding_id FROM finding_spells s
            WHERE s.connection_id = :connection AND s.has_returned AND s.began_at > :since
            GROUP BY s.finding_id HAVING count(*) >= :times)
        ORDER BY f.id
        """,
        {"connection": connection, "since": since, "times": times},
    )

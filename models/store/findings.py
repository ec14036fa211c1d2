"""Findings are opened, seen again and closed; a report keeps them as they stood."""

from collections.abc import Iterable
from typing import Any

from models.findings import Finding
from models.instant import Instant
from models.store.database import Tx, dumps, loads
from models.store.identities import new_public_id


def see(tx: Tx, findings: Iterable[Finding], now: Instant) -> None:
    """Open these, or note that they still stand. One that had healed has flipped.

    An accepted one keeps the evidence on which it was accepted, and who accepted it why.
    """
    tx.many(
        """
        INSERT INTO findings (public_id, subject, kind, severity, state, connection_id, target_id,
            user_id, group_id, summary, evidence, suggestion, first_seen, last_seen, flips,
            created_at, updated_at)
        VALUES (:public_id, :subject, :kind, :severity, 'open', :connection, :target, :user,
            :group, :summary, :evidence, :suggestion, :now, :now, 0, :now, :now)
        ON CONFLICT (subject) DO UPDATE SET
            severity = excluded.severity, summary = excluded.summary,
            evidence = CASE WHEN findings.state = 'accepted'
                AND (findings.accepted_until IS NULL
                    OR findings.accepted_until > excluded.last_seen)
                THEN findings.evidence ELSE excluded.evidence END,
            suggestion = excluded.suggestion,
            last_seen = excluded.last_seen, updated_at = excluded.updated_at,
            flips = findings.flips
                + CASE WHEN findings.state IN ('healed', 'resolved') THEN 1 ELSE 0 END,
            state = CASE WHEN findings.state = 'accepted'
                AND (findings.accepted_until IS NULL
                    OR findings.accepted_until > excluded.last_seen)
                THEN 'accepted' ELSE 'open' END
        """,
        [_values(one, now) for one in findings],
    )


def _values(finding: Finding, now: Instant) -> dict[str, Any]:
    return {
        "public_id": new_public_id(),
        "subject": finding.subject,
        "kind": finding.kind.value,
        "severity": finding.severity.value,
        "connection": finding.connection,
        "target": finding.target,
        "user": finding.user,
        "group": finding.group,
        "summary": finding.summary,
        "evidence": dumps([one.as_dict() for one in finding.evidence]),
        "suggestion": finding.suggestion,
        "now": now,
    }


def heal_unseen(
    tx: Tx,
    connection: int,
    now: Instant,
    *,
    kinds: list[str],
    user: int | None = None,
    but_at: list[int] | None = None,
) -> int:
    """What was not seen at `now` stands no more. Only these kinds, and only this user if given.

    Nobody looked at the targets `but_at`, so what was seen there before still stands.
    """
    narrowed = "" if user is None else "AND user_id = :user"
    if but_at:
        narrowed += " AND (target_id IS NULL OR target_id NOT IN :but_at)"
    return tx.run(
        f"""
        UPDATE findings SET state = 'healed', updated_at = :now
        WHERE connection_id = :connection AND state IN ('open', 'accepted')
          AND last_seen < :now AND kind IN :kinds {narrowed}
        """,
        {"connection": connection, "now": now, "kinds": kinds, "user": user}
        | ({"but_at": but_at} if but_at else {}),
    )


def report(tx: Tx, connection: int, run: int, now: Instant) -> int:
    """Keep all findings of a connection as they stand."""
    rows = tx.rows(
        """
        SELECT f.*, u.user_name, g.name AS group_name, t.slug AS target_slug
        FROM findings f LEFT JOIN users u ON u.id = f.user_id
        LEFT JOIN groups g ON g.id = f.group_id LEFT JOIN targets t ON t.id = f.target_id
        WHERE f.connection_id = :connection AND f.state IN ('open', 'accepted')
        ORDER BY f.kind, f.id
        """,
        {"connection": connection},
    )
    items = [
        {
            "finding": row.public_id,
            "kind": row.kind,
            "severity": row.severity,
            "state": row.state,
            "user": row.user_name,
            "group": row.group_name,
            "target": row.target_slug,
            "summary": row.summary,
            "suggestion": row.suggestion,
            "evidence": loads(row.evidence),
        }
        for row in rows
    ]
    counts: dict[str, int] = {}
    for item in items:
        counts[item["kind"]] = counts.get(item["kind"], 0) + 1
    return tx.insert(
        "reports",
        {
            "public_id": new_public_id(),
            "connection_id": connection,
            "run_id": run,
            "counts": dumps(counts),
            "items": dumps(items),
            "created_at": now,
            "updated_at": now,
        },
    )


def of_user(tx: Tx, connection: int, user: int) -> list[dict[str, Any]]:
    """The findings that stand about a user."""
    rows = tx.rows(
        """
        SELECT f.*, g.name AS group_name FROM findings f LEFT JOIN groups g ON g.id = f.group_id
        WHERE f.connection_id = :connection AND f.user_id = :user
          AND f.state IN ('open', 'accepted') ORDER BY f.id
        """,
        {"connection": connection, "user": user},
    )
    return [
        {
            "id": row.public_id,
            "kind": row.kind,
            "severity": row.severity,
            "state": row.state,
            "group": row.group_name,
            "summary": row.summary,
            "suggestion": row.suggestion,
        }
        for row in rows
    ]


def standing(tx: Tx) -> list[dict[str, Any]]:
    """All findings that stand, the worst first."""
    rows = tx.rows(
        """
        SELECT f.*, u.user_name, g.name AS group_name, t.slug AS target_slug,
            o.slug || '/' || c.slug AS connection_slug
        FROM findings f JOIN connections c ON c.id = f.connection_id
        JOIN organizations o ON o.id = c.organization_id
        LEFT JOIN users u ON u.id = f.user_id LEFT JOIN groups g ON g.id = f.group_id
        LEFT JOIN targets t ON t.id = f.target_id
        WHERE f.state IN ('open', 'accepted')
        ORDER BY CASE f.severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2
            WHEN 'low' THEN 3 ELSE 4 END, f.kind, f.id
        """
    )
    return [
        {
            "id": row.public_id,
            "kind": row.kind,
            "severity": row.severity,
            "state": row.state,
            "connection": row.connection_slug,
            "user": row.user_name,
            "group": row.group_name,
            "target": row.target_slug,
            "summary": row.summary,
            "suggestion": row.suggestion,
            "evidence": loads(row.evidence),
        }
        for row in rows
    ]

"""Organizations, connections, targets, and the keys to them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from models.instant import MINUTE, Instant
from models.store.database import Tx


def connection(tx: Tx, key: int) -> Row[Any] | None:
    return tx.row(
        """
        SELECT c.*, o.slug AS organization_slug, o.public_id AS organization_public_id
        FROM connections c JOIN organizations o ON o.id = c.organization_id WHERE c.id = :key
        """,
        {"key": key},
    )


def connection_named(tx: Tx, name: str) -> Row[Any] | None:
    """By its public id, or by `organization~connection` slugs."""
    organization, _, slug = name.partition("~")
    return tx.row(
        """
        SELECT c.*, o.slug AS organization_slug, o.public_id AS organization_public_id
        FROM connections c JOIN organizations o ON o.id = c.organization_id
        WHERE c.public_id = :name OR (o.slug = :organization AND c.slug = :slug)
        """,
        {"name": name, "organization": organization, "slug": slug},
    )


def connections(tx: Tx) -> Sequence[Row[Any]]:
    return tx.rows(
        """
        SELECT c.*, o.slug AS organization_slug, o.public_id AS organization_public_id
        FROM connections c JOIN organizations o ON o.id = c.organization_id ORDER BY c.id
        """
    )


def organization_named(tx: Tx, name: str) -> Row[Any] | None:
    """By its public id or slug."""
    return tx.row(
        "SELECT * FROM organizations WHERE public_id = :name OR slug = :name", {"name": name}
    )


def target(tx: Tx, key: int) -> Row[Any] | None:
    return tx.row("SELECT * FROM targets WHERE id = :key", {"key": key})


def targets_of(tx: Tx, connection: int) -> Sequence[Row[Any]]:
    """The targets that a connection provisions, and whether anything is held at each."""
    return tx.rows(
        """
        SELECT t.*, EXISTS (SELECT 1 FROM holds h WHERE h.target_id = t.id
            AND (h.state = 'open' OR EXISTS (SELECT 1 FROM actions a
                WHERE a.hold_id = h.id AND a.state = 'held'))) AS has_held
        FROM targets t JOIN target_connections l ON l.target_id = t.id
        WHERE l.connection_id = :connection ORDER BY t.id
        """,
        {"connection": connection},
    )


def connections_of(tx: Tx, target: int) -> list[int]:
    rows = tx.rows(
        "SELECT connection_id FROM target_connections WHERE target_id = :target "
        "ORDER BY connection_id",
        {"target": target},
    )
    return [row.connection_id for row in rows]


def verified_domains(tx: Tx, organization: int) -> set[str]:
    return tx.minded(("domains", organization), lambda: _domains(tx, organization))


def _domains(tx: Tx, organization: int) -> set[str]:
    rows = tx.rows(
        "SELECT name FROM domains WHERE organization_id = :organization",
        {"organization": organization},
    )
    return {row.name for row in rows}


def scim_token(tx: Tx, connection: str, hashed: str, now: Instant) -> Row[Any] | None:
    """The connection that this token opens, if it is a live token of that very connection."""
    return tx.row(
        """
        SELECT c.*, s.id AS token_id, s.last_used_at
        FROM scim_tokens s JOIN connections c ON c.id = s.connection_id
        WHERE s.hash = :hash AND s.revoked_at IS NULL AND c.public_id = :connection AND c.push
          AND (s.expires_at IS NULL OR s.expires_at > :now)
        """,
        {"hash": hashed, "connection": connection, "now": now},
    )


def api_key(tx: Tx, hashed: str) -> Row[Any] | None:
    return tx.row(
        "SELECT * FROM api_keys WHERE hash = :hash AND revoked_at IS NULL", {"hash": hashed}
    )


def note_use(tx: Tx, table: str, key: int, now: Instant) -> None:
    """Remember the last use, to the minute."""
    tx.run(
        f"UPDATE {table} SET last_used_at = :now "
        "WHERE id = :key AND (last_used_at IS NULL OR last_used_at < :before)",
        {"now": now, "key": key, "before": now - MINUTE},
    )


def suspend_target(tx: Tx, target: int, problem: str, now: Instant) -> None:
    """Nothing more is sent to it until somebody mends it."""
    tx.update("targets", target, {"state": "suspended", "problem": problem, "updated_at": now})


def resume_target(tx: Tx, target: int, now: Instant) -> None:
    tx.has_work = True
    well = {"state": "active", "problem": None, "failures": 0, "retry_at": 0, "probe": None}
    tx.update("targets", target, {**well, "updated_at": now})


def observed(tx: Tx, target: int, now: Instant) -> None:
    """Its listing was read to the end."""
    tx.run("UPDATE targets SET observed_at = :now WHERE id = :key", {"now": now, "key": target})

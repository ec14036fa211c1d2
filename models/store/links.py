"""Connections and targets as administrators set them up, with what opens and joins them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from models.instant import Instant
from models.store.database import Tx
from models.store.identities import new_public_id


def insert(tx: Tx, table: str, values: Mapping[str, Any], *, now: Instant) -> int | None:
    """A connection or target. None when its organization has another of the same slug."""
    row = {**values, "created_at": now, "updated_at": now}
    names, holders = ", ".join(row), ", ".join(f":{name}" for name in row)
    found: int | None = tx.value(
        f"INSERT INTO {table} ({names}) VALUES ({holders}) "
        "ON CONFLICT (organization_id, slug) DO NOTHING RETURNING id",
        row,
    )
    return found


def has_slug(tx: Tx, table: str, slug: str, *, organization: int) -> bool:
    found = tx.value(
        f"SELECT 1 FROM {table} WHERE organization_id = :organization AND slug = :slug",
        {"organization": organization, "slug": slug},
    )
    return found is not None


def lock(tx: Tx, table: str, key: int) -> Row[Any] | None:
    """The row as it is now, ours until the end of the transaction."""
    held = "" if tx.dialect == "sqlite" else " FOR UPDATE"
    return tx.row(f"SELECT * FROM {table} WHERE id = :key{held}", {"key": key})


def insert_token(
    tx: Tx, connection: int, hashed: str, *, now: Instant, expires_at: Instant | None = None
) -> int:
    return tx.insert(
        "scim_tokens",
        {
            "public_id": new_public_id(),
            "connection_id": connection,
            "hash": hashed,
            "expires_at": expires_at,
            "created_at": now,
            "updated_at": now,
        },
    )


def live_tokens(tx: Tx, connection: int, now: Instant) -> Sequence[Row[Any]]:
    """Those that open the connection now."""
    return tx.rows(
        """
        SELECT * FROM scim_tokens WHERE connection_id = :key AND revoked_at IS NULL
          AND (expires_at IS NULL OR expires_at > :now) ORDER BY id
        """,
        {"key": connection, "now": now},
    )


def revoke_token(tx: Tx, token: int, now: Instant) -> None:
    tx.run(
        """
        UPDATE scim_tokens SET revoked_at = :now, updated_at = :now
        WHERE id = :key AND revoked_at IS NULL
        """,
        {"key": token, "now": now},
    )


def join(tx: Tx, target: int, connections: list[int]) -> set[int]:
    """The target is provisioned by these, and by no others. Answers those that are new."""
    tx.run(
        "DELETE FROM target_connections WHERE target_id = :target AND connection_id NOT IN :kept",
        {"target": target, "kept": connections or [0]},
    )
    rows = tx.rows(
        "SELECT connection_id FROM target_connections WHERE target_id = :target",
        {"target": target},
    )
    new = set(connections) - {row.connection_id for row in rows}
    tx.many(
        "INSERT INTO target_connections (target_id, connection_id) VALUES (:target, :connection)",
        [{"target": target, "connection": one} for one in sorted(new)],
    )
    return new


def joined(tx: Tx, targets: list[int]) -> dict[int, list[str]]:
    """The slugs of the connections of each target, sorted."""
    found: dict[int, list[str]] = {key: [] for key in targets}
    rows = tx.rows(
        """
        SELECT l.target_id, c.slug FROM target_connections l
        JOIN connections c ON c.id = l.connection_id WHERE l.target_id IN :keys ORDER BY c.slug
        """,
        {"keys": targets},
    )
    for row in rows:
        found[row.target_id].append(row.slug)
    return found


def rescope(tx: Tx, connection: int, now: Instant) -> None:
    """Reads look elsewhere from now on: nothing of the old ones is a measure for the next."""
    values = {"scoped_at": now, "pull_users": 0, "pull_groups": 0, "pull_cursor": None}
    tx.update("connections", connection, values)


def is_rescoped(tx: Tx, connection: int, *, since: Instant) -> bool:
    """Whether that was done since then. Nobody does it until our transaction ends."""
    row = lock(tx, "connections", connection)
    return row is not None and row.scoped_at >= since


def start_afresh(tx: Tx, connection: int, now: Instant) -> None:
    """The schedule has changed: slots that lie before now were none of this one's."""
    tx.update("connections", connection, {"scheduled_at": now})

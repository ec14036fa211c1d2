"""Administrators' API keys. Only hashes are kept."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from models.instant import Instant
from models.store.database import Tx
from models.store.identities import new_public_id

_ONE_AT_A_TIME = 0x7472756B


def lock(tx: Tx) -> None:
    """Until the end of the transaction nobody else adds or revokes a key."""
    if tx.dialect == "postgresql":
        tx.run("SELECT pg_advisory_xact_lock(:name)", {"name": _ONE_AT_A_TIME})


def create(tx: Tx, name: str, hashed: str, *, organization: int | None, now: Instant) -> str | None:
    """Answers the public id; None when there is a key of this hash already."""
    public = new_public_id()
    made = tx.run(
        """
        INSERT INTO api_keys (public_id, name, hash, organization_id, created_at, updated_at)
        VALUES (:public, :name, :hash, :organization, :now, :now)
        ON CONFLICT (hash) DO NOTHING
        """,
        {"public": public, "name": name, "hash": hashed, "organization": organization, "now": now},
    )
    return public if made else None


def revoke(tx: Tx, key: int, now: Instant) -> bool:
    """False when it was revoked before."""
    changed = tx.run(
        """
        UPDATE api_keys SET revoked_at = :now, updated_at = :now
        WHERE id = :key AND revoked_at IS NULL
        """,
        {"key": key, "now": now},
    )
    return changed == 1


def unlimited(tx: Tx) -> set[int]:
    """The live keys that may act for every organization."""
    rows = tx.rows("SELECT id FROM api_keys WHERE revoked_at IS NULL AND organization_id IS NULL")
    return {row.id for row in rows}


def every(tx: Tx) -> Sequence[Row[Any]]:
    return tx.rows("SELECT * FROM api_keys ORDER BY id")


def live(tx: Tx, public_id: str) -> Row[Any] | None:
    """A key that was not revoked."""
    return tx.row(
        "SELECT * FROM api_keys WHERE public_id = :public AND revoked_at IS NULL",
        {"public": public_id},
    )

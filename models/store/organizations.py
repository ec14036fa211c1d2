"""Organizations and their domains: made, changed, and deleted when nothing hangs on them."""

from typing import Any

from models.instant import Instant
from models.store.database import Tx
from models.store.identities import new_public_id


def insert(tx: Tx, slug: str, name: str, *, now: Instant) -> int | None:
    """None when somebody has the slug."""
    found: int | None = tx.value(
        """
        INSERT INTO organizations (public_id, slug, name, created_at, updated_at)
        VALUES (:public, :slug, :name, :now, :now) ON CONFLICT (slug) DO NOTHING RETURNING id
        """,
        {"public": new_public_id(), "slug": slug, "name": name, "now": now},
    )
    return found


def change(tx: Tx, key: int, values: dict[str, Any], now: Instant) -> bool:
    """False when another organization has the slug."""
    taken = tx.value(
        "SELECT 1 FROM organizations WHERE slug = :slug AND id <> :key",
        {"slug": values.get("slug"), "key": key},
    )
    if taken is None:
        tx.update("organizations", key, {**values, "updated_at": now})
    return taken is None


def set_domains(tx: Tx, organization: int, names: list[str]) -> str | None:
    """These are its domains from now on. Answers the first that another organization has."""
    kept = {"organization": organization, "names": names or [""]}
    tx.run("DELETE FROM domains WHERE organization_id = :organization AND name NOT IN :names", kept)
    for name in names:
        params = {"name": name, "organization": organization}
        tx.run(
            """
            INSERT INTO domains (name, organization_id) VALUES (:name, :organization)
            ON CONFLICT (name) DO NOTHING
            """,
            params,
        )
        owner = tx.value("SELECT organization_id FROM domains WHERE name = :name", params)
        if owner != organization:
            return name
    return None


def domains(tx: Tx, organizations: list[int]) -> dict[int, list[str]]:
    """The domains of each, sorted."""
    found: dict[int, list[str]] = {key: [] for key in organizations}
    rows = tx.rows(
        "SELECT * FROM domains WHERE organization_id IN :keys ORDER BY name",
        {"keys": organizations},
    )
    for row in rows:
        found[row.organization_id].append(row.name)
    return found


def holdings(tx: Tx, organization: int) -> tuple[int, int]:
    """How many connections and targets it has."""
    params = {"key": organization}
    return (
        tx.value("SELECT count(*) FROM connections WHERE organization_id = :key", params),
        tx.value("SELECT count(*) FROM targets WHERE organization_id = :key", params),
    )


def delete(tx: Tx, organization: int) -> None:
    """With its domains, and with the keys that open nothing any more."""
    params = {"key": organization}
    tx.run("DELETE FROM api_keys WHERE organization_id = :key", params)
    tx.run("DELETE FROM domains WHERE organization_id = :key", params)
    tx.run("DELETE FROM organizations WHERE id = :key", params)

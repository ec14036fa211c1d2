"""SCIM requests as they are kept, and how often something was seen at a connection's door."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Row

from models.instant import Instant
from models.store.database import Tx

COLUMNS = (
    "public_id",
    "connection_id",
    "part_of",
    "method",
    "path",
    "conditions",
    "resource",
    "status",
    "scim_type",
    "detail",
    "changes",
    "tolerances",
    "body",
    "body_size",
    "took",
    "created_at",
)


@lru_cache
def _insertion(columns: tuple[str, ...]) -> str:
    holders = ", ".join(f":{name}" for name in columns)
    return f"INSERT INTO scim_requests ({', '.join(columns)}) VALUES ({holders})"


def keep(tx: Tx, row: Mapping[str, Any], *, connection: int) -> None:
    """One request, at the end of its transaction."""
    tx.defer(_keep, {**row, "connection_id": connection})


def _keep(tx: Tx, rows: list[dict[str, Any]]) -> None:
    """What is null in all of them is not sent: every push waits for this."""
    columns = tuple([name for name in COLUMNS if any(row.get(name) is not None for row in rows)])
    tx.many(_insertion(columns), rows)


def keep_all(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> int:
    """Many; without those of connections that are gone."""
    known = _keys(tx, {row["connection"] for row in rows})
    found = [
        {**row, "connection_id": known[row["connection"]]}
        for row in rows
        if row["connection"] in known
    ]
    return tx.many(_insertion(COLUMNS), found)


def count(tx: Tx, tallies: Mapping[tuple[str, str], tuple[int, Instant]]) -> None:
    """So many more of each name, the last at that time, by the public id of a connection.

    In one order, so that no two processes wait for each other.
    """
    known = _keys(tx, {connection for connection, _ in tallies})
    found = [
        {"connection": known[connection], "name": name, "count": seen, "at": at}
        for (connection, name), (seen, at) in tallies.items()
        if connection in known
    ]
    tx.many(
        """
        INSERT INTO scim_tallies (connection_id, name, count, first_at, last_at)
        VALUES (:connection, :name, :count, :at, :at)
        ON CONFLICT (connection_id, name) DO UPDATE SET
            count = scim_tallies.count + excluded.count,
            last_at = CASE WHEN excluded.last_at > scim_tallies.last_at
                THEN excluded.last_at ELSE scim_tallies.last_at END
        """,
        sorted(found, key=lambda one: (one["connection"], one["name"])),
    )


def tallies(tx: Tx, connection: int) -> Sequence[Row[Any]]:
    """What was ever seen at this connection's door, by name."""
    return tx.rows(
        "SELECT name, count AS total, first_at, last_at FROM scim_tallies "
        "WHERE connection_id = :connection ORDER BY name",
        {"connection": connection},
    )


def forget(tx: Tx, before: Instant, *, connection: int, limit: int) -> int:
    """The oldest of a connection's requests; answers how many there were."""
    return tx.run(
        """
        DELETE FROM scim_requests WHERE id IN (SELECT id FROM scim_requests
            WHERE connection_id = :connection AND created_at < :before
            ORDER BY created_at LIMIT :limit)
        """,
        {"connection": connection, "before": before, "limit": limit},
    )


def _keys(tx: Tx, connections: set[str]) -> dict[str, int]:
    """The keys of those that are there."""
    rows = tx.rows(
        "SELECT id, public_id FROM connections WHERE public_id IN :names",
        {"names": sorted(connections) or [""]},
    )
    return {row.public_id: row.id for row in rows}

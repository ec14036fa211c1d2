"""What one transaction has queued, told before it ends."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from models.store.database import Tx

CHUNK = 5000


def newest(tx: Tx) -> int:
    """The key of the newest action; 0 when there is none."""
    return int(tx.value("SELECT max(id) FROM actions") or 0)


def after(tx: Tx, action: int, object_keys: Sequence[str]) -> Sequence[Row[Any]]:
    """How many of each operation on these objects came after that action, by target and state."""
    found: list[Row[Any]] = []
    for start in range(0, len(object_keys), CHUNK):
        found += tx.rows(
            """
            SELECT t.slug AS target, a.operation, a.state, count(*) AS total
            FROM actions a JOIN targets t ON t.id = a.target_id
            WHERE a.id > :action AND a.object_key IN :keys
            GROUP BY t.slug, a.operation, a.state ORDER BY t.slug, a.operation
            """,
            {"action": action, "keys": list(object_keys[start : start + CHUNK])},
        )
    return found

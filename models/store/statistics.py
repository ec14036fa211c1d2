"""By what PostgreSQL plans. It renews that by itself, but a minute after very much was written.

Until then it would plan as if the tables were as empty as before the first read.
"""

from models.store.database import Tx

MANY = 10_000
"""So few changes are not worth the second it takes."""
SHARE = 20
"""Nor is less than one in so many of all that was listed."""


def are_outdated(changes: int, listed: int) -> bool:
    return changes >= max(MANY, listed // SHARE)


def renew(tx: Tx) -> None:
    """SQLite plans by the shape of tables and indexes alone."""
    if tx.dialect != "sqlite":
        tx.run("ANALYZE users, user_aliases, groups, group_aliases, memberships")

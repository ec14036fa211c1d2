"""Ask at once about those whom a complete read did not list: a leaver need not wait a night."""

from models.identity import UserKey
from models.instant import Instant
from models.store import missing, point_reads
from models.store.database import Tx
from sync.connection import Connection

MOST = 60
"""More than that is no day's leavers; the next complete read confirms the rest."""


def ask(tx: Tx, connection: Connection, now: Instant) -> int:
    """Queue a point read of each. Answers of how many."""
    users = missing.users(tx, connection.key, most=MOST)
    for user in users:
        point_reads.ask(tx, connection.key, user, now)
    return len(users)


def is_only_outside(tx: Tx, connection: Connection, user: UserKey) -> bool:
    """That the directory has a user is no word for a narrow scope which did not list it.

    Nor for one that has not been read yet, where the scope before it did.

    Somebody who was unassigned, and is still employed, would come back by every such answer.
    """
    return connection.is_narrow and missing.is_unlisted(tx, user)

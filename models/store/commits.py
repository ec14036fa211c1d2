"""What became of a commit whose answer was lost.

A connection may go in the very instant of a commit. PostgreSQL remembers how every transaction
that wrote has ended, so it is asked on another connection.
"""

import time
from contextlib import suppress

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

NUMBER = "SELECT CAST(pg_current_xact_id_if_assigned() AS text)"
"""By which a transaction is asked for; none where it wrote nothing."""
TRIES = 100
"""A server that went down needs some seconds to come up again; this is ten in all."""

_END = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE backend_xid = CAST(CAST(:number AS xid8) AS xid)"
)
_ENDED = text("SELECT pg_xact_status(CAST(:number AS xid8))")


class Unsettled(SQLAlchemyError):
    """Nobody can tell whether it was done, so it must not be done again."""


def was_kept(engine: Engine, number: str) -> bool:
    """What the server has not noticed to be without a client is ended first. Raises Unsettled."""
    for tried in range(TRIES):
        time.sleep(0.002 * tried)
        with suppress(SQLAlchemyError), engine.connect() as connection:
            connection.execute(_END, {"number": number})
            ended = connection.scalar(_ENDED, {"number": number})
            if ended in ("committed", "aborted"):
                return bool(ended == "committed")
    raise Unsettled("The database went while it kept this, and did not come back.")

"""The time by which budgets are counted. It is never faster than time, whatever clocks say.

Only a process that saw nobody else advance it for so long, by its own stopwatch, advances it
by that long (`sync.hourglass`). So it stands while nothing runs, knows no clock on a wall,
and two replicas do not count one hour twice.
"""

from models.instant import MINUTE, Instant
from models.store.database import Tx

STEP: Instant = 2 * MINUTE
"""It advances by so much at once at the most."""
STAMP = f"coalesce((SELECT max(reading) FROM guard_clock) + {STEP}, :now)"
"""SQL: what a removal that begins now is dated. Rather late than early, so that none is
forgotten before its day is over. (`now`, for want of a reading.)"""


def start(tx: Tx, now: Instant) -> None:
    """Have a reading. The first one is the time on the wall, by which older rows were dated."""
    tx.run(
        "INSERT INTO guard_clock (id, reading) VALUES (1, :now) ON CONFLICT (id) DO NOTHING",
        {"now": now},
    )


def stamp(tx: Tx, now: Instant) -> Instant:
    """As `STAMP`, once for many."""
    return int(tx.value(f"SELECT {STAMP}", {"now": now}))


def read(tx: Tx, now: Instant) -> Instant:
    """What it reads; `now` where it was never started."""
    found = tx.value("SELECT reading FROM guard_clock WHERE id = 1")
    return now if found is None else int(found)


def advance(tx: Tx, *, seen: Instant, by: Instant) -> bool:
    """Move it on from what was seen. False when another did so meanwhile."""
    changed = tx.run(
        "UPDATE guard_clock SET reading = :reading WHERE id = 1 AND reading = :seen",
        {"reading": seen + min(by, STEP), "seen": seen},
    )
    return changed == 1

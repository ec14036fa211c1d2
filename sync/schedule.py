"""When directories are read. A tick inserts a row; its slot is unique, so two may tick."""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from cronsim import CronSim, CronSimError

from models.clock import Clock
from models.instant import SECOND, Instant
from models.store import accounts, runs
from models.store.database import Database, Tx
from sync import connection as connections


def check_cron(expression: str, timezone: str) -> None:
    """Raises ValueError with a sentence when there is no such schedule."""
    _cron(expression, timezone, 0)


def slot_after(expression: str, timezone: str, after: Instant) -> Instant:
    """The next time of a schedule. Daylight saving is as cron has it: no run is lost or doubled."""
    return round(next(_cron(expression, timezone, after)).timestamp() * SECOND)


def interval(expression: str, timezone: str, now: Instant) -> Instant:
    """The longest of the next few pauses between two runs."""
    cron = _cron(expression, timezone, now)
    times = [next(cron).timestamp() for _ in range(9)]
    return round(max(b - a for a, b in zip(times, times[1:], strict=False)) * SECOND)


def _cron(expression: str, timezone: str, after: Instant) -> CronSim:
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as trouble:  # "Europe" is a folder
        raise ValueError(f"{timezone!r} is no time zone; write Europe/Stockholm.") from trouble
    try:
        return CronSim(expression, datetime.fromtimestamp(after / SECOND, zone))
    except CronSimError as trouble:
        raise ValueError(
            f"{expression!r} is no cron expression; write five fields, such as 0 2 * * *."
        ) from trouble


class Every(BaseTrigger):  # type: ignore[misc]  # apscheduler has no types
    """So many seconds after the last time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        moment = now.timestamp() if previous is None else previous.timestamp() + self.seconds
        return datetime.fromtimestamp(max(moment, now.timestamp()), now.tzinfo)


def tick(database: Database, clock: Clock) -> int:
    """Start what is due since the last tick. Answers how many runs that were."""
    now = clock.now()
    with database.read() as tx:
        due = _due(tx, now)
    if not due:
        return 0
    with database.write() as tx:
        for connection, slot in due:
            runs.start(tx, connection, "pull", now, slot=f"{connection}:{slot}")
            runs.mark_scheduled(tx, connection, slot)
    return len(due)


def _due(tx: Tx, now: Instant) -> list[tuple[int, Instant]]:
    """The newest missed slot of each connection; runs missed before that are folded into it."""
    due = []
    for row in accounts.connections(tx):
        connection = connections.of_row(row)
        schedule = (connection.pull or {}).get("schedule")
        if not schedule:
            continue
        zone = str((connection.pull or {}).get("timezone", "UTC"))
        since = row.scheduled_at or row.created_at
        slot, newest = slot_after(schedule, zone, since), None
        while slot <= now:
            newest, slot = slot, slot_after(schedule, zone, slot)
        if newest is not None:
            due.append((connection.key, newest))
    return due


def start(database: Database, clock: Clock, *, every: float = 5.0) -> BackgroundScheduler:
    """Tick in the background until it is shut down."""
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(
        tick,
        Every(every),
        args=(database, clock),
        misfire_grace_time=None,
        coalesce=True,
        max_instances=1,
    )
    scheduler.start()
    return scheduler

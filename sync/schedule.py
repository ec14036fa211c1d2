"""When directories are read. A tick inserts a row; its slot is unique, so two may tick."""

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from cronsim import CronSim, CronSimError

from models.clock import Clock
from models.instant import MINUTE, SECOND, Instant
from models.store import accounts, runs
from models.store.database import Database, Tx, loads

log = structlog.get_logger()


def check_cron(expression: str, timezone: str) -> None:
    """Raises ValueError with a sentence when there is no such schedule."""
    _next(_cron(expression, timezone, 0), expression)


def slot_after(expression: str, timezone: str, after: Instant) -> Instant:
    """The next time of a schedule. Raises ValueError.

    Daylight saving is as cron has it: a run at an hour that is skipped comes at the end of
    the gap, one at an hour that comes twice is run once.
    """
    return _next(_cron(expression, timezone, after), expression)


def newest_slot(expression: str, timezone: str, now: Instant) -> Instant:
    """The last time of a schedule that is not in the future. Raises ValueError."""
    cron = _cron(expression, timezone, now + MINUTE, reverse=True)
    slot = _next(cron, expression)
    while slot > now:
        slot = _next(cron, expression)
    return slot


def interval(expression: str, timezone: str, now: Instant) -> Instant:
    """The longest of the next few pauses between two runs. Raises ValueError."""
    cron = _cron(expression, timezone, now)
    times = [_next(cron, expression) for _ in range(9)]
    return max(b - a for a, b in pairwise(times))


def _next(cron: CronSim, expression: str) -> Instant:
    try:
        return round(next(cron).timestamp() * SECOND)
    except StopIteration as trouble:
        raise ValueError(f"{expression!r} names a day that never comes.") from trouble


def _cron(expression: str, timezone: str, after: Instant, *, reverse: bool = False) -> CronSim:
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as trouble:  # "Europe" is a folder
        raise ValueError(f"{timezone!r} is no time zone; write Europe/Stockholm.") from trouble
    try:
        return CronSim(expression, datetime.fromtimestamp(after / SECOND, zone), reverse)
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
        pull = loads(row.pull) or {}
        if not pull.get("schedule"):
            continue
        try:
            slot = newest_slot(str(pull["schedule"]), str(pull.get("timezone", "UTC")), now)
        except ValueError as trouble:  # of one connection, and no reason to forget the others
            log.error("a schedule is wrong", connection=row.public_id, problem=str(trouble))
            continue
        if slot > (row.scheduled_at or row.created_at):
            due.append((row.id, slot))
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

"""When directories are read. A tick inserts a row; its slot is unique, so two may tick."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from cronsim import CronSim, CronSimError
from sqlalchemy import Row

from models.clock import Clock
from models.instant import MINUTE, SECOND, Instant
from models.store import accounts, runs
from models.store.database import Database, Tx, loads
from sync import housekeeping

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


def slot_before_last(expression: str, timezone: str, now: Instant) -> Instant:
    """The last time but one of a schedule. Raises ValueError."""
    return newest_slot(expression, timezone, newest_slot(expression, timezone, now) - SECOND)


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
        for one in due:
            mark = "" if one.kind == "pull" else f"{one.kind}:"
            runs.start(tx, one.connection, one.kind, now, slot=f"{mark}{one.connection}:{one.slot}")
            runs.mark_scheduled(tx, one.connection, one.kind, one.slot)
    return len(due)


@dataclass(frozen=True, slots=True)
class Due:
    connection: int
    kind: str
    slot: Instant


SCHEDULES = (
    ("pull", "schedule", "scheduled_at"),
    ("delta", "delta_schedule", "delta_scheduled_at"),
)
"""A kind of run, what names its schedule, and the column of its newest slot."""


NIGHTLY = "0 2 * * *"
"""When a connection is looked at that has no schedule to be read by; in UTC."""


def _due(tx: Tx, now: Instant) -> list[Due]:
    """The newest missed slots of each connection; runs missed before that are folded into them."""
    due = []
    night = newest_slot(NIGHTLY, "UTC", now)
    for row in accounts.connections(tx):
        pull = loads(row.pull) or {}
        if not pull.get("schedule") and night > (row.scheduled_at or row.created_at):
            due.append(Due(row.id, "reconcile", night))
        for kind, name, column in SCHEDULES:
            slot = _slot(row, pull, name, now) if pull.get(name) else 0
            if slot > (getattr(row, column) or row.created_at):
                due.append(Due(row.id, kind, slot))
    return due


def _slot(row: Row[Any], pull: dict[str, Any], name: str, now: Instant) -> Instant:
    try:
        return newest_slot(str(pull[name]), str(pull.get("timezone", "UTC")), now)
    except ValueError as trouble:  # of one connection, and no reason to forget the others
        log.error("a schedule is wrong", connection=row.public_id, problem=str(trouble))
        return 0


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
    scheduler.add_job(
        housekeeping.tidy,
        "cron",
        hour=3,
        args=(database, clock),
        misfire_grace_time=None,
        coalesce=True,
        max_instances=1,
    )
    scheduler.start()
    return scheduler

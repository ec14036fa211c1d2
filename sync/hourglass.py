"""Let the guard's time pass while somebody is at work, and never faster than it passes."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from models.clock import Clock
from models.instant import SECOND, Instant
from models.store import guard_clock
from models.store.database import Database

EVERY = 30.0
"""Seconds between two turns; less than the most that one turn may add."""


@dataclass(slots=True)
class Hourglass:
    """Of one process. Turned every few seconds.

    It advances the reading only from one that it saw itself, by what its stopwatch has
    measured since. These stretches never overlap, so their sum is never more than the time
    that passed.
    """

    database: Database
    clock: Clock
    stopwatch: Callable[[], float] = time.monotonic
    """Seconds; unlike the clock on the wall nobody sets it."""
    _seen: tuple[Instant, float] | None = None

    def turn_when_due(self) -> None:
        if self._seen is None or self.stopwatch() - self._seen[1] >= EVERY:
            self.turn()

    def turn(self) -> None:
        """Once. A process that has just begun only looks."""
        before = self.stopwatch()
        with self.database.write() as tx:
            guard_clock.start(tx, self.clock.now())
            reading = guard_clock.read(tx, 0)
            if self._seen is not None and self._seen[0] == reading:
                passed = max(0, int((before - self._seen[1]) * SECOND))
                if guard_clock.advance(tx, seen=reading, by=passed):
                    reading += min(passed, guard_clock.STEP)
                else:
                    reading = guard_clock.read(tx, 0)
        self._seen = (reading, self.stopwatch())

"""The one place that reads the clock. Everywhere else the time is an argument."""

import threading
import time

from models.instant import DAY, HOUR, MINUTE, SECOND, Instant, from_text, to_text

__all__ = ["DAY", "HOUR", "MINUTE", "SECOND", "Clock", "Instant", "from_text", "to_text"]


class Clock:
    """Wall time that never repeats and never runs backwards within one process.

    Two pushes in one microsecond, or a clock stepped back by an administrator, would
    otherwise make an earlier word look newer than a later one.
    """

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def now(self) -> Instant:
        with self._lock:
            self._last = max(self._last + 1, time.time_ns() // 1000)
            return self._last

"""Failures on order."""

import threading
from collections.abc import Mapping

from connectors.errors import ConnectorError

Faults = Mapping[int, ConnectorError]
"""Which call fails with what; the first call is 1."""


class Calls:
    """Counts calls and lets the chosen ones fail. Thread-safe."""

    def __init__(self, faults: Faults | None) -> None:
        self._faults = dict(faults or {})
        self._lock = threading.Lock()
        self._number = 0

    def count(self) -> None:
        """Raises the error that was ordered for this call, if any."""
        with self._lock:
            self._number += 1
            trouble = self._faults.get(self._number)
        if trouble is not None:
            raise trouble

"""How often an address may try wrong tokens before it is told to wait.

A token cannot be guessed. This keeps a misconfigured or hostile client from costing much, and
says so to whoever looks at its log. Counted in this process alone.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from models.instant import SECOND, Instant

BURST = 20
PAUSE: Instant = 3 * SECOND
"""One more is allowed after each, up to the burst."""
ADDRESSES = 10_000
"""So many are remembered; the one that was quiet for longest is forgotten first."""


@dataclass(slots=True)
class Attempts:
    _free_at: OrderedDict[str, Instant] = field(default_factory=OrderedDict)
    """When all that an address has tried will be forgotten."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wrong(self, address: str, now: Instant) -> int:
        """Another wrong one. Answers for how many seconds to wait; 0 within the allowance."""
        with self._lock:
            free_at = max(now, self._free_at.pop(address, 0))
            over = free_at + PAUSE - now - BURST * PAUSE
            self._free_at[address] = free_at if over > 0 else free_at + PAUSE
            while len(self._free_at) > ADDRESSES:
                self._free_at.popitem(last=False)
        return max(0, -(-over // SECOND))

"""Another service that is asked what ours is asked."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.provider import Provider


@dataclass(frozen=True, slots=True)
class Peer:
    """How it is started, and what it is not asked."""

    name: str
    storage: str
    """Where it keeps what it is told."""
    most: int
    """Users it is asked with at the most."""
    without: tuple[str, ...]
    """Words of the works that are left out, for it cannot do them, or not in a sensible time."""
    start: Callable[[ExitStack, int], Provider]
    """With so many users, and `groups_of` them."""

    def leaves_out(self, work: str) -> bool:
        return any(word in work for word in self.without)

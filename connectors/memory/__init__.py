"""A directory and a target in memory, which keep every promise of the real ones."""

from connectors.memory.source import MemorySource
from connectors.memory.target import MemoryTarget

__all__ = ["MemorySource", "MemoryTarget"]

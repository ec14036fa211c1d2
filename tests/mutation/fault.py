"""What a planted fault is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    what: str
    """What it does, in a few words."""
    file: str
    right: str
    wrong: str
    tests: tuple[str, ...]
    """The tests that should notice, the quickest first."""

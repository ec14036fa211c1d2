"""Values that nobody changes once they are made, and of which every decision makes some."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def frozen(*, order: bool = False, kw_only: bool = False) -> Callable[[type[T]], type[T]]:
    """A slotted dataclass that mypy lets nobody change.

    `dataclass(frozen=True)` watches while the program runs as well, and so writes each field
    through a call: to make such a value takes three times as long.
    """
    return dataclass(slots=True, unsafe_hash=True, order=order, kw_only=kw_only)

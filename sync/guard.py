"""Stop what is out of proportion, before anything of it is done."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.plans import Budget, Planned

EXPLICIT_TIMES = 5
"""Explicit words of the provider have a budget this much larger: one leaver never waits."""


@dataclass(frozen=True, slots=True)
class Guard:
    """How much may be removed within 24 hours: a floor, or a share of what is managed."""

    floor: int = 10
    share: float = 0.05

    def allowance(self, budget: Budget, managed: int) -> int:
        allowed = max(self.floor, int(self.share * managed))
        return allowed * EXPLICIT_TIMES if budget.value.endswith("_explicit") else allowed


@dataclass(frozen=True, slots=True)
class Proceed:
    operations: tuple[Planned, ...]


@dataclass(frozen=True, slots=True)
class Hold:
    operations: tuple[Planned, ...]
    """Those that may go on."""
    held: tuple[Planned, ...]
    """Those a person must approve, as a whole."""
    why: str


Ruling = Proceed | Hold


def check(
    planned: Sequence[Planned],
    *,
    drawn: Mapping[Budget, int],
    managed: Mapping[Budget, int],
    guard: Guard,
) -> Ruling:
    """Judge a whole plan. `drawn`: removals begun in the last 24 hours, by budget."""
    asked = Counter(one.draws_on for one in planned if one.draws_on is not None)
    over = {
        budget: guard.allowance(budget, managed.get(budget, 0))
        for budget, count in asked.items()
        if drawn.get(budget, 0) + count > guard.allowance(budget, managed.get(budget, 0))
    }
    if not over:
        return Proceed(tuple(planned))
    return Hold(
        operations=tuple(one for one in planned if one.draws_on not in over),
        held=tuple(one for one in planned if one.draws_on in over),
        why=" ".join(_why(b, asked[b], drawn.get(b, 0), over[b]) for b in sorted(over)),
    )


def _why(budget: Budget, asked: int, drawn: int, allowed: int) -> str:
    what = budget.value.replace("_explicit", " named by the provider")
    return (
        f"{asked} removals of {what} were asked for; {drawn} were made in the last 24 hours, "
        f"and {allowed} are allowed without approval."
    )

"""How much harm an engine does: person-days without the access one should have, and the reverse.

Counted at the end of each day, for each person and group:
- wrongly removed: had it, should have it all the time since, and has it no more;
- late: should have it, and never got it yet;
- resurrected: should not have it, had lost it, and has it again;
- leaver kept: should not have it, and never lost it yet.
"""

from collections import Counter
from dataclasses import dataclass, field

from tests.simulation.engines import Access, Engine, everybody
from tests.simulation.life import Life

KINDS = ("wrongly removed", "resurrected", "leaver kept", "late")


@dataclass
class Tally:
    """Of one engine."""

    days: Counter[str] = field(default_factory=Counter)
    longest: int = 0
    """Days that the slowest leaver kept access."""
    before: Access = field(default_factory=set)
    was_right: Access = field(default_factory=set)
    """Of those who should have access, who had it; of the others, who had lost it."""
    kept: Counter[tuple[str, str]] = field(default_factory=Counter)
    truth: Access = field(default_factory=set)

    def count(self, truth: Access, held: Access) -> None:
        turned = truth ^ self.truth
        self.was_right -= turned
        self.truth = set(truth)
        for one in truth - held:
            self.days["wrongly removed" if one in self.was_right else "late"] += 1
        for one in held - truth:
            if one in self.was_right:
                self.days["resurrected"] += 1
            else:
                self.days["leaver kept"] += 1
                self.kept[one] += 1
        over = [one for one in self.kept if one in truth or one not in held]
        self.longest = max([self.longest, *self.kept.values()])
        for one in over:
            del self.kept[one]
        self.was_right |= truth & held
        self.was_right |= (self.before - held) - truth
        self.before = held


@dataclass(frozen=True)
class Outcome:
    engine: str
    tally: Tally


def simulate(*, seed: int, people: int, teams: int, days: int) -> list[Outcome]:
    """The same life before the eyes of every engine."""
    life = Life(seed, people, teams)
    engines = everybody(life)
    tallies = [Tally() for _ in engines]
    for one in life.begin():
        _tell(engines, one)
    _count(life, engines, tallies)
    for number in range(days):
        for one in life.day(number, days):
            _tell(engines, one)
        _count(life, engines, tallies)
    return [Outcome(engine.name, tally) for engine, tally in zip(engines, tallies, strict=True)]


def _tell(engines: list[Engine], one: object) -> None:
    for engine in engines:
        engine.hear(one)  # type: ignore[arg-type]


def _count(life: Life, engines: list[Engine], tallies: list[Tally]) -> None:
    truth = life.access()
    for engine, tally in zip(engines, tallies, strict=True):
        tally.count(truth, engine.end_of_day())


def table(found: dict[int, list[Outcome]]) -> str:
    """As it stands in docs/harm.md."""
    lines = [
        "| seed | engine | wrongly removed | resurrected | leavers kept | longest | late |",
        "|---:|---|---:|---:|---:|---:|---:|",
    ]
    for seed, outcomes in found.items():
        for one in outcomes:
            days = one.tally.days
            counts = " | ".join(f"{days[kind]:,}" for kind in KINDS[:3])
            longest, late = one.tally.longest, days["late"]
            lines.append(f"| {seed} | {one.engine} | {counts} | {longest} d | {late:,} |")
    return "\n".join(lines)

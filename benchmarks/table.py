"""Rows of results, as text and as the tables of `docs/performance.md`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.load import Result

COLUMNS = (
    "per second",
    "p50 ms",
    "p99 ms",
    "errors",
    "cpu ms",
    "in S",
    "ceilings",
    "peak MB",
)
HEAD = " " * 52 + "".join(f"{name:>11}" for name in COLUMNS)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    who: str
    work: str
    result: Result
    floor: Result
    peak: float
    """Megabytes of the server, at the most so far."""
    ceiling: Result | None = None
    """The same work at the ceiling."""

    @property
    def in_floors(self) -> float:
        """How many S of processor time one answer costs the web."""
        return self.result.cost / self.floor.cost if self.floor.cost else math.nan

    @property
    def in_ceilings(self) -> float:
        """How many times the processor time of the ceiling."""
        if self.ceiling is None or not self.ceiling.cost:
            return math.nan
        return self.result.cost / self.ceiling.cost


def cells(row: Row) -> list[str]:
    """What stands under the columns."""
    found = row.result
    return [
        f"{found.rate:,.0f}" if found.rate >= 10 else f"{found.rate:.1f}",
        f"{found.percentile(0.5):,.1f}",
        f"{found.percentile(0.99):,.1f}",
        str(found.errors),
        f"{found.cost:,.2f}",
        f"{row.in_floors:,.0f}",
        "" if math.isnan(row.in_ceilings) else f"{row.in_ceilings:,.1f}",
        "" if math.isnan(row.peak) else f"{row.peak:,.0f}",
    ]


def line(row: Row) -> str:
    return f"{row.who:13}{row.work:39}" + "".join(f"{one:>11}" for one in cells(row))


def table_line(texts: Sequence[str]) -> str:
    return f"| {' | '.join(texts)} |"


def table_head(*names: str) -> str:
    """The two lines that begin a table; columns of text first."""
    rule = f"|{'---|' * len(names)}{'--:|' * len(COLUMNS)}"
    return f"{table_line([*names, *COLUMNS])}\n{rule}"

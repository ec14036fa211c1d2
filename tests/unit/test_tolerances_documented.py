"""The page about providers knows every tolerance, as the program does."""

from pathlib import Path

import pytest

from sync.pushing.tolerances import TOLERANCES, Tolerance

PAGE = (Path(__file__).parents[2] / "docs" / "providers.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| `")]
IN_FORCE = {(False, True): "always", (True, True): "set, on", (True, False): "set, off"}


@pytest.mark.parametrize("one", TOLERANCES.values(), ids=TOLERANCES.keys())
def test_every_tolerance_has_its_row(one: Tolerance) -> None:
    force = IN_FORCE[one.is_settable, one.is_usual]
    assert f"| `{one.name}` | {one.sentence} | {one.source} | {force} |" in ROWS


def test_no_row_is_of_anything_else() -> None:
    assert len(ROWS) == len(TOLERANCES)

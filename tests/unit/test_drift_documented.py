"""The page about drift knows every kind, as the program does."""

import re
from pathlib import Path

from models.findings import Kind, Severity, State

PAGE = (Path(__file__).parents[2] / "docs" / "drift.md").read_text(encoding="utf-8")
ROWS = {
    cells[1].strip().strip("`"): [cell.strip() for cell in cells[2:-1]]
    for line in PAGE.partition("## Kinds")[2].splitlines()
    if line.startswith("| `") and (cells := line.split("|"))
}


def test_every_kind_has_its_row_and_no_row_is_of_anything_else() -> None:
    assert set(ROWS) == {kind.value for kind in Kind}


def test_every_row_says_everything() -> None:
    for kind, cells in ROWS.items():
        assert len(cells) == 5, kind
        assert all(cells), kind
        assert re.match("|".join(Severity), cells[2]), (kind, cells[2])


def test_every_state_is_explained() -> None:
    assert all(f"| `{state}` |" in PAGE for state in State)

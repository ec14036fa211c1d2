"""What the page of proofs lists is what is planted."""

from pathlib import Path

from tests.mutation.faults import FAULTS

PAGE = Path(__file__).resolve().parents[2] / "docs/proof.md"


def test_every_planted_fault_stands_in_the_page() -> None:
    """`python -m tests.mutation` prints the rows as they stand there."""
    rows = {line.rpartition(" | ")[0] for line in PAGE.read_text().splitlines()}
    assert [one.what for one in FAULTS if f"| {one.what} | `{one.file}`" not in rows] == []

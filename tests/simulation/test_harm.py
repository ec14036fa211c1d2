"""A small life: this engine does no harm, and the usual two do."""

import pytest

from tests.simulation.harm import Tally, simulate


@pytest.mark.parametrize("seed", [7, pytest.param(8, marks=pytest.mark.slow)])
def test_nobody_is_wrongly_removed_or_brought_back_however_bad_the_nights_are(seed: int) -> None:
    ours, by_list, by_token = simulate(seed=seed, people=25, teams=6, days=16)
    assert ours.tally.days["wrongly removed"] == 0
    assert ours.tally.days["resurrected"] == 0
    assert by_list.tally.days["wrongly removed"] > 0
    assert by_token.tally.days["wrongly removed"] > 0
    assert by_token.tally.days["leaver kept"] > 0


def test_the_tally_tells_the_four_kinds_of_harm_apart() -> None:
    ada, bob = ("ops", "ada"), ("ops", "bob")
    tally = Tally()
    tally.count({ada, bob}, {ada})  # bob is late
    tally.count({ada, bob}, {bob})  # ada was removed
    tally.count({bob}, {ada, bob})  # ada left, and is kept
    tally.count({bob}, {bob})
    tally.count({bob}, {ada, bob})  # and comes back
    assert tally.days == {"late": 1, "wrongly removed": 1, "leaver kept": 1, "resurrected": 1}
    assert tally.longest == 1

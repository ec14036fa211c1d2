"""Both databases fold as Python does: case and the form of accents make no difference."""

import unicodedata

import pytest
from hypothesis import strategies as st

from models.folding import fold
from models.store.database import Database
from models.store.folding import LAST
from tests.playground import EVERY_STORE, fresh
from tests.store.laws import try_law

ASSIGNED = [one for one in map(chr, range(1, LAST + 1)) if unicodedata.category(one)[0] != "C"]
CASED = [one for one in ASSIGNED if one.lower() != one or one.casefold() != one]
ODD = "abcXYZ 'ßſςΣİıſﬁÅå\u0301\u0308\u030a"
texts = st.lists(st.text(st.sampled_from([*CASED, *ODD]), max_size=12), min_size=1, max_size=50)


@pytest.fixture(params=EVERY_STORE)
def store(request: pytest.FixtureRequest) -> Database:
    return fresh(request.param)


def folded(store: Database, given: list[str]) -> list[str]:
    with store.read() as tx:
        if store.is_sqlite:
            return [tx.value("SELECT folded(:one)", {"one": one}) for one in given]
        listed = "unnest(CAST(%(given)s AS text[])) WITH ORDINALITY AS t (one, place)"
        sql = f"SELECT folded(one) FROM {listed} ORDER BY place"
        return list(tx.connection.exec_driver_sql(sql, {"given": given}).scalars())


def differing(store: Database, given: list[str]) -> list[str]:
    found = folded(store, given)
    return [one for one, told in zip(given, found, strict=True) if told != fold(one)]


def test_every_character_is_folded_as_python_folds_it(store: Database) -> None:
    assert differing(store, ASSIGNED) == []


def test_every_text_is_folded_as_python_folds_it(store: Database) -> None:
    def holds(given: list[str]) -> None:
        assert differing(store, given) == []

    try_law(holds, "every_text_is_folded_alike", {"given": texts}, 100)

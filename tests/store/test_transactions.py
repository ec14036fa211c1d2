"""What stands still, or was slower than another, gives way and loses nothing."""

import time

import pytest

from models.store.database import Tx
from models.store.engines import STILL
from tests import builders
from tests.playground import fresh


@pytest.mark.servers
def test_a_transaction_that_stands_still_keeps_its_locks_from_nobody_for_good() -> None:
    found = fresh("postgresql")
    with found.read() as tx:
        assert tx.value("SHOW idle_in_transaction_session_timeout") == f"{STILL}s"


@pytest.mark.servers
def test_who_stood_still_begins_again_and_does_it_once() -> None:
    found = fresh("postgresql")
    tries: list[Tx] = []

    def work(tx: Tx) -> None:
        tries.append(tx)
        builders.organization(tx)
        if len(tries) == 1:
            tx.run("SET LOCAL idle_in_transaction_session_timeout = 50")
            time.sleep(0.3)
            tx.value("SELECT 1")

    found.insist(work)
    with found.read() as tx:
        assert tx.value("SELECT count(*) FROM organizations WHERE slug = 'acme'") == 1
    assert len(tries) == 2

"""What came to the SCIM door is kept, counted, found again and forgotten."""

import time
from typing import Any

import pytest

from api.paging import ListQuery, page
from api.scim.request_log import RequestLog
from models.instant import DAY
from models.store import requests
from models.store.database import Tx
from models.store.lists.requests import REQUESTS, request_of
from sync import housekeeping
from tests.playground import EVERY_STORE, Playground, fresh, playground

every_store = pytest.mark.parametrize("kind", EVERY_STORE)


def row(play: Playground, name: str, **more: Any) -> dict[str, Any]:
    return {
        "public_id": name,
        "connection": play.connection.public_id,
        "part_of": None,
        "method": "GET",
        "path": "/Users",
        "conditions": None,
        "resource": None,
        "status": 200,
        "scim_type": None,
        "detail": None,
        "changes": None,
        "tolerances": None,
        "body": None,
        "body_size": 0,
        "took": 1500,
        "created_at": play.clock.now(),
        **more,
    }


def found(tx: Tx, play: Playground, filter: str, sort: str = "") -> list[str]:
    query = ListQuery(filter=filter, sort=sort)
    rows, _ = page(tx, REQUESTS, query, request_of(play.connection.key), organization=None)
    return [one.public_id for one in rows.rows]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_ours_stops_the_log_once_and_not_for_good(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    play, name = playground(fresh()), "wrong_token"
    log, link, count = RequestLog(play.database), play.connection.public_id, requests.count

    def fail(*_given: object) -> None:
        monkeypatch.setattr(requests, "count", count)
        log.count(link, name, play.clock.now())  # while it is at work
        raise MemoryError

    monkeypatch.setattr(requests, "count", fail)
    log.count(link, name, play.clock.now())
    until = time.monotonic() + 10
    while not tallied(play):
        assert time.monotonic() < until
        time.sleep(0.05)
        if requests.count is count:
            log.count(link, name, play.clock.now())
    log.close()


def tallied(play: Playground) -> bool:
    with play.database.read() as tx:
        return bool(requests.tallies(tx, play.connection.key))


@every_store
def test_requests_are_found_by_what_they_were(kind: str) -> None:
    play = playground(fresh(kind))
    with play.database.write() as tx:
        requests.keep(
            tx,
            row(play, "a", method="POST", changes='[{"event":"user"}]', body='{"userName":"Ada"}'),
            connection=play.connection.key,
        )
    with play.database.write() as tx:
        requests.keep_all(
            tx,
            [
                row(play, "b", status=409, scim_type="uniqueness", took=90_000),
                row(play, "c", path="/Users?filter=x", tolerances="one two"),
                row(play, "d", connection="nobody's"),
            ],
        )
        for filter, names in (
            ("id pr", ["a", "b", "c"]),
            ("changed eq true", ["a"]),
            ("changed eq false and status lt 300", ["c"]),
            ('body co "ada"', ["a"]),
            ('scim_type eq "uniqueness"', ["b"]),
            ("took_ms gt 50", ["b"]),
            ('tolerances co "two"', ["c"]),
            ('path co "filter"', ["c"]),
        ):
            assert found(tx, play, filter) == names, filter
        assert found(tx, play, "id pr", "-created_at") == ["c", "b", "a"]


@every_store
def test_what_is_seen_again_is_counted_on(kind: str) -> None:
    play = playground(fresh(kind))
    name, now = play.connection.public_id, play.clock.now()
    with play.database.write() as tx:
        requests.count(tx, {(name, "quirk"): (2, now), ("nobody's", "quirk"): (5, now)})
        requests.count(tx, {(name, "quirk"): (3, now + 9), (name, "other"): (1, now)})
        requests.count(tx, {(name, "quirk"): (1, now - 9)})
        requests.count(tx, {})
        requests.keep_all(tx, [])
        seen = {
            one.name: (one.total, one.first_at, one.last_at)
            for one in requests.tallies(tx, play.connection.key)
        }
    assert seen == {"other": (1, now, now), "quirk": (6, now, now + 9)}


@every_store
def test_requests_are_forgotten_when_their_time_is_over(kind: str) -> None:
    play = playground(fresh(kind))
    with play.database.write() as tx:
        requests.keep(tx, row(play, "old"), connection=play.connection.key)
    play.clock.at += 13 * DAY
    with play.database.write() as tx:
        requests.keep(tx, row(play, "young"), connection=play.connection.key)
    assert housekeeping.tidy(play.database, play.clock) == 0
    play.clock.at += 2 * DAY
    assert housekeeping.tidy(play.database, play.clock) == 1
    with play.database.read() as tx:
        assert found(tx, play, "id pr") == ["young"]

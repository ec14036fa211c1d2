"""Every connection is looked at every night, and every look leaves a report."""

from typing import Any

from connectors.errors import Misconfigured
from models.instant import DAY, HOUR
from models.store.database import dumps
from sync.connection import Connection
from sync.schedule import tick
from tests.playground import Playground, Twins, fresh, playground


class Locked(Twins):
    """The directory refuses us before it tells anything."""

    def source(self, connection: Connection) -> Any:
        raise Misconfigured("The token was revoked.")


def waiting(play: Playground) -> list[str]:
    with play.database.read() as tx:
        return [row.kind for row in tx.rows("SELECT kind FROM runs WHERE state = 'ready'")]


def reports(play: Playground) -> int:
    with play.database.read() as tx:
        return int(tx.value("SELECT count(*) FROM reports"))


def test_a_connection_without_a_schedule_is_reconciled_once_a_night() -> None:
    play = playground(fresh(), pull=False)
    play.push_user("ada")
    assert tick(play.database, play.clock) == 0, "not before its first night"
    play.clock.at += DAY
    assert tick(play.database, play.clock) == 1
    assert tick(play.database, play.clock) == 0
    assert play.work_off() == ["reconcile"]
    assert reports(play) == 1
    play.clock.at += 3 * DAY
    assert tick(play.database, play.clock) == 1, "nights that were missed are folded into one"
    assert play.work_off() == ["reconcile"]
    assert reports(play) == 2, "also when nothing changed"


def test_a_connection_with_a_schedule_is_reconciled_after_its_read() -> None:
    play = playground(fresh())
    with play.database.write() as tx:
        pull = {"kind": "memory", "scope": "all", "schedule": "0 5 * * *"}
        tx.run("UPDATE connections SET pull = :pull", {"pull": dumps(pull)})
    play.clock.at += DAY
    assert tick(play.database, play.clock) == 1
    assert play.work_off() == ["pull", "reconcile"]


def test_a_read_that_could_not_even_begin_has_its_report_too() -> None:
    play = playground(fresh())
    play.push_user("ada")
    play.clock.at += HOUR
    play.twins = Locked(play._source, play.app)
    play._start("pull")
    with play.database.write() as tx:
        tx.run("UPDATE runs SET state = 'ready'")
    assert play.work_off() == ["pull", "reconcile"]
    assert "pull_incomplete" in play.findings()
    assert reports(play) == 1

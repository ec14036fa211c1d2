"""A connection that goes in the very instant of a commit: what was asked for is done once."""

import threading
from collections.abc import Callable, Iterator

import pytest
from sqlmodel import SQLModel

from api.scim.request_log import RequestLog
from models.store import commits
from models.store.commits import Unsettled
from models.store.database import Database, Tx
from models.store.desk import Asked, Desk, Outcome
from tests import builders
from tests.fakes.cutting import Cut, Way, every_cut, way_to_scratch

pytestmark = pytest.mark.servers


@pytest.fixture
def way() -> Iterator[Way]:
    with way_to_scratch() as way:
        yield way


@pytest.fixture
def found(way: Way) -> Iterator[Database]:
    database = Database(way.url)
    SQLModel.metadata.create_all(database.engine)
    yield database
    database.close()


def founding(slug: str, tries: list[str]) -> Callable[[Tx], int]:
    """Answers the key of an organization that it makes."""

    def work(tx: Tx) -> int:
        tries.append(slug)
        return builders.organization(tx, slug, ())

    return work


def founded(found: Database) -> dict[str, int]:
    with found.read() as tx:
        return {slug: key for slug, key in tx.tuples("SELECT slug, id FROM organizations")}


@every_cut
def test_what_is_done_alone_is_done_once(way: Way, found: Database, cut: Cut) -> None:
    tries: list[str] = []
    way.cut_after("acme", cut)
    key = found.insist(founding("acme", tries))
    assert founded(found) == {"acme": key}
    assert way.cuts == 1
    assert len(tries) == (1 if cut is Cut.UNANSWERED else 2)


@every_cut
def test_what_is_done_in_company_is_done_once(way: Way, found: Database, cut: Cut) -> None:
    tries: list[str] = []
    slugs = ["ada", "bob", "eve"]
    works = [founding(slug, tries) for slug in slugs]
    told = together(found, works, lambda: way.cut_after("bob", cut))
    assert [one.trouble for one in told] == [None] * 3
    assert founded(found) == {slug: one.value for slug, one in zip(slugs, told, strict=True)}
    assert way.cuts == 1
    assert len(tries) == (3 if cut is Cut.UNANSWERED else 6)


@every_cut
def test_nothing_is_done_again_while_nobody_can_tell(
    way: Way, found: Database, cut: Cut, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits, "TRIES", 3)
    tries: list[str] = []
    way.cut_after("bob", cut, for_good=True)
    with pytest.raises(Unsettled):
        found.insist(founding("bob", tries))
    assert tries == ["bob"]


def test_in_company_nothing_is_done_again_while_nobody_can_tell(
    way: Way, found: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits, "TRIES", 3)
    tries: list[str] = []
    works = [founding("ada", tries), founding("bob", tries)]
    told = together(found, works, lambda: way.cut_after("bob", Cut.UNANSWERED, for_good=True))
    assert [type(one.trouble) for one in told] == [Unsettled] * 2
    assert tries == ["ada", "bob"]


def together(
    found: Database, works: list[Callable[[Tx], int]], begin: Callable[[], None]
) -> list[Outcome]:
    """In one transaction, after all writers were kept busy."""
    desk, gate = Desk(found), threading.Event()
    told: list[Outcome] = []
    for _ in range(desk.writers):
        begun = threading.Event()

        def wait(_tx: Tx, begun: threading.Event = begun) -> None:
            begun.set()
            gate.wait(5)

        desk.write(Asked(wait, lambda _: None))
        assert begun.wait(5)
    for work in works:
        desk.write(Asked(work, told.append))
    begin()
    gate.set()
    desk.close()
    return told


def test_a_server_that_ends_a_session_before_the_commit_has_kept_nothing(found: Database) -> None:
    tries: list[str] = []

    def work(tx: Tx) -> int:
        key = founding("acme", tries)(tx)
        if len(tries) == 1:
            pid = tx.value("SELECT pg_backend_pid()")
            with found.read() as other:
                other.value("SELECT pg_terminate_backend(:pid, 5000)", {"pid": pid})
        return key

    key = found.insist(work)
    assert founded(found) == {"acme": key}
    assert len(tries) == 2


def test_who_gets_along_without_a_database_gets_along_without_an_answer(
    way: Way, found: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads that catch what SQLAlchemy raises go on."""
    monkeypatch.setattr(commits, "TRIES", 3)
    link, log = builders.world(found).connection, RequestLog(found)
    log.close()
    log.count(link.public_id, "wrong_token", builders.START)
    way.cut_after("wrong_token", Cut.UNANSWERED, for_good=True)
    log.flush()
    assert way.cuts == 1

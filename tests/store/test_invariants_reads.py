"""Laws 3 and 7: what a read of the directory may never undo."""

from typing import Any

import pytest
from hypothesis import strategies as st

from connectors.base import ReadEnded
from connectors.errors import Transient
from models.instant import HOUR
from models.verdicts import Answer
from tests.playground import EVERY_STORE, Playground, mail
from tests.store.histories import History, access, changes, histories, live, pushes, start
from tests.store.laws import law


@law(
    history=histories,
    after=st.lists(changes, max_size=6),
    cut=st.one_of(st.integers(1, 7), st.just("count")),
)
def test_an_incomplete_read_never_removes(
    kind: str, history: History, after: History, cut: int | str
) -> None:
    play = start(kind, scope={"app_id": "x"})
    live(play, history)
    play.settle()
    live(play, after)
    before, known, left_out = play.decisions(), access(play.app), _left_out(play)
    play.clock.at += HOUR
    if cut == "count":
        run = play.read(expected=ReadEnded(len(play.company.users) + 1, 0))
    else:
        run = play.read({int(cut): Transient("A 503.")})
    play.settle()
    if run.state == "complete":
        return
    decided = play.decisions()
    disabled = {mail(one.id) for one in play.company.users.values() if not one.active}
    assert {one for one in known if one[1] not in disabled} - left_out <= access(play.app)
    for fact, answer in before.items():
        if fact in left_out:
            continue
        if not fact.startswith("u"):
            # What nobody ever granted may be denied by an older read, once its user is known.
            assert not (answer is Answer.YES and decided[fact] is Answer.NO), fact
        else:
            assert not (answer[0] is not Answer.NO and decided[fact][0] is Answer.NO), fact


def _left_out(play: Playground) -> set[object]:
    """What a point read did not list, of groups that no read has named yet. Once one names them,
    complete or not, the point read counts: by their keys, and as `access` has them.
    """
    with play.database.read() as tx:
        rows = tx.rows(
            "SELECT m.group_id, m.user_id, g.name, u.user_name FROM memberships m "
            "JOIN groups g ON g.id = m.group_id JOIN users u ON u.id = m.user_id "
            "WHERE NOT g.pull_known AND u.pull_cover > 0"
        )
    keys = {f"m{row.group_id}:{row.user_id}" for row in rows}
    return keys | {(row.name.casefold(), row.user_name) for row in rows}


@pytest.mark.parametrize("kind", EVERY_STORE)
def test_a_point_read_counts_once_a_broken_read_names_the_group_it_left_out(kind: str) -> None:
    play = start(kind, scope={"app_id": "x"})
    play.push_group("pay", "ada")
    play.point_read("ada")
    play.settle()
    assert play.in_app("pay") == {"ada"}, "the directory has not named the group"
    play.company.found("pay")
    assert play.read({3: Transient("A 503.")}).state == "incomplete"
    play.settle()
    assert play.in_app("pay") == set()


@law(
    history=histories,
    after=st.lists(changes, max_size=4),
    pushed=st.lists(pushes, min_size=1, max_size=4),
    wide=st.booleans(),
)
def test_a_push_during_a_read_survives_it(
    kind: str, history: History, after: History, pushed: History, wide: bool
) -> None:
    play = start(kind, scope="all" if wide else {"app_id": "x"})
    live(play, history)
    live(play, after)
    play.clock.at += HOUR
    seen: dict[str, Any] = {}

    def meanwhile() -> None:
        live(play, pushed)
        seen.update(play.decisions())

    began = play.clock.at
    play.read(meanwhile=meanwhile)
    play.settle()
    now = play.decisions()
    for fact, part in _pushed_since(play, began):
        assert now[fact][part] == seen[fact][part] if part else now[fact] == seen[fact], fact


def _pushed_since(play: Playground, began: int) -> list[tuple[str, slice | None]]:
    """What the push said a word about since then: of users, that they exist or are active."""
    since = {"at": began}
    with play.database.read() as tx:
        groups = tx.rows("SELECT id FROM groups WHERE push_yes > :at OR push_no > :at", since)
        members = tx.rows(
            "SELECT group_id, user_id FROM memberships WHERE push_yes > :at OR push_no > :at",
            since,
        )
        users = tx.rows("SELECT id FROM users WHERE push_yes > :at OR push_no > :at", since)
        active = tx.rows(
            "SELECT id FROM users WHERE push_active_yes > :at OR push_active_no > :at", since
        )
    found: list[tuple[str, slice | None]] = [(f"g{row.id}", None) for row in groups]
    found += [(f"m{row.group_id}:{row.user_id}", None) for row in members]
    found += [(f"u{row.id}", slice(0, 1)) for row in users]
    return found + [(f"u{row.id}", slice(1, 2)) for row in active]

"""Laws 12, 13 and 14: what is not ours, what is too much, and what was not approved."""

from hypothesis import strategies as st

from connectors.base import RemoteGroup, RemoteUser
from connectors.memory import MemoryTarget
from models.instant import DAY, HOUR
from tests.playground import Playground, fresh, mail, playground
from tests.store.histories import (
    GENEROUS,
    PEOPLE,
    History,
    changes,
    histories,
    live,
    people,
    pushes,
    start,
    teams,
)
from tests.store.laws import law


@law(history=histories, names=st.lists(people, min_size=1, max_size=3, unique=True), group=teams)
def test_a_foreign_object_is_never_touched(
    kind: str, history: History, names: list[str], group: str
) -> None:
    theirs = [
        RemoteUser(remote_id=f"x{name}", external_id=None, user_name=mail(name)) for name in names
    ]
    club = RemoteGroup("xg", None, group.title(), frozenset(one.remote_id for one in theirs))
    play = playground(fresh(kind), app=MemoryTarget(theirs, [club]), guard=GENEROUS)
    play.company.hire(*PEOPLE)
    live(play, [("push user", names[0]), ("push group", group, names)])
    live(play, history)
    play.settle()
    play.clock.at += 60 * DAY
    play.settle()
    for user in theirs:
        assert play.app.users[user.remote_id] == user
    assert play.app.groups["xg"] == club
    others = [one for key, one in play.app.groups.items() if key != "xg"]
    assert not any(one.members and one.members & {u.remote_id for u in theirs} for one in others)


@law(history=histories, more=st.lists(st.one_of(pushes, changes), max_size=3))
def test_an_approval_never_executes_what_it_does_not_list_and_the_guard_is_never_passed(
    kind: str, history: History, more: History
) -> None:
    play = start(kind, guard={"floor": 1, "share": 0.0})
    live(play, history)
    for name in ("bob", "cyd", "dan"):
        play.company.dismiss(name)
    play.company.members.get("ops", set()).clear()
    play.read()
    play.clock.at += HOUR
    play.read()
    play.settle()
    listed = set(play.held())
    live(play, more)
    still = set(play.held())
    play.approve()
    play.deliver()
    play.settle()
    assert _approved(play) <= listed | still
    for count, allowed in _drawn(play):
        assert count <= allowed


def _approved(play: Playground) -> set[str]:
    """Fingerprints of removals that were done and drew on no budget."""
    with play.database.read() as tx:
        rows = tx.rows(
            "SELECT fingerprint FROM actions WHERE draws_on IS NOT NULL AND drawn_at IS NULL "
            "AND state = 'done'"
        )
    return {row.fingerprint for row in rows}


def _drawn(play: Playground) -> list[tuple[int, int]]:
    """How many removals of each kind were done within a day, and how many may be."""
    with play.database.read() as tx:
        rows = tx.rows(
            "SELECT draws_on, drawn_at FROM actions WHERE drawn_at IS NOT NULL AND state = 'done'"
        )
    found = []
    for row in rows:
        within = [
            one
            for one in rows
            if one.draws_on == row.draws_on and 0 <= one.drawn_at - row.drawn_at < DAY
        ]
        found.append((len(within), 5 if row.draws_on.endswith("_explicit") else 1))
    return found

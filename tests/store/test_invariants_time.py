"""Laws 8, 9 and 10: doing it again, waiting, and dying in the middle."""

from hypothesis import strategies as st

from connectors.errors import Transient
from connectors.memory import MemoryTarget
from models.instant import DAY, MINUTE
from models.store import queue
from tests.playground import Crash, Playground
from tests.store.histories import (
    CHANNELS,
    History,
    access,
    histories,
    live,
    possible,
    pushes,
    start,
)
from tests.store.laws import law


@law(history=histories, channels=st.sampled_from(sorted(CHANNELS)))
def test_reconciling_twice_plans_nothing_the_second_time(
    kind: str, history: History, channels: str
) -> None:
    play = start(kind, **CHANNELS[channels])
    live(play, possible(play, history))
    play.settle()
    done = len(play.app.applied)
    assert play.reconcile()["operations"] == []
    play.deliver()
    assert len(play.app.applied) == done


@law(
    history=histories,
    channels=st.sampled_from(["login only", "push and login", "all"]),
    days=st.integers(1, 400),
)
def test_time_alone_never_removes(kind: str, history: History, channels: str, days: int) -> None:
    play = start(kind, **CHANNELS[channels])
    live(play, possible(play, history))
    play.settle()
    before = access(play.app)
    play.clock.at += days * DAY
    play.settle()
    assert access(play.app) == before


@law(
    history=histories,
    before=st.integers(0, 6),
    after=st.integers(0, 6),
    unread=st.booleans(),
    more=st.lists(pushes, max_size=2),
    trouble=st.sampled_from([Crash("The process ended."), Transient("No answer came.")]),
)
def test_a_crash_anywhere_resumes_with_exactly_the_rest(
    kind: str,
    history: History,
    before: int,
    after: int,
    unread: bool,
    more: History,
    trouble: Exception,
) -> None:
    """Before an operation was done, after it was and before that was written down, or between
    the sending of a message and its reading. An answer that was lost is the same to us. What
    was pushed meanwhile is done as well."""
    quiet = [event for event in history if event[0] not in ("deliver", "reconcile")]
    smooth = start(kind)
    live(smooth, quiet)
    live(smooth, more)
    smooth.settle()
    expected = access(smooth.app)

    play = start(kind)
    live(play, quiet)
    app = MemoryTarget(
        play.app.users.values(),
        play.app.groups.values(),
        faults={before: trouble},  # type: ignore[dict-item]
        late_faults={after: trouble},  # type: ignore[dict-item]
    )
    play.twins.app = play.app = app
    if unread:
        _send_and_forget(play)
    for _ in range(3):
        try:
            play.deliver()
        except Crash:
            play.reap()
    live(play, more)
    for _ in range(3):
        play.clock.at += MINUTE
        try:
            play.settle()
        except Crash:
            play.reap()
    assert access(app) == expected
    done = len(app.applied)
    play.settle()
    assert len(app.applied) == done
    assert play.plan() == []


def _send_and_forget(play: Playground) -> None:
    """The message is lost on its way to a worker."""
    with play.database.write() as tx:
        queue.relay(tx, play.clock.now(), lease=MINUTE)
    play.reap()

"""Everything at once: pushes, reads, logins, deliveries, crashes, and people who decide."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from connectors.base import RemoteGroup, RemoteUser
from connectors.errors import Transient
from connectors.memory import MemoryTarget
from models.instant import DAY, HOUR, MINUTE
from sync.tokens.claims import GroupsState
from tests.model.checks import Checks
from tests.model.engine import World
from tests.model.recording import Recording
from tests.model.test_agreement import OPTIONS, RULES
from tests.playground import Company, Crash, Playground, mail, playground, rewound
from tests.store.crashing import Trouble, WatchedTarget, dies_at
from tests.store.histories import (
    PEOPLE,
    TEAMS,
    Event,
    changes,
    happen,
    people,
    pushes,
    some_teams,
    tokens,
)

PUSHES = {"push user", "deactivate", "delete", "push group", "delete group", "add", "remove", "put"}
FLOOR = 2
RESTLESS = 8
"""Steps that nobody waits out."""
CREW = [f"crew{number}" for number in range(12)]
THEIRS = RemoteUser(remote_id="x1", external_id=None, user_name=mail("eve"))
CLUB = RemoteGroup("x2", None, "Pay", frozenset({"x1"}))
when = st.integers(0, 60)
"""Before which statement the process ends; after few events there are so many."""


_BEGUN: dict[tuple[str, str], Recording] = {}
"""What was heard while a company began."""


def _begin(found: Any, kind: str, channels: str) -> Playground:
    """Ada, Bob and Cyd are in Ops, Ada and Dan in Dev, and everybody says so."""
    guard = {"floor": FLOOR, "share": 0.0}
    play = playground(found, MemoryTarget([THEIRS], [CLUB]), guard=guard, **OPTIONS[channels])
    play.company.hire(*PEOPLE, *CREW)
    play.company.found("ops", "ada", "bob", "cyd")
    play.company.found("dev", "ada", "dan")
    recording = Recording(play, World(RULES[channels]))
    if play.connection.policy.push:
        recording.live([("push user", name) for name in PEOPLE])
        recording.live([("push group", one, [*play.company.members[one]]) for one in TEAMS[:2]])
    if play.connection.policy.pull:
        recording.happen(("read",))
    if not play.connection.policy.has_directory:
        for name in PEOPLE:
            groups = [one for one in TEAMS[:2] if name in play.company.members[one]]
            recording.happen(("token", name, groups, GroupsState.LISTED, 0))
    play.settle()
    play.clock.at += HOUR
    _BEGUN[kind, channels] = recording
    return play


def _newest_run(play: Playground) -> Any:
    """Its public id, for a key may be given again."""
    with play.database.read() as tx:
        return tx.value("SELECT public_id FROM runs ORDER BY id DESC LIMIT 1")


class Company24(RuleBasedStateMachine):
    """One company through its days. Eve's account and the group Pay at the target are foreign."""

    kind = "sqlite"

    @initialize(channels=st.sampled_from(sorted(RULES)))
    def begin(self, channels: str) -> None:
        self.play = rewound(
            self.kind, f"with a crew, {channels}", lambda db: _begin(db, self.kind, channels)
        )
        told = self.play.app
        self.app = WatchedTarget(told.users.values(), told.groups.values()).watch()
        self.play.twins.app = self.play.app = self.app
        self.rules = RULES[channels]
        self.recording = replace(
            _BEGUN[self.kind, channels], play=self.play, do=self._live, parked={}
        )
        self.checks = Checks(self.play, self.app, self.recording)
        self.dying = 0
        self.unrested = 0

    # -- the world goes on ---------------------------------------------------------------------

    @rule(event=changes)
    def change(self, event: Event) -> None:
        self._happen(event)

    @rule(event=pushes, dying=when)
    def push(self, event: Event, dying: int) -> None:
        if self.rules.push:
            self._happen(event, dying)

    @rule(events=st.lists(st.one_of(changes, pushes, pushes, tokens), min_size=3, max_size=8))
    def a_busy_hour(self, events: list[Event]) -> None:
        for event in events:
            is_push = event[0] in PUSHES
            if self.rules.push or not is_push:
                self._happen(event)
        self._work(self.play.deliver, 0)

    @rule(dying=when)
    def read(self, dying: int) -> None:
        if self.rules.pull:
            self._happen(("read",), dying)

    @rule(dying=when)
    def delta_round(self, dying: int) -> None:
        if self.rules.pull:
            self._happen(("delta",), dying)

    @rule(number=st.integers(1, 6))
    def read_that_breaks_off(self, number: int) -> None:
        if self.rules.pull:
            self._happen(("read badly", number))

    @rule(crew=st.booleans())
    def read_of_less(self, crew: bool) -> None:
        """Nobody, or a third of the company: of whoever is missing it proves nothing."""
        if not self.rules.pull:
            return
        whole, less = self.play.company, Company()
        if crew:
            less.hire(*CREW[:5])
        self.play.company = less
        self._happen(("read",))
        self.play.company = whole

    @rule(name=people)
    def point_read(self, name: str) -> None:
        if self.rules.pull:
            self._happen(("point read", name))

    @rule(
        name=people,
        groups=some_teams,
        state=st.sampled_from(GroupsState),
        age=st.sampled_from([0, MINUTE, 2 * HOUR, 9 * DAY]),
    )
    def sign_in(self, name: str, groups: list[str], state: GroupsState, age: int) -> None:
        self._happen(("token", name, groups, state, age))

    @rule(time=st.sampled_from([MINUTE, HOUR, 5 * HOUR, 2 * DAY + HOUR, 33 * DAY]))
    def wait(self, time: int) -> None:
        self.play.clock.at += time

    # -- the engine works ------------------------------------------------------------------------

    @rule(dying=when)
    def deliver(self, dying: int) -> None:
        self._work(self.play.deliver, dying)

    @rule(dying=when)
    def reconcile(self, dying: int) -> None:
        self._work(self.play.reconcile, dying)

    @rule(late=st.booleans(), crash=st.booleans())
    def have_trouble_at_the_target(self, late: bool, crash: bool) -> None:
        error = Crash("It ended here.") if crash else Transient("No answer came.")
        self.app.trouble = Trouble(error, late)
        self._work(self.play.deliver, 0)

    @rule(approved=st.booleans())
    def an_administrator_decides(self, approved: bool) -> None:
        listed = set(self.play.held())
        if approved and self.play.approve():
            self.checks.approved |= listed
        elif not approved:
            self.play.refuse()

    @precondition(lambda self: self.unrested > RESTLESS)
    @rule()
    def all_comes_to_rest(self) -> None:
        self._rest()

    def teardown(self) -> None:
        if hasattr(self, "checks"):
            self._rest()

    def _rest(self) -> None:
        self.unrested = 0
        self.app.trouble = None
        for _ in range(4):
            self.play.clock.at += HOUR
            self.play.settle()
            self.checks.what_was_done()
        self.checks.nothing_is_left_to_do()

    # -- what holds after each step ---------------------------------------------------------------

    @invariant()
    def nobody_lost_or_got_back_what_they_should_not(self) -> None:
        if hasattr(self, "checks"):
            self.unrested += 1
            self.checks.what_was_done()

    @invariant()
    def what_is_foreign_is_as_it_was(self) -> None:
        if hasattr(self, "app"):
            assert self.app.users["x1"] == THEIRS
            assert self.app.groups["x2"] == CLUB

    @invariant()
    def the_guard_was_not_passed(self) -> None:
        if hasattr(self, "checks"):
            self.checks.no_day_had_too_many(FLOOR)

    # -- how a step is done -----------------------------------------------------------------------

    def _happen(self, event: Event, dying: int = 0) -> None:
        """A crash undoes the whole request; a read is begun again by the next process."""
        self.dying = dying
        self.play.clock.at += MINUTE
        parked = {group: set(names) for group, names in self.recording.parked.items()}
        world = self.recording.world
        try:
            self.recording.happen(event)
        except Crash:
            self.recording.parked, self.recording.world = parked, world
            self.play.reap()

    def _live(self, play: Playground, event: Event) -> None:
        """A run that was begun goes on in the next process; what was never begun did not happen."""
        dying, self.dying = self.dying, 0
        before = _newest_run(play)
        try:
            with dies_at(play.database, dying):
                happen(play, event)
        except Crash:
            if event[0] not in ("read", "delta") or _newest_run(play) == before:
                raise
            play.reap()
            play.resume_reading()

    def _work(self, work: Any, dying: int) -> None:
        try:
            with dies_at(self.play.database, dying):
                work()
        except Crash:
            self.play.reap()

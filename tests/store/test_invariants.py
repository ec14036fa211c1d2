"""The laws of the engine, each tried on many small histories of one small company.

`TRUEUP_TEST_EXAMPLES` says how many; the slow test tries ten times as many.
"""

import os
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.base import ReadEnded, RemoteGroup, RemoteUser
from connectors.errors import Transient
from connectors.memory import MemoryTarget
from models.evidence import (
    Channel,
    GroupCovered,
    GroupSaid,
    MembersAdded,
    MembersRemoved,
    Observation,
    UserCovered,
    UserInGroups,
    UserSaid,
)
from models.instant import DAY, HOUR, MINUTE
from models.store import identities, outbox
from models.verdicts import Answer
from sync import connection as connections
from sync import intake
from sync.claims import GroupsState
from tests.playground import EVERY_STORE, Crash, Playground, fresh, mail, playground, rewound

EXAMPLES = int(os.environ.get("TRUEUP_TEST_EXAMPLES", "50"))
QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
LAWS: dict[str, tuple[Callable[..., None], dict[str, Any]]] = {}

PEOPLE = ["ada", "bob", "cyd", "dan", "eve"]
TEAMS = ["ops", "dev", "hr", "pay"]
GENEROUS = {"floor": 1000, "share": 1.0}

Event = tuple[Any, ...]
History = Sequence[Event]


def law(**strategies: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A law that holds on each store for whatever the strategies draw."""

    def state(holds: Callable[..., None]) -> Callable[..., None]:
        LAWS[holds.__name__] = (holds, strategies)
        tried = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=QUIET)
        return pytest.mark.parametrize("kind", EVERY_STORE)(tried(given(**strategies)(holds)))

    return state


# -- the company, and what may happen to it ------------------------------------------------


def _start(found: Any, **options: Any) -> Playground:
    """Ada, Bob and Cyd are in Ops, Ada and Dan in Dev; all witnesses agree. Eve is a stranger."""
    play = playground(found, guard=options.pop("guard", GENEROUS), **options)
    play.company.hire("ada", "bob", "cyd", "dan")
    play.company.found("ops", "ada", "bob", "cyd")
    play.company.found("dev", "ada", "dan")
    policy = play.connection.policy
    if policy.push:
        for name in ("ada", "bob", "cyd", "dan"):
            play.push_user(name)
        for group, names in play.company.members.items():
            play.push_group(group, *sorted(names))
    if policy.pull:
        play.read()
    if not policy.has_directory:
        for name in ("ada", "bob", "cyd", "dan"):
            play.token(name, *(one for one in TEAMS[:2] if name in play.company.members[one]))
    play.settle()
    play.clock.at += HOUR
    return play


def start(kind: str, **options: Any) -> Playground:
    name = repr(sorted(options.items()))
    return rewound(kind, name, lambda found: _start(found, **dict(options)))


people, teams = st.sampled_from(PEOPLE), st.sampled_from(TEAMS)
some_people = st.lists(people, max_size=3, unique=True)
some_teams = st.lists(teams, max_size=3, unique=True)
states = st.sampled_from([GroupsState.LISTED, GroupsState.PARTIAL])
unusable = st.sampled_from([GroupsState.ABSENT, GroupsState.OVERAGE, GroupsState.MALFORMED])
ages = st.sampled_from([0, MINUTE, 2 * HOUR, 3 * DAY, 40 * DAY])

changes = st.one_of(
    st.tuples(st.sampled_from(["hire", "dismiss", "disable"]), people),
    st.tuples(st.just("found"), teams, some_people),
    st.tuples(st.just("dissolve"), teams),
    st.tuples(st.sampled_from(["join", "leave"]), teams, people),
)
pushes = st.one_of(
    st.tuples(st.sampled_from(["push user", "deactivate", "delete"]), people),
    st.tuples(st.just("push group"), teams, some_people),
    st.tuples(st.sampled_from(["add", "remove", "put"]), teams, some_people),
    st.tuples(st.just("delete group"), teams),
)
reads = st.one_of(
    st.just(("read",)),
    st.just(("read",)),
    st.tuples(st.just("read badly"), st.integers(1, 6)),
    st.tuples(st.just("point read"), people),
)
tokens = st.one_of(
    st.tuples(st.just("token"), people, some_teams, states, ages),
    st.tuples(st.just("token"), people, some_teams, unusable, ages),
)
works = st.sampled_from([("deliver",), ("reconcile",), ("wait", HOUR), ("wait", 2 * DAY)])
anything = st.one_of(changes, pushes, reads, tokens, works)
histories = st.lists(anything, max_size=7)


def happen(play: Playground, event: Event) -> None:
    match event:
        case ("push user" | "deactivate" | "delete" | "push group" | "delete group", *_):
            _push(play, event)
        case ("add" | "remove" | "put", *_):
            _push_members(play, event)
        case ("read" | "read badly" | "point read", *_):
            _read(play, event)
        case ("token" | "deliver" | "reconcile" | "wait", *_):
            _go_on(play, event)
        case _:
            _change(play, event)


def _read(play: Playground, event: Event) -> None:
    match event:
        case ("read",):
            play.read()
        case ("read badly", number):
            play.read({number: Transient("A 503.")})
        case ("point read", name):
            if play.connection.policy.pull and play.find(name) is not None:
                play.point_read(name)


def _go_on(play: Playground, event: Event) -> None:
    match event:
        case ("token", name, groups, state, age):
            play.token(name, *groups, state=state, at=play.clock.now() - age)
        case ("deliver",):
            play.deliver()
        case ("reconcile",):
            play.reconcile()
        case ("wait", time):
            play.clock.at += time


def _push(play: Playground, event: Event) -> None:
    match event:
        case ("push user", name):
            play.push_user(name)
        case ("deactivate", name):
            play.push_active(name, active=False)
        case ("delete", name):
            play.push_delete(name)
        case ("push group", group, names):
            play.push_group(group, *names)
        case ("delete group", group):
            play.push_delete_group(group)


def _push_members(play: Playground, event: Event) -> None:
    match event:
        case ("add", group, names):
            play.push_add(group, *names)
        case ("remove", group, names):
            play.push_remove(group, *names)
        case ("put", group, names):
            play.push_members(group, *names)


def _change(play: Playground, event: Event) -> None:
    company = play.company
    match event:
        case ("hire", name):
            company.hire(name)
        case ("dismiss", name):
            company.dismiss(name)
        case ("disable", name):
            company.hire(name, active=False)
        case ("found", group, names):
            company.found(group, *(name for name in names if name in company.users))
        case ("dissolve", group):
            company.dissolve(group)
        case ("join", group, name):
            if group in company.members and name in company.users:
                company.members[group].add(name)
        case ("leave", group, name):
            company.members.get(group, set()).discard(name)


def live(play: Playground, history: History) -> None:
    for event in history:
        happen(play, event)


def access(app: MemoryTarget) -> set[tuple[str, str]]:
    """Who may sign in, and who of those is in which group."""
    active = {one.remote_id: one.user_name for one in app.users.values() if one.active}
    found = {("signs in", name) for name in active.values()}
    for group in app.groups.values():
        found |= {
            (group.name.casefold(), active[one]) for one in group.members or () if one in active
        }
    return found


# -- 1 and 2: order and repetition ---------------------------------------------------------

facts = st.one_of(
    st.tuples(st.just("user"), st.integers(0, 1), st.booleans(), st.booleans()),
    st.tuples(st.just("group"), st.integers(0, 1), st.booleans()),
    st.tuples(st.just("add"), st.integers(0, 1), st.frozensets(st.integers(0, 1))),
    st.tuples(st.just("remove"), st.integers(0, 1), st.frozensets(st.integers(0, 1))),
    st.tuples(st.just("put"), st.integers(0, 1), st.frozensets(st.integers(0, 1))),
    st.tuples(st.just("listed"), st.integers(0, 1), st.frozensets(st.integers(0, 1))),
    st.tuples(st.just("partial"), st.integers(0, 1), st.frozensets(st.integers(0, 1))),
)


def _two_by_two(kind: str) -> tuple[Playground, list[Any], list[Any]]:
    """Two users and two groups that are known by name, and of which nothing was said."""

    def build(found: Any) -> Playground:
        play = playground(found, guard=GENEROUS, pull=False)
        with found.write() as tx:
            now = play.clock.now()
            for number in range(2):
                user = identities.insert_user(tx, play.key, now)
                tx.update("users", user, {"push_said": f'{{"user_name": ["u{number}", 1]}}'})
                group = identities.insert_group(tx, play.key, f"g{number}", now)
                tx.update("groups", group, {"login_known": True})
        return play

    play = rewound(kind, "two by two", build)
    with play.database.read() as tx:
        users = [row.id for row in tx.rows("SELECT id FROM users ORDER BY id")]
        groups = [row.id for row in tx.rows("SELECT id FROM groups ORDER BY id")]
    return play, users, groups


def _observation(fact: Event, as_of: int, users: list[Any], groups: list[Any]) -> Observation:
    what, one = fact[0], fact[1]
    is_token = what in ("listed", "partial")
    chosen = (
        frozenset((groups if is_token else users)[n] for n in fact[-1])
        if (isinstance(fact[-1], frozenset))
        else frozenset()
    )
    told: Any = {
        "user": lambda: UserSaid(user=users[one], exists=fact[2], active=fact[3]),
        "group": lambda: GroupSaid(group=groups[one], exists=fact[2]),
        "add": lambda: MembersAdded(groups[one], chosen),
        "remove": lambda: MembersRemoved(groups[one], chosen),
        "put": lambda: GroupCovered(groups[one], chosen),
        "listed": lambda: UserCovered(users[one], chosen),
        "partial": lambda: UserInGroups(users[one], chosen),
    }[what]()
    channel = Channel.LOGIN if is_token else Channel.PUSH
    return Observation(channel=channel, event=what, as_of=as_of, facts=(told,))


@law(told=st.lists(facts, max_size=8), data=st.data())
def test_the_order_of_arrival_does_not_matter_and_replaying_changes_nothing(
    kind: str, told: list[Event], data: st.DataObject
) -> None:
    dated = [(1000 + number, fact) for number, fact in enumerate(told)]
    mixed = list(data.draw(st.permutations(dated)))
    found = []
    for order in (dated, mixed):
        play, users, groups = _two_by_two(kind)
        play.app.applied.clear()
        observations = [_observation(fact, at, users, groups) for at, fact in order]
        _take(play, observations)
        play.settle()
        found.append((access(play.app), play.decisions()))
        done = len(play.app.applied)
        _take(play, observations[::-1])
        play.settle()
        assert (access(play.app), play.decisions()) == found[-1]
        assert len(play.app.applied) == done
    assert found[0] == found[1]


def _take(play: Playground, observations: list[Observation]) -> None:
    with play.database.write() as tx:
        connection = connections.load(tx, play.key)
        for one in observations:
            intake.take(tx, connection, one, play.clock.now())


@law(history=histories, name=people, groups=some_teams)
def test_a_token_that_is_used_again_changes_nothing(
    kind: str, history: History, name: str, groups: list[str]
) -> None:
    play = start(kind, push=False, pull=False)
    at = play.clock.now()
    play.token(name, *groups, at=at, digest="the same")
    live(play, [event for event in history if event[0] in ("token", "deliver", "wait")])
    play.settle()
    before, done = play.decisions(), len(play.app.applied)
    assert play.token(name, *groups, at=at, digest="the same").is_replay
    play.settle()
    assert (play.decisions(), len(play.app.applied)) == (before, done)


# -- 3: an incomplete read never removes ---------------------------------------------------


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
    before, known = play.decisions(), access(play.app)
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
    assert {one for one in known if one[1] not in disabled} <= access(play.app)
    for fact, answer in before.items():
        if not fact.startswith("u"):
            assert not (answer is not Answer.NO and decided[fact] is Answer.NO), fact
        else:
            assert not (answer[0] is not Answer.NO and decided[fact][0] is Answer.NO), fact


# -- 4, 5, 6: tokens ------------------------------------------------------------------------

CHANNELS = {
    "login only": {"push": False, "pull": False},
    "push and login": {"pull": False},
    "all": {},
    "lease": {"pull": False, "policy": {"login_grants": "lease"}},
}


def _memberships(play: Playground) -> dict[str, Any]:
    return {
        fact: answer
        for fact, answer in play.decisions().items()
        if fact.startswith("m") and answer is not Answer.HOLD
    }


@law(
    channels=st.sampled_from(sorted(CHANNELS)),
    history=histories,
    name=people,
    groups=some_teams,
    state=unusable,
    age=ages,
)
def test_a_claim_that_cannot_be_used_has_no_effect_on_memberships(
    kind: str,
    channels: str,
    history: History,
    name: str,
    groups: list[str],
    state: GroupsState,
    age: int,
) -> None:
    play = start(kind, **CHANNELS[channels])
    live(play, _possible(play, history))
    play.settle()
    before, held = _memberships(play), access(play.app)
    play.token(name, *groups, state=state, at=play.clock.now() - age)
    play.settle()
    assert _memberships(play) == before
    assert {one for one in access(play.app) if one[0] != "signs in"} == {
        one for one in held if one[0] != "signs in"
    }


def _possible(play: Playground, history: History) -> History:
    """Without what this connection has no channel for."""
    policy = play.connection.policy
    pushed = ("push user", "push group", "deactivate", "delete", "delete group")
    return [
        event
        for event in history
        if (policy.pull or "read" not in event[0])
        and (policy.push or event[0] not in (*pushed, "add", "remove", "put"))
    ]


@law(
    channels=st.sampled_from(["push and login", "all"]),
    history=histories,
    used=st.lists(tokens, min_size=1, max_size=4),
)
def test_a_token_never_changes_a_decision_while_there_is_a_directory(
    kind: str, channels: str, history: History, used: History
) -> None:
    play = start(kind, **CHANNELS[channels])
    live(play, _possible(play, history))
    play.settle()
    before, done = play.decisions(), list(play.app.applied)
    live(play, used)
    play.settle()
    after = play.decisions()
    assert {fact: after[fact] for fact in before} == before
    strangers = {fact: after[fact] for fact in after.keys() - before.keys()}
    assert all(
        (answer[0] if fact.startswith("u") else answer) is not Answer.YES
        for fact, answer in strangers.items()
    )
    assert play.app.applied == done


@law(
    history=st.lists(tokens, max_size=4),
    name=people,
    kept=some_teams,
    old=st.lists(st.tuples(some_teams, states, st.integers(1, 40)), min_size=1, max_size=3),
)
def test_nothing_that_a_newer_token_took_away_comes_back_by_an_older_one(
    kind: str, history: History, name: str, kept: list[str], old: list[Any]
) -> None:
    play = start(kind, push=False, pull=False)
    live(play, history)
    play.clock.at += HOUR
    now = play.clock.now()
    play.token(name, *kept, at=now)
    play.settle()
    before = access(play.app)
    for groups, state, hours in old:
        play.token(name, *groups, state=state, at=now - hours * HOUR)
    play.settle()
    assert access(play.app) == before


@law(
    lease=st.booleans(),
    group=teams.filter(lambda one: one in ("ops", "dev")),
    way=st.sampled_from(["remove", "put", "delete group", "removed by an administrator"]),
    used=st.lists(st.tuples(some_teams, states, st.integers(1, 100)), min_size=1, max_size=3),
)
def test_nothing_that_was_removed_after_a_token_was_issued_comes_back_by_it(
    kind: str, lease: bool, group: str, way: str, used: list[Any]
) -> None:
    play = start(kind, **CHANNELS["lease" if lease else "push and login"])
    if way == "removed by an administrator":
        play.remove_group(group)
    elif way == "delete group":
        play.push_delete_group(group)
    else:
        happen(play, (way, group, ["ada"] if way == "remove" else []))
    removed = play.clock.now()
    play.settle()
    assert (group, mail("ada")) not in access(play.app)
    for groups, state, minutes in used:
        play.clock.at += MINUTE
        play.token("ada", group, *groups, state=state, at=removed - minutes * MINUTE)
    play.settle()
    assert (group, mail("ada")) not in access(play.app)


# -- 7: a push during a read ----------------------------------------------------------------


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


# -- 8, 9: reconciling, and time -------------------------------------------------------------


@law(history=histories, channels=st.sampled_from(sorted(CHANNELS)))
def test_reconciling_twice_plans_nothing_the_second_time(
    kind: str, history: History, channels: str
) -> None:
    play = start(kind, **CHANNELS[channels])
    live(play, _possible(play, history))
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
    live(play, _possible(play, history))
    play.settle()
    before = access(play.app)
    play.clock.at += days * DAY
    play.settle()
    assert access(play.app) == before


# -- 10: a crash anywhere ----------------------------------------------------------------------


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
        outbox.relay(tx, play.clock.now(), lease=MINUTE)
    play.reap()


# -- what is not ours, and what was not approved -----------------------------------------------


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


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", LAWS)
def test_every_law_holds_for_ten_times_as_many_histories(name: str) -> None:
    holds, strategies = LAWS[name]

    @settings(max_examples=10 * EXAMPLES, deadline=None, suppress_health_check=QUIET)
    @given(**strategies)
    def tried(**drawn: Any) -> None:
        holds(kind="sqlite", **drawn)

    tried()

"""What may happen to one small company, and a company that it happens to."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from connectors.errors import Transient
from connectors.memory import MemoryTarget
from models.instant import DAY, HOUR, MINUTE
from sync.tokens.claims import GroupsState
from tests.playground import Playground, playground, rewound

PEOPLE = ["ada", "bob", "cyd", "dan", "eve"]
TEAMS = ["ops", "dev", "hr", "pay"]
GENEROUS = {"floor": 1000, "share": 1.0}

Event = tuple[Any, ...]
History = Sequence[Event]

CHANNELS = {
    "login only": {"push": False, "pull": False},
    "push and login": {"pull": False},
    "all": {},
    "lease": {"pull": False, "policy": {"login_grants": "lease"}},
}


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
        case ("read" | "read badly" | "delta" | "point read", *_):
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
        case ("delta",):
            play.delta()
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


def possible(play: Playground, history: History) -> History:
    """Without what this connection has no channel for."""
    policy = play.connection.policy
    pushed = ("push user", "push group", "deactivate", "delete", "delete group")
    return [
        event
        for event in history
        if (policy.pull or ("read" not in event[0] and event[0] != "delta"))
        and (policy.push or event[0] not in (*pushed, "add", "remove", "put"))
    ]

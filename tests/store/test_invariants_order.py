"""Laws 1 and 2: the order of arrival does not matter, and replaying changes nothing."""

from typing import Any

from hypothesis import strategies as st

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
from models.store import identities
from sync import connection as connections
from sync import intake
from tests.playground import Playground, playground, rewound
from tests.store.histories import (
    GENEROUS,
    Event,
    History,
    access,
    histories,
    live,
    people,
    some_teams,
    start,
)
from tests.store.laws import law

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

"""Works that share a transaction share what follows, and none is worse off for its company."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.identity import UserKey
from models.store import scim
from models.store.database import Tx
from models.store.desk import Desk
from sync import connection as connections
from sync.pushing.push import Push
from tests.playground import EVERY_STORE, Playground, fresh, playground
from tests.store.laws import EXAMPLES
from tests.store.test_desk import all_at_once

every_store = pytest.mark.parametrize("kind", EVERY_STORE)
NAMES = ("ada", "bob", "eve", "kim")
TEAMS = ("ops", "dev")
Word = Callable[[Playground, Push], None]


def add(group: str, *names: str) -> Word:
    return lambda play, push: push.add_members(*_members(play, push, group, names))


def remove(group: str, *names: str) -> Word:
    return lambda play, push: push.remove_members(*_members(play, push, group, names))


def be(name: str, *, active: bool) -> Word:
    def say(play: Playground, push: Push) -> None:
        known = _user(push, name)
        if known is not None:
            body = {"userName": f"{name}@acme.example", "externalId": name, "active": active}
            push.replace_user(known, body)

    return say


def leave(name: str) -> Word:
    def say(_play: Playground, push: Push) -> None:
        known = _user(push, name)
        if known is not None:
            push.delete_user(known)

    return say


def _user(push: Push, name: str) -> UserKey | None:
    row = scim.by_external_id(push.tx, "users", connection=push.connection.key, external_id=name)
    return None if row is None else UserKey(row.id)


def _members(play: Playground, push: Push, group: str, names: Sequence[str]) -> Any:
    return play.group(group), play.ids(push.tx, names)


def fill(play: Playground, names: Sequence[str], guard: str | None = None) -> None:
    """Everybody is there, in every team, and the application knows."""
    for name in names:
        play.push_user(name)
    for team in TEAMS:
        play.push_group(team, *names)
    play.deliver()
    if guard is not None:
        with play.database.write() as tx:
            tx.run("UPDATE targets SET guard = :guard", {"guard": guard})


def one_by_one(play: Playground, words: Sequence[Word]) -> None:
    for word in words:
        with play.pushing() as push:
            word(play, push)


def together(play: Playground, words: Sequence[Word]) -> None:
    """As at the desk: each with a push of its own."""
    with play.database.write() as tx:
        for word in words:
            word(play, Push(tx, _link(play, tx), play.clock))


def _link(play: Playground, tx: Tx) -> connections.Connection:
    return connections.load(tx, play.key)


def waiting(play: Playground) -> list[tuple[str, str, str]]:
    """What is to be done yet: where, what, and whether it may."""
    with play.database.read() as tx:
        rows = tx.tuples(
            "SELECT object_key, operation, state FROM actions "
            "WHERE state IN ('ready', 'held', 'retrying') ORDER BY object_key, operation"
        )
    return [tuple(row) for row in rows]


WORDS = st.one_of(
    st.builds(add, st.sampled_from(TEAMS), st.sampled_from(NAMES)),
    st.builds(remove, st.sampled_from(TEAMS), st.sampled_from(NAMES)),
    st.builds(be, st.sampled_from(NAMES), active=st.booleans()),
    st.builds(leave, st.sampled_from(NAMES[:1])),
)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(words=st.lists(WORDS, max_size=6))
def test_what_is_said_together_ends_as_if_it_had_been_said_one_by_one(words: list[Word]) -> None:
    ends = []
    for say in (one_by_one, together):
        play = playground(fresh())
        fill(play, NAMES, '{"floor": 1000, "group_floor": 1000}')
        say(play, words)
        asked = waiting(play)
        play.deliver()
        active = sorted((one.user_name, one.active) for one in play.app.users.values())
        ends.append((asked, active, [play.in_app(team) for team in TEAMS]))
    assert ends[0] == ends[1]


@every_store
def test_nobody_is_held_for_having_come_together_with_others(kind: str) -> None:
    """Two of twelve leavers pass the budget of ten; the ten that came before do not wait."""
    names = [f"p{number:02}" for number in range(12)]
    held = []
    for say in (one_by_one, together):
        play = playground(fresh(kind))
        fill(play, names, '{"floor": 2, "share": 0}')
        say(play, [be(name, active=False) for name in names])
        held.append([(operation, state) for _, operation, state in waiting(play)])
    assert held[0] == held[1]
    assert [state for _, state in held[0]].count("ready") == 10
    assert [state for _, state in held[0]].count("held") == 2


@every_store
def test_what_fails_leaves_nothing_to_be_decided(kind: str) -> None:
    play = playground(fresh(kind))
    fill(play, NAMES)

    def fail(tx: Tx) -> None:
        remove("ops", "ada")(play, Push(tx, _link(play, tx), play.clock))
        raise ValueError("no")

    def succeed(tx: Tx) -> None:
        remove("ops", "bob")(play, Push(tx, _link(play, tx), play.clock))

    desk = Desk(play.database)
    failed, done = all_at_once(desk, [fail, succeed])
    assert failed.exception(5) is not None
    done.result(5)
    desk.close()
    assert [operation for _, operation, _ in waiting(play)] == ["remove_member"]
    with play.database.read() as tx:
        events = tx.column("SELECT event FROM observations WHERE event = 'members removed'")
    assert len(events) == 1


@every_store
def test_a_setting_that_was_looked_up_is_looked_up_again_once_it_was_changed(kind: str) -> None:
    play = playground(fresh(kind))
    sql = "SELECT slug FROM connections WHERE id = :key"
    with play.database.write() as tx:

        def slug() -> str:
            return tx.minded(("slug",), lambda: str(tx.value(sql, {"key": play.key})))

        before = slug()
        tx.update("connections", play.key, {"slug": "other"})
        assert (slug(), before) == ("other", before)
        assert before != "other"


def test_a_setting_is_looked_up_once_in_a_transaction() -> None:
    play, looks = playground(fresh()), []
    with play.database.write() as tx:
        for _ in range(3):
            tx.minded(("slug",), lambda: looks.append(1))
    assert len(looks) == 1

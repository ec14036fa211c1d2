"""Two groups become one and two again: nothing is lost, and nothing is left over."""

from typing import Any

import pytest
from hypothesis import strategies as st

from models.identity import GroupKey
from models.instant import DAY, HOUR
from models.store import proposals
from models.store.database import Database, loads
from sync.tokens import proposing
from sync.tokens.claims import GroupsState
from tests.playground import Playground, fresh, playground, rewound
from tests.store.laws import law, narrow_law

PEOPLE = ["ada", "bob", "cyd"]
TEAMS = ["ops", "0ps", "hr"]
LISTED = GroupsState.LISTED

people = st.sampled_from(PEOPLE)
tokens = st.tuples(
    people,
    st.lists(st.sampled_from(TEAMS), max_size=3, unique=True),
    st.sampled_from([GroupsState.LISTED, GroupsState.PARTIAL, GroupsState.ABSENT]),
    st.sampled_from([0, HOUR, 5 * HOUR]),
)
histories = st.lists(tokens, max_size=6)
Told = list[tuple[str, list[str], GroupsState, int]]


def start(kind: str, history: Told) -> Playground:
    play = rewound(kind, "everybody is known", known)
    tell(play, history)
    return play


def known(found: Database) -> Playground:
    play = playground(found, push=False, pull=False, guard={"floor": 1000, "share": 1.0})
    for name in PEOPLE:
        play.token(name, *TEAMS, state=GroupsState.PARTIAL)
    play.settle()
    return play


def tell(play: Playground, history: Told, *, instead: str | None = None) -> None:
    """`instead`: the former is spoken of wherever the later one is."""
    for name, groups, state, age in history:
        named = {"ops" if instead and one == "0ps" else one for one in groups}
        play.token(name, *named, state=state, at=play.clock.now() - age)


def propose(play: Playground, former: str = "ops", later: str = "0ps") -> int:
    with play.database.write() as tx:
        pair = (play.group(former), play.group(later))
        proposals.propose(tx, play.key, pair, {"both": 5}, play.clock.now())
        found = tx.value("SELECT id FROM proposals WHERE later_id = :key", {"key": pair[1]})
    return int(found)


def accept(play: Playground, proposal: int) -> None:
    with play.database.write() as tx:
        proposing.accept(tx, proposal, by="ada", now=play.clock.now())


def split(play: Playground, proposal: int) -> None:
    with play.database.write() as tx:
        proposing.split(tx, proposal, by="ada", now=play.clock.now())


def marks_of(play: Playground, team: str) -> dict[int, tuple[int, int]]:
    """What logins say of the members of a group: user → the newest yes and no."""
    sql = "SELECT user_id, login_yes, login_no FROM memberships WHERE group_id = :key"
    with play.database.read() as tx:
        rows = tx.rows(sql, {"key": play.group(team)})
        return {row.user_id: (row.login_yes, row.login_no) for row in rows}


def denied_as(both: dict[int, tuple[int, int]], row: tuple[int, ...]) -> tuple[int, ...]:
    """A row of the later group, with what denied its user while it was one with the former."""
    *other, yes, no = row
    joined = both[row[1]]
    is_lost = 0 < yes >= no and joined[0] < joined[1]
    return (*other, yes, joined[1] if is_lost else no)


def evidence(play: Playground, *, but: frozenset[int] = frozenset()) -> dict[str, Any]:
    """All that is known about groups, in the words in which it is written down."""
    with play.database.read() as tx:
        members = tx.rows("SELECT * FROM memberships ORDER BY group_id, user_id")
        groups = tx.rows("SELECT * FROM groups ORDER BY id")
        names = tx.rows(
            "SELECT group_id, namespace, value FROM group_aliases WHERE valid_to IS NULL "
            "ORDER BY group_id, namespace, value"
        )
        return {
            "members": [tuple(row) for row in members if row.group_id not in but],
            "groups": [
                (row.id, row.login_yes, row.login_known, row.merged_into, bool(row.wanted))
                for row in groups
                if row.id not in but
            ],
            "names": [tuple(row) for row in names],
        }


@law(history=histories)
def test_splitting_what_was_merged_leaves_everything_as_it_was(kind: str, history: Told) -> None:
    play = start(kind, history)
    play.settle()
    before, access = evidence(play), {team: play.in_app(team) for team in TEAMS}
    proposal = propose(play)
    accept(play, proposal)
    play.settle()
    split(play, proposal)
    play.settle()
    assert evidence(play) == before
    assert {team: play.in_app(team) for team in TEAMS} == access


@narrow_law(history=histories, since=histories)
def test_what_was_said_while_they_were_one_stays_with_the_former(
    kind: str, history: Told, since: Told
) -> None:
    """As if it had been said of the former alone, and the later one had not been spoken of.

    But whoever the two lost meanwhile is not put back into the later one.
    """
    play = start(kind, history)
    later = frozenset({play.group("0ps")})
    frozen = [row for row in evidence(play)["members"] if row[0] in later]
    proposal = propose(play)
    accept(play, proposal)
    play.clock.at = at = play.clock.at + HOUR
    tell(play, since)
    both = marks_of(play, "ops")
    split(play, proposal)
    found = evidence(play, but=later)
    restored = [row for row in evidence(play)["members"] if row[0] in later]
    assert restored == [denied_as(both, row) for row in frozen]

    other = start(kind, history)
    other.clock.at = at
    tell(other, since, instead="ops")
    expected = evidence(other, but=later)
    assert found["members"] == expected["members"]
    assert found["names"] == expected["names"]


@narrow_law(history=histories, since=histories)
def test_one_group_has_the_members_of_both(kind: str, history: Told, since: Told) -> None:
    """Joined mark by mark: as if every word about the later one had been about the former.

    A list of all groups that names either is a word about both, and is as fresh.
    """
    play = start(kind, history)
    both = {play.group("ops"), play.group("0ps")}
    with play.database.read() as tx:
        rows = tx.rows(
            "SELECT m.group_id, m.user_id, m.login_yes, m.login_no, u.login_cover "
            "FROM memberships m JOIN users u ON u.id = m.user_id"
        )
    marks: dict[int, tuple[int, int]] = {}
    had = set()
    for row in rows:
        if row.group_id in both:
            yes, no = marks.get(row.user_id, (0, 0))
            affirmed = 0 < row.login_yes >= row.login_no
            had |= {row.user_id} if affirmed else set()
            said = max(row.login_yes, row.login_cover if affirmed else 0)
            marks[row.user_id] = (max(yes, said), max(no, row.login_no))
    assert had == {user for user, (yes, no) in marks.items() if yes >= no}
    accept(play, propose(play))
    assert marks_of(play, "ops") == marks
    assert play.group("0ps") == play.group("ops")


def renamed(people: list[str], **options: Any) -> tuple[Playground, int]:
    """The newest tokens of everybody deny ops, and named 0ps before they did."""
    play = playground(fresh(), push=False, pull=False, **options)
    for teams, state in ((["ops"], LISTED), (["0ps"], GroupsState.PARTIAL), (["0ps"], LISTED)):
        for name in people:
            play.token(name, *teams, state=state)
        play.settle()
        play.clock.at += DAY
    if play.open_hold():
        play.approve()
        play.settle()
    assert (play.in_app("ops"), play.in_app("0ps")) == (set(), set(people))
    return play, propose(play)


def test_who_is_listed_in_the_later_one_and_denied_in_the_former_by_one_token_is_in_both() -> None:
    """The yes was written down earlier, and is as fresh as the list that repeats it."""
    play, proposal = renamed(PEOPLE)
    accept(play, proposal)
    play.settle()
    assert play.in_app("ops") == set(PEOPLE)
    assert {one.name for one in play.app.groups.values()} == {"ops"}


def test_a_group_that_became_a_part_is_not_deleted_past_the_guard() -> None:
    people = [f"user{number}" for number in range(60)]
    play, proposal = renamed(people)
    play.clock.at += 2 * DAY
    accept(play, proposal)
    play.settle()
    assert (play.in_app("ops"), play.in_app("0ps")) == (set(people), set(people))
    hold = play.open_hold()
    assert hold is not None and hold.kind == "groups"
    play.approve()
    play.settle()
    assert {one.name for one in play.app.groups.values()} == {"ops"}
    assert play.in_app("ops") == set(people)


@pytest.mark.parametrize("is_pruned", [False, True], ids=["written down", "row is gone"])
def test_who_lost_both_while_they_were_one_does_not_come_back_by_splitting(
    is_pruned: bool,
) -> None:
    play, proposal = renamed(PEOPLE)
    accept(play, proposal)
    play.settle()
    play.clock.at += DAY
    play.token("ada", "hr")
    play.token("bob", "0ps")
    play.settle()
    assert play.in_app("ops") == {"bob", "cyd"}
    if is_pruned:
        both = {"group": play.group("ops"), "user": play.user("ada")}
        with play.database.write() as tx:
            tx.run("DELETE FROM memberships WHERE group_id = :group AND user_id = :user", both)
    split(play, proposal)
    play.settle()
    assert (play.in_app("ops"), play.in_app("0ps")) == ({"bob"}, {"bob", "cyd"})


def test_a_part_of_a_group_has_no_members_of_its_own() -> None:
    """They are the other's; a membership is not decided twice."""
    play = start("sqlite", [])
    later, proposal = play.group("0ps"), propose(play)
    accept(play, proposal)
    assert not [name for name in play.decisions() if name.startswith(f"m{later}:")]
    split(play, proposal)
    assert [name for name in play.decisions() if name.startswith(f"m{later}:")]


def test_the_last_of_several_that_were_joined_is_split_first() -> None:
    play = start("sqlite", [])
    first, second = propose(play), propose(play, "ops", "hr")
    accept(play, first)
    accept(play, second)
    with pytest.raises(proposing.CannotDecide, match="later"):
        split(play, first)
    split(play, second)
    split(play, first)
    assert len({play.group(team) for team in TEAMS}) == 3


def test_a_group_that_has_parts_does_not_become_one() -> None:
    play = start("sqlite", [])
    second = propose(play, "hr", "ops")
    accept(play, propose(play))
    with pytest.raises(proposing.CannotDecide):
        accept(play, second)


def test_a_group_that_the_directory_has_spoken_of_is_not_merged_by_statistics() -> None:
    play = start("sqlite", [])
    proposal = propose(play)
    with play.database.write() as tx:
        tx.update("groups", play.group("0ps"), {"pull_yes": 1})
    with pytest.raises(proposing.CannotDecide, match="more than tokens"):
        accept(play, proposal)


def test_what_was_moved_is_written_down() -> None:
    play = start("sqlite", [("ada", ["0ps"], GroupsState.LISTED, 0)])
    later, proposal = play.group("0ps"), propose(play)
    accept(play, proposal)
    with play.database.read() as tx:
        row = proposals.get(tx, proposal)
        closed = tx.row(
            "SELECT * FROM group_aliases WHERE group_id = :key AND valid_to IS NOT NULL",
            {"key": later},
        )
        moved = tx.row(
            "SELECT * FROM group_aliases WHERE group_id = :key AND value = '0ps'",
            {"key": play.group("ops")},
        )
    assert loads(row.moved)["members"]
    assert closed is not None and moved is not None
    assert (moved.proof, moved.valid_from) == ("statistics", closed.valid_to)
    assert GroupKey(row.later_id) == later

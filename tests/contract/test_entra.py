"""Microsoft Entra ID as a directory, against the fake of tests/fakes/graph."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.base import ReadEnded
from connectors.entra.graph import MAX_WAIT
from connectors.errors import Misconfigured, Transient
from tests.contract import source_suite
from tests.contract.entra_kit import APP, LIMITS, SCOPES, entra, hidden, populate, whole
from tests.fakes import graph as graph_fake
from tests.fakes.graph import READS_APPS, READS_GROUPS, READS_HIDDEN, READS_USERS, FakeGraph
from tests.fakes.graph_faults import (
    BROKEN_WIRE,
    FATAL,
    FATAL_PAGES,
    HARMLESS,
    HARMLESS_PAGES,
    LAG,
    LOOP,
    Answer,
    Fault,
    Spoiler,
    refusal,
    slow,
)

Spoilers = dict[str, Spoiler]
LISTS = {
    "all": ["users", "groups", "closure"],
    "groups": ["closure"],
    "app": ["assigned", "members", "closure"],
}
SINGLES = {
    "all": ["users_count", "groups_count", "batch"],
    "groups": ["group", "batch"],
    "app": ["user", "group", "batch"],
}


@pytest.fixture(scope="module")
def server() -> Iterator[FakeGraph]:
    with graph_fake.running() as fake:
        yield fake


@pytest.fixture
def fake(server: FakeGraph) -> FakeGraph:
    server.reset()
    populate(server.tenant)
    return server


@pytest.mark.parametrize("scope", SCOPES)
def test_a_read_without_faults_tells_exactly_the_scope(fake: FakeGraph, scope: str) -> None:
    told = whole(fake, scope)
    users, groups = told.users.values(), told.groups.values()
    ended = source_suite.reads_exactly(entra(fake, scope), users, groups, told.members)
    assert (ended.expected_users, ended.expected_groups) == (
        (7, 5) if scope == "all" else (None, None)
    )


@pytest.mark.parametrize("size", [1, 2, 3, 999])
def test_the_size_of_pages_makes_no_difference(fake: FakeGraph, size: int) -> None:
    fake.page_size = size
    told = source_suite.drain(entra(fake))
    assert told.members == whole(fake, "all").members


def test_members_of_forty_groups_take_two_batches(fake: FakeGraph) -> None:
    for number in range(35):
        fake.tenant.add_group(f"g{number}", ("user", "ada"), ("user", f"gone{number}"))
    fake.page_size = 999
    told = source_suite.drain(entra(fake))
    assert told.error is None
    assert len(told.members) == 40
    assert fake.asked["batch"] == 2


def test_a_member_who_came_while_we_read_is_left_to_the_next_read(fake: FakeGraph) -> None:
    fake.tenant.members["eng"].append(("user", "newcomer"))
    source_suite.reads_exactly(
        entra(fake),
        whole(fake, "all").users.values(),
        whole(fake, "all").groups.values(),
        {id: ids - {"newcomer"} for id, ids in whole(fake, "all").members.items()},
    )


def cases(kinds: Spoilers, page_kinds: Spoilers) -> list[Any]:
    return list(_cases(kinds, page_kinds))


def _cases(kinds: Spoilers, page_kinds: Spoilers) -> Iterator[Any]:
    for scope in SCOPES:
        for where in LISTS[scope] + SINGLES[scope]:
            for kind, spoil in {**kinds, **(page_kinds if where in LISTS[scope] else {})}.items():
                for after in range(3 if where in LISTS[scope] else 1):
                    name = f"{scope}: {where} {after}: {kind}"
                    yield pytest.param(scope, where, after, spoil, id=name)


@pytest.mark.parametrize(("scope", "where", "after", "spoil"), cases(HARMLESS, HARMLESS_PAGES))
def test_what_is_harmless_costs_nothing(
    fake: FakeGraph, scope: str, where: str, after: int, spoil: Any
) -> None:
    fault = Fault(where, spoil, after)
    fake.faults = [fault]
    told = source_suite.drain(entra(fake, scope))
    assert told.error is None
    assert fault.fired == 1
    wanted = whole(fake, scope)
    assert (told.users, told.groups, told.members) == (wanted.users, wanted.groups, wanted.members)
    assert told.ended is not None


@pytest.mark.parametrize(
    ("scope", "where", "after", "spoil"), cases(FATAL | BROKEN_WIRE, FATAL_PAGES)
)
def test_what_is_doubtful_breaks_the_read_off(
    fake: FakeGraph, scope: str, where: str, after: int, spoil: Any
) -> None:
    fault = Fault(where, spoil, after)
    fake.faults = [fault]
    source_suite.breaks_off(entra(fake, scope), *hidden(fake))
    assert fault.fired == 1
    assert fake.hosts <= {"127.0.0.1"}, "a token went to another host"


@pytest.mark.parametrize("where", ["users", "closure", "batch"])
def test_an_answer_that_takes_too_long_breaks_the_read_off(fake: FakeGraph, where: str) -> None:
    fake.faults = [Fault(where, slow)]
    impatient = replace(LIMITS, read=0.5)
    assert isinstance(source_suite.breaks_off(entra(fake, limits=impatient)), Transient)


# Paging and counting


@pytest.mark.parametrize("where", LISTS["all"])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_next_link_that_leads_in_a_circle_breaks_the_read_off(
    fake: FakeGraph, where: str, after: int
) -> None:
    fake.faults = [Fault(where, LOOP, after, times=1000)]
    error = source_suite.breaks_off(entra(fake))
    assert "leads nowhere new" in str(error)
    assert fake.asked[where] < 15


@pytest.mark.parametrize(("where", "counted"), [("users", 7), ("groups", 5)])
def test_a_lagging_replica_is_given_away_by_the_count(
    fake: FakeGraph, where: str, counted: int
) -> None:
    fake.faults = [Fault(where, LAG)]
    told = source_suite.drain(entra(fake))
    assert told.ended is not None
    assert replace(told.ended, cursor=None) == ReadEnded(7, 5)
    assert len(getattr(told, where)) == counted - 1


@pytest.mark.parametrize(("before", "after"), [("9", "3"), ("3", "9")])
def test_the_smaller_of_two_counts_is_expected(fake: FakeGraph, before: str, after: str) -> None:
    fake.faults = [
        Fault(where, lambda a, n=number: replace(a, body=n), after=place)  # type: ignore[misc]
        for where in ("users_count", "groups_count")
        for place, number in enumerate((before, after))
    ]
    ended = source_suite.drain(entra(fake)).ended
    assert ended is not None
    assert replace(ended, cursor=None) == ReadEnded(3, 3)


@pytest.mark.parametrize("said", ["-1", "seven", "7.0", "٧", '{"count": 7}'])
def test_a_count_that_is_no_number_breaks_the_read_off(fake: FakeGraph, said: str) -> None:
    fake.faults = [Fault("users_count", lambda a: replace(a, body=said))]
    source_suite.breaks_off(entra(fake))


# Tokens and waiting


@pytest.mark.parametrize("where", ["users", "users_count", "groups", "closure", "batch"])
def test_a_token_that_ends_under_way_is_renewed(fake: FakeGraph, where: str) -> None:
    def expire(answer: Answer) -> Answer:
        fake.valid.clear()
        return refusal(401, "InvalidAuthenticationToken", "Access token has expired.")

    fake.faults = [Fault(where, expire, after=1)]
    told = source_suite.drain(entra(fake))
    assert told.error is None
    assert told.members == whole(fake, "all").members


@pytest.mark.parametrize("where", ["users", "users_count", "groups", "closure", "batch"])
def test_a_token_refused_twice_is_for_an_administrator(fake: FakeGraph, where: str) -> None:
    revoked = refusal(401, "InvalidAuthenticationToken", "The account is disabled.")
    fake.faults = [Fault(where, lambda a: revoked, times=1000)]
    error = source_suite.breaks_off(entra(fake), *hidden(fake))
    assert isinstance(error, Misconfigured)
    assert len(fake.issued) == 2


def test_a_wait_is_as_long_as_it_was_asked_for(fake: FakeGraph) -> None:
    slept: list[float] = []
    busy = refusal(429, "TooManyRequests", "slow", retry_after="17")
    fake.faults = [Fault("groups", lambda a: busy, after=1)]
    assert source_suite.drain(entra(fake, slept=slept)).error is None
    assert slept == [17]


def test_a_throttled_batch_waits_once_for_its_slowest_item(fake: FakeGraph) -> None:
    slept: list[float] = []
    pauses = iter(["4", "11", "2"])

    def throttle(answer: Answer) -> Answer:
        return refusal(429, "TooManyRequests", "slow", retry_after=next(pauses))

    fake.faults = [Fault("closure", throttle, times=3)]
    told = source_suite.drain(entra(fake, slept=slept))
    assert told.members == whole(fake, "all").members
    assert slept == [11]
    assert fake.asked["batch"] == 2


@pytest.mark.parametrize("pause", ["0", "1", "50", "119"])
def test_a_read_waits_two_minutes_in_all_and_then_leaves_it_to_the_queue(
    fake: FakeGraph, pause: str
) -> None:
    slept: list[float] = []
    busy = refusal(429, "TooManyRequests", "slow", retry_after=pause)
    fake.faults = [Fault("closure", lambda a: busy, after=1, times=10_000)]
    error = source_suite.breaks_off(entra(fake, slept=slept))
    assert isinstance(error, Transient)
    assert error.retry_after == max(1, float(pause))
    assert 60 < sum(slept) <= MAX_WAIT


# Batches

BATCH: Spoilers = {
    "an answer missing": lambda a: _answers(a, lambda items: items[1:]),
    "an answer twice": lambda a: _answers(a, lambda items: [*items, items[0]]),
    "an answer of nobody": lambda a: _answers(a, lambda items: [*items, items[0] | {"id": "x"}]),
    "an answer to another": lambda a: _answers(a, lambda items: [items[0], *items[:-1]]),
    "an answer without status": lambda a: _answers(a, lambda items: [{"id": "0"}, *items[1:]]),
    "no answers": lambda a: replace(a, body={"responses": None}),
    "a body missing": lambda a: _answers(a, lambda i: [{"id": i[0]["id"], "status": 200}, *i[1:]]),
}


def _answers(answer: Answer, change: Any) -> Answer:
    return replace(answer, body={"responses": change(answer.body["responses"])})


@pytest.mark.parametrize("spoil", BATCH.values(), ids=BATCH)
def test_a_batch_that_does_not_answer_each_question_breaks_the_read_off(
    fake: FakeGraph, spoil: Spoiler
) -> None:
    fake.faults = [Fault("batch", spoil)]
    assert isinstance(source_suite.breaks_off(entra(fake)), Transient)


# The scope


def test_a_group_of_the_scope_that_does_not_exist_is_named(fake: FakeGraph) -> None:
    del fake.tenant.groups["eng"]
    error = source_suite.breaks_off(entra(fake, "groups"))
    assert isinstance(error, Misconfigured)
    assert str(error) == "The scope names the group eng, which does not exist."


def test_an_application_that_does_not_exist_is_named(fake: FakeGraph) -> None:
    fake.tenant.assigned = {}
    error = source_suite.breaks_off(entra(fake, "app"))
    assert isinstance(error, Misconfigured)
    assert APP in str(error)


@pytest.mark.parametrize("kind", ["User", "Group"])
def test_an_assignment_to_somebody_unknown_is_a_contradiction(fake: FakeGraph, kind: str) -> None:
    fake.tenant.assigned[APP].append((kind, "nobody"))
    assert isinstance(source_suite.breaks_off(entra(fake, "app")), Transient)


def test_an_application_without_assignments_has_nobody(fake: FakeGraph) -> None:
    fake.tenant.assigned[APP] = []
    source_suite.reads_exactly(entra(fake, "app"), [], [], {})


def test_who_is_only_in_a_nested_group_is_not_assigned(fake: FakeGraph) -> None:
    told = source_suite.drain(entra(fake, "app"))
    assert "ada" in fake.tenant.users_in("nest")
    assert "ada" not in told.users


def test_a_group_that_is_deleted_under_way_breaks_the_read_off(fake: FakeGraph) -> None:
    gone = refusal(404, "Request_ResourceNotFound", "Resource 'eng' does not exist.")
    fake.faults = [Fault("closure", lambda a: gone)]
    assert isinstance(source_suite.breaks_off(entra(fake)), Transient)


def test_another_object_than_the_one_asked_for_is_not_believed(fake: FakeGraph) -> None:
    fake.faults = [Fault("group", lambda a: replace(a, body=a.body | {"id": "loop"}))]
    source_suite.breaks_off(entra(fake, "groups"))


# Permissions


@pytest.mark.parametrize(
    ("scope", "permission"),
    [
        ("all", READS_USERS),
        ("all", READS_GROUPS),
        ("groups", READS_USERS),
        ("groups", READS_GROUPS),
        ("app", READS_USERS),
        ("app", READS_GROUPS),
        ("app", READS_APPS),
    ],
)
def test_a_missing_permission_is_named(fake: FakeGraph, scope: str, permission: str) -> None:
    fake.permissions.remove(permission)
    error = source_suite.breaks_off(entra(fake, scope))
    assert isinstance(error, Misconfigured)
    assert permission in str(error)


@pytest.mark.parametrize("scope", ["all", "groups", "app"])
def test_hidden_members_are_not_taken_for_none(fake: FakeGraph, scope: str) -> None:
    fake.tenant.groups["m365"]["visibility"] = "HiddenMembership"
    assert source_suite.drain(entra(fake, scope)).error is None
    fake.permissions.remove(READS_HIDDEN)
    error = source_suite.breaks_off(entra(fake, scope))
    assert isinstance(error, Misconfigured)
    assert READS_HIDDEN in str(error)


@pytest.mark.parametrize("withheld", ["userPrincipalName", "accountEnabled"])
def test_details_that_are_withheld_deactivate_nobody(fake: FakeGraph, withheld: str) -> None:
    fake.tenant.users["ada"][withheld] = None
    for scope in ("all", "groups"):
        error = source_suite.breaks_off(entra(fake, scope))
        assert isinstance(error, Misconfigured)
        assert READS_USERS in str(error)


def test_a_group_whose_name_is_withheld_breaks_the_read_off(fake: FakeGraph) -> None:
    fake.tenant.groups["eng"]["displayName"] = None
    assert READS_GROUPS in str(source_suite.breaks_off(entra(fake)))


# Whatever happens

ANY = HARMLESS | HARMLESS_PAGES | FATAL | FATAL_PAGES | BROKEN_WIRE
PAGED = [where for lists in LISTS.values() for where in lists]


@st.composite
def troubles(draw: st.DrawFn) -> list[tuple[str, str, int, int]]:
    anywhere = st.sampled_from(sorted({*PAGED, *SINGLES["all"], "group", "user"}))
    found = []
    for where in draw(st.lists(anywhere, max_size=4)):
        kinds = ANY if where in PAGED else HARMLESS | FATAL
        kind = draw(st.sampled_from(sorted(kinds)))
        found.append((where, kind, draw(st.integers(0, 6)), draw(st.integers(1, 3))))
    return found


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    scope=st.sampled_from(sorted(SCOPES)),
    size=st.integers(1, 4),
    groups=st.lists(st.sets(st.integers(0, 8)), max_size=30),
    found=troubles(),
)
def test_a_read_is_whole_or_it_fails(
    fake: FakeGraph,
    scope: str,
    size: int,
    groups: list[set[int]],
    found: list[tuple[str, str, int, int]],
) -> None:
    fake.reset()
    populate(fake.tenant)
    for number in range(9):
        fake.tenant.add_user(f"user{number}")
    for number, members in enumerate(groups):
        fake.tenant.add_group(f"group{number}", *[("user", f"user{one}") for one in members])
    fake.page_size = size
    fake.faults = [Fault(where, ANY[kind], after, times) for where, kind, after, times in found]
    source_suite.is_never_short(entra(fake, scope), whole(fake, scope), *hidden(fake))
    assert fake.hosts <= {"127.0.0.1"}

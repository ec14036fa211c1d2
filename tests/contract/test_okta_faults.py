"""Everything that can go wrong on the way, at every list: a read is whole, or it raises."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import ReadEnded
from connectors.errors import Misconfigured, Transient
from connectors.http import Limits
from tests.contract import source_suite
from tests.contract.okta_case import LIMITS, company, scope_of, source
from tests.fakes.okta import FAULTS, Directory, FakeOkta, Fault
from tests.fakes.okta.server import TOKEN

PAGED = {
    "all": ["filter=status", r"users\?limit", r"groups\?expand", "groups/.*/users"],
    "app": ["apps/.*/users", "apps/.*/groups", "groups/.*/users"],
    "groups": ["groups/.*/users"],
}
SINGLE = {
    "all": [r"groups\?filter"],
    "app": [r"groups\?filter"],
    "groups": [r"groups\?filter", r"groups\?search", r"groups/00g\d+$"],
}
OF_USERS = {"filter=status", r"users\?limit", "groups/.*/users", "apps/.*/users"}

ANYWHERE = {name for name in FAULTS if "next" not in name and "link" not in name}
ANYWHERE -= {"slow", "lost rows", "comma", "empty page", "repeated page", "404"}
ANYWHERE -= (USERS := {"unknown status", "missing login", "null login"})
PAGING = {name for name in FAULTS if "next" in name or " link" in name or "page" in name}
PAGING = (PAGING | {"comma"}) - {"no links"}
UNSEEN = {"slow", "lost rows", "no links"}
"""Not for the property: too slow, or only to be seen in some places, which tests below name."""
HARMLESS = {"next before self", "comma", "joined links"}
PASSING = ["500", "503", "429 with reset", "429 without reset", "429 without date", "dropped"]
PASSING += ["truncated", "html", "nothing"]


@pytest.fixture(autouse=True, scope="module")
def _allow_http() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OKTA_TESTING_TESTINGDISABLEHTTPSCHECK", "true")
        yield


@pytest.fixture(scope="module")
def server() -> Iterator[FakeOkta]:
    with FakeOkta() as fake:
        yield fake


@pytest.fixture
def fake(server: FakeOkta) -> FakeOkta:
    server.reset(company())
    return server


def struck() -> list[tuple[str, str, str]]:
    """Each fault at each list or object where it can happen: (scope, where, fault)."""
    paged = [(scope, where) for scope, lists in PAGED.items() for where in lists]
    single = [(scope, where) for scope, objects in SINGLE.items() for where in objects]
    anywhere = [(*place, name) for place in paged + single for name in sorted(ANYWHERE)]
    paging = [(*place, name) for place in paged for name in sorted(PAGING - HARMLESS)]
    users = [(*place, name) for place in paged if place[1] in OF_USERS for name in sorted(USERS)]
    return anywhere + paging + users


@pytest.mark.parametrize(("scope", "where", "fault"), struck())
def test_a_lasting_fault_breaks_the_read_off(
    fake: FakeOkta, scope: str, where: str, fault: str
) -> None:
    fake.faults = [Fault(fault, where)]
    source_suite.breaks_off(source(fake, scope_of(fake, scope)), TOKEN)
    assert fake.faults[0].seen, "the fault was never met"


@pytest.mark.parametrize("scope", list(PAGED))
@pytest.mark.parametrize("fault", sorted(HARMLESS) + PASSING + ["empty page"])
def test_what_is_no_fault_or_passes_leaves_the_read_whole(
    fake: FakeOkta, scope: str, fault: str
) -> None:
    whole = source_suite.drain(source(fake, scope_of(fake, scope)))
    for where in PAGED[scope]:
        times = 10**9 if fault in HARMLESS else 1
        fake.faults = [Fault(fault, where, nth=2, times=times)]
        again = source_suite.drain(source(fake, scope_of(fake, scope)))
        assert fake.faults[0].seen > 1
        assert again == whole


@settings(max_examples=60, deadline=None)
@given(
    scope=st.sampled_from(list(PAGED)),
    faults=st.lists(
        st.builds(
            Fault,
            name=st.sampled_from(sorted(FAULTS.keys() - UNSEEN)),
            nth=st.integers(1, 25),
            times=st.integers(1, 4),
        ),
        min_size=1,
        max_size=2,
    ),
    page_size=st.integers(1, 4),
)
def test_a_read_is_whole_or_raises_wherever_faults_strike(
    server: FakeOkta, scope: str, faults: list[Fault], page_size: int
) -> None:
    server.reset(company())
    server.page_size = page_size
    okta = source(server, scope_of(server, scope))
    whole = source_suite.drain(okta)
    server.faults = faults
    source_suite.is_never_short(okta, whole, TOKEN)
    server.page_size = 2


def test_fewer_members_than_okta_counts_break_the_read_off(fake: FakeOkta) -> None:
    for scope in PAGED:
        fake.faults = [Fault("lost rows", "groups/.*/users", nth=2, times=1)]
        error = source_suite.breaks_off(source(fake, scope_of(fake, scope)))
        assert "counts 5 members" in str(error) or "counts 6 members" in str(error)


def test_a_page_of_users_that_was_lost_is_made_good_by_the_group_everyone(fake: FakeOkta) -> None:
    whole = source_suite.drain(source(fake))
    fake.faults = [Fault("lost rows", r"users\?limit", nth=2, times=1)]
    assert source_suite.drain(source(fake)).users == whole.users


@pytest.mark.parametrize("scope", list(PAGED))
def test_a_page_whose_links_were_lost_breaks_the_read_off(fake: FakeOkta, scope: str) -> None:
    for where in PAGED[scope]:
        fake.faults = [Fault("no links", where, nth=2)]
        source_suite.breaks_off(source(fake, scope_of(fake, scope)))


def test_a_full_first_page_without_links_breaks_the_read_off(fake: FakeOkta) -> None:
    fake.reset(Directory())
    for number in range(200):
        fake.directory.add_user(f"u{number}@acme.example")
    fake.page_size = 200
    fake.faults = [Fault("no links", r"users\?limit")]
    source_suite.breaks_off(source(fake))
    fake.page_size = 2


def test_an_answer_that_never_comes_breaks_the_read_off(fake: FakeOkta) -> None:
    fake.faults = [Fault("slow", r"users\?limit")]
    limits = Limits(allow=LIMITS.allow, read=0.2)
    assert isinstance(source_suite.breaks_off(source(fake, limits=limits)), Transient)


def test_the_token_is_never_sent_to_another_host(fake: FakeOkta) -> None:
    with FakeOkta(company()) as other:
        fake.faults = [Fault("next elsewhere", r"users\?limit")]
        fake.elsewhere = other.url
        error = source_suite.breaks_off(source(fake), TOKEN)
        assert isinstance(error, Misconfigured)
        fake.faults = [Fault("next behind userinfo", r"users\?limit")]
        source_suite.breaks_off(source(fake), TOKEN)
        assert other.requests == []


def test_a_rate_limit_is_waited_for_by_oktas_own_clock(fake: FakeOkta) -> None:
    waits: list[float] = []
    fake.faults = [Fault("429 with reset", r"users\?limit", times=2)]
    assert source_suite.drain(source(fake, sleep=waits.append)).ended
    assert len(waits) == 2 and all(29 <= wait <= 32 for wait in waits)


def test_a_rate_limit_that_lasts_is_told_with_the_time_to_wait(fake: FakeOkta) -> None:
    waits: list[float] = []
    fake.faults = [Fault("429 with reset", r"users\?limit")]
    error = source_suite.breaks_off(source(fake, sleep=waits.append))
    assert isinstance(error, Transient)
    assert error.retry_after is not None and 29 <= error.retry_after <= 32
    assert sum(waits) <= 90


def test_a_fault_in_one_read_leaves_the_next_one_whole(fake: FakeOkta) -> None:
    okta = source(fake)
    fake.faults = [Fault("dropped", "groups/")]
    source_suite.breaks_off(okta)
    fake.faults = []
    assert isinstance(source_suite.drain(okta).ended, ReadEnded)

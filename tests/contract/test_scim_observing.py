"""A SCIM target reads lists to their end or not at all, and says what is wrong."""

from dataclasses import replace
from typing import Any

import pytest

from connectors.base import ObserveEnded, RemoteGroup
from connectors.errors import Transient
from connectors.http import Limits
from connectors.scim import ScimSettings, ScimTarget
from models.actions import (
    AddMembers,
)
from tests.fakes.fault_proxy import Answer, Asked, Fault, FaultProxy, Forward, fault_proxy
from tests.fakes.scim2_server import Tenant
from tests.fakes.scim_faults import changed, cut, html, late, says
from tests.fakes.scim_peer import scim

pytest_plugins = ["tests.contract.scim_case"]


def drained(target: ScimTarget) -> bool:
    """Whether an observation comes to its end."""
    return isinstance(list(target.observe())[-1], ObserveEnded)


def page(total: Any, *ids: str) -> Fault:
    found = [{"id": one, "userName": one, "displayName": one, "members": []} for one in ids]
    return says(200, {"totalResults": total, "Resources": found})


HUNDRED = [f"u{n}" for n in range(100)]


@pytest.mark.parametrize("collection", ["/Users", "/Groups"])
@pytest.mark.parametrize(
    ("pages", "why"),
    [
        pytest.param([page(3, "a", "b"), page(3)], "ended after 2 of 3", id="an empty page"),
        pytest.param([page(3, "a"), page(4, "b")], "said 3 in all, then 4", id="total grows"),
        pytest.param([page(3, "a"), page(1, "b")], "said 3 in all, then 1", id="total shrinks"),
        pytest.param([page(3, "a", "b"), page(3, "b")], "held b twice", id="a repeat"),
        pytest.param([page(2, "a", "a")], "held a twice", id="a repeat within a page"),
        pytest.param([page(1, "a", "b")], "held 2 although it said 1", id="more than said"),
        pytest.param([page(None, "a")], "how many there are", id="no total"),
        pytest.param([page("1", "a")], "how many there are", id="a total in words"),
        pytest.param([page(1, "")], "whose id is ''", id="an object without an id"),
        pytest.param([says(200, {"totalResults": 0, "Resources": "x"})], "no list", id="no list"),
        pytest.param([says(200, [])], "no object", id="a bare array"),
        pytest.param([html], "no valid JSON", id="html"),
        pytest.param([cut], "broke off", id="cut off"),
        pytest.param([page(2, "a"), says(500)], "answered 500", id="500 on the second page"),
        pytest.param([page(2, "a"), late], "did not get through", id="late on the second page"),
        pytest.param(
            [page(100, *HUNDRED), page(100, "u101")], "goes on after the 100", id="total of a page"
        ),
    ],
)
def test_a_list_that_leaves_a_doubt_has_no_end(
    *, proxy: FaultProxy, hasty: ScimTarget, collection: str, pages: list[Fault], why: str
) -> None:
    for fault in pages:
        proxy.on("GET", f"{collection}?", fault, times=1)
    parts = []
    with pytest.raises(Transient, match=why):
        parts.extend(hasty.observe())
    assert not any(isinstance(part, ObserveEnded) for part in parts)


@pytest.mark.parametrize("beyond", [says(400), says(404), page(100)])
def test_a_full_last_page_is_the_end_when_nothing_follows(
    proxy: FaultProxy, target: ScimTarget, beyond: Fault
) -> None:
    proxy.on("GET", "/Users?", page(100, *HUNDRED), times=1)
    proxy.on("GET", "/Users?", beyond, times=1)
    assert drained(target)


@pytest.mark.parametrize("missing", ["userName", "displayName"])
def test_an_object_without_its_name_leaves_a_doubt(
    proxy: FaultProxy, target: ScimTarget, missing: str
) -> None:
    collection = "/Users?" if missing == "userName" else "/Groups?"
    found = [{"id": "1", "members": []}]
    proxy.on("GET", collection, says(200, {"totalResults": 1, "Resources": found}))
    with pytest.raises(Transient, match=f"without {missing}"):
        drained(target)


def test_short_pages_are_followed_to_the_end(
    proxy: FaultProxy, target: ScimTarget, tenant: Tenant, crew: list[str]
) -> None:
    def stingy(asked: Asked, forward: Forward) -> Answer:
        return forward(replace(asked, path=asked.path.replace("count=100", "count=10")))

    proxy.on("GET", "/Users?", stingy)
    told = [user.remote_id for part in target.observe() if isinstance(part, list) for user in part]
    assert sorted(told) == sorted(crew)


def test_a_list_that_leaves_members_out_is_completed_group_by_group(
    *, tenant: Tenant, proxy: FaultProxy, target: ScimTarget, crew: list[str], group: str
) -> None:
    target.apply(AddMembers(group, tuple(crew)))

    def without_members(answer: Any) -> Any:
        for one in answer["Resources"]:
            one.pop("members", None)
        return answer

    proxy.on("GET", "/Groups?", changed(without_members))
    told = [one for part in target.observe() if isinstance(part, list) for one in part]
    assert [g.members for g in told if isinstance(g, RemoteGroup)] == [frozenset(crew)]


def test_a_nested_group_is_not_taken_for_a_user(proxy: FaultProxy, target: ScimTarget) -> None:
    nested = [
        {"value": "a"},
        {"value": "b", "type": "User"},
        {"value": "c", "type": "Group"},
        {"value": "d", "$ref": "https://app.example/scim/v2/Groups/d"},
    ]
    found = [{"id": "1", "displayName": "Ops", "members": nested}]
    proxy.on("GET", "/Groups?", says(200, {"totalResults": 1, "Resources": found}))
    told = [one for part in target.observe() if isinstance(part, list) for one in part]
    assert told == [RemoteGroup("1", None, "Ops", frozenset({"a", "b"}))]


def test_a_sound_target_has_no_problem_but_plain_http(target: ScimTarget) -> None:
    assert target.check() == [
        "The url begins with http://: everybody on the way can read the token."
    ]


@pytest.mark.parametrize(
    ("path", "fault", "sentence"),
    [
        ("/", says(401), "The credentials are not accepted (401). Issue a new token there."),
        ("/Users", says(403), "The credentials are accepted, but may not read Users (403)."),
        ("/ServiceProviderConfig", says(404), "There is no ServiceProviderConfig at {url}."),
        ("/Groups", says(404), "There is no Groups at {url}. Is the url right?"),
        ("/", html, "No sound answer from {url} now:"),
        ("/", says(503), "No sound answer from {url} now:"),
        (
            "/ServiceProviderConfig",
            changed(lambda config: {**config, "patch": {"supported": False}}),
            "It does not support PATCH:",
        ),
        (
            "/ServiceProviderConfig",
            changed(lambda config: {**config, "filter": {"supported": False}}),
            "It does not support filters,",
        ),
    ],
)
def test_a_check_says_what_is_wrong(
    proxy: FaultProxy, target: ScimTarget, path: str, fault: Fault, sentence: str
) -> None:
    proxy.on("GET", path, fault)
    said = target.check()
    assert any(text.startswith(sentence.format(url=proxy.url)) for text in said), said
    assert len(said) == len(set(said))


def test_a_check_of_an_address_where_nobody_answers_says_so() -> None:
    with fault_proxy("http://127.0.0.1:1") as gone:
        url = gone.url
    assert any(text.startswith(f"No sound answer from {url}") for text in scim(url).check())


def test_a_check_of_a_private_address_names_the_setting_that_allows_it(proxy: FaultProxy) -> None:
    auth = {"type": "none"}
    settings = ScimSettings.model_validate({"url": proxy.url, "auth": auth})
    assert any("TRUEUP_ALLOW_NETWORKS" in text for text in ScimTarget(settings, Limits()).check())

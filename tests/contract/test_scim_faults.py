"""A SCIM target when the other side fails, lies or answers late: each ends as it should."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from connectors.base import ObserveEnded, RemoteGroup
from connectors.errors import ConnectorError, Foreign, Gone, Misconfigured, Refused, Transient
from connectors.http import Limits, networks
from connectors.scim import ScimSettings, ScimTarget
from models.actions import (
    AddMembers,
    CreateGroup,
    CreateUser,
    DeactivateUser,
    DeleteUser,
    Operation,
    Outcome,
    Ownership,
    RemoveMembers,
    UpdateGroup,
    UpdateUser,
)
from models.identity import Profile
from tests.fakes.fault_proxy import Answer, Asked, Fault, FaultProxy, Forward, fault_proxy
from tests.fakes.scim2_server import TOKEN, Scim2Server, Tenant, scim2_server

ADA = Profile(user_name="ada", email="ada@acme.example", first_name="Ada", last_name="Lovelace")
HTML = Answer(200, b"<html><title>Sign in</title></html>", {"Content-Type": "text/html"})
LIMITS = Limits(allow=networks("127.0.0.0/8"), read=0.5, total=5.0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scim2Server]:
    with scim2_server(tmp_path_factory.mktemp("scim2") / "log") as running:
        yield running


@pytest.fixture
def tenant(server: Scim2Server) -> Tenant:
    return server.tenant()


@pytest.fixture
def proxy(tenant: Tenant) -> Iterator[FaultProxy]:
    with fault_proxy(tenant.url) as between:
        yield between


@pytest.fixture
def target(proxy: FaultProxy) -> Iterator[ScimTarget]:
    made = scim(proxy.url)
    yield made
    made.close()


def scim(url: str, **more: Any) -> ScimTarget:
    auth = {"type": "bearer", "token": TOKEN}
    return ScimTarget(ScimSettings.model_validate({"url": url, "auth": auth, **more}), LIMITS)


def says(status: int, body: Any = None, **headers: str) -> Fault:
    """Answer without doing anything."""
    data = b"" if body is None else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _asked, _forward: Answer(status, data, named)


def html(_asked: Asked, _forward: Forward) -> Answer:
    return HTML


def html_after_work(asked: Asked, forward: Forward) -> Answer:
    forward(asked)
    return HTML


def late(asked: Asked, forward: Forward) -> Answer:
    """The work is done, and the answer comes after the client hung up."""
    answer = forward(asked)
    time.sleep(0.8)
    return answer


def cut(asked: Asked, forward: Forward) -> Answer:
    """The work is done, and half of the answer arrives."""
    answer = forward(asked)
    return replace(answer, cut=len(answer.body) // 2)


def changed(edit: Callable[[Any], Any]) -> Fault:
    """The work is done, and the answer is another one."""

    def fault(asked: Asked, forward: Forward) -> Answer:
        answer = forward(asked)
        return replace(answer, body=json.dumps(edit(json.loads(answer.body))).encode())

    return fault


def filter_ignored(asked: Asked, forward: Forward) -> Answer:
    return forward(asked.without("filter"))


def names(tenant: Tenant) -> list[str]:
    return sorted(user["userName"] for user in tenant.call("GET", "Users")["Resources"])


def members(tenant: Tenant, group: str) -> set[str]:
    return {m["value"] for m in tenant.call("GET", f"Groups/{group}").get("members", [])}


# Every operation, and what a status means for it.


def operations(tenant: Tenant) -> dict[str, Operation]:
    user = tenant.post("Users", userName="bob", externalId="u2", active=True)
    group = tenant.post("Groups", displayName="Ops", externalId="g2")
    return {
        "create": CreateUser("u1", ADA),
        "create group": CreateGroup("g1", "Dev"),
        "update": UpdateUser(user, ADA),
        "deactivate": DeactivateUser(user),
        "delete": DeleteUser(user),
        "rename": UpdateGroup(group, "Operations"),
        "add": AddMembers(group, (user,)),
        "remove": RemoveMembers(group, (user,)),
    }


WRITES = {"create": "POST", "create group": "POST", "delete": "DELETE"}
ALL = ["create", "create group", "update", "deactivate", "delete", "rename", "add", "remove"]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        pytest.param(says(401), Misconfigured, id="401"),
        pytest.param(says(403, {"detail": "no"}), Misconfigured, id="403"),
        pytest.param(says(429, Retry_After="7"), Transient, id="429"),
        pytest.param(says(500), Transient, id="500"),
        pytest.param(says(503, Retry_After="7"), Transient, id="503"),
        pytest.param(says(302, Location="https://elsewhere.example/"), Misconfigured, id="302"),
        pytest.param(html, Transient, id="html instead"),
        pytest.param(late, Transient, id="late"),
    ],
)
def test_a_failed_write_ends_by_its_consequence_and_can_be_repeated(
    *,
    tenant: Tenant,
    proxy: FaultProxy,
    target: ScimTarget,
    name: str,
    fault: Fault,
    error: type[ConnectorError],
) -> None:
    operation = operations(tenant)[name]
    proxy.on(WRITES.get(name, "PATCH"), "/", fault, times=1)

    with pytest.raises(error) as trouble:
        target.apply(operation)
    assert type(trouble.value) is error
    assert TOKEN not in str(trouble.value)

    assert target.apply(operation).refused == {}
    assert len(tenant.call("GET", "Users")["Resources"]) == {"create": 2, "delete": 0}.get(name, 1)


@pytest.mark.parametrize("name", ALL)
def test_the_wait_that_was_asked_for_is_kept(
    tenant: Tenant, proxy: FaultProxy, target: ScimTarget, name: str
) -> None:
    proxy.on(WRITES.get(name, "PATCH"), "/", says(429, Retry_After="7"))
    with pytest.raises(Transient) as trouble:
        target.apply(operations(tenant)[name])
    assert trouble.value.retry_after == 7.0


# Creating: half done, raced, misunderstood.


@pytest.mark.parametrize("fault", [late, cut])
@pytest.mark.parametrize("operation", [CreateUser("u1", ADA), CreateGroup("g1", "Ops")])
def test_a_creation_whose_answer_was_lost_is_found_again(
    proxy: FaultProxy, target: ScimTarget, fault: Fault, operation: CreateUser | CreateGroup
) -> None:
    proxy.on("POST", "/", fault, times=1)
    with pytest.raises(Transient):
        target.apply(operation)

    again = target.apply(operation)
    assert (again.changed, again.ownership) == (False, Ownership.OURS)
    assert proxy.methods().count("POST") == 1


def raced(tenant: Tenant, **attributes: str) -> Fault:
    """Somebody creates the same user between our look and our POST, so that it is a real 409."""

    def fault(asked: Asked, forward: Forward) -> Answer:
        tenant.post("Users", userName="Ada", **attributes)
        return forward(asked)

    return fault


def test_a_conflict_with_our_own_earlier_attempt_ends_well(
    tenant: Tenant, proxy: FaultProxy, target: ScimTarget
) -> None:
    proxy.on("POST", "/Users", raced(tenant, externalId="u1"), times=1)
    assert target.apply(CreateUser("u1", ADA)).ownership is Ownership.OURS
    assert len(names(tenant)) == 1


def test_a_conflict_with_somebody_elses_user_is_foreign(
    tenant: Tenant, proxy: FaultProxy, target: ScimTarget
) -> None:
    proxy.on("POST", "/Users", raced(tenant), times=1)
    with pytest.raises(Foreign):
        target.apply(CreateUser("u1", ADA))
    assert names(tenant) == ["Ada"]


def test_a_conflict_is_adopted_where_adoption_was_stated(tenant: Tenant, proxy: FaultProxy) -> None:
    proxy.on("POST", "/Users", raced(tenant), times=1)
    outcome = scim(proxy.url, correlate="user_name").apply(CreateUser("u1", ADA))
    assert (outcome.changed, outcome.ownership) == (True, Ownership.ADOPTED)
    assert names(tenant) == ["ada"]


def test_a_conflict_with_a_user_that_is_never_shown_is_refused(
    proxy: FaultProxy, target: ScimTarget
) -> None:
    proxy.on("POST", "/Users", says(409, {"detail": "reserved name"}))
    with pytest.raises(Refused, match="reserved name") as refusal:
        target.apply(CreateUser("u1", ADA))
    assert type(refusal.value) is Refused
    assert proxy.methods() == ["GET", "GET", "POST", "GET", "GET"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_url_without_users_is_misconfigured_and_nobody_is_called_gone(
    proxy: FaultProxy, target: ScimTarget, method: str
) -> None:
    proxy.on(method, "/Users", says(404))
    with pytest.raises(Misconfigured, match="Is the url right"):
        target.apply(CreateUser("u1", ADA))


SOUND = {"id": "7", "userName": "ada", "externalId": "u1"}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        pytest.param({**SOUND, "id": None}, Refused, id="no id"),
        pytest.param({**SOUND, "id": ""}, Refused, id="an empty id"),
        pytest.param({**SOUND, "id": ".."}, Refused, id="an id that would leave the collection"),
        pytest.param({**SOUND, "userName": "bob"}, Refused, id="another user"),
        pytest.param({**SOUND, "externalId": "u9"}, Refused, id="somebody else's mark"),
        pytest.param({"id": "job-7", "state": "queued"}, Refused, id="no user at all"),
        pytest.param([SOUND], Refused, id="a list"),
        pytest.param("ok", Refused, id="a word"),
        pytest.param(None, Transient, id="nothing"),
    ],
)
def test_a_201_that_does_not_show_our_user_is_not_believed(
    proxy: FaultProxy, target: ScimTarget, body: Any, error: type[ConnectorError]
) -> None:
    proxy.on("POST", "/Users", says(201, body))
    with pytest.raises(error):
        target.apply(CreateUser("u1", ADA))


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(html_after_work, id="html"),
        pytest.param(changed(lambda user: {**user, "id": None}), id="no id"),
        pytest.param(changed(lambda user: {"id": "other", "userName": "other"}), id="another"),
        pytest.param(changed(lambda user: []), id="a list"),
    ],
)
def test_a_user_that_was_made_in_spite_of_a_strange_201_is_found(
    tenant: Tenant, proxy: FaultProxy, target: ScimTarget, fault: Fault
) -> None:
    proxy.on("POST", "/Users", fault, times=1)
    outcome = target.apply(CreateUser("u1", ADA))
    assert outcome.changed
    assert tenant.call("GET", f"Users/{outcome.remote_id}")["userName"] == "ada"


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda user: {**user, "userName": "ADA"}, id="writes the name its own way"),
        pytest.param(lambda user: {**user, "externalId": None}, id="drops externalId"),
    ],
)
def test_an_answer_that_differs_only_in_form_is_believed(
    proxy: FaultProxy, target: ScimTarget, edit: Callable[[Any], Any]
) -> None:
    proxy.on("POST", "/Users", changed(edit))
    assert target.apply(CreateUser("u1", ADA)).changed


# Filters that do not filter.


def test_a_filter_that_is_ignored_neither_adopts_nor_hides_anybody(
    tenant: Tenant, proxy: FaultProxy
) -> None:
    bob = tenant.post("Users", userName="bob", externalId="u2")
    proxy.on("GET", "/Users?", filter_ignored)
    adopting = scim(proxy.url, correlate="user_name")

    made = adopting.apply(CreateUser("u1", ADA))
    assert made == Outcome(True, made.remote_id, Ownership.OURS)
    assert made.remote_id != bob
    assert adopting.apply(CreateUser("u1", ADA)) == replace(made, changed=False)
    assert names(tenant) == ["ada", "bob"]


def test_a_filter_that_is_ignored_finds_a_group_behind_the_first_page(
    tenant: Tenant, proxy: FaultProxy, target: ScimTarget
) -> None:
    for number in range(120):
        tenant.post("Groups", displayName=f"Group {number}")
    proxy.on("GET", "/Groups?", filter_ignored)
    made = target.apply(CreateGroup("g1", "Ops"))
    assert target.apply(CreateGroup("g1", "Ops")) == replace(made, changed=False)
    with pytest.raises(Foreign):
        target.apply(CreateGroup("g2", "group 119"))


def endless(asked: Asked, _forward: Forward) -> Answer:
    """Ten thousand users, whatever was asked for."""
    start = int(asked.params["startIndex"])
    found = [{"id": f"{n}", "userName": f"user{n}"} for n in range(start, start + 100)]
    return Answer(200, json.dumps({"totalResults": 10_000, "Resources": found}).encode())


def test_where_no_search_can_be_believed_nothing_is_created(
    proxy: FaultProxy, target: ScimTarget
) -> None:
    proxy.on("GET", "/Users?", endless)
    with pytest.raises(Refused, match="cannot be told: .* ignores the filter userName eq"):
        target.apply(CreateUser("u1", ADA))
    assert "POST" not in proxy.methods()


@pytest.mark.parametrize("status", [400, 501])
def test_a_search_by_name_serves_where_externalid_cannot_be_searched(
    tenant: Tenant, proxy: FaultProxy, target: ScimTarget, status: int
) -> None:
    unsupported = says(status, {"scimType": "invalidFilter", "detail": "unknown attribute"})
    proxy.on("GET", "filter=externalId", unsupported)
    made = target.apply(CreateUser("u1", ADA))
    assert target.apply(CreateUser("u1", ADA)) == replace(made, changed=False)
    assert names(tenant) == ["ada"]


def test_where_no_search_is_supported_nothing_is_created(
    proxy: FaultProxy, target: ScimTarget
) -> None:
    proxy.on("GET", "filter=", says(400, {"detail": "no filters here"}))
    with pytest.raises(Refused, match="cannot be told: .*no filters here"):
        target.apply(CreateUser("u1", ADA))
    assert "POST" not in proxy.methods()


def test_two_objects_with_our_mark_are_refused(tenant: Tenant, target: ScimTarget) -> None:
    tenant.post("Users", userName="ada", externalId="u1")
    tenant.post("Users", userName="ada2", externalId="u1")
    with pytest.raises(Refused, match="There are 2 users with the externalId u1"):
        target.apply(CreateUser("u1", ADA))


def test_two_groups_of_the_same_name_are_refused(tenant: Tenant, target: ScimTarget) -> None:
    for name in ("Ops", "OPS"):
        tenant.post("Groups", displayName=name)
    with pytest.raises(Refused, match="There are 2 groups with the displayName Ops"):
        target.apply(CreateGroup("g1", "Ops"))


def test_a_mark_that_differs_in_case_is_not_ours(tenant: Tenant, proxy: FaultProxy) -> None:
    tenant.post("Users", userName="somebody", externalId="U1")
    proxy.on("GET", "/Users?", filter_ignored)
    assert scim(proxy.url).apply(CreateUser("u1", ADA)).changed
    assert names(tenant) == ["ada", "somebody"]


# Changing.


def test_a_user_that_vanishes_between_look_and_change_is_gone(
    tenant: Tenant, proxy: FaultProxy, target: ScimTarget
) -> None:
    user = tenant.post("Users", userName="bob")
    proxy.on("PATCH", "/Users", says(404))
    with pytest.raises(Gone):
        target.apply(UpdateUser(user, ADA))


@pytest.mark.parametrize("remote_id", ["", ".", ".."])
def test_an_id_that_is_no_path_reaches_nobody(
    proxy: FaultProxy, target: ScimTarget, remote_id: str
) -> None:
    with pytest.raises(Gone):
        target.apply(DeactivateUser(remote_id))
    assert not target.apply(DeleteUser(remote_id)).changed
    assert proxy.asked == []


def test_an_id_with_slashes_stays_within_its_collection(
    proxy: FaultProxy, target: ScimTarget
) -> None:
    target.apply(DeleteUser("../Groups/1?x=#"))
    assert [asked.path for asked in proxy.asked] == ["/Users/..%2FGroups%2F1%3Fx%3D%23"]


def test_an_answer_about_another_user_is_not_believed(
    tenant: Tenant, proxy: FaultProxy, target: ScimTarget
) -> None:
    user = tenant.post("Users", userName="bob")
    proxy.on("GET", f"/Users/{user}", changed(lambda held: {**held, "id": "other"}))
    with pytest.raises(Transient, match="another object"):
        target.apply(DeactivateUser(user))
    assert "PATCH" not in proxy.methods()


@pytest.mark.parametrize(
    ("answer", "believed"),
    [
        pytest.param(lambda user: Answer(204), True, id="204"),
        pytest.param(lambda user: Answer(200, json.dumps({"id": user}).encode()), True, id="200"),
        pytest.param(lambda user: Answer(200, b'{"id": "other"}'), False, id="another user"),
        pytest.param(lambda user: Answer(200, b'{"error": "no"}'), False, id="no user"),
        pytest.param(lambda user: Answer(200, b"[]"), False, id="a list"),
    ],
)
def test_a_patch_may_answer_with_the_object_or_with_nothing(
    *,
    tenant: Tenant,
    proxy: FaultProxy,
    target: ScimTarget,
    answer: Callable[[str], Answer],
    believed: bool,
) -> None:
    user = tenant.post("Users", userName="bob")
    proxy.on("PATCH", "/Users", lambda _asked, _forward: answer(user))
    if believed:
        assert target.apply(DeactivateUser(user)).changed
    else:
        with pytest.raises(Transient):
            target.apply(DeactivateUser(user))


def test_a_deletion_of_what_is_not_there_is_already_so(target: ScimTarget) -> None:
    assert target.apply(DeleteUser("nobody")) == Outcome(False, "nobody")


def test_the_other_addresses_of_an_adopted_user_are_kept(tenant: Tenant, proxy: FaultProxy) -> None:
    home = {"value": "ada@home.example", "type": "home"}
    work = {"value": "old@acme.example", "type": "work", "display": "office"}
    user = tenant.post("Users", userName="ada", emails=[home, work])
    scim(proxy.url, correlate="user_name").apply(CreateUser("u1", ADA))
    emails = tenant.call("GET", f"Users/{user}")["emails"]
    assert home in emails
    assert {**work, "value": "ada@acme.example", "primary": True} in emails


# Without PATCH.


def says_no_patch(tenant: Tenant) -> Fault:
    return changed(lambda config: {**config, "patch": {"supported": False}})


@pytest.fixture(params=["config", "405", "501"])
def patchless(request: pytest.FixtureRequest, proxy: FaultProxy, tenant: Tenant) -> FaultProxy:
    if request.param == "config":
        proxy.on("GET", "/ServiceProviderConfig", says_no_patch(tenant))
        proxy.on("PATCH", "/", says(400, {"detail": "was told not to"}))
    else:
        proxy.on("PATCH", "/", says(int(request.param)))
    return proxy


def test_without_patch_a_user_is_changed_and_keeps_what_is_not_ours(
    tenant: Tenant, patchless: FaultProxy, target: ScimTarget
) -> None:
    user = tenant.post("Users", userName="bob", externalId="u1", title="Dr", active=True)
    assert target.apply(UpdateUser(user, ADA)).changed
    assert target.apply(DeactivateUser(user)).changed
    assert not target.apply(DeactivateUser(user)).changed
    held = tenant.call("GET", f"Users/{user}")
    told = (held["userName"], held["active"], held["title"], held["externalId"])
    assert told == ("ada", False, "Dr", "u1")
    assert patchless.methods().count("PATCH") <= 1, "it did not learn"


def test_without_patch_members_come_and_go_and_a_new_name_keeps_them(
    tenant: Tenant, patchless: FaultProxy, target: ScimTarget
) -> None:
    crew = [tenant.post("Users", userName=f"u{n}") for n in range(5)]
    group = target.apply(CreateGroup("g1", "Ops")).remote_id
    for _ in range(2):
        assert target.apply(AddMembers(group, tuple(crew[:4]))).refused == {}
    for _ in range(2):
        assert target.apply(RemoveMembers(group, (crew[0], "nobody"))).refused == {}
    target.apply(UpdateGroup(group, "Operations"))
    assert members(tenant, group) == set(crew[1:4])
    held = tenant.call("GET", f"Groups/{group}")
    assert (held["displayName"], held["externalId"]) == ("Operations", "g1")


def test_a_config_that_cannot_be_read_does_not_stop_a_change(
    tenant: Tenant, proxy: FaultProxy, target: ScimTarget
) -> None:
    user = tenant.post("Users", userName="bob")
    proxy.on("GET", "/ServiceProviderConfig", says(500))
    assert target.apply(DeactivateUser(user)).changed


# Members.


def refusing(*bad: str, status: int = 400, body: Any = None) -> Fault:
    """A whole PATCH is refused for one member that the peer does not want."""

    def fault(asked: Asked, forward: Forward) -> Answer:
        if any(json.dumps(name).encode()[1:-1] in asked.body for name in bad):
            return Answer(status, json.dumps(body or {"detail": "no such user"}).encode())
        return forward(asked)

    return fault


@pytest.fixture
def crew(tenant: Tenant) -> list[str]:
    return [tenant.post("Users", userName=f"u{n}") for n in range(25)]


@pytest.fixture
def group(tenant: Tenant) -> str:
    return tenant.post("Groups", displayName="Ops", externalId="g1")


@pytest.mark.parametrize("status", [400, 404, 422])
def test_bad_members_are_named_and_the_others_are_added(
    *, tenant: Tenant, proxy: FaultProxy, crew: list[str], group: str, status: int
) -> None:
    bad = (crew[3], crew[4], crew[17])
    proxy.on("PATCH", "/Groups", refusing(*bad, status=status))

    outcome = scim(proxy.url, batch=10).apply(AddMembers(group, tuple(crew)))

    assert set(outcome.refused) == set(bad)
    assert outcome.refused[bad[0]] == f"answered {status}: no such user."
    assert outcome.changed
    assert members(tenant, group) == set(crew) - set(bad)


def test_when_every_member_is_refused_nothing_changed(
    proxy: FaultProxy, crew: list[str], group: str
) -> None:
    proxy.on("PATCH", "/Groups", refusing(*crew))
    outcome = scim(proxy.url).apply(AddMembers(group, tuple(crew)))
    assert (outcome.changed, set(outcome.refused)) == (False, set(crew))


@pytest.mark.parametrize("batch", [1, 7, 25, 100])
def test_no_patch_names_more_members_than_a_batch(
    *, tenant: Tenant, proxy: FaultProxy, crew: list[str], group: str, batch: int
) -> None:
    target = scim(proxy.url, batch=batch)
    target.apply(AddMembers(group, tuple(crew)))
    assert members(tenant, group) == set(crew)
    target.apply(RemoveMembers(group, tuple(crew)))
    assert members(tenant, group) == set()
    operations = [a.json()["Operations"] for a in proxy.asked if a.method == "PATCH"]
    sizes = [len(ops[0].get("value", ops)) for ops in operations]
    assert sum(sizes) == 50
    assert max(sizes) <= batch


def test_a_batch_that_is_too_large_for_the_peer_is_sent_in_halves(
    *, tenant: Tenant, proxy: FaultProxy, target: ScimTarget, crew: list[str], group: str
) -> None:
    def small_only(asked: Asked, forward: Forward) -> Answer:
        values = asked.json()["Operations"][0]["value"]
        return Answer(413) if len(values) > 4 else forward(asked)

    proxy.on("PATCH", "/Groups", small_only)
    assert target.apply(AddMembers(group, tuple(crew))).refused == {}
    assert members(tenant, group) == set(crew)


def test_a_member_who_is_there_already_is_no_refusal(
    *, tenant: Tenant, proxy: FaultProxy, target: ScimTarget, crew: list[str], group: str
) -> None:
    target.apply(AddMembers(group, (crew[2],)))
    proxy.on("PATCH", "/Groups", refusing(crew[2], status=409))
    assert target.apply(AddMembers(group, tuple(crew))).refused == {}
    assert members(tenant, group) == set(crew)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"status": 400, "body": {"scimType": "noTarget"}}, id="noTarget"),
        pytest.param({"status": 404}, id="404"),
    ],
)
def test_a_member_who_is_not_there_is_removed_without_a_refusal(
    *,
    tenant: Tenant,
    proxy: FaultProxy,
    target: ScimTarget,
    crew: list[str],
    group: str,
    fault: dict[str, Any],
) -> None:
    target.apply(AddMembers(group, tuple(crew[1:])))
    proxy.on("PATCH", "/Groups", refusing(crew[0], **fault))
    assert target.apply(RemoveMembers(group, tuple(crew[:3]))).refused == {}
    assert members(tenant, group) == set(crew[3:])


def test_a_group_that_is_gone_is_not_a_bad_member(
    tenant: Tenant, target: ScimTarget, crew: list[str], group: str
) -> None:
    tenant.call("DELETE", f"Groups/{group}")
    with pytest.raises(Gone):
        target.apply(AddMembers(group, tuple(crew)))


def test_a_failure_between_two_batches_is_finished_by_repeating(
    *, tenant: Tenant, proxy: FaultProxy, crew: list[str], group: str
) -> None:
    target = scim(proxy.url, batch=10)
    proxy.on("PATCH", "/Groups", lambda asked, forward: forward(asked), times=1)
    proxy.on("PATCH", "/Groups", says(500), times=1)
    with pytest.raises(Transient):
        target.apply(AddMembers(group, tuple(crew)))
    assert len(members(tenant, group)) == 10
    assert target.apply(AddMembers(group, tuple(crew))).refused == {}
    assert members(tenant, group) == set(crew)


# Observing.


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
    *, proxy: FaultProxy, target: ScimTarget, collection: str, pages: list[Fault], why: str
) -> None:
    for fault in pages:
        proxy.on("GET", f"{collection}?", fault, times=1)
    parts = []
    with pytest.raises(Transient, match=why):
        parts.extend(target.observe())
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


# Checking.


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

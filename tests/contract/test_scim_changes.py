"""A SCIM target changing objects: strange answers, strange ids, no PATCH."""

import json
from collections.abc import Callable

import pytest

from connectors.errors import Gone, Transient
from connectors.scim import ScimTarget
from models.actions import (
    AddMembers,
    CreateGroup,
    CreateUser,
    DeactivateUser,
    DeleteUser,
    Outcome,
    RemoveMembers,
    UpdateGroup,
    UpdateUser,
)
from tests.fakes.fault_proxy import Answer, Fault, FaultProxy
from tests.fakes.scim2_server import Tenant
from tests.fakes.scim_faults import changed, says
from tests.fakes.scim_peer import ADA, members, scim

pytest_plugins = ["tests.contract.scim_case"]


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


def test_a_middle_name_that_is_not_ours_outlives_a_new_last_name(
    tenant: Tenant, target: ScimTarget
) -> None:
    name = {"givenName": "Ada", "middleName": "King", "familyName": "Byron"}
    user = tenant.post("Users", userName="ada", name=name)
    target.apply(UpdateUser(user, ADA))
    assert tenant.call("GET", f"Users/{user}")["name"] == {**name, "familyName": "Lovelace"}


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

"""A SCIM target when writes fail, answers are lost, or others were faster."""

from collections.abc import Callable
from typing import Any

import pytest

from connectors.errors import ConnectorError, Foreign, Misconfigured, Refused, Transient
from connectors.scim import ScimTarget
from models.actions import (
    AddMembers,
    CreateGroup,
    CreateUser,
    DeactivateUser,
    DeleteUser,
    Operation,
    Ownership,
    RemoveMembers,
    UpdateGroup,
    UpdateUser,
)
from tests.fakes.fault_proxy import Answer, Asked, Fault, FaultProxy, Forward
from tests.fakes.scim2_server import TOKEN, Tenant
from tests.fakes.scim_faults import changed, cut, html, html_after_work, late, says
from tests.fakes.scim_peer import ADA, names, scim

pytest_plugins = ["tests.contract.scim_case"]


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
    hasty: ScimTarget,
    name: str,
    fault: Fault,
    error: type[ConnectorError],
) -> None:
    operation = operations(tenant)[name]
    proxy.on(WRITES.get(name, "PATCH"), "/", fault, times=1)

    with pytest.raises(error) as trouble:
        hasty.apply(operation)
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


@pytest.mark.parametrize("fault", [late, cut])
@pytest.mark.parametrize("operation", [CreateUser("u1", ADA), CreateGroup("g1", "Ops")])
def test_a_creation_whose_answer_was_lost_is_found_again(
    *,
    proxy: FaultProxy,
    target: ScimTarget,
    hasty: ScimTarget,
    fault: Fault,
    operation: CreateUser | CreateGroup,
) -> None:
    proxy.on("POST", "/", fault, times=1)
    with pytest.raises(Transient):
        hasty.apply(operation)

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

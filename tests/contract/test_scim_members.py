"""A SCIM target and the members of groups: one bad member does not stop the others."""

import json
from typing import Any

import pytest

from connectors.errors import Gone, Transient
from connectors.scim import ScimTarget
from models.actions import (
    AddMembers,
    RemoveMembers,
)
from tests.fakes.fault_proxy import Answer, Asked, Fault, FaultProxy, Forward
from tests.fakes.scim2_server import Tenant
from tests.fakes.scim_faults import says
from tests.fakes.scim_peer import members, scim

pytest_plugins = ["tests.contract.scim_case"]


def refusing(*bad: str, status: int = 400, body: Any = None) -> Fault:
    """A whole PATCH is refused for one member that the peer does not want."""

    def fault(asked: Asked, forward: Forward) -> Answer:
        if any(json.dumps(name).encode()[1:-1] in asked.body for name in bad):
            return Answer(status, json.dumps(body or {"detail": "no such user"}).encode())
        return forward(asked)

    return fault


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

"""A SCIM target whose peer does not search as it should."""

import json
from dataclasses import replace

import pytest

from connectors.errors import Foreign, Refused
from connectors.scim import ScimTarget
from models.actions import (
    CreateGroup,
    CreateUser,
    Outcome,
    Ownership,
)
from tests.fakes.fault_proxy import Answer, Asked, FaultProxy, Forward
from tests.fakes.scim2_server import Tenant
from tests.fakes.scim_faults import filter_ignored, says
from tests.fakes.scim_peer import ADA, names, scim

pytest_plugins = ["tests.contract.scim_case"]


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
    with pytest.raises(Refused, match=r"cannot be told: .* ignores the filter userName eq"):
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
    with pytest.raises(Refused, match=r"cannot be told: .*no filters here"):
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


def test_among_groups_of_one_name_ours_is_found_where_only_names_can_be_searched(
    tenant: Tenant, proxy: FaultProxy, target: ScimTarget
) -> None:
    tenant.post("Groups", displayName="Ops")
    ours = tenant.post("Groups", displayName="Ops", externalId="g1")
    proxy.on("GET", "filter=externalId", says(400))
    assert target.apply(CreateGroup("g1", "Ops")) == Outcome(False, ours)

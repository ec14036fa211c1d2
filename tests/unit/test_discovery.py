"""What the service says of itself can be read by a client that knows only the standard."""

from typing import Any

import pytest
from scim2_models import Context, Path, ResourceType, Schema, ScimProvider, ServiceProviderConfig

from api.scim import discovery
from api.scim.schema import CORE_GROUP, ENTERPRISE_USER

BASE = "https://trueup.example/scim/v2/c1"
ANSWER = Context.RESOURCE_QUERY_RESPONSE


@pytest.fixture
def provider() -> ScimProvider:
    config = discovery.service_provider_config(BASE)
    return ScimProvider.from_discovery(
        [Schema.model_validate(b, scim_ctx=ANSWER) for b in discovery.schemas(BASE).values()],
        [
            ResourceType.model_validate(b, scim_ctx=ANSWER)
            for b in discovery.resource_types(BASE).values()
        ],
        ServiceProviderConfig.model_validate(config, scim_ctx=ANSWER),
    )


def test_a_client_can_build_users_and_groups_from_the_schemas(provider: ScimProvider) -> None:
    users, groups = (provider.model_for(each) for each in provider.resource_types)
    assert users is not None and groups is not None
    assert f"{ENTERPRISE_USER}:manager.value" in map(str, Path[users].iter_paths())
    assert "members.value" in map(str, Path[groups].iter_paths())


def test_the_options_are_those_we_keep(provider: ScimProvider) -> None:
    config = provider.config
    assert config is not None
    assert config.patch.supported and config.filter.supported and config.etag.supported
    assert config.sort.supported and config.filter.max_results == 200
    assert config.bulk.supported and not config.change_password.supported


@pytest.mark.parametrize("name", ["Schema", "ResourceType", "ServiceProviderConfig"])
def test_the_service_describes_its_own_schemas(name: str) -> None:
    assert name in {body["name"] for body in discovery.schemas(BASE).values()}


def test_every_address_is_under_the_connection() -> None:
    bodies = [
        discovery.service_provider_config(BASE),
        *discovery.resource_types(BASE).values(),
        *discovery.schemas(BASE).values(),
    ]
    for body in bodies:
        meta = body["meta"]
        assert isinstance(meta, dict)
        key = f"s/{body['id']}" if "id" in body else ""
        assert meta["location"] == f"{BASE}/{meta['resourceType']}{key}"


def test_a_client_built_from_our_schemas_may_say_what_a_member_is_called() -> None:
    """RFC 7643 §8.4 shows it, and Canaille sends it."""
    group = discovery.schemas(BASE)[CORE_GROUP]
    attributes: Any = group["attributes"]
    members = next(one for one in attributes if one["name"] == "members")
    display = next(one for one in members["subAttributes"] if one["name"] == "display")
    assert display["mutability"] == "readOnly"

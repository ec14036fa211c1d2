"""A SCIM target, a real scim2-server behind it, and a proxy in between that does harm on order.

Test modules take these fixtures by `pytest_plugins`.
"""

from collections.abc import Iterator

import pytest

from connectors.scim import ScimTarget
from tests.fakes.fault_proxy import FaultProxy, fault_proxy
from tests.fakes.scim2_server import Scim2Server, Tenant, scim2_server
from tests.fakes.scim_faults import PATIENCE
from tests.fakes.scim_peer import scim


@pytest.fixture(scope="session")
def scim_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scim2Server]:
    with scim2_server(tmp_path_factory.mktemp("scim2") / "log") as running:
        yield running


@pytest.fixture
def tenant(scim_server: Scim2Server) -> Tenant:
    return scim_server.tenant()


@pytest.fixture
def proxy(tenant: Tenant) -> Iterator[FaultProxy]:
    with fault_proxy(tenant.url) as between:
        yield between


@pytest.fixture
def target(proxy: FaultProxy) -> Iterator[ScimTarget]:
    made = scim(proxy.url)
    yield made
    made.close()


@pytest.fixture
def hasty(proxy: FaultProxy) -> Iterator[ScimTarget]:
    """Hangs up before a `late` answer comes."""
    made = scim(proxy.url, timeouts={"read": PATIENCE})
    yield made
    made.close()


@pytest.fixture
def crew(tenant: Tenant) -> list[str]:
    return [tenant.post("Users", userName=f"u{n}") for n in range(25)]


@pytest.fixture
def group(tenant: Tenant) -> str:
    return tenant.post("Groups", displayName="Ops", externalId="g1")

"""Our SCIM target towards a peer in a test, and what that peer holds."""

from typing import Any

from connectors.http import Limits, networks
from connectors.scim import ScimSettings, ScimTarget
from models.identity import Profile
from tests.fakes.scim2_server import TOKEN, Tenant

ADA = Profile(user_name="ada", email="ada@acme.example", first_name="Ada", last_name="Lovelace")


def scim(url: str, **more: Any) -> ScimTarget:
    auth = {"type": "bearer", "token": TOKEN}
    settings = ScimSettings.model_validate({"url": url, "auth": auth, **more})
    return ScimTarget(settings, Limits(allow=networks("127.0.0.0/8")))


def names(tenant: Tenant) -> list[str]:
    return sorted(user["userName"] for user in tenant.call("GET", "Users")["Resources"])


def members(tenant: Tenant, group: str) -> set[str]:
    return {m["value"] for m in tenant.call("GET", f"Groups/{group}").get("members", [])}

"""A connection as it is sent and as it is shown."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, RootModel

from api.admin import channels
from api.admin.extension_shapes import Extension, check
from api.admin.policy_preview import PolicyPreview, explained
from api.admin.shapes import Incoming, Kept, Reference, Shown, Slug, kept, omitted
from api.context import Context

Extensions = Annotated[list[Extension], Field(max_length=20), AfterValidator(check)]
Provider = Literal["okta", "entra", "onelogin", "google", "generic"]


class NewConnection(Incoming):
    organization: Reference
    slug: Slug
    provider: Provider
    push: bool = Field(default=False, description="Whether the provider pushes by SCIM.")
    pull: dict[str, Any] | None = Field(default=None, description="How to read the directory.")
    login: dict[str, Any] | None = Field(default=None, description="How people sign in.")
    policy: dict[str, Any] = Field(default={}, description="What differs from the defaults.")
    extensions: Extensions = Field(default=[], description="Schemas that extend users or groups.")


class ConnectionChange(Incoming):
    slug: Slug = omitted()
    push: bool = omitted()
    pull: dict[str, Any] | None = omitted()
    login: dict[str, Any] | None = omitted()
    policy: dict[str, Any] = omitted()
    extensions: Extensions = omitted()


class Scim(Shown):
    base_url: str
    token: str | None = None
    """Only in the answer that made it."""


class Connection(Kept):
    organization: str
    slug: str
    provider: str
    push: bool
    pull: dict[str, Any] | None
    login: dict[str, Any] | None
    policy: dict[str, Any]
    extensions: list[dict[str, Any]]
    policy_explained: list[str]
    """The policy as it works, defaults included, in sentences."""
    scim: Scim | None


class ConnectionOrPreview(RootModel[Connection | PolicyPreview]):
    """The connection as it is now, or with `dry_run` what would follow."""


def shown(row: Any, context: Context, token: str | None = None) -> Connection:
    base = f"{context.settings.outside}/scim/v2/{row.public_id}"
    return Connection(
        **kept(row),
        organization=row.organization_slug,
        slug=row.slug,
        provider=row.provider,
        push=bool(row.push),
        pull=channels.shown(row.pull),
        login=row.login,
        policy=row.policy,
        extensions=row.extensions or [],
        policy_explained=explained(row),
        scim=Scim(base_url=base, token=token) if row.push else None,
    )

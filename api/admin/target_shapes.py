"""A target as it is sent and as it is shown."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from api.admin.shapes import Incoming, Kept, Reference, Slug, kept, omitted, when


class Guard(Incoming):
    """How much may be removed within 24 hours before a person must approve."""

    floor: int = Field(default=10, ge=0, le=1_000_000)
    share: Annotated[float, Field(ge=0, le=1)] = 0.05


class NewTarget(Incoming):
    """Beside these, the settings of its kind: for scim `url` and `auth`."""

    model_config = ConfigDict(extra="allow")

    organization: Reference
    slug: Slug
    kind: Annotated[str, Field(max_length=16)]
    connections: Annotated[list[Reference], Field(max_length=100)] = Field(default=[])
    guard: Guard = Guard()
    mapping: dict[str, str] = Field(default={})


class TargetChange(Incoming):
    """Beside these, the settings of its kind, merged into what stands."""

    model_config = ConfigDict(extra="allow")

    slug: Slug = omitted()
    connections: Annotated[list[Reference], Field(max_length=100)] = omitted()
    guard: Guard = omitted()
    mapping: dict[str, str] = omitted()


class Target(Kept):
    """With the settings of its kind, without their secrets."""

    model_config = ConfigDict(extra="allow")

    organization: str
    slug: str
    kind: str
    connections: list[str]
    guard: dict[str, Any]
    mapping: dict[str, Any]
    state: str
    problem: str | None
    observed_at: str | None


def as_shown(row: Any, joined: list[str]) -> Target:
    own = {
        **kept(row),
        "organization": row.organization_slug,
        "slug": row.slug,
        "kind": row.kind,
        "connections": joined,
        "guard": row.guard,
        "mapping": row.mapping,
        "state": row.state,
        "problem": row.problem,
        "observed_at": when(row.observed_at),
    }
    return Target(**{**row.config, **own})

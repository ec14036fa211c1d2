"""A target as it is sent and as it is shown."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from api.admin.shapes import Incoming, Kept, Reference, Slug, kept, omitted, when

Name = Annotated[str, Field(min_length=1, max_length=512)]


class Protected(Incoming):
    """Whose removal always needs approval: user names, and names or ids of groups."""

    users: Annotated[list[Name], Field(max_length=1000)] = Field(default=[])
    groups: Annotated[list[Name], Field(max_length=1000)] = Field(default=[])


class Guard(Incoming):
    """How much may be removed within 24 hours before a person must approve.

    `floor` or `share` of what the target holds of a kind, whichever is more; `group_floor` or
    `group_share` of the members of one group.
    """

    floor: int = Field(default=10, ge=0, le=1_000_000)
    share: Annotated[float, Field(ge=0, le=1)] = 0.05
    group_floor: int = Field(default=10, ge=0, le=1_000_000)
    group_share: Annotated[float, Field(ge=0, le=1)] = 0.2
    protected: Protected = Protected()


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
    """active; quarantined while it does not answer; suspended until somebody mends it."""
    problem: str | None
    failures: int
    """How many calls in a row failed."""
    retry_at: str | None
    """While it is quarantined: when it is tried again."""
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
        "failures": row.failures,
        "retry_at": when(row.retry_at),
        "observed_at": when(row.observed_at),
    }
    return Target(**{**row.config, **own})

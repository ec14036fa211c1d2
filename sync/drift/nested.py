"""Who is in a group only by way of a group inside it. Pure."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from models.evidence import Channel
from models.findings import Evidence, Finding, Kind, Severity
from models.identity import GroupKey, UserKey
from models.instant import Instant

Inside = Mapping[GroupKey, AbstractSet[GroupKey]]
"""The groups directly inside each group."""
Path = tuple[GroupKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested:
    """A user whom the directory lists in no way but through nested groups."""

    user: UserKey
    user_name: str | None
    group: GroupKey
    group_name: str
    path: Sequence[str]
    """The names of the groups between, the outermost first."""
    is_pushed: bool
    as_of: Instant


def paths(parent: GroupKey, inside: Inside) -> dict[GroupKey, Path]:
    """Every group inside this one, at any depth, with the shortest way to it. Circles end."""
    found: dict[GroupKey, Path] = {}
    waiting = deque([(parent, Path())])
    while waiting:
        group, way = waiting.popleft()
        for child in sorted(inside.get(group, ())):
            if child != parent and child not in found:
                found[child] = (*way, child)
                waiting.append((child, found[child]))
    return found


def about_nested(one: Nested, connection: int) -> Iterator[Finding]:
    """What only the directory nests counts nowhere here, and most providers do not push it."""
    who, way = one.user_name, " › ".join(one.path)
    yield Finding(
        kind=Kind.NESTED_ONLY,
        severity=Severity.LOW if one.is_pushed else Severity.INFO,
        connection=connection,
        user=one.user,
        group=one.group,
        summary=f"The directory has {who} in {one.group_name} only through the nested group "
        f"{way}, and not as a member of {one.group_name} itself.",
        suggestion=f"If {who} is to be in {one.group_name}, make {who} a direct member of it, or "
        f"assign the group {one.path[-1]} to the application.",
        evidence=(
            Evidence(
                channel=Channel.PULL,
                says="no",
                as_of=one.as_of,
                why=f"It does not list {who} as a member of {one.group_name}.",
            ),
            Evidence(
                channel=Channel.PULL,
                says="yes",
                value=way,
                as_of=one.as_of,
                why=f"It lists {who} in {one.path[-1]}, which is inside {one.group_name}.",
            ),
        ),
    )

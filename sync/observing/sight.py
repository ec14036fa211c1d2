"""What is believed of a target, and what is seen of it so far."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from models.actions import Ownership
from models.findings import Finding, Kind, Severity
from models.identity import GroupKey, Membership, UserKey
from models.instant import Instant
from models.store import bindings
from models.store.database import Tx
from sync.drift.targets import sides


@dataclass(frozen=True, slots=True)
class Difference:
    """Something at a target is not as we believe; what to believe from now on."""

    about: UserKey | GroupKey | Membership
    kind: str
    """user, group or member: what `about` is."""
    believe: Callable[[Tx], None]
    finding: Finding | None = None

    @property
    def object_key(self) -> str:
        if isinstance(self.about, Membership):
            return f"m{self.about.group}:{self.about.user}"
        return f"{self.kind[0]}{self.about}"


Found = Difference | Finding
"""What to believe otherwise, or only to tell."""


@dataclass(slots=True)
class Sight:
    """One look of one connection at one target, of which `now` dates the findings."""

    connection: int
    target: Row[Any]
    now: Instant
    ours: dict[str, UserKey] = field(default_factory=dict)
    """Our users by the target's ids, as they are bound."""
    unseen_users: set[UserKey] = field(default_factory=set)
    """Bound, and not listed yet."""
    unseen_groups: set[GroupKey] = field(default_factory=set)

    def begin(self, tx: Tx) -> None:
        key = self.target.id
        for remote_id, user, is_ours in bindings.users_of(tx, key, self.connection):
            self.unseen_users.add(user)
            if is_ours:
                self.ours[remote_id] = user
        self.unseen_groups |= set(bindings.groups_of(tx, key, self.connection))

    def note(
        self,
        kind: Kind,
        severity: Severity,
        summary: str,
        suggestion: str,
        *,
        user: int | None = None,
        group: int | None = None,
        detail: str = "",
        is_there: bool = True,
    ) -> Finding:
        return Finding(
            kind=kind,
            severity=severity,
            connection=self.connection,
            target=self.target.id,
            user=user,
            group=group,
            detail=detail,
            summary=summary,
            suggestion=suggestion,
            evidence=sides(kind, self.now, is_there=is_there),
        )

    def releases(self, row: Row[Any]) -> bool:
        """What stood in the way of ours stands in no one's way once ours is not wanted."""
        is_mine = row.connection_id == self.connection
        return is_mine and row.ownership == Ownership.FOREIGN and not row.wanted

    def in_the_way(
        self, who: str, remote_id: str, *, user: int | None = None, group: int | None = None
    ) -> Finding:
        """What is foreign has the name of ours, so ours cannot be created."""
        return self.note(
            Kind.FOREIGN_AT_TARGET,
            Severity.MEDIUM,
            f"{who} is at {self.target.slug}, was not put there by us, and stands in the way "
            "of ours.",
            "Adopt it by a stated correlation, or leave it. It is never changed.",
            user=user,
            group=group,
            detail=remote_id,
        )

"""Whether a full read may be believed when it is silent."""

from dataclasses import dataclass
from typing import Any

from connectors.base import ReadEnded


@dataclass(frozen=True, slots=True)
class Seen:
    """What a read listed, each object once."""

    users: int
    groups: int
    memberships: int
    silent_groups: int = 0
    """Listed, and whose members were never told. A cover would take them all as listed."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """The checks of a read. Only a read that passes all of them can remove."""

    seen: Seen
    problem: str | None
    """The first check it failed, in a sentence."""
    has_shrunk: bool = False

    @property
    def is_complete(self) -> bool:
        return self.problem is None

    def as_dict(self) -> dict[str, Any]:
        return {
            "complete": self.is_complete,
            "problem": self.problem,
            "shrunk": self.has_shrunk,
            "users": self.seen.users,
            "groups": self.seen.groups,
            "memberships": self.seen.memberships,
        }


def certify(
    seen: Seen, ended: ReadEnded | None, *, users_before: int, groups_before: int, shrink: float
) -> Certificate:
    """Ended, the provider's counts reached, every group told, not suspiciously smaller."""
    if ended is None:
        return Certificate(seen, "The read stopped before its end was reached.")
    for what, listed, expected in (
        ("users", seen.users, ended.expected_users),
        ("groups", seen.groups, ended.expected_groups),
    ):
        if expected is not None and listed < expected:
            return Certificate(
                seen, f"The directory counts {expected} {what} and listed only {listed}."
            )
    if seen.silent_groups:
        return Certificate(
            seen, f"It listed {seen.silent_groups} groups without telling who is in them."
        )
    for what, listed, before in (
        ("users", seen.users, users_before),
        ("groups", seen.groups, groups_before),
    ):
        if before and listed < before * (1 - shrink) and before - listed > 3:
            return Certificate(
                seen,
                f"It listed {listed} {what} where the last complete read listed {before}; "
                f"more than {shrink:.0%} fewer is not believed.",
                has_shrunk=True,
            )
    if seen.users == 0 and users_before:
        return Certificate(
            seen,
            f"It listed nobody, where the last complete read listed {users_before} users.",
            has_shrunk=True,
        )
    return Certificate(seen, None)

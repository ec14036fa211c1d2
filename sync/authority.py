"""Whose word decides: for each kind of fact one channel, or the newest word of both. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from models.evidence import Channel

ATTRIBUTES = ("user_name", "email", "first_name", "last_name", "display_name")


class Authority(StrEnum):
    NEWEST = "newest"
    """Push and pull are peers: the newest as-of wins."""
    PUSH = "push"
    PULL = "pull"

    @property
    def channel(self) -> Channel | None:
        """The one channel that decides; None where both do."""
        return None if self is Authority.NEWEST else Channel(self.value)


class Fact(StrEnum):
    """The kinds of fact, as an administrator reads of them in a sentence."""

    EXISTENCE = "existence"
    ACTIVE = "active"
    MEMBERSHIPS = "memberships"
    GROUP_NAMES = "group_names"

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS = {
    Fact.EXISTENCE: "existence",
    Fact.ACTIVE: "whether accounts are active",
    Fact.MEMBERSHIPS: "memberships",
    Fact.GROUP_NAMES: "the names of groups",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorities:
    existence: Authority = Authority.NEWEST
    active: Authority = Authority.NEWEST
    memberships: Authority = Authority.NEWEST
    group_names: Authority = Authority.NEWEST
    attributes: Mapping[str, Authority] = field(default_factory=dict)
    """Of those an administrator named. The user name, unnamed, is push's where push gave one."""

    def over(self, fact: Fact) -> Authority:
        match fact:
            case Fact.EXISTENCE:
                return self.existence
            case Fact.ACTIVE:
                return self.active
            case Fact.MEMBERSHIPS:
                return self.memberships
            case Fact.GROUP_NAMES:
                return self.group_names

    def named(self) -> list[tuple[str, Authority]]:
        """Every setting that differs from "newest", by the name it is set by."""
        found = [(fact.value, self.over(fact)) for fact in Fact]
        found += [(f"attributes.{name}", one) for name, one in sorted(self.attributes.items())]
        return [(name, one) for name, one in found if one is not Authority.NEWEST]


PEERS = Authorities()


def read(value: object) -> Authorities:
    """Raises ValueError with a sentence about what is wrong."""
    if not isinstance(value, dict):
        raise ValueError("policy authority is an object with a channel for each kind of fact.")
    known = [fact.value for fact in Fact] + ["attributes"]
    for name in value:
        if name not in known:
            raise ValueError(
                f"policy authority has no setting {name[:50]!r}; it knows {', '.join(known)}."
            )
    facts: dict[str, Any] = {
        name: _authority(name, one) for name, one in value.items() if name != "attributes"
    }
    return Authorities(**facts, attributes=_attributes(value.get("attributes", {})))


def _attributes(value: object) -> dict[str, Authority]:
    if not isinstance(value, dict):
        raise ValueError("policy authority.attributes is an object with a channel for each.")
    for name in value:
        if name not in ATTRIBUTES:
            raise ValueError(
                f"policy authority.attributes has no attribute {name[:50]!r}; it knows "
                f"{', '.join(ATTRIBUTES)}."
            )
    return {name: _authority(f"attributes.{name}", one) for name, one in value.items()}


def _authority(name: str, value: object) -> Authority:
    if value not in [one.value for one in Authority]:
        raise ValueError(f'policy authority.{name} is "newest", "push" or "pull".')
    return Authority(str(value))

"""The groups that an identity provider pushes, and what is pushed of groups and users alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from models.evidence import Channel, GroupSaid
from models.identity import GroupKey
from models.store import identities, scim
from sync.pushing import pushed, pushed_who
from sync.pushing.members import Found, PushedMembers
from sync.pushing.pushed import Resource
from sync.pushing.voice import Voice
from sync.reading import identify


class NameTaken(Exception):
    """Somebody else is pushed under this userName, displayName or externalId."""


@dataclass(frozen=True, slots=True)
class PushedGroups(Voice):
    def create_group(self, resource: Resource, members: Sequence[str] | None) -> GroupKey:
        """Raises NameTaken and Circle."""
        self.take_turn()
        name = str(resource["displayName"])
        key = pushed_who.known_group(self.tx, self.connection, resource)
        if key is None:
            now = self.clock.now()
            key = identities.insert_group(self.tx, self.connection.key, name, now)
        self.describe_group(key, resource)
        public_id = str(scim.of_key(self.tx, "groups", key).public_id)
        self._join_parked(Found(groups=frozenset({key})), public_id, resource)
        if members:
            self.add_members(key, members)
        return key

    def describe_group(self, key: GroupKey, resource: Resource) -> None:
        """Its name and other attributes; its members are not spoken of.

        Where it was waited for under its externalId it comes in. Raises NameTaken and Circle.
        """
        before = scim.of_key(self.tx, "groups", key)
        self._save("groups", key, resource, attribute="displayName")
        now = self.clock.now()
        for identifier in pushed.group_names(resource):
            identities.name_group(
                self.tx, self.connection.key, key, identifier, proof="pushed", now=now
            )
        if before.push_name and before.scim is not None:
            renamed = (key, str(before.push_name), str(resource["displayName"]))
            identify.note_renamed(
                self.tx, self.connection.key, [renamed], channel=Channel.PUSH, now=now
            )
        said = GroupSaid(group=key, exists=True, name=str(resource["displayName"]))
        self.say("group", said)
        if resource.get("externalId") not in (None, before.scim_external_id):
            self._join_parked(Found(groups=frozenset({key})), str(before.public_id), resource)

    def delete_group(self, key: GroupKey) -> None:
        scim.erase(self.tx, "groups", key, now=self.clock.now())
        self._members.end(key)

    def add_members(self, group: GroupKey, values: Sequence[str]) -> None:
        """Users and groups. Who is not known yet is parked. Raises Circle."""
        self._members.add(group, values)

    def remove_members(self, group: GroupKey, values: Sequence[str]) -> None:
        self._members.remove(group, values)

    def replace_members(self, group: GroupKey, values: Sequence[str]) -> None:
        """These and nobody else. Raises Circle."""
        self._members.replace(group, values)

    @property
    def _members(self) -> PushedMembers:
        kept = (self.said, self.touched, self.parked, self.missed, self.forgiven)
        return PushedMembers(self.tx, self.connection, self.clock, *kept)

    def _save(self, table: str, key: int, resource: Resource, *, attribute: str) -> Row[Any]:
        """Where its names may be new. Raises NameTaken."""
        name = str(resource[attribute])
        other = scim.by_name(self.tx, table, connection=self.connection.key, name=name)
        if other is not None and other.id != key:
            raise NameTaken(f"The {attribute} {name} is taken.")
        return self._keep(table, key, resource, attribute=attribute)

    def _keep(self, table: str, key: int, resource: Resource, *, attribute: str) -> Row[Any]:
        """Raises NameTaken where somebody took the name in this very moment."""
        name, now = str(resource[attribute]), self.clock.now()
        saved = scim.save(self.tx, table, key, resource=resource, name=name, now=now)
        if saved is None:
            raise NameTaken(f"The {attribute} {name} is taken.")
        return saved

    def _join_parked(self, arrived: Found, public_id: str, resource: Resource) -> None:
        """Whoever parks one of its names meanwhile is done by now, or finds it."""
        names = waited_for(public_id, resource)
        scim.take_turns(self.tx, self.connection.key, names)
        self._members.arrive(arrived, names)


def waited_for(public_id: str, resource: Resource) -> list[str]:
    """Under which names it may be parked in groups."""
    external = resource.get("externalId")
    return [public_id, str(external)] if external else [public_id]

"""What an identity provider pushes: users and groups, one word at a time."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from models.clock import Clock
from models.evidence import (
    Channel,
    Fact,
    GroupCovered,
    GroupSaid,
    MembersAdded,
    MembersRemoved,
    Observation,
    UserSaid,
)
from models.identity import GroupKey, Identifier, UserKey
from models.store import identities, scim
from models.store.database import Tx
from sync import intake, pushed
from sync.connection import Connection
from sync.matching import Matched, match
from sync.pushed import Resource


class NameTaken(Exception):
    """Somebody else is pushed under this userName, displayName or externalId."""


@dataclass(frozen=True, slots=True)
class Push:
    """The push channel of one connection, within one transaction."""

    tx: Tx
    connection: Connection
    clock: Clock

    def create_user(self, resource: Resource) -> tuple[UserKey, bool]:
        """Answers the user, and whether it is new. A known person comes back as itself.

        Raises NameTaken, unless it is a deactivated user that returns (Okta posts those).
        """
        resource = {"active": True} | resource
        standing = self._standing(resource)
        if standing is not None:
            self.replace_user(standing, resource)
            return standing, False
        key = self._known_user(resource)
        if key is None:
            key = identities.insert_user(self.tx, self.connection.key, self.clock.now())
        self.replace_user(key, resource)
        self._join_parked(key, resource)
        return key, True

    def replace_user(
        self, key: UserKey, resource: Resource, spoken: Set[str] | None = None
    ) -> None:
        """The user as the provider now describes it. Raises NameTaken.

        `spoken` are the attributes that the provider spoke of, all when None. Of the others
        it says nothing new. Nor of `active` when that is missing: it must not bring back
        somebody who left.
        """
        self._save("users", key, resource, attribute="userName")
        self._name_user(key, resource)
        is_spoken = spoken is None or "active" in spoken
        said = UserSaid(
            user=key,
            exists=True,
            active=resource.get("active") if is_spoken else None,
            attributes=pushed.attributes(resource, spoken),
        )
        self._say("user", said)

    def delete_user(self, key: UserKey) -> None:
        """Gone, and out of every group: coming back does not bring old memberships back.

        Groups are held before the user is erased, in the order in which everybody holds them.
        """
        scim.touch(self.tx, scim.pushed_groups(self.tx, key), self.clock.now())
        scim.erase(self.tx, "users", key, now=self.clock.now())
        groups = scim.pushed_groups(self.tx, key)  # whoever added it meanwhile is done by now
        out = [MembersRemoved(group, frozenset({key})) for group in groups]
        self._say("user deleted", UserSaid(user=key, exists=False), *out)

    def create_group(self, resource: Resource, members: Sequence[str] | None) -> GroupKey:
        """Raises NameTaken."""
        name = str(resource["displayName"])
        key = self._known_group(resource)
        if key is None:
            now = self.clock.now()
            key = identities.insert_group(self.tx, self.connection.key, name, now)
        self.describe_group(key, resource)
        if members:
            self.add_members(key, members)
        return key

    def describe_group(self, key: GroupKey, resource: Resource) -> None:
        """Its name and other attributes; its members are not spoken of. Raises NameTaken."""
        self._save("groups", key, resource, attribute="displayName")
        now = self.clock.now()
        for identifier in pushed.group_names(resource):
            identities.name_group(
                self.tx, self.connection.key, key, identifier, proof="push", now=now
            )
        said = GroupSaid(group=key, exists=True, name=str(resource["displayName"]))
        self._say("group", said)

    def delete_group(self, key: GroupKey) -> None:
        scim.erase(self.tx, "groups", key, now=self.clock.now())
        scim.unpark(self.tx, key)
        self._say(
            "group deleted", GroupSaid(group=key, exists=False), GroupCovered(key, frozenset())
        )

    def add_members(self, group: GroupKey, values: Sequence[str]) -> None:
        """Who is not known yet is parked."""
        known = self._members(group, values)
        scim.touch(self.tx, [group], self.clock.now())
        self._say("members added", MembersAdded(group, known))

    def remove_members(self, group: GroupKey, values: Sequence[str]) -> None:
        scim.unpark(self.tx, group, list(values))
        known = scim.known_members(self.tx, self.connection.key, list(values))
        scim.touch(self.tx, [group], self.clock.now())
        self._say("members removed", MembersRemoved(group, frozenset(known.values())))

    def replace_members(self, group: GroupKey, values: Sequence[str]) -> None:
        """These and nobody else."""
        scim.unpark(self.tx, group)
        known = self._members(group, values)
        scim.touch(self.tx, [group], self.clock.now())
        self._say("members replaced", GroupCovered(group, known))

    def _save(self, table: str, key: int, resource: Resource, *, attribute: str) -> None:
        name = str(resource[attribute])
        other = scim.by_name(self.tx, table, connection=self.connection.key, name=name)
        is_free = other is None or other.id == key
        now = self.clock.now()
        if attribute == "userName" and self._is_anothers(resource.get("externalId"), key):
            raise NameTaken(f"The externalId {resource['externalId']} is taken.")
        if not is_free or not scim.save(self.tx, table, key, resource=resource, name=name, now=now):
            raise NameTaken(f"The {attribute} {name} is taken.")

    def _is_anothers(self, external: object, key: int) -> bool:
        """Whether another user is pushed under this externalId. If nobody is, it is ours now."""
        if not external:
            return False
        link, name = self.connection.key, str(external)
        found = scim.by_external_id(self.tx, "users", connection=link, external_id=name)
        if found is None and scim.take_turn(self.tx, link, name):
            found = scim.by_external_id(self.tx, "users", connection=link, external_id=name)
        return found is not None and found.id != key

    def _members(self, group: GroupKey, values: Sequence[str]) -> frozenset[UserKey]:
        known = scim.known_members(self.tx, self.connection.key, list(values))
        strangers = [value for value in values if value not in known]
        now = self.clock.now()
        scim.park(self.tx, self.connection.key, group, values=strangers, as_of=now)
        return frozenset(known.values())

    def _join_parked(self, key: UserKey, resource: Resource) -> None:
        names = [str(scim.of_key(self.tx, "users", key).public_id)]
        if resource.get("externalId"):
            names.append(str(resource["externalId"]))
        for group, value in scim.parked_for(self.tx, self.connection.key, names):
            scim.touch(self.tx, [group], self.clock.now())
            scim.unpark(self.tx, group, [value])
            self._say("member arrived", MembersAdded(group, frozenset({key})))

    def _standing(self, resource: Resource) -> UserKey | None:
        """A deactivated user that the provider posts again. Raises NameTaken for any other."""
        external = resource.get("externalId")
        link, name = self.connection.key, str(resource["userName"])
        found = scim.by_name(self.tx, "users", connection=link, name=name)
        if found is None and external:
            found = scim.by_external_id(
                self.tx, "users", connection=link, external_id=str(external)
            )
        if found is None:
            return None
        inactive = found.push_active_no > found.push_active_yes
        if inactive and external and found.scim_external_id == external:
            return UserKey(found.id)
        raise NameTaken(f"The userName {name} or its externalId is taken.")

    def _known_user(self, resource: Resource) -> UserKey | None:
        """Somebody the directory, a login or an earlier push has told us of."""
        offered = pushed.user_names(resource)
        found = identities.users_named(self.tx, self.connection.key, offered)
        immutable = identities.immutable_of(
            self.tx, sorted(set(found.values())), offered[0].namespace
        )
        matched = match(offered, found, immutable)
        if not isinstance(matched, Matched):
            return None
        is_pushed = scim.of_key(self.tx, "users", matched.user).scim is not None
        return None if is_pushed else matched.user

    def _known_group(self, resource: Resource) -> GroupKey | None:
        offered = pushed.group_names(resource)
        offered += [Identifier("id", one.value) for one in offered if one.namespace != "name"]
        found = identities.groups_named(self.tx, self.connection.key, offered)
        for identifier in sorted(found, key=lambda one: one.namespace == "name"):
            if scim.of_key(self.tx, "groups", found[identifier]).scim is None:
                return found[identifier]
        return None

    def _name_user(self, key: UserKey, resource: Resource) -> None:
        now = self.clock.now()
        for identifier in pushed.user_names(resource):
            if identifier.namespace != "id":
                identities.name_user(
                    self.tx, self.connection.key, key, identifier, proof="push", now=now
                )

    def _say(self, event: str, *facts: Fact) -> None:
        """Each word has its own time, so that the later of two in one request wins."""
        now = self.clock.now()
        observation = Observation(channel=Channel.PUSH, event=event, as_of=now, facts=facts)
        intake.take(self.tx, self.connection, observation, now)

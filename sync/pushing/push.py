"""What an identity provider pushes, one word at a time: users here, groups beside."""

from collections.abc import Set
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from models.evidence import MembersRemoved, UserSaid
from models.identity import UserKey
from models.store import identities, indirect, newcomers, scim, subjects
from models.store.database import loads
from models.store.scim import name_key
from models.store.subjects import Held
from sync.matching import Recycled
from sync.pushing import pushed, pushed_who
from sync.pushing.extensions import mapping
from sync.pushing.groups import NameTaken, PushedGroups
from sync.pushing.members import Found
from sync.pushing.pushed import Resource
from sync.pushing.tolerances import NAME_GIVEN_ON, RETURNING_USER


@dataclass(frozen=True, slots=True)
class Push(PushedGroups):
    """The push channel of one connection, within one transaction."""

    def create_user(self, resource: Resource) -> tuple[Row[Any], bool]:
        """Answers the user, and whether it is new. A known person comes back as itself.

        Raises NameTaken, unless it is a deactivated user that returns (Okta posts those).
        """
        resource = Resource(active=True) | resource
        link, external = self.connection.key, resource.get("externalId")
        self._members.expect(external)
        if external:
            scim.take_turns(self.tx, link, [str(external)])
        if scim.is_unheard_of(self.tx, link, name=resource["userName"], external_id=external):
            return self._first(resource), True
        standing = self._standing(resource)
        if standing is not None:
            return self.replace_user(standing, resource), False
        offered = pushed.user_names(resource)
        found = identities.users_named(self.tx, link, offered)
        matched = pushed_who.matched(self.tx, self.connection, offered, found)
        key = pushed_who.unpushed(self.tx, matched)
        if key is None:
            key = identities.insert_user(self.tx, link, self.clock.now())
        if isinstance(matched, Recycled):
            now = self.clock.now()
            pushed_who.note_recycled(self.tx, self.connection, key, matched, resource, now=now)
        row = self.replace_user(key, resource)
        self._join_parked(Found(users=frozenset({key})), str(row.public_id), resource)
        return row, True

    def _first(self, resource: Resource) -> Row[Any]:
        """A user of whom nobody ever spoke, so that there is nothing to compare with, and for whom
        no group waits.
        """
        link, now = self.connection.key, self.clock.now()
        active, said = resource["active"], pushed.news(self._attributes(resource), {})
        row = scim.insert_user(
            self.tx,
            link,
            resource=resource,
            name=resource["userName"],
            marks=subjects.first_push(now, active=active, attributes=said),
            now=now,
        )
        if row is None:
            raise NameTaken(f"The userName {resource['userName']} is taken.")
        key = UserKey(row.id)
        names = [one for one in pushed.user_names(resource) if one.namespace != "id"]
        identities.name_first(self.tx, link, key, names, proof="pushed", now=now)
        word = UserSaid(user=key, exists=True, active=active, attributes=said)
        self.note("user", word, now)
        return row

    def take_over(self, public_id: str) -> bool:
        """Whom only logins know is the provider's from now on, as it was shown: inactive.

        False when nobody is, or the name is pushed already.
        """
        link = self.connection.key
        row = newcomers.of_public_id(self.tx, link, public_id)
        if row is None or row.user_name is None:
            return False
        document = pushed.first_document(row.user_name, None)
        try:
            self._save_user(row.id, document)
        except NameTaken:
            return False
        self.say("user taken over", UserSaid(user=UserKey(row.id), active=False))
        return True

    def replace_user(
        self,
        key: UserKey,
        resource: Resource,
        spoken: Set[str] | None = None,
        before: Row[Any] | None = None,
    ) -> Row[Any]:
        """The user as the provider now describes it, and as it is kept. Raises NameTaken.

        `spoken` are the attributes that the provider spoke of, all when None. Of the others
        it says nothing new. Nor of `active` when that is missing: it must not bring back
        somebody who left. A value that is missing now and was never pushed is not taken back.
        Who takes an externalId joins the groups that wait for it.
        `before` is the user as it stands, for whoever holds it.
        """
        held, before = before, before or scim.of_key(self.tx, "users", key)
        if resource.get("externalId") != before.scim_external_id:
            self._members.expect(resource.get("externalId"))
        is_spoken = spoken is None or "active" in spoken
        said = UserSaid(
            user=key,
            exists=True,
            active=resource.get("active") if is_spoken else None,
            attributes=pushed.news(self._attributes(resource, spoken), loads(before.push_said)),
        )
        if held is not None and spoken is not None and _is_called(held, resource):
            besides = scim.rewritten(held, resource, self.clock.now())
            self.say("user", said, held=Held(held, besides))
            kept: Row[Any] = held._replace(**besides)
            return kept
        saved = self._save_user(key, resource)
        self._name_user(key, resource)
        self.say("user", said, held=held and Held(held))
        if resource.get("externalId") not in (None, before.scim_external_id):
            self._join_parked(Found(users=frozenset({key})), str(before.public_id), resource)
        return saved

    def delete_user(self, key: UserKey) -> None:
        """Gone, and out of every group: coming back does not bring old memberships back.

        Groups are held before the user is erased, in the order in which everybody holds them.
        """
        self.take_turn()
        scim.touch(self.tx, scim.pushed_groups(self.tx, key), self.clock.now())
        scim.erase(self.tx, "users", key, now=self.clock.now())
        groups = scim.pushed_groups(self.tx, key)  # whoever added it meanwhile is done by now
        indirect.forget(self.tx, key)
        out = [MembersRemoved(group, frozenset({key})) for group in groups]
        self.say("user deleted", UserSaid(user=key, exists=False), *out)

    def _save_user(self, key: int, resource: Resource) -> Row[Any]:
        """Where its names may be new. Raises NameTaken."""
        if self._is_anothers(resource.get("externalId"), key):
            raise NameTaken(f"The externalId {resource['externalId']} is taken.")
        return self._save("users", key, resource, attribute="userName")

    def _attributes(
        self, resource: Resource, spoken: Set[str] | None = None
    ) -> dict[str, str | None]:
        return pushed.attributes(resource, spoken, mapping(self.connection.extensions))

    def _is_anothers(self, external: object, key: int) -> bool:
        """Whether another user is pushed under this externalId. If nobody is, it is ours now."""
        if not external:
            return False
        link, name = self.connection.key, str(external)
        found = scim.by_external_id(self.tx, "users", connection=link, external_id=name)
        if found is None and scim.take_turns(self.tx, link, [name]):
            found = scim.by_external_id(self.tx, "users", connection=link, external_id=name)
        return found is not None and found.id != key

    def _standing(self, resource: Resource) -> UserKey | None:
        """A deactivated user that the provider posts again. Raises NameTaken for any other.

        Under another externalId it is another person, to whom the name has been given: the
        former one loses it. Okta never deletes, so it would be taken for good.
        """
        external = resource.get("externalId")
        link, name = self.connection.key, str(resource["userName"])
        found = scim.user_called(self.tx, link, name=name, external_id=external)
        if found is None:
            return None
        inactive = found.push_active_no > found.push_active_yes
        is_same = inactive and external and found.scim_external_id == external
        if is_same and self.forgives(RETURNING_USER):
            return UserKey(found.id)
        if inactive and _is_anothers(found, name, external) and self.forgives(NAME_GIVEN_ON):
            scim.release_name(self.tx, found.id, self.clock.now())
            if self._is_anothers(external, found.id):
                raise NameTaken(f"The externalId {external} is taken.")
            return None
        raise NameTaken(f"The userName {name} or its externalId is taken.")

    def _name_user(self, key: UserKey, resource: Resource) -> None:
        """A new name takes the place of the one before, unless the directory still uses that."""
        now = self.clock.now()
        for one in pushed.user_names(resource):
            if one.namespace == "id":
                continue
            link = self.connection.key
            if identities.name_user(self.tx, link, key, one, proof="pushed", now=now):
                kept = [one.value]
                if one.namespace == "user_name":
                    said = loads(scim.of_key(self.tx, "users", key).pull_said) or {}
                    kept += [name_key(said["user_name"][0])] if "user_name" in said else []
                identities.retire_user_names(self.tx, key, one.namespace, kept=kept, now=now)


def _is_called(row: Row[Any], resource: Resource) -> bool:
    """Whether a user is pushed under these very names already."""
    names = (name_key(str(resource["userName"])), resource.get("externalId"))
    return (row.scim_name_key, row.scim_external_id) == names


def _is_anothers(found: Row[Any], name: str, external: object) -> bool:
    """Whether the name was that of somebody with another immutable identifier."""
    has_name = found.scim_name_key == name_key(name)
    return bool(has_name and external and found.scim_external_id not in (None, external))

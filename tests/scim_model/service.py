"""A SCIM service that keeps everything in dictionaries, and does what RFC 7644 §3 says."""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field

from tests.scim_model.calling import Called
from tests.scim_model.filtering import Either, Filter, Test
from tests.scim_model.operations import NOTHING, Garbled, Op, located, split
from tests.scim_model.reading import Json, checked, resource, schemas, single
from tests.scim_model.refusal import MISSING, TAKEN, bad
from tests.scim_model.schema import GROUP, USER, Schema, find
from tests.scim_model.users import User, Users, folded

NEW = "new"
"""A group whose id is not known yet."""


@dataclass
class Group:
    document: Json
    members: set[str] = field(default_factory=set)
    """Users that were named."""
    inner: set[str] = field(default_factory=set)
    """Groups that were named."""
    waiting: set[str] = field(default_factory=set)
    """House rule: members who are not known yet join when they come."""


@dataclass
class Service(Users):
    groups: dict[str, Group] = field(default_factory=dict)
    teams: Called = field(default_factory=lambda: Called(keeps_former=True))
    seen: list[str] = field(default_factory=list)
    """Every group that there ever was, the oldest first."""

    # -- members come and go with their users -----------------------------------------------

    def admit(self, key: str, user: User) -> None:
        super().admit(key, user)
        self._join(key)

    def keep_user(self, key: str, document: Json) -> None:
        super().keep_user(key, document)
        self._join(key)

    def delete_user(self, key: str) -> None:
        """It is no member of anything any more."""
        super().delete_user(key)
        for group in self.groups.values():
            group.members.discard(key)

    # -- groups -----------------------------------------------------------------------------

    def new_group(self, body: Json) -> Group:
        members = _members(body)
        group = Group(resource(GROUP, body))
        after = self._with(NEW, group)
        after._name(NEW, group.document)
        after._join_group(NEW)
        after._add(NEW, members or [])
        return group

    def admit_group(self, key: str, group: Group) -> None:
        """Under the id that the service chose."""
        self.seen += [] if key in self.seen else [key]
        self.groups[key] = group
        self.teams.note(key, group.document.get("externalId"))
        self._join_group(key)

    def put_group(self, key: str, body: Json) -> "Service":
        """House rule: a body without members says nothing of them."""
        members, document = _members(body), resource(GROUP, body)
        after = self._with(key, self._copy(key))
        after._name(key, document)
        if members is not None:
            after._empty(key)
            after._add(key, members)
        return after

    def patch_group(self, key: str, ops: list[Op]) -> "Service":
        """All is read before anything is done, in order: the first that is wrong is told."""
        read, each = self._with(key, self._copy(key)), list[tuple[Op, bool]]()
        for whole in ops:
            for op in split(whole):
                each.append((op, whole.path is None))
                read._change(key, op, is_echo=whole.path is None, is_real=False)
        after = self._with(key, self._copy(key))
        for op, is_echo in each:
            after._change(key, op, is_echo=is_echo, is_real=True)
        return after

    def delete_group(self, key: str) -> None:
        del self.groups[key]
        for group in self.groups.values():
            group.inner.discard(key)

    def group(self, key: str) -> Group:
        if key not in self.groups:
            raise MISSING
        return self.groups[key]

    def _copy(self, key: str) -> Group:
        return deepcopy(self.group(key))

    def _with(self, key: str, group: Group) -> "Service":
        """What would be, if this group were so."""
        groups = {name: deepcopy(one) for name, one in self.groups.items()} | {key: group}
        seen = [*self.seen, *([] if key in self.seen else [key])]
        return Service(self.users, self.called, groups, deepcopy(self.teams), seen)

    def _change(self, key: str, op: Op, *, is_echo: bool, is_real: bool) -> None:
        if isinstance(op.path, Garbled):
            raise bad(op.path.scim_type)
        assert op.path is not None
        if op.path.name.lower() == "members":
            self._change_members(key, op, is_real=is_real)
            return
        attr, _ = located(GROUP, op.path)
        if attr.read_only:
            if is_echo:
                return
            raise bad("mutability")
        found = None if op.kind == "remove" or op.value is None else single(attr, op.value)
        if found is None and attr.required:
            raise bad("mutability")
        if is_real:
            self._name(key, checked(GROUP, {**self.groups[key].document, attr.name: found}))

    def _change_members(self, key: str, op: Op, *, is_real: bool) -> None:
        assert not isinstance(op.path, Garbled) and op.path is not None
        if op.path.part is not None or (op.path.select is not None and op.kind != "remove"):
            raise bad("invalidPath")
        if op.path.select is not None:
            self._drop(key, list(_chosen(op.path.select)))
        elif op.value is NOTHING:
            self._empty(key)
        else:
            self._list(key, op, _values(op.value), is_real=is_real)

    def _list(self, key: str, op: Op, values: list[str], *, is_real: bool) -> None:
        if op.kind == "remove":
            self._drop(key, values)
            return
        if op.kind == "replace":
            self._empty(key)
        if is_real:
            self._add(key, values)

    def _name(self, key: str, document: Json) -> None:
        """House rule: a displayName is unique. Who takes an externalId joins who waits for it."""
        name = folded(document["displayName"])
        others = [one for other, one in self.groups.items() if other != key]
        if any(folded(one.document["displayName"]) == name for one in others):
            raise TAKEN
        self.groups[key].document = document
        self.teams.note(key, document.get("externalId"))
        self._join_group(key)

    def _empty(self, key: str) -> None:
        group = self.groups[key]
        group.members, group.inner, group.waiting = set(), set(), set()

    def _add(self, key: str, values: Iterable[str]) -> None:
        """House rule: no group is inside itself, by no way."""
        group = self.groups[key]
        for value in values:
            meant = self._meant(value)
            place = (
                group.waiting
                if meant is None
                else group.members
                if meant in self.users
                else group.inner
            )
            place.add(meant or value)
        if key in self.below(key):
            raise bad("invalidValue")

    def _drop(self, key: str, values: list[str]) -> None:
        """House rule: of a user and a group that share an externalId, the member is meant."""
        group, meant = self.groups[key], {self._meant(value) for value in values}
        meant |= {self._former(one) for one in values if one not in group.waiting}
        for value in values:
            user = self._meant(value)
            if user in self.users and user not in group.members:
                meant.add(self._group_meant(value))
        group.waiting -= set(values) | self._others_of_gone(values)
        group.members -= meant
        group.inner -= meant

    def _others_of_gone(self, values: list[str]) -> set[str]:
        """House rule: whom a name of somebody deleted takes out is waited for by no other."""
        found = set[str]()
        for called, there in ((self.called, self.users), (self.teams, self.groups)):
            for value in values:
                owner = called.now.get(value, value)
                if self._meant(value) is None and owner not in there:
                    found |= {owner, *(v for v, key in called.now.items() if key == owner)}
        return found

    def _former(self, value: str) -> str | None:
        if self._meant(value) is not None:
            return None
        users, is_unclear = self.called.former(value, self.users)
        groups, are_unclear = self.teams.former(value, self.groups)
        found = users | groups
        return min(found) if len(found) == 1 and not (is_unclear or are_unclear) else None

    def _meant(self, value: str) -> str | None:
        """House rule: a member may be called by the provider's id. A user comes before a group."""
        if value in self.users:
            return value
        return self._external(value) or self._group_meant(value)

    def _group_meant(self, value: str) -> str | None:
        if value in self.groups:
            return value
        groups = [one for one in self.seen if one in self.groups]
        named = (one for one in groups if self.groups[one].document.get("externalId") == value)
        return next(named, None)

    def _join(self, user: str) -> None:
        for group in self.groups.values():
            names = {user, self.users[user].document.get("externalId")} & group.waiting
            if names:
                group.waiting -= names
                group.members.add(user)

    def _join_group(self, key: str) -> None:
        for outer, group in self.groups.items():
            names = {key, self.groups[key].document.get("externalId")} & group.waiting
            if names:
                group.waiting -= names
                group.inner.add(key)
                if outer in self.below(outer):
                    raise bad("invalidValue")

    def below(self, key: str) -> set[str]:
        """Every group inside, and inside of that."""
        found: set[str] = set()
        rest = list(self.groups[key].inner)
        while rest:
            one = rest.pop()
            if one not in found:
                found.add(one)
                rest += self.groups[one].inner
        return found

    # -- what is shown ----------------------------------------------------------------------

    def shown_user(self, key: str, document: Json | None = None) -> Json:
        """RFC 7643 §4.1.2: whoever is in a group inside of another is in that indirectly."""
        groups = [
            {"value": id, "display": one.document["displayName"], "type": way}
            for id, one in self.groups.items()
            if (way := self._way(key, id))
        ]
        kept = self.users[key].document if document is None else document
        return {**_headed(USER, kept, key), "groups": groups}

    def _way(self, user: str, group: str) -> str | None:
        if user in self.groups[group].members:
            return "direct"
        led = any(user in self.groups[one].members for one in self.below(group))
        return "indirect" if led else None

    def shown_group(self, key: str) -> Json:
        kept = self.groups[key]
        members = [{"value": id, "type": "User"} for id in kept.members]
        members += [{"value": id, "type": "Group"} for id in kept.inner]
        return {**_headed(GROUP, kept.document, key), "members": members}


def _headed(schema: Schema, document: Json, key: str) -> Json:
    return {"schemas": schemas(schema, document), "id": key, **document}


def _members(body: Json) -> list[str] | None:
    found = next((given for name, given in body.items() if name.lower() == "members"), None)
    return None if found is None else _values(found)


def _values(given: object) -> list[str]:
    if given is None:
        raise bad("invalidValue")
    attr = find(GROUP.attrs, "members")
    assert attr is not None
    listed = given if isinstance(given, list) else [given]
    found = [single(attr, one) or {} for one in listed]
    if not all(one.get("value") for one in found):
        raise bad("invalidValue")
    return [one["value"] for one in found]


def _chosen(select: Filter) -> Iterator[str]:
    """House rule: members are chosen by their value alone."""
    match select:
        case Either(left, right):
            yield from _chosen(left)
            yield from _chosen(right)
        case Test(name, "eq", str(value), None, None) if name.lower() == "value" and value:
            yield value
        case _:
            raise bad("invalidFilter")

"""A SCIM service that keeps everything in dictionaries, and does what RFC 7644 §3 says."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.scim_model.filtering import Either, Filter, Test
from tests.scim_model.operations import NOTHING, Garbled, Op, located, split
from tests.scim_model.reading import Json, checked, resource, schemas, single
from tests.scim_model.refusal import MISSING, TAKEN, bad
from tests.scim_model.schema import GROUP, USER, Schema, find
from tests.scim_model.users import User, Users, key


@dataclass
class Group:
    document: Json
    members: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)
    """House rule: members who are not known yet join when they come."""


@dataclass
class Service(Users):
    groups: dict[str, Group] = field(default_factory=dict)

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
        self._check_group(group.document, None)
        self._add(group, members or [])
        return group

    def put_group(self, key: str, body: Json) -> Group:
        """House rule: a body without members says nothing of them."""
        members, document = _members(body), resource(GROUP, body)
        before = self.group(key)
        after = Group(document, set(before.members), set(before.waiting))
        self._check_group(document, key)
        if members is not None:
            after.members, after.waiting = set(), set()
            self._add(after, members)
        return after

    def patch_group(self, key: str, ops: list[Op]) -> Group:
        before = self.group(key)
        after = Group(dict(before.document), set(before.members), set(before.waiting))
        for op in ops:
            for each in split(op):
                self._change(after, each, is_echo=op.path is None)
        after.document = checked(GROUP, after.document)
        self._check_group(after.document, key)
        return after

    def group(self, key: str) -> Group:
        if key not in self.groups:
            raise MISSING
        return self.groups[key]

    def _change(self, group: Group, op: Op, *, is_echo: bool) -> None:
        if isinstance(op.path, Garbled):
            raise bad(op.path.scim_type)
        assert op.path is not None
        if op.path.name.lower() == "members":
            self._change_members(group, op)
            return
        attr, _ = located(GROUP, op.path)
        if attr.read_only:
            if is_echo:
                return
            raise bad("mutability")
        found = None if op.kind == "remove" or op.value is None else single(attr, op.value)
        if found is None and attr.required:
            raise bad("mutability")
        group.document = {**group.document, attr.name: found}

    def _change_members(self, group: Group, op: Op) -> None:
        assert not isinstance(op.path, Garbled) and op.path is not None
        if op.path.part is not None or (op.path.select is not None and op.kind != "remove"):
            raise bad("invalidPath")
        if op.path.select is not None:
            self._drop(group, list(_chosen(op.path.select)))
        elif op.value is NOTHING:
            group.members, group.waiting = set(), set()
        else:
            self._list(group, op, _values(op.value))

    def _list(self, group: Group, op: Op, values: list[str]) -> None:
        if op.kind == "remove":
            self._drop(group, values)
            return
        if op.kind == "replace":
            group.members, group.waiting = set(), set()
        self._add(group, values)

    def _add(self, group: Group, values: Iterable[str]) -> None:
        for value in values:
            user = self._meant(value)
            if user is None:
                group.waiting.add(value)
            else:
                group.members.add(user)

    def _drop(self, group: Group, values: list[str]) -> None:
        group.waiting -= set(values)
        group.members -= {self._meant(value) for value in values}

    def _meant(self, value: str) -> str | None:
        """House rule: a member may be called by the provider's id."""
        return value if value in self.users else self._external(value)

    def _join(self, user: str) -> None:
        for group in self.groups.values():
            names = {user, self.users[user].document.get("externalId")} & group.waiting
            if names:
                group.waiting -= names
                group.members.add(user)

    def _check_group(self, document: Json, own: str | None) -> None:
        """House rule: a displayName is unique."""
        name = key(document["displayName"])
        if any(
            key(one.document["displayName"]) == name for k, one in self.groups.items() if k != own
        ):
            raise TAKEN

    # -- what is shown ----------------------------------------------------------------------

    def shown_user(self, key: str, document: Json | None = None) -> Json:
        groups = [
            {"value": id, "display": one.document["displayName"], "type": "direct"}
            for id, one in self.groups.items()
            if key in one.members
        ]
        kept = self.users[key].document if document is None else document
        return {**_headed(USER, kept, key), "groups": groups}

    def shown_group(self, key: str, group: Group | None = None) -> Json:
        kept = group or self.groups[key]
        members = [{"value": id, "type": "User"} for id in sorted(kept.members)]
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

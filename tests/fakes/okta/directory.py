"""The users, groups and apps of a fake Okta, in memory, for tests to change."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any


@dataclass
class User:
    id: str
    login: str
    status: str = "ACTIVE"
    profile: dict[str, Any] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        profile = {"login": self.login, "email": self.login, "firstName": "F", "lastName": "L"}
        return {
            "id": self.id,
            "status": self.status,
            "created": "2026-01-31T08:00:00.000Z",
            "type": {"id": "oty1"},
            "profile": {**profile, "mobilePhone": None, **self.profile},
            "credentials": {"provider": {"type": "OKTA", "name": "OKTA"}},
            "_links": {"self": {"href": f"/api/v1/users/{self.id}"}},
        }


@dataclass
class Group:
    id: str
    name: str
    members: list[str] = field(default_factory=list)
    type: str = "OKTA_GROUP"

    def shown(self, *, stats: bool) -> dict[str, Any]:
        counted = {"_embedded": {"stats": {"usersCount": len(self.members), "appsCount": 1}}}
        return {
            "id": self.id,
            "objectClass": ["okta:user_group"],
            "type": self.type,
            "profile": {"name": self.name, "description": None},
            **(counted if stats else {}),
        }


@dataclass
class App:
    id: str
    users: dict[str, str] = field(default_factory=dict)
    """User id to the status of the assignment."""
    groups: list[str] = field(default_factory=list)


class Directory:
    """One organization. The group Everyone is there from the start, and holds everyone."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self.users: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.apps: dict[str, App] = {}
        self.sees_everyone = True
        """False is what an administrator of some groups only would see."""
        self.everyone = self.add_group("Everyone", type="BUILT_IN")

    def add_user(self, login: str, status: str = "ACTIVE", **profile: Any) -> User:
        user = User(self._id("00u"), login, status, profile)
        self.users[user.id] = user
        if status != "DEPROVISIONED":
            self.everyone.members.append(user.id)
        return user

    def add_group(self, name: str, *members: User, type: str = "OKTA_GROUP") -> Group:
        group = Group(self._id("00g"), name, [user.id for user in members], type)
        self.groups[group.id] = group
        return group

    def add_app(self, users: dict[str, str], *groups: Group) -> App:
        app = App(self._id("0oa"), dict(users), [group.id for group in groups])
        self.apps[app.id] = app
        return app

    def delete_user(self, user: User) -> None:
        del self.users[user.id]
        for group in self.groups.values():
            group.members = [member for member in group.members if member != user.id]

    def user(self, named: str) -> User | None:
        """By id or by login, as Okta finds users."""
        by_login = (user for user in self.users.values() if user.login == named)
        return self.users.get(named) or next(by_login, None)

    def visible_groups(self) -> list[Group]:
        return [g for g in self.groups.values() if self.sees_everyone or g is not self.everyone]

    def _id(self, kind: str) -> str:
        return f"{kind}{next(self._numbers):017d}"

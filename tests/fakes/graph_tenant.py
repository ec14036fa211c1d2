"""The directory inside the fake Microsoft Graph; tests change it as they like."""

from dataclasses import dataclass, field
from typing import Any

Node = tuple[str, str]
"""A kind ("user", "group", "device", …) and an id."""


@dataclass
class Tenant:
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    members: dict[str, list[Node]] = field(default_factory=dict)
    roles: dict[str, list[str]] = field(default_factory=dict)
    """Directory roles of a user, which are no groups."""
    assigned: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """Of an enterprise application: principal type and principal id."""

    def add_user(self, id: str, **attributes: Any) -> None:
        self.users[id] = {
            "id": id,
            "userPrincipalName": f"{id}@acme.example",
            "mail": None,
            "givenName": id.title(),
            "surname": "Lovelace",
            "displayName": f"{id.title()} Lovelace",
            "accountEnabled": True,
        } | attributes

    def add_group(self, id: str, *members: Node, **attributes: Any) -> None:
        self.groups[id] = {
            "id": id,
            "displayName": f"Group {id}",
            "visibility": None,
            "mailEnabled": False,
            "securityEnabled": True,
        } | attributes
        self.members[id] = list(members)

    def closure(self, group: str) -> list[Node]:
        """Everything in a group, however deep, each once; a circle of groups is no trouble."""
        seen: dict[Node, None] = {}
        self._walk(group, seen)
        return [node for node in seen if node != ("group", group)]

    def _walk(self, group: str, seen: dict[Node, None]) -> None:
        for node in self.members[group]:
            if node not in seen:
                seen[node] = None
                if node[0] == "group":
                    self._walk(node[1], seen)

    def users_in(self, group: str) -> frozenset[str]:
        return frozenset(id for kind, id in self.closure(group) if kind == "user")

    def parents(self, user: str) -> list[Node]:
        inside = [("group", group) for group in self.groups if user in self.users_in(group)]
        return inside + [("directoryRole", role) for role in self.roles.get(user, [])]

    def above(self, group: str) -> list[Node]:
        """The groups that a group is inside of, however deep."""
        return [("group", one) for one in self.groups if ("group", group) in self.closure(one)]

    def describe(self, node: Node) -> dict[str, Any]:
        kind, id = node
        known = {"user": self.users, "group": self.groups}.get(kind, {})
        return {"@odata.type": f"#microsoft.graph.{kind}"} | known.get(
            id, {"id": id, "displayName": f"{kind} {id}"}
        )

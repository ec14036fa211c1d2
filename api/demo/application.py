"""An application of our own with a SCIM 2.0 endpoint, in memory. The system being provisioned."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
EQUALS = re.compile(r'(\w+) eq "([^"]*)"')
MEMBER = re.compile(r'members\[value eq "([^"]+)"\]')


@dataclass
class Application:
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def routes(self) -> list[Route]:
        made = [Route("/scim/v2/ServiceProviderConfig", self.config)]
        for name, held in (("Users", self.users), ("Groups", self.groups)):
            made += _resource(f"/scim/v2/{name}", Shelf(held, self._numbers))
        return made

    async def config(self, _request: Request) -> Response:
        """RFC 7643 §5."""
        off = {"supported": False}
        return _scim(
            {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
                "patch": {"supported": True},
                "bulk": off | {"maxOperations": 0, "maxPayloadSize": 0},
                "filter": {"supported": True, "maxResults": 200},
                "changePassword": off,
                "sort": off,
                "etag": off,
                "authenticationSchemes": [],
            }
        )

    def holds(self, user_name: str, group: str) -> bool:
        """Whether somebody can get in by a group."""
        people = {one["id"] for one in self.users.values() if one["userName"] == user_name}
        return any(
            people & {member["value"] for member in one.get("members", [])}
            for one in self.groups.values()
            if one["displayName"] == group
        )

    def members(self, group: str) -> int:
        found = [one for one in self.groups.values() if one["displayName"] == group]
        return len(found[0].get("members", [])) if found else 0

    def is_active(self, user_name: str) -> bool:
        return any(
            one.get("active", True) for one in self.users.values() if one["userName"] == user_name
        )


@dataclass
class Shelf:
    """The resources of one type."""

    held: dict[str, dict[str, Any]]
    numbers: count[int]

    async def many(self, request: Request) -> Response:
        if request.method == "POST":
            made = {**await request.json(), "id": f"app-{next(self.numbers)}"}
            self.held[made["id"]] = made
            return _scim(made, 201)
        found = list(self.held.values())
        wanted = EQUALS.fullmatch(request.query_params.get("filter", ""))
        if wanted is not None:
            name, value = wanted.groups()
            found = [one for one in found if str(one.get(name, "")).lower() == value.lower()]
        start = int(request.query_params.get("startIndex", "1"))
        page = found[start - 1 : start - 1 + int(request.query_params.get("count", "100"))]
        return _scim(
            {
                "schemas": [LIST],
                "totalResults": len(found),
                "startIndex": start,
                "itemsPerPage": len(page),
                "Resources": page,
            }
        )

    async def one(self, request: Request) -> Response:
        found = self.held.get(request.path_params["id"])
        if found is None:
            return _scim({"status": "404", "detail": "no such resource"}, 404)
        if request.method == "DELETE":
            del self.held[found["id"]]
            return Response(status_code=204)
        if request.method == "PUT":
            self.held[found["id"]] = {**await request.json(), "id": found["id"]}
        elif request.method == "PATCH":
            for operation in (await request.json())["Operations"]:
                _apply(found, operation)
        return _scim(self.held[found["id"]])


def _resource(path: str, shelf: Shelf) -> list[Route]:
    return [
        Route(path, shelf.many, methods=["GET", "POST"]),
        Route(path + "/{id}", shelf.one, methods=["GET", "PUT", "PATCH", "DELETE"]),
    ]


def _apply(found: dict[str, Any], operation: dict[str, Any]) -> None:
    """The forms of PATCH that a SCIM client in good order sends (RFC 7644 §3.5.2)."""
    path, value = operation.get("path", ""), operation.get("value")
    members = {one["value"]: one for one in found.get("members", [])}
    one = MEMBER.fullmatch(path)
    if one is not None:
        members.pop(one[1], None)
    elif path == "members":
        members |= {member["value"]: member for member in value or []}
    elif path:
        found[path] = value
    elif isinstance(value, dict):
        found.update(value)
    if members or "members" in found:
        found["members"] = list(members.values())


def _scim(body: dict[str, Any], status: int = 200) -> Response:
    return JSONResponse(body, status_code=status, media_type="application/scim+json")

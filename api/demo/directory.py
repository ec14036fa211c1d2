"""A directory of our own, in the shape of Okta's API as far as Trueup reads it. Not Okta."""

from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.demo.people import Person, Team

PAGE = 50


@dataclass
class Directory:
    people: dict[str, Person]
    teams: dict[str, Team]
    dies_on_page: int = 0
    """Lists of users answer 500 from this page on; 0 for never."""
    renamed: dict[str, str] = field(default_factory=dict)
    """Person → the e-mail address the directory has, where the push has another."""

    def routes(self) -> list[Route]:
        prefix = "/api/v1"
        return [
            Route(f"{prefix}/users", self.users),
            Route(f"{prefix}/users/{{id}}", self.user),
            Route(f"{prefix}/users/{{id}}/groups", self.user_groups),
            Route(f"{prefix}/groups", self.groups),
            Route(f"{prefix}/groups/{{id}}", self.group),
            Route(f"{prefix}/groups/{{id}}/users", self.members),
        ]

    async def users(self, request: Request) -> Response:
        """Okta lists the deprovisioned only when asked for them; there are none here."""
        if "DEPROVISIONED" in request.query_params.get("filter", ""):
            return JSONResponse([])
        page = int(request.query_params.get("after", "0")) // PAGE + 1
        if self.dies_on_page and page >= self.dies_on_page:
            return JSONResponse({"errorCode": "E0000009"}, status_code=500)
        return self._page(request, [self._user(one) for one in self.people.values()])

    async def user(self, request: Request) -> Response:
        person = self.people.get(request.path_params["id"])
        return _not_found() if person is None else JSONResponse(self._user(person))

    async def user_groups(self, request: Request) -> Response:
        person = request.path_params["id"]
        if person not in self.people:
            return _not_found()
        return JSONResponse([_team(team) for team in self.teams.values() if person in team.members])

    async def groups(self, request: Request) -> Response:
        return self._page(request, [_team(team) for team in self.teams.values()])

    async def group(self, request: Request) -> Response:
        team = self.teams.get(request.path_params["id"])
        return _not_found() if team is None else JSONResponse(_team(team))

    async def members(self, request: Request) -> Response:
        team = self.teams.get(request.path_params["id"])
        if team is None:
            return _not_found()
        members = [self.people[one] for one in sorted(team.members) if one in self.people]
        return self._page(request, [self._user(one) for one in members])

    def _user(self, person: Person) -> dict[str, Any]:
        return {
            "id": person.id,
            "status": "ACTIVE",
            "profile": {
                "login": person.user_name,
                "email": self.renamed.get(person.id, person.email),
                "firstName": person.first,
                "lastName": person.last,
                "displayName": f"{person.first} {person.last}",
            },
        }

    def _page(self, request: Request, everything: list[dict[str, Any]]) -> Response:
        start = int(request.query_params.get("after", "0"))
        answer = JSONResponse(everything[start : start + PAGE])
        answer.headers.append("link", f'<{request.url}>; rel="self"')
        if start + PAGE < len(everything):
            following = request.url.include_query_params(after=start + PAGE)
            answer.headers.append("link", f'<{following}>; rel="next"')
        return answer


def _team(team: Team) -> dict[str, Any]:
    return {
        "id": team.id,
        "type": "OKTA_GROUP",
        "profile": {"name": team.name},
        "_embedded": {"stats": {"usersCount": len(team.members)}},
    }


def _not_found() -> Response:
    return JSONResponse(
        {"errorCode": "E0000007", "errorSummary": "Not found: Resource not found"},
        status_code=404,
    )

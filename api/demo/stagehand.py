"""What a reader of the walk-through may ask of the played provider: sign people in, change teams.

These are no part of Trueup. They stand in for people at their screens.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import NAMESPACE_OID, uuid5

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.demo.people import Person, Team
from api.demo.provider import Provider

Body = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stagehand:
    provider: Provider

    def routes(self) -> list[Route]:
        return [
            Route("/play/sign-in", self._doing(self.sign_in), methods=["POST"]),
            Route("/play/team", self._doing(self.team), methods=["POST"]),
        ]

    def sign_in(self, asked: Body) -> Any:
        """`{"user", "connection"?, "groups"?, "ids"?, "hours_ago"?}`; every member of `team`, too.

        Without `groups` the token names those that the directory has; with `ids` by object ids.
        """
        answers = [
            self.provider.sign_in(
                person,
                asked["groups"] if "groups" in asked else self._claim(person, asked),
                hours_ago=float(asked.get("hours_ago", 0)),
                connection=str(asked.get("connection", "acme~idp")),
            )
            for person in self._signing_in(asked)
        ]
        return answers[0] if "user" in asked else {"signed_in": len(answers)}

    def team(self, asked: Body) -> Any:
        """`{"name", "keep"?, "add"?, "drop"?}`: as somebody edits it in the directory."""
        team = self._team(str(asked["name"]))
        if "keep" in asked:
            team.members = set(sorted(team.members)[: int(asked["keep"])])
        team.members |= {self._person(name).id for name in asked.get("add", [])}
        team.members -= {self._person(name).id for name in asked.get("drop", [])}
        return {"name": team.name, "members": len(team.members)}

    def _doing(self, work: Callable[[Body], Any]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            asked = json.loads(await request.body() or b"{}")
            return await run_in_threadpool(attempt, asked)

        def attempt(asked: Body) -> Response:
            try:
                return JSONResponse(work(asked))
            except (LookupError, TypeError, ValueError) as trouble:
                return JSONResponse({"problem": f"There is no {trouble}."}, status_code=422)

        return answer

    def _signing_in(self, asked: Body) -> list[Person]:
        if "user" in asked:
            return [self._person(str(asked["user"]))]
        members = self._team(str(asked["team"])).members
        return [self.provider.stage.directory.people[one] for one in sorted(members)]

    def _claim(self, person: Person, asked: Body) -> list[str]:
        teams = self.provider.stage.directory.teams.values()
        mine = [team for team in teams if person.id in team.members]
        return [_object_id(team) if asked.get("ids") else team.name for team in mine]

    def _person(self, user_name: str) -> Person:
        everyone = self.provider.stage.directory.people.values()
        return _only(user_name, [one for one in everyone if one.user_name == user_name])

    def _team(self, name: str) -> Team:
        teams = self.provider.stage.directory.teams.values()
        return _only(name, [team for team in teams if team.name == name])


def _object_id(team: Team) -> str:
    """As Entra ID names groups in tokens, unless it is told to send names."""
    return str(uuid5(NAMESPACE_OID, team.id))


def _only(name: str, found: list[T]) -> T:
    if not found:
        raise LookupError(name)
    return found[0]

"""The identity provider's side of the demo: what it pushes and the tokens it issues."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from api.demo.people import Person, Team
from api.demo.stage import Stage, StoryFailed
from models.clock import Clock
from models.instant import SECOND

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
PUSHERS = 6


@dataclass(frozen=True, slots=True)
class Provider:
    """Pushes with the token of the connection, as a provider does."""

    stage: Stage
    base_url: str
    token: str
    client_id: str

    def push_people(self, everyone: Sequence[Person]) -> None:
        with ThreadPoolExecutor(PUSHERS) as pushers:
            list(pushers.map(self._push_person, everyone))

    def _push_person(self, person: Person) -> None:
        answer = self._scim(
            "POST",
            "/Users",
            {
                "schemas": [USER],
                "userName": person.user_name,
                "externalId": person.id,
                "name": {"givenName": person.first, "familyName": person.last},
                "displayName": f"{person.first} {person.last}",
                "emails": [{"value": person.email, "type": "work", "primary": True}],
                "active": True,
            },
        )
        person.scim_id = answer["id"]

    def push_teams(self, teams: Sequence[Team], people: dict[str, Person]) -> None:
        with ThreadPoolExecutor(PUSHERS) as pushers:
            list(pushers.map(lambda team: self._push_team(team, people), teams))

    def _push_team(self, team: Team, people: dict[str, Person]) -> None:
        body = {"schemas": [GROUP], "displayName": team.name, "externalId": team.id}
        team.scim_id = self._scim("POST", "/Groups", body)["id"]
        self.add(team, [people[one] for one in sorted(team.members)])

    def add(self, team: Team, people: Sequence[Person]) -> None:
        members = [{"value": person.scim_id} for person in people]
        self._patch(team, {"op": "add", "path": "members", "value": members})

    def remove(self, team: Team, person: Person) -> None:
        path = f'members[value eq "{person.scim_id}"]'
        self._patch(team, {"op": "remove", "path": path})

    def sign_in(
        self,
        person: Person,
        groups: list[str] | None,
        *,
        hours_ago: float = 0,
        connection: str = "acme~idp",
        **extra: object,
    ) -> Any:
        """A token as the provider would issue it, handed in by the application's backend."""
        now = Clock().now()
        claims: dict[str, object] = {
            "sub": person.id,
            "preferred_username": person.user_name,
            "email": person.email,
            "auth_time": now // SECOND - round(hours_ago * 3600),
            **extra,
        }
        if groups is not None:
            claims["groups"] = groups
        token = self.stage.issuer.id_token(self.client_id, now, **claims)
        return self.stage.login({"connection": connection, "id_token": token})

    def _patch(self, team: Team, operation: dict[str, Any]) -> None:
        body = {"schemas": [PATCH], "Operations": [operation]}
        self._scim("PATCH", f"/Groups/{team.scim_id}", body)

    def _scim(self, method: str, path: str, body: Any) -> Any:
        answer = self.stage.http.send(
            method,
            self.base_url + path,
            json=body,
            headers={
                "authorization": f"Bearer {self.token}",
                "content-type": "application/scim+json",
            },
        )
        if answer.status >= 300:
            said = answer.body[:300].decode(errors="replace")
            raise StoryFailed(f"SCIM {method} {path} answered {answer.status}: {said}")
        return answer.json() if answer.body else None

"""An identity provider that pushes without a pause, and remembers what was acknowledged.

Whatever it does not get an answer to, it does again, as the real ones do. Every name that
it gives carries a version (`ada v17`) that only grows, so that an old word is known by it.
"""

import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.scenarios.daemon import TOKEN

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
Json = dict[str, Any]


@dataclass
class Thing:
    """A user or a group, as last acknowledged."""

    collection: str
    name: str
    id: str = ""
    """Empty while it is not there."""
    version: int = 0
    active: bool = True
    members: set[str] = field(default_factory=set)
    was_active: dict[int, bool] = field(default_factory=dict)
    """Of every version that may have got through."""

    @property
    def label(self) -> str:
        return f"{self.name} v{self.version}"

    def body(self) -> Json:
        if self.collection == "Groups":
            return {"schemas": [GROUP], "displayName": self.label, "externalId": self.name}
        mail = f"{self.name}@acme.example"
        return {
            "schemas": [USER],
            "userName": mail,
            "externalId": self.name,
            "displayName": self.label,
            "active": self.active,
            "emails": [{"value": mail, "primary": True}],
        }


class Provider(threading.Thread):
    """Pushes about some users and groups that no other thread speaks of."""

    def __init__(self, url: str, number: int, *, users: int = 6, groups: int = 2) -> None:
        super().__init__(daemon=True)
        self.users = [Thing("Users", f"user{number}x{i}") for i in range(users)]
        self.groups = [Thing("Groups", f"team{number}x{i}") for i in range(groups)]
        self.acknowledged = 0
        self.unanswered = 0
        self.trouble: BaseException | None = None
        self._stopping = threading.Event()
        self._dice = random.Random(number)
        headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/scim+json"}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=10, trust_env=False)

    def run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._one()
                time.sleep(self._dice.uniform(0, 0.02))
        except BaseException as trouble:  # to be raised where the test can see it
            self.trouble = trouble

    def stop(self) -> None:
        self._stopping.set()
        self.join(60)
        assert not self.is_alive()
        if self.trouble is not None:
            raise self.trouble

    def _one(self) -> None:
        """Mostly members, since they are what many threads at the other side act on."""
        user, group = self._dice.choice(self.users), self._dice.choice(self.groups)
        missing = [one for one in (user, group) if not one.id]
        if missing:
            self._create(missing[0])
            return
        chance = self._dice.random()
        if chance < 0.45:
            self._change_member(group, user)
        elif chance < 0.75:
            self._replace(user)
        elif chance < 0.88:
            self._rename(group)
        elif chance < 0.96:
            self._remove(user)
        else:
            self._remove(group)

    def _create(self, one: Thing) -> None:
        one.version += 1
        one.active = True
        one.was_active[one.version] = True
        answer = self._send("POST", one.collection, one.body())
        if answer.status_code == 409:  # an attempt without an answer got through
            one.id = self._find(one)
            return
        assert answer.status_code in (200, 201), answer.text
        one.id = answer.json()["id"]

    def _find(self, one: Thing) -> str:
        search = {"filter": f'externalId eq "{one.name}"'}
        answer = self._send("GET", one.collection, params=search)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["Resources"][0]["id"])

    def _replace(self, user: Thing) -> None:
        user.version += 1
        user.active = self._dice.random() < 0.7
        user.was_active[user.version] = user.active
        answer = self._send("PUT", f"Users/{user.id}", user.body())
        assert answer.status_code == 200, answer.text

    def _rename(self, group: Thing) -> None:
        group.version += 1
        self._patch(group, {"op": "replace", "value": {"displayName": group.label}})

    def _change_member(self, group: Thing, user: Thing) -> None:
        if user.id in group.members:
            self._patch(group, {"op": "remove", "path": f'members[value eq "{user.id}"]'})
            group.members.discard(user.id)
        else:
            self._patch(group, {"op": "add", "path": "members", "value": [{"value": user.id}]})
            group.members.add(user.id)

    def _remove(self, one: Thing) -> None:
        answer = self._send("DELETE", f"{one.collection}/{one.id}")
        assert answer.status_code in (204, 404), answer.text
        for group in self.groups:
            group.members.discard(one.id)
        one.id = ""
        one.members.clear()

    def _patch(self, group: Thing, operation: Json) -> None:
        body = {"schemas": [PATCH], "Operations": [operation]}
        answer = self._send("PATCH", f"Groups/{group.id}", body)
        assert answer.status_code in (200, 204), answer.text

    def _send(
        self, method: str, path: str, body: Json | None = None, params: Json | None = None
    ) -> httpx.Response:
        """Again and again until there is an answer."""
        for _ in range(600):
            try:
                answer = self._http.request(method, path, json=body, params=params)
            except httpx.TransportError:
                self.unanswered += 1
            else:
                if answer.status_code < 500:
                    self.acknowledged += 1
                    return answer
                self.unanswered += 1
            time.sleep(0.1)
        raise AssertionError("no answer for a minute")


def listed(url: str, collection: str) -> dict[str, Json]:
    """All that the door shows, by id."""
    headers = {"authorization": f"Bearer {TOKEN}"}
    answer = httpx.get(
        f"{url}/{collection}", params={"count": 1000}, headers=headers, trust_env=False, timeout=30
    )
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["totalResults"] == len(found["Resources"])
    return {one["id"]: one for one in found["Resources"]}

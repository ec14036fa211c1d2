"""An identity provider as a client: the requests that are measured, as bytes made beforehand."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

import msgspec

from benchmarks import load
from benchmarks.load import Server
from benchmarks.seed import user_name

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
PAGE = 100
"""Resources on a page of a list."""


@dataclass(slots=True)
class Provider:
    """Asks one SCIM service for what is to be measured."""

    server: Server
    prefix: str
    token: str
    users: list[str]
    """Ids, in the order of their user names."""
    groups: dict[int, list[str]]
    """Ids by how many members there are."""
    fresh: list[str] = field(default_factory=list)
    """Ids of users who were created while we measured."""
    added: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    """Groups and whom we added to them, by the size of the group."""
    _tag: int = field(default_factory=time.time_ns)
    _next: Iterator[int] = field(default_factory=itertools.count)

    def ask(self, method: str, path: str, body: object = None) -> bytes:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/scim+json",
            "Accept": "application/scim+json, application/json",
        }
        raw = b"" if body is None else msgspec.json.encode(body)
        return load.request(method, self.prefix + path, headers, raw)

    def create(self) -> Iterator[bytes]:
        for number in self._next:
            name = f"new-{self._tag}-{number}"
            yield self.ask("POST", "/Users", user_body(f"{name}@corp.example", name))

    def find(self) -> Iterator[bytes]:
        for number in _scattered(len(self.users)):
            wanted = quote(f'userName eq "{user_name(number)}"')
            yield self.ask("GET", f"/Users?filter={wanted}&startIndex=1&count=100")

    def patch_active(self, some: int) -> Iterator[bytes]:
        """The first so many users, out and in again by turns."""
        for active in itertools.cycle((False, True)):
            for key in self.users[:some]:
                operation = {"op": "replace", "value": {"active": active}}
                yield self._patch(f"/Users/{key}", operation)

    def page(self, number: int) -> Iterator[bytes]:
        """So far into the list of all users, or as far as it goes."""
        number = min(number, len(self.users) // PAGE)
        return itertools.repeat(
            self.ask("GET", f"/Users?startIndex={(number - 1) * PAGE + 1}&count={PAGE}")
        )

    def add_member(self, size: int) -> Iterator[bytes]:
        """Users who were created a moment ago, into groups of this size, until all are in all."""
        groups = self.groups[size]
        for turn, (at, key) in itertools.product(range(len(groups)), enumerate(self.fresh)):
            group = groups[(at + turn) % len(groups)]
            self.added.setdefault(size, []).append((group, key))
            operation = {"op": "add", "path": "members", "value": [{"value": key}]}
            yield self._patch(f"/Groups/{group}", operation)

    def remove_member(self, size: int) -> Iterator[bytes]:
        """Those who were added, until there are none left."""
        for group, key in self.added[size]:
            path = f'members[value eq "{key}"]'
            yield self._patch(f"/Groups/{group}", {"op": "remove", "path": path})

    def replace_members(self, size: int, count: int) -> Iterator[bytes]:
        """So many out and as many in, who were taken out before, in one request."""
        (group, *_), members = self.groups[size], self.users[:size]
        blocks = [members[at : at + count] for at in range(0, size, count)]
        out: list[str] = []
        for block in itertools.cycle(blocks):
            leaving = [{"value": one} for one in block]
            coming = [{"value": one} for one in out]
            out = block
            yield self._patch(
                f"/Groups/{group}",
                {"op": "remove", "path": "members", "value": leaving},
                {"op": "add", "path": "members", "value": coming},
            )

    def show_group(self, size: int, query: str = "") -> Iterator[bytes]:
        return (self.ask("GET", f"/Groups/{g}{query}") for g in itertools.cycle(self.groups[size]))

    def note_fresh(self, body: bytes) -> None:
        self.fresh.append(msgspec.json.decode(body)["id"])

    def _patch(self, path: str, *operations: object) -> bytes:
        return self.ask("PATCH", path, {"schemas": [PATCH], "Operations": operations})


def user_body(name: str, external: str) -> dict[str, object]:
    """What Okta and Entra send, more or less."""
    return {
        "schemas": [USER, ENTERPRISE],
        "userName": name,
        "externalId": external,
        "active": True,
        "displayName": f"Test User {external}",
        "name": {"formatted": "Test User", "familyName": "User", "givenName": "Test"},
        "emails": [{"primary": True, "type": "work", "value": name}],
        "title": "Engineer",
        "preferredLanguage": "en-US",
        "phoneNumbers": [{"type": "work", "value": "+1-555-0100"}],
        "locale": "en-US",
        ENTERPRISE: {"employeeNumber": external[-12:], "department": "Platform"},
    }


def _scattered(count: int) -> Iterator[int]:
    """Every number below `count` again and again, not in order."""
    return (number * 7919 % count for number in itertools.count())

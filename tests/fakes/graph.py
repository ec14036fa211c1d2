"""A fake Microsoft Graph and its token endpoint, of our own, over HTTPS on loopback.

It knows only what its documentation says (https://learn.microsoft.com/graph) of the calls that
Trueup makes, is strict about them, and pages in a way that punishes shortcuts: small pages,
links that must come back exactly as they were given, batches answered in reverse.
"""

import itertools
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.fakes.graph_deltas import Deltas
from tests.fakes.graph_faults import Answer, Fault, refusal
from tests.fakes.graph_sign_in import SignIn
from tests.fakes.graph_tenant import Node, Tenant
from tests.fakes.tls import serving

ROUTES = {
    "users_delta": r"/users/delta",
    "groups_delta": r"/groups/delta",
    "users": r"/users",
    "users_count": r"/users/\$count",
    "user": r"/users/([^/]+)",
    "parents": r"/users/([^/]+)/transitiveMemberOf",
    "groups": r"/groups",
    "groups_count": r"/groups/\$count",
    "group": r"/groups/([^/]+)",
    "members": r"/groups/([^/]+)/members",
    "closure": r"/groups/([^/]+)/transitiveMembers",
    "above": r"/groups/([^/]+)/transitiveMemberOf",
    "assigned": r"/servicePrincipals/([^/]+)/appRoleAssignedTo",
}
READS_USERS = "User.Read.All"
READS_GROUPS = "GroupMember.Read.All"
READS_APPS = "Application.Read.All"
READS_HIDDEN = "Member.Read.Hidden"
_NEEDS = {"users": READS_USERS, "groups": READS_GROUPS, "servicePrincipals": READS_APPS}
_DEFAULTS = ("id", "userPrincipalName", "mail", "givenName", "surname", "displayName")


class FakeGraph(SignIn):
    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.reset()

    def reset(self) -> None:
        self.forget()
        self.tenant = Tenant()
        self.permissions = {READS_USERS, READS_GROUPS, READS_APPS, READS_HIDDEN}
        self.page_size = 2
        self.faults: list[Fault] = []
        self.asked: Counter[str] = Counter()
        self.hosts: set[str] = set()
        """Where tokens were sent to."""
        self.links: dict[str, tuple[str, int, dict[str, str]]] = {}
        self.deltas = Deltas()
        self._numbers = itertools.count()

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        """Discovery, token, batch or Graph."""
        with self.lock:
            if target.startswith("/v1.0/"):
                return self._graph(method, target.removeprefix("/v1.0"), headers, body)
            where = "token" if target.endswith("/oauth2/v2.0/token") else "discovery"
            good = self.token(body) if where == "token" else self.discovery(target)
            return self._spoiled(where, replace(good, asked={"body": body.decode()}))

    def _spoiled(self, where: str, answer: Answer) -> Answer:
        self.asked[where] += 1
        for fault in self.faults:
            answer = fault.on(where, answer)
        return answer

    def _graph(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        if "authorization" in headers:
            self.hosts.add(headers["host"].split(":")[0])
        if target == "/$batch" and method == "POST":
            answer = self._batch(headers, json.loads(body))
            return self._spoiled("batch", replace(answer, asked=headers))
        return self._one(method, target, headers)

    def _one(self, method: str, target: str, headers: dict[str, str]) -> Answer:
        path = urlsplit(target).path
        for where, pattern in ROUTES.items():
            found = re.fullmatch(pattern, path)
            if found and method == "GET":
                ids = [unquote(id) for id in found.groups()]
                good = self._denied(path, headers) or self._get(where, target, ids, headers)
                return self._spoiled(where, replace(good, asked=headers))
        return refusal(400, "BadRequest", f"Resource not found for the segment '{path}'.")

    def _denied(self, path: str, headers: dict[str, str]) -> Answer | None:
        if not self.is_valid(headers):
            return refusal(401, "InvalidAuthenticationToken", "Access token has expired.")
        if _NEEDS[path.split("/")[1]] not in self.permissions:
            return refusal(403, "Authorization_RequestDenied", "Insufficient privileges.")
        return None

    def _get(self, where: str, target: str, ids: list[str], headers: dict[str, str]) -> Answer:
        tenant, query = self.tenant, self._options(target)
        if where.endswith("_delta"):
            return self.deltas.answer(tenant, where.removesuffix("_delta"), target, self.url)
        if where.endswith("_count"):
            return self._count(where, headers)
        if query is None:
            return refusal(400, "Request_UnsupportedQuery", "Unrecognized skiptoken.")
        if where in ("users", "groups"):
            items = list(getattr(tenant, where).values())
            return self._page(target, [_selected(item, query) for item in items], query)
        known: dict[str, dict[str, Any]] = {"user": tenant.users, "parents": tenant.users}
        objects = known.get(where, tenant.assigned if where == "assigned" else tenant.groups)
        if ids[0] not in objects:
            return _missing(ids[0])
        if where in ("user", "group"):
            return Answer(body=_selected(objects[ids[0]], query))
        return self._page(target, list(self._related(where, ids[0], query)), query)

    def _count(self, where: str, headers: dict[str, str]) -> Answer:
        if headers.get("consistencylevel") != "eventual":
            return refusal(400, "Request_BadRequest", "$count is not currently supported.")
        number = len(getattr(self.tenant, where.removesuffix("_count")))
        return Answer(body=f"\ufeff{number}", headers={"content-type": "text/plain"})

    def _related(self, where: str, id: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        tenant = self.tenant
        if where == "assigned":
            for number, (kind, principal) in enumerate(tenant.assigned[id]):
                yield {"id": f"a{number}", "principalType": kind, "principalId": principal}
            return
        read = {
            "members": tenant.members.__getitem__,
            "closure": tenant.closure,
            "above": tenant.above,
        }
        for node in read.get(where, tenant.parents)(id):
            if not self._is_hidden(where, id, node):
                yield _selected(self._seen(node), query)

    def _is_hidden(self, where: str, id: str, node: Node) -> bool:
        group = node[1] if where == "parents" else id
        hidden = self.tenant.groups.get(group, {}).get("visibility") == "HiddenMembership"
        return hidden and READS_HIDDEN not in self.permissions

    def _seen(self, node: Node) -> dict[str, Any]:
        """Of what the application may not read, only the type and the id are told."""
        whole = self.tenant.describe(node)
        if node[0] == "user" and READS_USERS not in self.permissions:
            return {name: v if name in ("@odata.type", "id") else None for name, v in whole.items()}
        return whole

    def _options(self, target: str) -> dict[str, str] | None:
        """Of the first call; a next link carries them by itself, and must come back unchanged."""
        if "$skiptoken" in target:
            return self.links[target][2] if target in self.links else None
        query = urlsplit(target).query
        return {name: values[0] for name, values in parse_qs(query).items()}

    def _page(self, target: str, items: list[Any], query: dict[str, str]) -> Answer:
        start = self.links[target][1] if target in self.links else 0
        end = start + min(self.page_size, int(query.get("$top", "100")))
        path = urlsplit(target).path
        body: dict[str, Any] = {"@odata.context": "…", "value": items[start:end]}
        if end < len(items):
            body["@odata.nextLink"] = self._link(path, end, query)
        again = self._link(path, start, query)
        own = f"{self.url}/v1.0{target}" if target in self.links else again
        return Answer(body=body, here=again, own=own)

    def _link(self, path: str, start: int, query: dict[str, str]) -> str:
        """Opaque on purpose: rewritten (a plus to a space, a comma to %2C), it is unknown."""
        link = f"{path}?$select=id,x&$skiptoken=m~{next(self._numbers)}+a%2Fb%20c==&flag"
        self.links[link] = (path, start, query)
        return f"{self.url}/v1.0{link}"

    def _batch(self, headers: dict[str, str], asked: dict[str, Any]) -> Answer:
        """In reverse, since no order is promised. An item cannot break off by itself."""
        if not self.is_valid(headers):
            return refusal(401, "InvalidAuthenticationToken", "Access token has expired.")
        if len(asked["requests"]) > 20:
            return refusal(400, "BadRequest", "Number of batch request steps exceeds the maximum.")
        parts = [
            (item["id"], self._one(item["method"], item["url"], headers))
            for item in asked["requests"]
        ]
        told = [
            {"id": id, "status": part.status, "headers": part.headers, "body": part.body}
            for id, part in reversed(parts)
        ]
        return Answer(
            body={"responses": told},
            cut=any(part.cut for _, part in parts),
            delay=max(part.delay for _, part in parts),
        )


def _selected(item: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
    """Without $select only the default properties come, and accountEnabled is none of them."""
    wanted = query["$select"].split(",") if "$select" in query else _DEFAULTS
    return {name: v for name, v in item.items() if name in wanted or name == "@odata.type"}


def _missing(id: str) -> Answer:
    said = f"Resource '{id}' does not exist or one of its queried reference-property objects"
    return refusal(404, "Request_ResourceNotFound", f"{said} are not present.")


@contextmanager
def running() -> Iterator[FakeGraph]:
    fake = FakeGraph()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            asked = {name.lower(): value for name, value in self.headers.items()}
            answer = fake.answer(self.command, self.path, asked, body)
            time.sleep(answer.delay)
            raw = answer.raw()
            self.send_response(answer.status)
            for name, value in ({"content-type": "application/json"} | answer.headers).items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw[: len(raw) // 2] if answer.cut else raw)
            self.close_connection = answer.cut

        do_GET = do_POST = _answer

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on standard error."""

    with serving(Handler) as port:
        fake.url = f"https://127.0.0.1:{port}"
        yield fake

"""Lists of changes as Microsoft Graph gives them: partial rows, empty pages, replays, tombstones.

https://learn.microsoft.com/graph/delta-query-overview
"""

import copy
import itertools
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.graph_faults import Answer, refusal
from tests.fakes.graph_tenant import Tenant


@dataclass
class Deltas:
    """Tokens by what the tenant was when they were given; a page is one row."""

    tenants: dict[str, Tenant] = field(default_factory=dict)
    pages: dict[str, tuple[list[dict[str, Any]], str]] = field(default_factory=dict)
    lost: bool = False
    """Every token is too old."""
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def answer(self, tenant: Tenant, kind: str, target: str, url: str) -> Answer:
        query = {name: one[0] for name, one in parse_qs(urlsplit(target).query).items()}
        root = f"{url}/v1.0/{kind}/delta"
        if query.get("$deltatoken") == "latest":
            return Answer(body={"value": [], "@odata.deltaLink": self._token(tenant, root)})
        if "$skiptoken" in query:
            rows, last = self.pages.pop(query["$skiptoken"])
        else:
            known = self.tenants.get(query.get("$deltatoken", ""))
            if self.lost or known is None:
                return refusal(410, "syncStateNotFound", "The sync state generation is not found.")
            rows, last = [{}, *_changes(known, tenant, kind)], self._token(tenant, root)
        return self._page(rows, last, root)

    def _page(self, rows: list[dict[str, Any]], last: str, root: str) -> Answer:
        """The first row is empty: a page without values that is not the last."""
        body: dict[str, Any] = {"value": [row for row in rows[:1] if row]}
        if len(rows) <= 1:
            return Answer(body=body | {"@odata.deltaLink": last})
        token = f"page{next(self.numbers)}"
        self.pages[token] = (rows[1:], last)
        return Answer(body=body | {"@odata.nextLink": f"{root}?$skiptoken={token}"})

    def _token(self, tenant: Tenant, root: str) -> str:
        token = f"token{next(self.numbers)}"
        self.tenants[token] = copy.deepcopy(tenant)
        return f"{root}?$deltatoken={token}"


def _changes(before: Tenant, now: Tenant, kind: str) -> list[dict[str, Any]]:
    """Each change twice, for replays happen."""
    was, has = getattr(before, kind), getattr(now, kind)
    rows = [{"id": one, "@removed": {"reason": "changed"}} for one in was.keys() - has.keys()]
    for one, row in has.items():
        changed = {name: v for name, v in row.items() if was.get(one, {}).get(name) != v}
        members = _members(before, now, one) if kind == "groups" else []
        if members:
            changed["members@delta"] = members
        if changed:
            rows.append(changed | {"id": one})
    return rows + rows


def _members(before: Tenant, now: Tenant, group: str) -> list[dict[str, Any]]:
    """Direct members only."""
    was, has = set(before.members.get(group, ())), set(now.members[group])
    added = [{"@odata.type": f"#microsoft.graph.{kind}", "id": one} for kind, one in has - was]
    return added + [
        {"@odata.type": f"#microsoft.graph.{kind}", "id": one, "@removed": {"reason": "deleted"}}
        for kind, one in was - has
    ]

"""A stored row as the resource that is shown (RFC 7643 §3.1, §4)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Row

from api.scim.answers import Body, Spread
from api.scim.attributes import Schema
from api.scim.conditions import version_of
from api.scim.members import LONG, Kind, listed
from api.scim.projection import Projection
from api.scim.schema import ENTERPRISE_USER, GROUP, USER
from models import instant
from models.store import scim_shown
from models.store.database import Tx, loads

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Renderer:
    """Reads what belongs to the rows at once, and only if it will be shown."""

    tx: Tx
    base_url: str
    projection: Projection
    versions: dict[int, str] = field(default_factory=dict)
    """Of what was shown, by its key."""
    spreads: bool = False
    """What is long may be sent in pieces, for it is the whole answer."""
    in_groups: bool = True
    """The users may be in groups."""

    def users(self, rows: Sequence[Row[Any]]) -> list[Body]:
        found: dict[int, list[Body]] = {row.id: [] for row in rows}
        wanted = self.projection.wants("groups", USER)
        if rows and wanted and self.in_groups:
            for one in scim_shown.groups_of(self.tx, list(found)):
                found[one.user_id].append(self._group(one))
        documents = [loads(row.scim) for row in rows]
        self._refer_to_managers(rows, documents)
        for row, document in zip(rows, documents, strict=True):
            besides: list[object] = [*found[row.id], *self._manager(document)]
            self.versions[row.id] = version_of(row.scim_version, besides)
        own = [{"groups": found[row.id]} if wanted else {} for row in rows]
        return [
            self._shown(row, document, USER, each)
            for row, document, each in zip(rows, documents, own, strict=True)
        ]

    def _refer_to_managers(self, rows: Sequence[Row[Any]], documents: Sequence[Document]) -> None:
        """Whose manager is one of our users has the address and the name of that one."""
        held = [one[ENTERPRISE_USER] for one in documents if ENTERPRISE_USER in one]
        managers = [one["manager"] for one in held if one.get("manager")]
        if not managers:
            return
        values = sorted({str(one["value"]) for one in managers})
        names = scim_shown.managers(self.tx, rows[0].id, values)
        for one in managers:
            if one["value"] in names:
                one["$ref"] = location(self.base_url, "User", one["value"])
                one["displayName"] = names[one["value"]]

    def _manager(self, document: Document) -> list[str]:
        """The name of the manager, where it is that of one of our users and will be shown."""
        extension = document.get(ENTERPRISE_USER)
        if extension is None or "displayName" not in (extension.get("manager") or {}):
            return []
        shown = self.projection.show({ENTERPRISE_USER: extension}, USER).get(ENTERPRISE_USER, {})
        return [one for part, one in shown.get("manager", {}).items() if part == "displayName"]

    def groups(self, rows: Sequence[Row[Any]]) -> list[Body]:
        wanted = self.projection.wants("members", GROUP)
        found = self._who_is_in([row.id for row in rows]) if rows and wanted else {}
        self.versions.update((row.id, version_of(row.scim_version)) for row in rows)
        own = [{"members": self._members(found[row.id])} if wanted else {} for row in rows]
        return [
            self._shown(row, loads(row.scim), GROUP, each)
            for row, each in zip(rows, own, strict=True)
        ]

    def _who_is_in(self, groups: list[int]) -> dict[int, list[Kind]]:
        inner = dict[int, list[str]]()
        for group, public_id in scim_shown.inner_groups(self.tx, groups):
            inner.setdefault(group, []).append(public_id)
        members = scim_shown.named_members if inner else scim_shown.members
        users = members(self.tx, groups)
        return {
            one: [
                Kind("User", location(self.base_url, "User", ""), users.get(one, "")),
                Kind("Group", location(self.base_url, "Group", ""), " ".join(inner.get(one, []))),
            ]
            for one in groups
        }

    def _shown(self, row: Row[Any], document: Document, schema: Schema, own: Body) -> Body:
        head = {"schemas": document["schemas"], "id": row.public_id}
        resource = {**head, **document, **own, "meta": self._meta(row, schema.name)}
        return self.projection.show(resource, schema)

    def _meta(self, row: Row[Any], kind: str) -> Body:
        return {
            "resourceType": kind,
            "created": instant.to_text(row.scim_created),
            "lastModified": instant.to_text(row.scim_modified),
            "location": location(self.base_url, kind, row.public_id),
            "version": self.versions[row.id],
        }

    def _group(self, row: Row[Any]) -> Body:
        address = location(self.base_url, "Group", row.public_id)
        way = "indirect" if row.is_indirect else "direct"
        return {"value": row.public_id, "$ref": address, "display": row.name, "type": way}

    def _members(self, kinds: Sequence[Kind]) -> object:
        """Where a part of each is asked for, one by one; very many only as they are sent."""
        if self.projection.cuts("members", GROUP):
            return [one for kind in kinds for one in kind.each()]
        if self.spreads and sum(len(one.ids) for one in kinds) > LONG:
            return Spread(listed(kinds))
        return msgspec.Raw(b"".join(listed(kinds)))


def location(base_url: str, kind: str, public_id: str) -> str:
    return f"{base_url}/{kind}s/{public_id}"

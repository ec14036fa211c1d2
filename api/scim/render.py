"""A stored row as the resource that is shown (RFC 7643 §3.1, §4).

What is stored is JSON, and what is shown beside it is put into JSON by the database or here: so
the text is put together, and taken apart only for whoever wants a part of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import Row

from api.scim.answers import Body, Spread
from api.scim.attributes import Schema
from api.scim.conditions import version_of
from api.scim.members import LONG, Kind, listed
from api.scim.projection import EVERYTHING, Projection
from api.scim.schema import ENTERPRISE_USER, GROUP, USER
from models import instant
from models.store import scim_shown
from models.store.database import Tx, dumps, loads

Json = str


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
        wanted = self.projection.wants("groups", USER)
        groups = dict[int, Json]()
        if rows and wanted and self.in_groups:
            address = location(self.base_url, "Group", "")
            groups = scim_shown.groups_of(self.tx, [row.id for row in rows], address)
        documents = [_text(row.scim) for row in rows]
        names = self._refer_to_managers(rows, documents)
        found: list[Body] = []
        for row, document in zip(rows, documents, strict=True):
            held = groups.get(row.id, "[]")
            besides = (held if row.id in groups else "") + names.get(row.id, "")
            self.versions[row.id] = version_of(row.scim_version, besides)
            own = f',"groups":{held}' if wanted else ""
            found.append(self._shown(row, document, USER, own))
        return found

    def _refer_to_managers(self, rows: Sequence[Row[Any]], documents: list[Json]) -> dict[int, str]:
        """Whose manager is one of our users has the address and the name of that one. Answers the
        names that will be shown, by whose manager it is.
        """
        held = {
            place: parsed
            for place, text in enumerate(documents)
            if '"manager"' in text
            and (parsed := loads(text)).get(ENTERPRISE_USER, {}).get("manager")
        }
        if not held:
            return {}
        managers = {place: one[ENTERPRISE_USER]["manager"] for place, one in held.items()}
        values = sorted({str(one["value"]) for one in managers.values()})
        names = scim_shown.managers(self.tx, rows[0].id, values)
        shown = dict[int, str]()
        for place, one in managers.items():
            if one["value"] in names:
                one["$ref"] = location(self.base_url, "User", one["value"])
                one["displayName"] = names[one["value"]]
                documents[place] = dumps(held[place])
                if self._shows_name(one):
                    shown[rows[place].id] = names[one["value"]]
        return shown

    def _shows_name(self, manager: dict[str, Any]) -> bool:
        held = {ENTERPRISE_USER: {"manager": manager}}
        shown = self.projection.show(held, USER).get(ENTERPRISE_USER, {})
        return "displayName" in shown.get("manager", {})

    def groups(self, rows: Sequence[Row[Any]]) -> list[Body]:
        wanted = self.projection.wants("members", GROUP)
        found = self._who_is_in([row.id for row in rows]) if rows and wanted else {}
        self.versions.update((row.id, version_of(row.scim_version)) for row in rows)
        return [self._group(row, found.get(row.id)) for row in rows]

    def _group(self, row: Row[Any], kinds: Sequence[Kind] | None) -> Body:
        """Very many members are put into text only as they are sent, unless a part of each is asked
        for.
        """
        document = _text(row.scim)
        if kinds is None:
            return self._shown(row, document, GROUP, "")
        cuts = self.projection.cuts("members", GROUP)
        if cuts or not self.spreads or sum(len(one.ids) for one in kinds) <= LONG:
            return self._shown(row, document, GROUP, f',"members":{"".join(listed(kinds))}')
        shown = self._shown(row, document, GROUP, f',"members":{_GAP}')
        before, _, after = dumps(shown).partition(_GAP)
        return Spread(before, listed(kinds), after)

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

    def _shown(self, row: Row[Any], document: Json, schema: Schema, own: Json) -> Body:
        """`own` is what stands beside the document, each after a comma."""
        kind, head = schema.name, _quoted(location(self.base_url, schema.name, ""))[:-1]
        version = self.versions[row.id].replace('"', '\\"')
        whole = (
            f'{{"id":"{row.public_id}",{document[1:-1]}{own},"meta":{{"resourceType":"{kind}",'
            f'"created":"{instant.to_text(row.scim_created)}",'
            f'"lastModified":"{instant.to_text(row.scim_modified)}",'
            f'"location":{head}{row.public_id}",'
            f'"version":"{version}"}}}}'
        )
        if self.projection is EVERYTHING:
            return msgspec.Raw(whole.encode())
        return self.projection.show(msgspec.json.decode(whole), schema)


_GAP = '"\\u0000"'
"""Where a value will be put. It stands in nothing that is stored."""


def _text(document: Any) -> Json:
    """A list that was filtered or sorted has its documents read already."""
    return document if isinstance(document, str) else dumps(document)


@lru_cache(maxsize=1024)
def _quoted(text: str) -> Json:
    return dumps(text)


def location(base_url: str, kind: str, public_id: str) -> str:
    return f"{base_url}/{kind}s/{public_id}"

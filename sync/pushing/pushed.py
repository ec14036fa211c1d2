"""What a pushed resource says, in the words of the ledger."""

from collections.abc import Mapping, Sequence, Set
from typing import Any

from models.evidence import (
    Fact,
    GroupCovered,
    GroupSaid,
    MembersAdded,
    MembersRemoved,
    Observation,
    UserSaid,
)
from models.identity import Identifier
from models.store.scim import name_key
from sync.attributes import email_of

Resource = dict[str, Any]
Place = tuple[str, str]
"""An attribute of an extension: the URN of its schema, and its name."""


def first_document(user_name: str, external_id: str | None) -> Resource:
    """A user of whom only logins have told, as if pushed: inactive, for nobody assigned it yet."""
    found: Resource = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": user_name,
        "active": False,
    }
    return found if external_id is None else found | {"externalId": external_id}


def user_names(resource: Resource) -> list[Identifier]:
    """What the user is called outside, the strongest first."""
    external = resource.get("externalId")
    strong = ("external_id", "id") if external else ()
    offered = [Identifier(namespace, str(external)) for namespace in strong]
    return [*offered, Identifier("user_name", name_key(str(resource["userName"])))]


def group_names(resource: Resource) -> list[Identifier]:
    names = [Identifier("name", name_key(str(resource["displayName"])))]
    if resource.get("externalId"):
        names.insert(0, Identifier("external_id", str(resource["externalId"])))
    return names


def attributes(
    resource: Resource, spoken: Set[str] | None = None, mapping: Mapping[str, Place] | None = None
) -> dict[str, str | None]:
    """The core attributes of a pushed resource, or those of them that were spoken of.

    `mapping` names attributes of extensions that take the place of others, where they are there.
    """
    name = resource.get("name") or {}
    found = {
        "user_name": resource.get("userName"),
        "email": email_of(resource.get("emails") or []),
        "first_name": name.get("givenName"),
        "last_name": name.get("familyName"),
        "display_name": resource.get("displayName") or name.get("formatted"),
    }
    sources: dict[str, Set[str]] = dict(_SOURCES)
    for one, (urn, attribute) in (mapping or {}).items():
        value = (resource.get(urn) or {}).get(attribute)
        own = {urn, f"{urn}:{attribute}"}
        found[one], sources[one] = (
            (str(value), own) if value not in (None, "") else (found[one], own | _SOURCES[one])
        )
    if spoken is None:
        return found
    return {one: value for one, value in found.items() if spoken & sources[one]}


def news(said: Mapping[str, str | None], before: Mapping[str, Any]) -> dict[str, str | None]:
    """Without the values that are missing from a push and were missing before."""
    return {one: value for one, value in said.items() if value is not None or one in before}


def words(
    said: Sequence[Observation], parked: Sequence[str], missed: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """What was said, for people to read: what kind of word, and of how much it speaks."""
    found = [{"event": one.event, **_word(fact)} for one in said for fact in one.facts]
    for event, names in (("members parked", parked), ("members not found", missed)):
        if names:
            found.append({"event": event, "members": len(names), "first": list(names[:20])})
    return found


def _word(fact: Fact) -> dict[str, Any]:
    match fact:
        case UserSaid():
            names = sorted(fact.attributes) or None
            return _spoken({"exists": fact.exists, "active": fact.active, "attributes": names})
        case GroupSaid():
            return _spoken({"exists": fact.exists, "name": fact.name})
        case MembersAdded() | MembersRemoved() | GroupCovered():
            return {"members": len(fact.users)}
        case _:
            return {}


def _spoken(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value is not None}


_SOURCES = {
    "user_name": {"userName"},
    "email": {"emails"},
    "first_name": {"name"},
    "last_name": {"name"},
    "display_name": {"displayName", "name"},
}

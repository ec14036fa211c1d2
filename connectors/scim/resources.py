"""Users and groups as SCIM writes them (RFC 7643 §4), and as we hold them."""

from dataclasses import dataclass
from typing import Any

from connectors.base import RemoteGroup, RemoteUser
from connectors.errors import Transient
from connectors.scim.peer import Json, path_part
from models.identity import Profile


@dataclass(frozen=True, slots=True)
class Kind:
    """What differs between users and groups when one is looked up or created."""

    noun: str
    collection: str
    schema: str
    name: str
    """The attribute by which the peer knows it; compared caseless (RFC 7643 §4.1.1)."""


USER = Kind("user", "Users", "urn:ietf:params:scim:schemas:core:2.0:User", "userName")
GROUP = Kind("group", "Groups", "urn:ietf:params:scim:schemas:core:2.0:Group", "displayName")


def new_user(uid: str, profile: Profile) -> Json:
    """The body that creates a user. What is not known is left out."""
    return {"schemas": [USER.schema], "externalId": uid, **_set(changes({}, profile))}


def new_group(uid: str, name: str) -> Json:
    return {"schemas": [GROUP.schema], "externalId": uid, "displayName": name}


def changes(held: Json, profile: Profile) -> Json:
    """The attributes that must be replaced to make `held` match, None for those to clear.

    Null means unassigned (RFC 7643 §2.5), and is only sent for what is there: not every peer
    takes it.
    """
    value: Json = {}
    if held.get("userName") != profile.user_name:
        value["userName"] = profile.user_name
    if _text(held, "displayName") != profile.display_name:
        value["displayName"] = profile.display_name
    if held == {} or is_active(held) != profile.active:
        value["active"] = profile.active
    if _email(held) != profile.email:
        value["emails"] = _emails(held, profile.email)
    return value | _name(held, profile)


def _name(held: Json, profile: Profile) -> Json:
    """The whole of `name`, since peers differ in whether they merge it or replace it.

    `formatted` is left out: it would repeat the old name.
    """
    name = _object(held, "name")
    wanted = {"givenName": profile.first_name, "familyName": profile.last_name}
    if all(_text(name, part) == text for part, text in wanted.items()):
        return {}
    merged = {**name, **wanted}
    merged.pop("formatted", None)
    return {"name": {k: v for k, v in merged.items() if v is not None or k in name}}


def _emails(held: Json, address: str | None) -> list[Json]:
    """The other addresses of a user stay as they are, unless there is to be none."""
    if address is None:
        return []
    current = _main_email(held)
    others = [email for email in _objects(held, "emails") if email is not current]
    return [{"type": "work", **(current or {}), "value": address, "primary": True}, *others]


def _set(value: Json) -> Json:
    return {name: part for name, part in value.items() if part is not None and part != []}


def whole(held: Json, value: Json) -> Json:
    """The object to PUT: `held` with `value`, without what only the peer may write."""
    return _set({k: v for k, v in (held | value).items() if k not in ("meta", "groups")})


def remote_user(held: Json) -> RemoteUser:
    """Raises Transient for a user without id or userName, which nobody can be sure about."""
    name = _object(held, "name")
    return RemoteUser(
        remote_id=identifier(held),
        external_id=external_id(held),
        user_name=required(held, "userName"),
        email=_email(held),
        first_name=_text(name, "givenName"),
        last_name=_text(name, "familyName"),
        display_name=_text(held, "displayName"),
        active=is_active(held),
    )


def remote_group(held: Json) -> RemoteGroup:
    """A single group. One without `members` has none (RFC 7643 §2.5). Raises Transient."""
    members = frozenset(_users(_objects(held, "members")))
    return RemoteGroup(identifier(held), external_id(held), required(held, "displayName"), members)


def _users(members: list[Json]) -> list[str]:
    """The ids of the members that are users; a nested group is no user."""
    return [identifier(m, "value") for m in members if not _is_group(m)]


def _is_group(member: Json) -> bool:
    said, link = member.get("type"), member.get("$ref")
    if isinstance(said, str):
        return said.lower() == "group"
    return isinstance(link, str) and "/Groups/" in link


def identifier(held: Json, name: str = "id") -> str:
    """Raises Transient when there is none."""
    value = held.get(name)
    if path_part(value) is None:
        raise Transient(f"The peer listed an object whose {name} is {str(value)[:40]!r}.")
    return str(value)


def external_id(held: Json) -> str | None:
    return _text(held, "externalId")


def required(held: Json, name: str) -> str:
    value = _text(held, name)
    if value is None:
        raise Transient(f"The peer listed an object without {name}: {identifier(held)}.")
    return value


def is_active(held: Json) -> bool:
    """True unless the peer says no. Some say it in words."""
    value = held.get("active", True)
    return value.strip().lower() != "false" if isinstance(value, str) else value is not False


def _email(held: Json) -> str | None:
    return _text(_main_email(held) or {}, "value")


def _main_email(held: Json) -> Json | None:
    """The primary address, else the one at work, else the first."""
    emails = _objects(held, "emails")
    ranked = sorted(emails, key=lambda e: (e.get("primary") is not True, e.get("type") != "work"))
    return ranked[0] if ranked else None


def _text(held: Json, name: str) -> str | None:
    """An empty string is as good as none (RFC 7643 §2.5 leaves it open)."""
    value = held.get(name)
    return value if isinstance(value, str) and value else None


def _object(held: Json, name: str) -> Json:
    value: Any = held.get(name)
    return value if isinstance(value, dict) else {}


def _objects(held: Json, name: str) -> list[Json]:
    value: Any = held.get(name)
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []

"""Is it there already? Answered by the objects themselves, never by the filter alone."""

from dataclasses import dataclass

import msgspec

from connectors.errors import Refused
from connectors.scim.listing import pages
from connectors.scim.peer import Json, Peer
from connectors.scim.resources import Kind, external_id

_READABLE = 5000
"""How many objects we read one by one where a peer ignores filters."""


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The peer does not search by this attribute. `why` is a sentence."""

    why: str


def look(peer: Peer, kind: Kind, *, uid: str, name: str) -> Json | None:
    """The object that carries our uid, else the one of that name, else None.

    Raises Refused when there is more than one, or when no search can be believed: creating
    blindly would make a second one at every attempt.
    """
    ours = find(peer, kind, attribute="externalId", value=uid)
    if isinstance(ours, list) and ours:
        return _single(ours, f"{kind.noun}s with the externalId {uid}")
    named = find(peer, kind, attribute=kind.name, value=name)
    if isinstance(named, list):
        mine = [held for held in named if external_id(held) == uid]
        return _single(mine or named, f"{kind.noun}s with the {kind.name} {name}")
    if isinstance(ours, CannotTell):
        raise Refused(f"Whether the {kind.noun} {name} exists cannot be told: {named.why}")
    return None


def find(peer: Peer, kind: Kind, *, attribute: str, value: str) -> list[Json] | CannotTell:
    """Every object that really has this value. The filter may be ignored, or not supported.

    Raises Transient and Misconfigured.
    """
    found: list[Json] = []
    read = 0
    search = f"{attribute} eq {quoted(value)}"
    try:
        for page in pages(peer, kind, search):
            found += [held for held in page if _has(held, attribute, value)]
            read += len(page)
            if read > _READABLE:
                return CannotTell(f"{peer.url} ignores the filter {attribute} eq.")
    except Refused as refusal:
        return CannotTell(str(refusal))
    return found


def _has(held: Json, attribute: str, value: str) -> bool:
    """externalId is case-exact (RFC 7643 §3.1); userName and displayName are not (§4.1.1, 4.2)."""
    said = held.get(attribute)
    if not isinstance(said, str):
        return False
    return said == value if attribute == "externalId" else said.casefold() == value.casefold()


def _single(found: list[Json], what: str) -> Json | None:
    if len(found) > 1:
        raise Refused(f"There are {len(found)} {what}. Remove all but one there.")
    return found[0] if found else None


def quoted(value: str) -> str:
    """A filter's string, which is a JSON string (RFC 7644 §3.4.2.2)."""
    return msgspec.json.encode(value).decode()

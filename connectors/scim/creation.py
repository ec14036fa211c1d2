"""Create once: what an earlier attempt left half done is found, what is not ours is left alone."""

from dataclasses import dataclass

from connectors.errors import ConnectorError, Foreign, Gone, Misconfigured, Refused, Transient
from connectors.http import Reply, error_for
from connectors.scim.lookup import find, look
from connectors.scim.peer import Json, Peer
from connectors.scim.resources import Kind, external_id, identifier
from connectors.scim.writing import Difference
from models.actions import Ownership


@dataclass(frozen=True, slots=True)
class Wanted:
    """An object to be made, unless it is there."""

    kind: Kind
    uid: str
    name: str
    body: Json
    difference: Difference


@dataclass(frozen=True, slots=True)
class Created:
    remote_id: str


@dataclass(frozen=True, slots=True)
class Found:
    """It was there. `held` is the object as the peer shows it."""

    held: Json
    ownership: Ownership


def create(peer: Peer, wanted: Wanted, *, adopt: bool) -> Created | Found:
    """Look, then POST, and look once more after a conflict: somebody may have been faster.

    With `adopt`, an object of the same name counts as the one that is meant. Raises Foreign
    for one that is not ours, Refused for one that cannot be told, and by consequence.
    """
    held = look(peer, wanted.kind, uid=wanted.uid, name=wanted.name)
    if held is not None:
        return _owned(wanted, held, adopt=adopt)
    reply = peer.send("POST", wanted.kind.collection, wanted.body)
    if reply.status == 409:
        held = look(peer, wanted.kind, uid=wanted.uid, name=wanted.name)
        if held is None:
            raise error_for(reply)
        return _owned(wanted, held, adopt=adopt)
    if not 200 <= reply.status < 300:
        raise _declined(peer, wanted, reply)
    return Created(_new_id(peer, wanted, reply))


def _owned(wanted: Wanted, held: Json, *, adopt: bool) -> Found:
    if external_id(held) == wanted.uid:
        return Found(held, Ownership.OURS)
    if adopt:
        return Found(held, Ownership.ADOPTED)
    raise Foreign(
        f"The {wanted.kind.noun} {wanted.name} is there already and does not carry our "
        "externalId, so it is not ours.",
        identifier(held),
    )


def _declined(peer: Peer, wanted: Wanted, reply: Reply) -> ConnectorError:
    trouble = error_for(reply)
    if isinstance(trouble, Gone) or reply.status in (405, 501):
        return Misconfigured(
            f"{peer.url} takes no new {wanted.kind.noun}s ({reply.status}). Is the url right?"
        )
    return trouble


def _new_id(peer: Peer, wanted: Wanted, reply: Reply) -> str:
    """The id in the answer, if the answer is about our object; else what a search finds.

    Raises Refused when neither shows one, and Transient when the answer was no SCIM at all.
    """
    trouble = _doubt(wanted, reply)
    if trouble is None:
        return identifier(reply.json())
    found = find(peer, wanted.kind, attribute="externalId", value=wanted.uid)
    if isinstance(found, list) and len(found) == 1:
        return identifier(found[0])
    raise trouble


def _doubt(wanted: Wanted, reply: Reply) -> ConnectorError | None:
    """Why a 2xx to our POST does not show our object, if so."""
    said = f"{reply.url} answered {reply.status}"
    try:
        body = reply.json()
    except Transient as trouble:
        return trouble
    try:
        identifier(body if isinstance(body, dict) else {})
    except Transient:
        return Refused(f"{said} without an id, and the {wanted.kind.noun} is not found there.")
    if not _is_about(wanted, body):
        return Refused(f"{said} with another {wanted.kind.noun} than the one to be created.")
    return None


def _is_about(wanted: Wanted, body: Json) -> bool:
    """Peers may drop externalId and write a name their own way, but not change either."""
    if external_id(body) not in (None, wanted.uid):
        return False
    said = body.get(wanted.kind.name)
    return isinstance(said, str) and said.casefold() == wanted.name.casefold()

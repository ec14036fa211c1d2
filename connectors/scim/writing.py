"""One object changed or deleted, after a look at what is there."""

from collections.abc import Callable

from connectors.errors import Gone
from connectors.http import error_for
from connectors.scim.peer import Json, Peer, address, done
from connectors.scim.resources import GROUP, Kind, whole

Difference = Callable[[Json], Json]
"""What must be replaced in the object as it is held; empty when nothing must."""


def update(peer: Peer, kind: Kind, remote_id: str, *, difference: Difference) -> bool:
    """Whether anything had to change. Raises Gone, and by consequence."""
    path = address(kind.collection, remote_id)
    light = {"excludedAttributes": "members"} if kind is GROUP else None
    return replace(peer, path, difference(peer.get_one(path, light)))


def replace(peer: Peer, path: str, value: Json) -> bool:
    """Replace attributes by a PATCH without a path (RFC 7644 §3.5.2.3), or by GET and PUT."""
    if not value:
        return False
    reply = peer.patch(path, [{"op": "replace", "value": value}])
    if reply is None:
        reply = peer.send("PUT", path, whole(peer.get_one(path), value))
    done(reply, path)
    return True


def delete(peer: Peer, kind: Kind, remote_id: str) -> bool:
    """Whether it was still there. Raises by consequence.

    Any body may come with a success, but a page of HTML comes from something in between.
    """
    try:
        path = address(kind.collection, remote_id)
        reply = peer.send("DELETE", path)
        if not 200 <= reply.status < 300:
            raise error_for(reply)
    except Gone:
        return False
    if reply.body:
        _ = reply.json()
    return True

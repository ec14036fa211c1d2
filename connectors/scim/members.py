"""Members added and removed many at a time; one bad member does not stop the others."""

from collections.abc import Callable, Iterator, Sequence

from connectors.errors import Transient
from connectors.http import Reply
from connectors.reply import reason
from connectors.scim.lookup import quoted
from connectors.scim.peer import Json, Peer, done
from connectors.scim.resources import whole

_ABOUT_A_MEMBER = (400, 404, 409, 413, 422)
"""Answers that one member of a batch may have caused."""

Operations = Callable[[Sequence[str]], list[Json]]


def addition(members: Sequence[str]) -> list[Json]:
    """RFC 7644 §3.5.2.1; values that are already there are passed over."""
    return [{"op": "add", "path": "members", "value": [{"value": m} for m in members]}]


def removal(members: Sequence[str]) -> list[Json]:
    """One operation a member. A remove of `members` with values empties the group at some peers."""
    return [{"op": "remove", "path": f"members[value eq {quoted(m)}]"} for m in members]


def change_members(
    peer: Peer, path: str, members: Sequence[str], *, operations: Operations, batch: int
) -> dict[str, str]:
    """Carry out `operations` for all, in batches. Safe to repeat.

    Returns each member that the peer would not take, with its reason. Raises Gone when the
    group itself is gone, and other errors by consequence.
    """
    refused: dict[str, str] = {}
    group = _Group(peer, path, operations)
    for start in range(0, len(members), batch):
        for member, reply in group.refusals(members[start : start + batch]):
            if not _is_already_so(reply, adding=operations is addition):
                refused[member] = f"answered {reply.status}{reason(reply)}"
        if not group.patches:
            _put_members(peer, path, members, adding=operations is addition)
            break
    return refused


class _Group:
    """PATCHes of one group's members."""

    def __init__(self, peer: Peer, path: str, operations: Operations) -> None:
        self.patches = True
        self._peer = peer
        self._path = path
        self._operations = operations
        self._exists = False

    def refusals(self, members: Sequence[str]) -> Iterator[tuple[str, Reply]]:
        """Send them at once; when that is refused, in halves, until the culprits are alone."""
        reply = self._peer.patch(self._path, self._operations(members))
        if reply is None:
            self.patches = False
        elif reply.status not in _ABOUT_A_MEMBER:
            done(reply, self._path)
        else:
            self._see_it_exists(reply)
            yield from self._halves(members, reply)

    def _halves(self, members: Sequence[str], reply: Reply) -> Iterator[tuple[str, Reply]]:
        if len(members) == 1:
            yield members[0], reply
            return
        middle = len(members) // 2
        yield from self.refusals(members[:middle])
        yield from self.refusals(members[middle:])

    def _see_it_exists(self, reply: Reply) -> None:
        """404 may speak of the group or of a member. Raises Gone. Asked once."""
        if reply.status == 404 and not self._exists:
            self._peer.get_one(self._path, {"excludedAttributes": "members"})
            self._exists = True


def _is_already_so(reply: Reply, *, adding: bool) -> bool:
    """A member that is there already, or one to remove that is not."""
    if adding:
        return reply.status == 409
    return reply.status == 404 or _scim_type(reply) == "noTarget"


def _scim_type(reply: Reply) -> str | None:
    """RFC 7644 §3.12."""
    try:
        body = reply.json()
    except Transient:
        return None
    return body.get("scimType") if isinstance(body, dict) else None


def _put_members(peer: Peer, path: str, members: Sequence[str], *, adding: bool) -> None:
    """Read the group, edit its members, write it whole: for peers without PATCH."""
    held = peer.get_one(path)
    before = [m for m in held.get("members") or [] if isinstance(m, dict)]
    after = [m for m in before if m.get("value") not in members]
    if adding:
        there = {m.get("value") for m in before}
        after = before + [{"value": m} for m in members if m not in there]
    if after != before:
        done(peer.send("PUT", path, whole(held, {"members": after})), path)

"""Through which groups inside a group a user is in it."""

from api.admin.memberships import GroupRef
from api.admin.question import Question
from models.identity import GroupKey
from models.store import explaining
from models.store.database import Tx

DEEPEST = 8
MOST = 20
"""Paths that are shown; more would tell nobody anything."""


def paths(tx: Tx, asked: Question) -> list[list[GroupRef]]:
    """From the group that was asked about down to one that the user is in. No group twice."""
    if asked.group is None:
        return []
    start = GroupRef(id=asked.group.public_id, name=asked.group.name)
    found: list[list[GroupRef]] = []
    ways: dict[GroupKey, list[GroupRef]] = {GroupKey(asked.group.id): [start]}
    seen = set(ways)
    for _ in range(DEEPEST):
        deeper: dict[GroupKey, list[GroupRef]] = {}
        for row in explaining.inside(tx, sorted(ways), asked.user_key):
            child = GroupKey(row.child_id)
            path = [*ways[GroupKey(row.parent_id)], GroupRef(id=row.public_id, name=row.name)]
            if row.is_member and child not in seen:
                found.append(path)
            if child not in seen:
                seen.add(child)
                deeper[child] = path
        if not deeper or len(found) >= MOST:
            break
        ways = deeper
    return found[:MOST]

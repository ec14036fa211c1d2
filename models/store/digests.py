"""What the members of a group add up to, as the directory says them.

`groups.pull_digest` is either the digest of exactly those whom the pull marks affirm, or it is
unknown: NULL, or a number below zero. A full read that lists the same members again need not
look at the group at all. So whatever changes whom the pull marks of a group affirm must
`forget` its digest in the same transaction, before it touches the memberships.

Every forgetting leaves another number, so that a read which began before it can tell.
"""

import secrets
from collections.abc import Iterable

from models.identity import GroupKey
from models.instant import Instant
from models.store.database import Tx

UNKNOWN = -1
"""How NULL is read."""


def unknown() -> int:
    """A new one."""
    return -2 - secrets.randbits(62)


def forget(tx: Tx, groups: Iterable[GroupKey]) -> None:
    """The next full read looks at these groups, whatever it lists."""
    tx.many(
        "UPDATE groups SET pull_digest = :unknown WHERE id = :group",
        [{"group": group, "unknown": unknown()} for group in sorted(groups)],
    )


def stamp(tx: Tx, found: Iterable[tuple[GroupKey, int]], stamp: int) -> None:
    """Forget these groups under a read's own number, where they stand as the read found them."""
    tx.many(
        """
        UPDATE groups SET pull_digest = CASE
            WHEN coalesce(pull_digest, -1) IN (:found, :stamp) THEN :stamp ELSE :other END
        WHERE id = :group
        """,
        [
            {"group": group, "found": before, "stamp": stamp, "other": unknown()}
            for group, before in sorted(found)
        ],
    )


def settle(tx: Tx, digests: Iterable[tuple[GroupKey, int]], stamp: int) -> None:
    """These are the digests, unless somebody else spoke of the group since it was stamped."""
    tx.many(
        "UPDATE groups SET pull_digest = :digest WHERE id = :group AND pull_digest = :stamp",
        [{"group": group, "digest": digest, "stamp": stamp} for group, digest in sorted(digests)],
    )


def denied_since(tx: Tx, groups: Iterable[GroupKey], as_of: Instant) -> set[GroupKey]:
    """Groups in which a newer no stands, so that a yes of this time may have changed nothing."""
    rows = tx.column(
        "SELECT DISTINCT group_id FROM memberships WHERE group_id IN :groups AND pull_no > :at",
        {"groups": sorted(groups), "at": as_of},
    )
    return set(rows)

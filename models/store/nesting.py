"""Groups inside groups, as a directory lists them, or as a provider pushes them.

What a directory lists is there to explain, for members decide by themselves. What is pushed
decides: who is pushed into a group is by it in all those above (`models.store.indirect`).
"""

from collections.abc import Iterable

from models.evidence import Channel
from models.identity import GroupKey
from models.instant import Instant
from models.store.database import Tx

Pair = tuple[GroupKey, GroupKey]
"""A group, and a group inside it."""


def affirmed(tx: Tx, connection: int) -> dict[GroupKey, set[GroupKey]]:
    """The groups that the directory says to be inside each group, at any depth."""
    rows = tx.rows(
        """
        SELECT n.parent_id, n.child_id FROM nestings n JOIN groups g ON g.id = n.parent_id
        WHERE g.connection_id = :connection AND n.pull_yes > 0 AND n.pull_yes >= n.pull_no
        """,
        {"connection": connection},
    )
    found: dict[GroupKey, set[GroupKey]] = {}
    for row in rows:
        found.setdefault(GroupKey(row.parent_id), set()).add(GroupKey(row.child_id))
    return found


def affirm(tx: Tx, pairs: Iterable[Pair], as_of: Instant, channel: Channel = Channel.PULL) -> None:
    """The directory lists these. A join: it raises a mark and never lowers one."""
    yes = f"{channel}_yes"
    tx.many(
        f"""
        INSERT INTO nestings (parent_id, child_id, {yes}) VALUES (:parent, :child, :at)
        ON CONFLICT (parent_id, child_id) DO UPDATE SET {yes} = CASE
            WHEN nestings.{yes} < excluded.{yes} THEN excluded.{yes} ELSE nestings.{yes} END
        """,
        [{"parent": parent, "child": child, "at": as_of} for parent, child in sorted(pairs)],
    )


def deny(tx: Tx, pairs: Iterable[Pair], as_of: Instant, channel: Channel = Channel.PULL) -> None:
    """A complete look at the group did not list these, or the provider took them out."""
    no = f"{channel}_no"
    tx.many(
        f"""
        UPDATE nestings SET {no} = :at
        WHERE parent_id = :parent AND child_id = :child AND {no} < :at
        """,
        [{"parent": parent, "child": child, "at": as_of} for parent, child in sorted(pairs)],
    )

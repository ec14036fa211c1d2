"""Groups inside groups, as a directory lists them: to explain, for members decide by themselves."""

from collections.abc import Iterable

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


def affirm(tx: Tx, pairs: Iterable[Pair], as_of: Instant) -> None:
    """The directory lists these. A join: it raises a mark and never lowers one."""
    tx.many(
        """
        INSERT INTO nestings (parent_id, child_id, push_yes, push_no, pull_yes, pull_no)
        VALUES (:parent, :child, 0, 0, :at, 0)
        ON CONFLICT (parent_id, child_id) DO UPDATE SET pull_yes = CASE
            WHEN nestings.pull_yes < excluded.pull_yes THEN excluded.pull_yes
            ELSE nestings.pull_yes END
        """,
        [{"parent": parent, "child": child, "at": as_of} for parent, child in sorted(pairs)],
    )


def deny(tx: Tx, pairs: Iterable[Pair], as_of: Instant) -> None:
    """A complete look at the group did not list these."""
    tx.many(
        """
        UPDATE nestings SET pull_no = :at
        WHERE parent_id = :parent AND child_id = :child AND pull_no < :at
        """,
        [{"parent": parent, "child": child, "at": as_of} for parent, child in sorted(pairs)],
    )

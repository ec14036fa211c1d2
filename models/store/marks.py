"""The marks of memberships that exist: the one place where they are raised.

Whoever must know what a mark was before it was raised looks here. A row that is new had none,
and is inserted elsewhere (`memberships`). Each statement raises exactly the rows that its
condition names, and changes no others.
"""

from collections.abc import Iterable, Sequence

from models.evidence import Channel
from models.identity import GroupKey, UserKey
from models.instant import Instant
from models.store import changes
from models.store.database import Tx

Raised = tuple[int, int, Instant, Instant]
"""A group, a user, and the cover that the word meets: its yes and its no, 0 where there is none."""


def raise_yes(tx: Tx, channel: Channel, as_of: Instant, members: Sequence[Raised]) -> None:
    """Who is said to be a member, and was not as lately."""
    tx.many(
        f"""
        UPDATE memberships SET {channel}_yes = :at,
            {channel}_no = CASE
                WHEN ({channel}_yes = 0 OR {channel}_yes < {channel}_no)
                 AND {channel}_no < :denied
                THEN :denied ELSE {channel}_no END
        WHERE group_id = :group AND user_id = :user AND {channel}_yes < :at
        """,
        _named(as_of, members),
    )


def raise_no(tx: Tx, channel: Channel, as_of: Instant, members: Sequence[Raised]) -> None:
    """Who is said not to be a member, and was not as lately."""
    tx.many(
        f"""
        UPDATE memberships SET {channel}_no = :at,
            {channel}_yes = CASE
                WHEN {channel}_yes > 0 AND {channel}_yes >= {channel}_no
                 AND {channel}_yes < :cover AND {channel}_no < :denied
                THEN :cover ELSE {channel}_yes END
        WHERE group_id = :group AND user_id = :user AND {channel}_no < :at
        """,
        _named(as_of, members),
    )


def _named(as_of: Instant, members: Sequence[Raised]) -> list[dict[str, int]]:
    return [
        {"group": group, "user": user, "at": as_of, "cover": cover, "denied": denied}
        for group, user, cover, denied in members
    ]


def deny_missing(
    tx: Tx, no_as_of: Instant, now: Instant, members: Iterable[tuple[GroupKey, UserKey]]
) -> int:
    """A complete read did not list these members. Answers how many it denies anew.

    What the read before it had listed is written down as of that read, unless that is so lately
    that it would outweigh the denial: being carried on by a cover is no word of its own.
    """
    missing = [{"group": group, "user": user, "no": no_as_of} for group, user in members]
    changes.log_missing(tx, missing, now)
    return tx.many(
        """
        UPDATE memberships SET pull_no = :no,
            pull_yes = coalesce((SELECT max(c.pull_cover_yes)
                FROM groups g JOIN connections c ON c.id = g.connection_id
                WHERE g.id = memberships.group_id AND memberships.pull_yes > 0
                  AND memberships.pull_yes >= memberships.pull_no
                  AND memberships.pull_yes < c.pull_cover_yes AND c.pull_cover_yes < :no
                  AND memberships.pull_no < c.pull_cover_no AND g.pull_yes > 0
                  AND g.pull_yes >= g.pull_no AND g.pull_no < c.pull_cover_no), pull_yes)
        WHERE group_id = :group AND user_id = :user AND pull_no < :no
        """,
        missing,
    )


def still_affirmed(
    tx: Tx, members: Iterable[tuple[GroupKey, UserKey]]
) -> list[tuple[GroupKey, UserKey]]:
    """Those of whom the directory's newest mark is a yes."""
    sql = """
        SELECT 1 FROM memberships WHERE group_id = :group AND user_id = :user
          AND pull_yes > 0 AND pull_yes >= pull_no
    """
    return [
        (group, user) for group, user in members if tx.value(sql, {"group": group, "user": user})
    ]


def date_members(tx: Tx, connection: int, groups: Iterable[int], now: Instant) -> None:
    """Write down how fresh the members of groups are that the read did not list.

    A read covers the members of the groups it lists. Who was in the others stands as of the
    read before, whose cover is about to be replaced.
    """
    cover = tx.row(
        "SELECT pull_cover_yes AS yes, pull_cover_no AS no FROM connections WHERE id = :key",
        {"key": connection},
    )
    if cover is None or not cover.yes:
        return
    dated = [{"group": group, "yes": cover.yes, "no": cover.no} for group in sorted(groups)]
    where = """
        group_id = :group AND pull_yes > 0 AND pull_yes >= pull_no AND pull_yes < :yes
          AND pull_no < :no AND EXISTS (SELECT 1 FROM groups g WHERE g.id = :group
            AND g.pull_yes > 0 AND g.pull_yes >= g.pull_no AND g.pull_no < :no)
    """
    changes.log_dated(tx, connection, where, dated, now)
    tx.many(f"UPDATE memberships SET pull_yes = :yes WHERE {where}", dated)

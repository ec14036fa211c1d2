"""The marks of memberships that exist: the one place where they are raised.

Whoever must know what a mark was before it was raised looks here. A row that is new had none,
and is inserted elsewhere (`memberships`). Each statement raises exactly the rows that its
condition names, and changes no others.
"""

from collections.abc import Iterable, Mapping, Sequence

from models.evidence import Channel
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


PARKED = """p.run_id = :run AND (p.group_id, p.user_id) > (:after_group, :after_user)
    AND (p.group_id, p.user_id) <= (:upto_group, :upto_user)"""
"""A part of what a read has parked (`parked.Part`)."""


def deny_parked(
    tx: Tx, part: Mapping[str, int], now: Instant, *, only_affirmed: bool = False
) -> int:
    """A complete read did not list these members. Answers how many it denies anew.

    `part` names them, and the new `no`. With `only_affirmed` those of whom a yes stands.

    What the read before it had listed is written down as of that read, unless that is so lately
    that it would outweigh the denial: being carried on by a cover is no word of its own.
    """
    where = f"{PARKED} AND m.group_id = p.group_id AND m.user_id = p.user_id AND m.pull_no < :no"
    if only_affirmed:
        where += " AND m.pull_yes > 0 AND m.pull_yes >= m.pull_no"
    changes.log_parked(tx, where, part, now)
    return tx.run(
        f"""
        UPDATE memberships AS m SET pull_no = :no,
            pull_yes = coalesce((SELECT max(c.pull_cover_yes)
                FROM groups g JOIN connections c ON c.id = g.connection_id
                WHERE g.id = m.group_id AND m.pull_yes > 0 AND m.pull_yes >= m.pull_no
                  AND m.pull_yes < c.pull_cover_yes AND c.pull_cover_yes < :no
                  AND m.pull_no < c.pull_cover_no AND g.pull_yes > 0
                  AND g.pull_yes >= g.pull_no AND g.pull_no < c.pull_cover_no), m.pull_yes)
        FROM pull_missing p WHERE {where}
        """,
        part,
    )


def date_members(tx: Tx, connection: int, groups: Iterable[int], now: Instant) -> None:
    """Write down what was said of the members of groups that the read did not list.

    A read covers the members of the groups it lists. Who was in the others stands as of the read
    before, whose cover is about to be replaced; and so does its no about whom it did not list
    there, or they would come back with the push that it denied.
    """
    cover = tx.row(
        "SELECT pull_cover_yes AS yes, pull_cover_no AS no FROM connections WHERE id = :key",
        {"key": connection},
    )
    if cover is None or not cover.yes:
        return
    dated = [{"group": group, "yes": cover.yes, "no": cover.no} for group in sorted(groups)]
    listed = """EXISTS (SELECT 1 FROM groups g WHERE g.id = :group
        AND g.pull_yes > 0 AND g.pull_yes >= g.pull_no AND g.pull_no < :no)"""
    affirmed = f"""group_id = :group AND pull_yes > 0 AND pull_yes >= pull_no AND pull_yes < :yes
        AND pull_no < :no AND {listed}"""
    denied = f"""group_id = :group AND (pull_yes = 0 OR pull_yes < pull_no) AND pull_no < :no
        AND {listed} AND EXISTS (SELECT 1 FROM users u
            WHERE u.id = memberships.user_id AND u.pull_known)"""
    for where, mark in ((affirmed, "pull_yes = :yes"), (denied, "pull_no = :no")):
        changes.log_dated(tx, connection, where, dated, now)
        tx.many(f"UPDATE memberships SET {mark} WHERE {where}", dated)

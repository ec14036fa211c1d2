"""Members that a running read did not list. That counts only once the read proves complete."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.identity import GroupKey, UserKey
from models.instant import Instant
from models.store import digests, marks
from models.store.database import Tx
from models.store.statements import NUMBER

_MEMBER = {"group_id": NUMBER, "user_id": NUMBER}
Member = tuple[int, int]
"""A group and a user."""
FIRST: Member = (0, 0)
LAST: Member = (1 << 62, 1 << 62)


@dataclass(frozen=True, slots=True)
class Part:
    """Of what a run has parked: from after one member to another, in the order of their keys."""

    run: int
    after: Member = FIRST
    upto: Member = LAST

    def denied(self, no_as_of: Instant) -> dict[str, int]:
        """Itself, and as of when it is denied, as `marks.PARKED` wants it."""
        return {
            "run": self.run,
            "after_group": self.after[0],
            "after_user": self.after[1],
            "upto_group": self.upto[0],
            "upto_user": self.upto[1],
            "no": no_as_of,
        }


def park(tx: Tx, run: int, members: Sequence[tuple[GroupKey, UserKey]]) -> None:
    tx.fill("pull_missing", _MEMBER, members, {"run_id": run})


def unpark(tx: Tx, run: int, group: GroupKey, users: Iterable[UserKey]) -> None:
    """The group came again, and these are listed after all."""
    tx.many(
        "DELETE FROM pull_missing WHERE run_id = :run AND group_id = :group AND user_id = :user",
        [{"run": run, "group": group, "user": user} for user in sorted(users)],
    )


def part(tx: Tx, run: int, after: Member, *, limit: int) -> Part | None:
    """The next so many; None when none are left."""
    last = tx.row(
        """
        SELECT group_id, user_id FROM (SELECT group_id, user_id FROM pull_missing
            WHERE run_id = :run AND (group_id, user_id) > (:group, :user)
            ORDER BY group_id, user_id LIMIT :limit) AS few
        ORDER BY group_id DESC, user_id DESC LIMIT 1
        """,
        {"run": run, "group": after[0], "user": after[1], "limit": limit},
    )
    return None if last is None else Part(run, after, (last.group_id, last.user_id))


def deny(tx: Tx, some: Part, no_as_of: Instant, now: Instant) -> tuple[int, set[GroupKey]]:
    """The read is complete: it denies these. They are parked no more.

    Answers how many are denied anew, and the groups where a newer yes stands against that.
    """
    denied = marks.deny_parked(tx, some.denied(no_as_of), now)
    doubtful = _still_affirmed(tx, some)
    _forget(tx, some)
    return denied, doubtful


def deny_of_round(tx: Tx, run: int, now: Instant, *, no_as_of: Instant, started: Instant) -> None:
    """All that a round has parked, at once.

    Whom the directory has affirmed since `no_as_of` was taken out after that, for the round
    says that the group changed again: they are denied as of its start.
    """
    groups = tx.column(
        "SELECT DISTINCT group_id FROM pull_missing WHERE run_id = :run", {"run": run}
    )
    digests.forget(tx, groups)
    every = Part(run)
    marks.deny_parked(tx, every.denied(no_as_of), now)
    marks.deny_parked(tx, every.denied(started), now, only_affirmed=True)
    _forget(tx, every)


def _still_affirmed(tx: Tx, some: Part) -> set[GroupKey]:
    groups = tx.column(
        f"""
        SELECT DISTINCT p.group_id FROM pull_missing p CROSS JOIN memberships m
        WHERE {marks.PARKED} AND m.group_id = p.group_id AND m.user_id = p.user_id
          AND m.pull_yes > 0 AND m.pull_yes >= m.pull_no
        """,
        some.denied(0),
    )
    return set(groups)


def forget(tx: Tx, run: int, *, limit: int) -> bool:
    """So many of them. Answers whether there were any."""
    some = part(tx, run, FIRST, limit=limit)
    if some is not None:
        _forget(tx, some)
    return some is not None


def _forget(tx: Tx, some: Part) -> None:
    tx.run(f"DELETE FROM pull_missing AS p WHERE {marks.PARKED}", some.denied(0))

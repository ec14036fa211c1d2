"""What removals have drawn at a target, and what there is to draw on."""

from collections.abc import Collection, Mapping
from typing import Any

from models.identity import GroupKey
from models.instant import DAY, Instant
from models.plans import Budget
from models.store import guard_clock
from models.store.database import Tx, chunks
from models.store.queue import UNFINISHED

_ALONG = {"groups": "memberships", "groups_explicit": "memberships_explicit"}
_EVERY = ", ".join(f"'{budget.value}'" for budget in Budget)
_COUNTED = f"""
    SELECT draws_on, group_id, takes_along FROM actions
    WHERE target_id = :target AND draws_on IN ({_EVERY}) AND drawn_at > :since
    UNION ALL
    SELECT draws_on, group_id, takes_along FROM actions
    WHERE target_id = :target AND draws_on IN ({_EVERY}) AND drawn_at <= :since
      AND state IN {UNFINISHED}"""


def drawn(tx: Tx, target: int, now: Instant) -> dict[Budget, int]:
    """Removals begun at a target within 24 hours or still to be begun, by budget.

    Approved ones are not counted: a person took the responsibility for them. A deleted group
    counts the memberships that it took along.
    """
    rows = tx.rows(
        f"""
        SELECT draws_on, count(*) AS drawn, sum(takes_along) AS along FROM ({_COUNTED}) AS counted
        GROUP BY draws_on
        """,
        _params(tx, target, now),
    )
    found: dict[Budget, int] = {}
    for row in rows:
        _add(found, row.draws_on, row.drawn)
        if row.draws_on in _ALONG and row.along:
            _add(found, _ALONG[row.draws_on], row.along)
    return found


def drawn_in(
    tx: Tx, target: int, groups: Collection[GroupKey], now: Instant
) -> dict[tuple[GroupKey, Budget], int]:
    """The same for members taken out of these groups."""
    params = _params(tx, target, now) if groups else {}
    found: dict[tuple[GroupKey, Budget], int] = {}
    for chunk in chunks(sorted(groups)):
        rows = tx.rows(
            f"""
            SELECT group_id, draws_on, count(*) AS drawn FROM actions
            WHERE target_id = :target AND group_id IN :groups AND user_id IS NOT NULL
              AND draws_on IS NOT NULL AND drawn_at IS NOT NULL
              AND (drawn_at > :since OR state IN {UNFINISHED})
            GROUP BY group_id, draws_on
            """,
            {**params, "groups": chunk},
        )
        found |= {(GroupKey(row.group_id), Budget(row.draws_on)): row.drawn for row in rows}
    return found


def members_of(tx: Tx, target: int, groups: Collection[GroupKey]) -> dict[GroupKey, int]:
    """How many members the target holds in each of these groups."""
    found: dict[GroupKey, int] = {}
    for chunk in chunks(sorted(groups)):
        rows = tx.rows(
            """
            SELECT group_id, count(*) AS total FROM member_bindings
            WHERE target_id = :target AND group_id IN :groups GROUP BY group_id
            """,
            {"target": target, "groups": chunk},
        )
        found |= {GroupKey(row.group_id): row.total for row in rows}
    return found


def _params(tx: Tx, target: int, now: Instant) -> Mapping[str, Any]:
    return {"target": target, "since": guard_clock.read(tx, now) - DAY}


def _add(found: dict[Budget, int], name: str, count: int) -> None:
    budget = Budget(name)
    found[budget] = found.get(budget, 0) + int(count)

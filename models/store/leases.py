"""Who is at work on which rows, and what may have happened at a target without our knowing.

A row that is taken carries a lease. Its owner renews it for as long as it lives; when it
lapses, another may begin the row again.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row

from models.identity import Membership
from models.instant import Instant
from models.store.database import Tx
from models.store.ledger import Touched
from models.store.queue import RELEASED

_WAITING = "('ready', 'retrying')"
_MEMBERS = "('add_member', 'remove_member')"
_MOST = 1000
"""How many parked actions one look gives up at the most."""


def renew(tx: Tx, table: str, ids: list[int], *, owner: str | None, until: Instant) -> set[int]:
    """Those of these rows that are still with us. `owner` None: sent, and not begun yet."""
    ours = "state = 'queued'" if owner is None else "owner = :owner AND state = 'running'"
    rows = tx.rows(
        f"UPDATE {table} SET lease_until = :until WHERE id IN :ids AND {ours} RETURNING id",
        {"ids": ids, "owner": owner, "until": until},
    )
    return {row.id for row in rows}


def hold(tx: Tx, ids: list[int], owner: str) -> set[int]:
    """Those of these actions that are still ours, and stay so until the transaction ends."""
    lock = "" if tx.dialect == "sqlite" else "ORDER BY id FOR UPDATE"
    rows = tx.rows(
        f"SELECT id FROM actions WHERE id IN :ids AND owner = :owner AND state = 'running' {lock}",
        {"ids": ids, "owner": owner},
    )
    return {row.id for row in rows}


def put_back(tx: Tx, ids: list[int], *, run_at: Instant, now: Instant) -> int:
    """Actions set aside that were not begun wait again. A newer one on the object goes first."""
    params = {"ids": ids, "run_at": run_at, "now": now}
    tx.run(
        f"""
        UPDATE actions SET state = 'superseded', lease_until = NULL, {RELEASED},
            updated_at = :now
        WHERE id IN :ids AND state = 'queued' AND EXISTS (
            SELECT 1 FROM actions n WHERE n.target_id = actions.target_id
              AND n.object_key = actions.object_key AND n.id > actions.id
              AND n.state IN {_WAITING})
        """,
        params,
    )
    return tx.run(
        """
        UPDATE actions SET state = CASE WHEN attempts > 0 THEN 'retrying' ELSE 'ready' END,
            run_at = :run_at, lease_until = NULL, updated_at = :now
        WHERE id IN :ids AND state = 'queued'
        """,
        params,
    )


def put_back_runs(tx: Tx, ids: list[int], now: Instant) -> int:
    """Runs set aside that were not begun wait again."""
    return tx.run(
        "UPDATE runs SET state = 'ready', lease_until = NULL, updated_at = :now "
        "WHERE id IN :ids AND state = 'queued'",
        {"ids": ids, "now": now},
    )


def release_runs(tx: Tx, owner: str, now: Instant) -> int:
    """The runs of a process that ends wait for another, and this attempt does not count."""
    return tx.run(
        "UPDATE runs SET state = 'ready', owner = NULL, lease_until = NULL, "
        "attempts = attempts - 1, updated_at = :now WHERE owner = :owner AND state = 'running' "
        "AND NOT EXISTS (SELECT 1 FROM runs n WHERE n.work_key = runs.work_key "
        "AND n.id <> runs.id AND n.state IN ('ready', 'queued'))",
        {"owner": owner, "now": now},
    )


def sent(tx: Tx) -> int:
    """How many actions are set aside for workers and not begun."""
    return int(tx.value("SELECT count(*) FROM actions WHERE state = 'queued'"))


def rivals(tx: Tx, ids: list[int]) -> set[int]:
    """Those of these actions whose object another action is at work on, or was queued for first.

    A row that comes back (a hold approved, a dead action tried again) may be older than one
    that was begun meanwhile. Every row about the objects is ours until the transaction ends.
    """
    if tx.dialect != "sqlite":
        tx.rows(f"SELECT o.id {_ABOUT} ORDER BY o.id FOR UPDATE OF o", {"ids": ids})
    rows = tx.rows(
        f"""
        SELECT a.id {_ABOUT} AND o.id <> a.id
          AND (o.state = 'running' OR (o.state = 'queued' AND o.id < a.id))
        """,
        {"ids": ids},
    )
    return {row.id for row in rows}


_ABOUT = """
    FROM actions a JOIN actions o
        ON o.target_id = a.target_id AND o.object_key = a.object_key
        AND o.state IN ('queued', 'running')
    WHERE a.id IN :ids"""


def in_doubt(tx: Tx, ids: list[int], *, most: int) -> set[str]:
    """Objects of these actions whose last attempt at the target ended nobody knows how.

    It was begun (by this very action, or by the newest one before it that was) and was not
    confirmed: the worker died, or the answer never came. A refusal before `most` attempts
    is an answer.
    """
    rows = tx.rows(
        """
        SELECT a.object_key FROM actions a WHERE a.id IN :ids AND (a.attempts > 1 OR
            coalesce((SELECT CASE WHEN p.state = 'dead' AND p.attempts < :most
                    THEN 'done' ELSE p.state END FROM actions p
                WHERE p.target_id = a.target_id AND p.object_key = a.object_key
                  AND p.id < a.id AND p.attempts > 0 ORDER BY p.id DESC LIMIT 1),
            'done') <> 'done')
        """,
        {"ids": ids, "most": most},
    )
    return {row.object_key for row in rows}


def uncount(tx: Tx, ids: list[int]) -> None:
    """These were taken and nothing was sent, so that nothing is in doubt by them."""
    tx.run(
        "UPDATE actions SET attempts = attempts - 1 WHERE id IN :ids AND attempts > 0",
        {"ids": ids},
    )


def unburn(tx: Tx, ids: list[int]) -> None:
    """This attempt is no fault of these actions. That they were begun once is not forgotten."""
    tx.run(
        "UPDATE actions SET attempts = attempts - 1 WHERE id IN :ids AND attempts > 1", {"ids": ids}
    )


def doubt(tx: Tx, target: int, object_keys: list[str]) -> None:
    """Whoever acts on these objects next must not believe what is noted of the target."""
    tx.run(
        "UPDATE actions SET attempts = attempts + 1 WHERE target_id = :target "
        f"AND object_key IN :keys AND state IN {_WAITING}",
        {"target": target, "keys": object_keys},
    )


def lock(tx: Tx, touched: Touched) -> None:
    """Whoever changes what is known of these objects waits for us, or we raise Busy.

    A push and the ending of an action would otherwise overlook each other: one decides by
    what the target held before, the other by what was wanted before.
    """
    if tx.dialect == "sqlite":
        return
    how = "FOR NO KEY UPDATE NOWAIT"
    groups = touched.groups | {one.group for one in touched.memberships}
    for table, keys in (("users", touched.users), ("groups", groups)):
        if keys:
            sql = f"SELECT id FROM {table} WHERE id IN :keys ORDER BY id {how}"
            tx.rows(sql, {"keys": sorted(keys)})
    for group, users in _by_group(touched.memberships).items():
        tx.rows(
            "SELECT user_id FROM memberships WHERE group_id = :group AND user_id IN :users "
            f"ORDER BY user_id {how}",
            {"group": group, "users": users},
        )


def _by_group(memberships: Iterable[Membership]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for one in sorted(memberships):
        found.setdefault(one.group, []).append(one.user)
    return found


def parked_for_nothing(tx: Tx, before: Instant) -> Sequence[Row[Any]]:
    """Membership actions that wait for a user or group nobody is about to create there."""
    return tx.rows(f"{_PARKED} LIMIT :most", {"before": before, "most": _MOST})


def give_up_parked(tx: Tx, ids: list[int], *, before: Instant, now: Instant) -> int:
    """Supersede those for which that is still so."""
    return tx.run(
        f"UPDATE actions SET state = 'superseded', {RELEASED}, updated_at = :now "
        f"WHERE id IN (SELECT id FROM ({_PARKED} AND a.id IN :ids) AS parked)",
        {"ids": ids, "before": before, "now": now},
    )


def _comes(what: str) -> str:
    """There, or on its way there: its creation waits, is held, or was refused so far."""
    return f"""(EXISTS (SELECT 1 FROM {what}_bindings b
            WHERE b.target_id = a.target_id AND b.{what}_id = a.{what}_id)
        OR EXISTS (SELECT 1 FROM actions c WHERE c.target_id = a.target_id
            AND c.object_key = '{what[0]}' || a.{what}_id
            AND c.state IN ('ready', 'retrying', 'queued', 'running', 'held', 'dead')))"""


_PARKED = f"""
    SELECT a.id, a.user_id, a.group_id FROM actions a
    WHERE a.state IN {_WAITING} AND a.operation IN {_MEMBERS} AND a.updated_at < :before
      AND NOT ({_comes("user")} AND {_comes("group")})"""

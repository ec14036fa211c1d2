"""What is to be done, and what waits for approval: rows that workers take (models.store.queue)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from models.instant import Instant
from models.plans import Planned
from models.store import guard_clock, outbox_rows
from models.store.database import Tx, chunks
from models.store.outbox_rows import Rows
from models.store.queue import RELEASED, UNFINISHED, WAITING


def enqueue(tx: Tx, planned: Sequence[Planned], now: Instant) -> int:
    """Queue operations. A waiting one on the same object is superseded, unless it is the same."""
    if not planned:
        return 0
    rows = outbox_rows.rows(planned, now)
    drawn_at = guard_clock.stamp(tx, now) if any(one.draws_on for one in planned) else None
    if outbox_rows.insert(tx, rows, now, state="ready", drawn_at=drawn_at) < len(rows):
        _supersede(tx, rows, now)
        outbox_rows.insert(tx, rows, now, state="ready", drawn_at=drawn_at)
    tx.has_work = True
    return len(rows)


def _supersede(tx: Tx, rows: Rows, now: Instant) -> None:
    """Of another fingerprint, waiting for the same object."""
    tx.many(
        f"""
        UPDATE actions SET state = 'superseded', updated_at = :now, {RELEASED}
        WHERE target_id = :target AND object_key = :object AND state IN {WAITING}
          AND fingerprint <> :fingerprint
        """,
        [
            {"target": target, "object": name, "fingerprint": fingerprint, "now": now}
            for target, name, fingerprint, *_ in rows
        ],
    )


def standing(tx: Tx, target: int, object_keys: Sequence[str]) -> set[str]:
    """Fingerprints of what is on its way to be done to these objects, waits for approval, or was
    refused and still stands. A removal that is planned again draws nothing more.
    """
    found: set[str] = set()
    for chunk in chunks(object_keys):
        found |= set(
            tx.column(
                f"""
                SELECT fingerprint FROM actions WHERE target_id = :target
                  AND object_key IN :keys AND (state = 'held' OR state IN {UNFINISHED})
                """,
                {"target": target, "keys": chunk},
            )
        )
    return found


def waiting_for(tx: Tx, target: int, object_keys: Iterable[str]) -> set[int]:
    """What waits to be done to these objects, by key of its row."""
    sql = f"""
        SELECT id FROM actions
        WHERE target_id = :target AND object_key IN :keys AND state IN {WAITING}
    """
    keys, found = sorted(object_keys), set[int]()
    for start in range(0, len(keys), 5000):
        found |= set(tx.column(sql, {"target": target, "keys": keys[start : start + 5000]}))
    return found


def give_up(
    tx: Tx, target: int, object_keys: Iterable[str], now: Instant, *, among: set[int]
) -> int:
    """What waits to be done to these objects, and never was begun, is not wanted any more.

    Only `among` what waited before it was planned: what came since was not looked at.
    Not where an earlier operation may have arrived: this one would make sure of it. (`+id`, or
    SQLite would look for each id under each object.)
    """
    keys, given_up, seen = sorted(object_keys) if among else [], 0, sorted(among)[:20_000]
    for start in range(0, len(keys), 5000):
        given_up += tx.run(
            f"""
            UPDATE actions SET state = 'superseded', updated_at = :now, {RELEASED}
            WHERE target_id = :target AND object_key IN :keys AND state IN {WAITING}
              AND +id IN :seen AND attempts = 0 AND NOT EXISTS (
                SELECT 1 FROM actions p WHERE p.target_id = actions.target_id
                  AND p.object_key = actions.object_key AND p.id < actions.id
                  AND p.attempts > 0 AND p.state <> 'done')
            """,
            {"target": target, "keys": keys[start : start + 5000], "seen": seen, "now": now},
        )
    return given_up


def give_back(tx: Tx, action: int) -> None:
    """What it drew is not counted; whoever lets it go on lets it draw anew."""
    tx.run("UPDATE actions SET drawn_at = NULL WHERE id = :key", {"key": action})


def hold(tx: Tx, hold_id: int, planned: Sequence[Planned], now: Instant) -> None:
    """Write down operations that wait for approval: one for each object, the newest.

    What is held draws on nothing: it will go on by approval or not at all.
    """
    tx.many(
        "UPDATE actions SET state = 'superseded', updated_at = :now WHERE target_id = :target "
        "AND object_key = :object AND hold_id = :hold AND state = 'held'",
        [
            {"target": one.target, "object": one.object_key, "hold": hold_id, "now": now}
            for one in planned
        ],
    )
    rows = outbox_rows.rows(planned, now)
    outbox_rows.insert(tx, rows, now, state="held", hold_id=hold_id)


def held(tx: Tx, hold_id: int) -> Sequence[Row[Any]]:
    return tx.rows(
        "SELECT * FROM actions WHERE hold_id = :hold AND state = 'held' ORDER BY id",
        {"hold": hold_id},
    )


def count_held(tx: Tx, hold_id: int) -> int:
    return int(
        tx.value(
            "SELECT count(*) FROM actions WHERE hold_id = :hold AND state = 'held'",
            {"hold": hold_id},
        )
    )


def release(tx: Tx, hold_id: int, now: Instant) -> int:
    """Let the approved operations of a hold go. Each is compared once more before it is done."""
    tx.has_work = True
    tx.run(
        f"""
        UPDATE actions SET state = 'superseded', updated_at = :now, {RELEASED}
        WHERE state IN {WAITING} AND EXISTS (
            SELECT 1 FROM actions h WHERE h.hold_id = :hold AND h.state = 'held'
              AND h.target_id = actions.target_id AND h.object_key = actions.object_key)
        """,
        {"hold": hold_id, "now": now},
    )
    return tx.run(
        """
        UPDATE actions SET state = 'ready', run_at = :now, updated_at = :now
        WHERE hold_id = :hold AND state = 'held'
        """,
        {"hold": hold_id, "now": now},
    )


def drop_held(tx: Tx, hold_id: int, now: Instant, fingerprints: list[str] | None = None) -> int:
    """Give up held operations: all of a hold, or those of these fingerprints."""
    some = "" if fingerprints is None else "AND fingerprint IN :fingerprints"
    params: dict[str, Any] = {"hold": hold_id, "now": now}
    if fingerprints is not None:
        params["fingerprints"] = fingerprints
    return tx.run(
        f"""
        UPDATE actions SET state = 'superseded', updated_at = :now
        WHERE hold_id = :hold AND state = 'held' {some}
        """,
        params,
    )


def counts(tx: Tx, target: int) -> Mapping[str, int]:
    """How many actions are in each state."""
    rows = tx.rows(
        "SELECT state, count(*) AS total FROM actions WHERE target_id = :target GROUP BY state",
        {"target": target},
    )
    return {row.state: row.total for row in rows}


def stopped(tx: Tx, target: int) -> set[str]:
    """Fingerprints that wait for approval, or were refused and have the same evidence still."""
    rows = tx.rows(
        "SELECT fingerprint FROM actions WHERE target_id = :target AND state = 'held'",
        {"target": target},
    )
    return {row.fingerprint for row in rows}


def drop_unplanned(
    tx: Tx,
    target: int,
    planned: list[str],
    now: Instant,
    *,
    keys: list[str] | None,
    connection: int | None,
    began: Instant | None = None,
) -> int:
    """Held operations that nobody plans any more are superseded.

    Only those about some objects, or about anything of a connection. The planning of it all
    `began` at a time: what was held since then it may not have seen.
    """
    rows = tx.rows(
        """
        SELECT a.id, a.fingerprint, a.object_key,
            coalesce(u.connection_id, g.connection_id) AS connection_id
        FROM actions a LEFT JOIN users u ON u.id = a.user_id
        LEFT JOIN groups g ON g.id = a.group_id
        WHERE a.target_id = :target AND a.state = 'held' AND a.created_at < :began
        """,
        {"target": target, "began": now + 1 if began is None else began},
    )
    alive, about = set(planned), set(keys or ())
    dead = [
        {"key": row.id, "now": now}
        for row in rows
        if row.fingerprint not in alive
        and (row.object_key in about or row.connection_id == connection)
    ]
    tx.many(
        "UPDATE actions SET state = 'superseded', updated_at = :now WHERE id = :key "
        "AND state = 'held'",
        dead,
    )
    return len(dead)


def failing(tx: Tx, target: int, connection: int) -> Sequence[Row[Any]]:
    """The newest action of each object that was tried, where it died or keeps failing."""
    return tx.rows(
        """
        SELECT a.* FROM actions a
        LEFT JOIN users u ON u.id = a.user_id LEFT JOIN groups g ON g.id = a.group_id
        WHERE a.target_id = :target AND coalesce(u.connection_id, g.connection_id) = :connection
          AND (a.state = 'dead' OR (a.state = 'retrying' AND a.attempts >= 3))
          AND NOT EXISTS (SELECT 1 FROM actions n WHERE n.target_id = a.target_id
              AND n.object_key = a.object_key AND n.id > a.id
              AND n.state IN ('done', 'dead', 'retrying', 'superseded'))
        ORDER BY a.id
        """,
        {"target": target, "connection": connection},
    )


def touched_since(tx: Tx, target: int, since: Instant, keys: list[str]) -> set[str]:
    """Those of these objects that were acted on since a time, or are being acted on now."""
    found: set[str] = set()
    for start in range(0, len(keys), 5000):
        found |= set(
            tx.column(
                """
                SELECT object_key FROM actions WHERE target_id = :target AND object_key IN :keys
                  AND (state = 'running' OR (state IN ('done', 'dead', 'retrying')
                    AND updated_at >= :since))
                """,
                {"target": target, "since": since, "keys": keys[start : start + 5000]},
            )
        )
    return found


def refused(tx: Tx, target: int) -> Sequence[Row[Any]]:
    """Refused plans whose evidence still stands: the hold, and how many operations it has."""
    return tx.rows(
        """
        SELECT h.public_id, count(*) AS operations FROM actions a
        JOIN holds h ON h.id = a.hold_id AND h.state = 'refused'
        WHERE a.target_id = :target AND a.state = 'held' GROUP BY h.public_id
        ORDER BY h.public_id
        """,
        {"target": target},
    )

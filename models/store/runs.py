"""Runs: waiting, taken, ended. A slot of a schedule starts one run, whoever ticks."""

from typing import Any

from sqlalchemy import Row

from models.instant import Instant
from models.store.database import Tx, dumps
from models.store.identities import new_public_id


def start(
    tx: Tx,
    connection: int,
    kind: str,
    now: Instant,
    *,
    slot: str | None = None,
    user: int | None = None,
    dry_run: bool = False,
    run_at: Instant | None = None,
) -> int:
    """Queue a run and answer its key; a waiting run that would do the same is answered instead.

    One that waits for a later time is brought forward.
    """
    tx.has_work = True
    values = {
        "public_id": new_public_id(),
        "connection": connection,
        "kind": kind,
        "work_key": f"{kind}:{connection}:{user or ''}:{int(dry_run)}",
        "slot": slot,
        "user": user,
        "dry_run": dry_run,
        "run_at": run_at or now,
        "counts": dumps({}),
        "now": now,
    }
    while True:
        tx.run(_START, values)
        found = tx.value(_WAITING, values) or (slot and tx.value(_OF_SLOT, values))
        if found:
            tx.run(_SOONER, {"key": int(found), "run_at": values["run_at"]})
            return int(found)
        # The run that was waiting has just begun: what it will see is older than this wish.


_START = """
    INSERT INTO runs (public_id, connection_id, kind, work_key, slot, user_id, dry_run, state,
        run_at, attempts, counts, created_at, updated_at)
    VALUES (:public_id, :connection, :kind, :work_key, :slot, :user, :dry_run, 'ready',
        :run_at, 0, :counts, :now, :now)
    ON CONFLICT DO NOTHING
"""
_WAITING = "SELECT id FROM runs WHERE work_key = :work_key AND state IN ('ready', 'queued')"
_SOONER = (
    "UPDATE runs SET run_at = :run_at WHERE id = :key AND state = 'ready' AND run_at > :run_at"
)
_OF_SLOT = "SELECT id FROM runs WHERE slot = :slot"


_SAME_TURN = "(o.kind = 'point_read') = (runs.kind = 'point_read')"


def relay(tx: Tx, now: Instant, *, lease: Instant) -> list[int]:
    """Take the runs that may begin. One of a connection runs at a time.

    Reads of single users have a turn of their own, beside a full read that may take an hour.
    """
    rows = tx.rows(
        f"""
        UPDATE runs SET state = 'queued', lease_until = :until, updated_at = :now
        WHERE state = 'ready' AND run_at <= :now AND NOT EXISTS (
            SELECT 1 FROM runs o WHERE o.connection_id = runs.connection_id AND {_SAME_TURN}
              AND (o.state IN ('queued', 'running') OR (o.state = 'ready' AND o.run_at <= :now
                AND (o.run_at < runs.run_at OR (o.run_at = runs.run_at AND o.id < runs.id)))))
        RETURNING id
        """,
        {"now": now, "until": now + lease},
    )
    return [row.id for row in rows]


def point_reads(tx: Tx, keys: list[int]) -> set[int]:
    """Those of these runs that read a single user."""
    if not keys:
        return set()
    sql = "SELECT id FROM runs WHERE id IN :keys AND kind = 'point_read'"
    return {row.id for row in tx.rows(sql, {"keys": keys})}


def claim(tx: Tx, run: int, *, owner: str, lease: Instant, now: Instant) -> Row[Any] | None:
    """Begin a run, unless somebody has, or another of the same turn is running."""
    return tx.row(
        f"""
        UPDATE runs SET state = 'running', owner = :owner, lease_until = :until,
            attempts = attempts + 1, started_at = :now, updated_at = :now
        WHERE id = :key AND state = 'queued' AND NOT EXISTS (
            SELECT 1 FROM runs o WHERE o.connection_id = runs.connection_id AND {_SAME_TURN}
              AND o.id <> runs.id AND o.state = 'running')
        RETURNING *
        """,
        {"key": run, "owner": owner, "until": now + lease, "now": now},
    )


def renew(tx: Tx, run: int, *, owner: str, lease: Instant, now: Instant) -> bool:
    """Still at work. False when the run was taken from us meanwhile."""
    changed = tx.run(
        """
        UPDATE runs SET lease_until = :until
        WHERE id = :key AND owner = :owner AND state = 'running'
        """,
        {"key": run, "owner": owner, "until": now + lease},
    )
    return changed == 1


def end(
    tx: Tx,
    run: int,
    *,
    owner: str,
    state: str,
    now: Instant,
    problem: str | None = None,
    certificate: dict[str, Any] | None = None,
    counts: dict[str, Any] | None = None,
    plan: dict[str, Any] | None = None,
) -> bool:
    """End a run that is still ours."""
    tx.has_work = True
    changed = tx.run(
        """
        UPDATE runs SET state = :state, problem = :problem, certificate = :certificate,
            counts = :counts, plan = :plan, ended_at = :now, updated_at = :now,
            owner = NULL, lease_until = NULL
        WHERE id = :key AND owner = :owner AND state = 'running'
        """,
        {
            "key": run,
            "owner": owner,
            "state": state,
            "problem": problem,
            "certificate": None if certificate is None else dumps(certificate),
            "counts": dumps(counts or {}),
            "plan": None if plan is None else dumps(plan),
            "now": now,
        },
    )
    return changed == 1


def reap(tx: Tx, now: Instant, *, everything: bool = False) -> int:
    """Begin again the runs of workers that died; after five attempts give up."""
    lapsed = "1 = 1" if everything else "lease_until < :now"
    params = {"now": now, "problem": "The worker died five times during this run."}
    tx.run(
        f"""
        UPDATE runs SET state = 'failed', problem = :problem, ended_at = :now, owner = NULL
        WHERE state = 'running' AND {lapsed} AND attempts >= 5
        """,
        params,
    )
    tx.run(
        f"""
        UPDATE runs SET state = 'incomplete', ended_at = :now, owner = NULL,
            problem = 'The worker died; a newer run of the same kind is waiting.'
        WHERE state = 'running' AND {lapsed} AND EXISTS (
            SELECT 1 FROM runs n WHERE n.work_key = runs.work_key AND n.id <> runs.id
              AND n.state IN ('ready', 'queued'))
        """,
        params,
    )
    return tx.run(
        f"""
        UPDATE runs SET state = 'ready', owner = NULL, lease_until = NULL, updated_at = :now
        WHERE state IN ('queued', 'running') AND {lapsed}
        """,
        params,
    )


def get(tx: Tx, run: int) -> Row[Any] | None:
    return tx.row("SELECT * FROM runs WHERE id = :key", {"key": run})


def reading_since(tx: Tx, connection: int) -> Instant:
    """When the full read now running began; 0 when none is."""
    found = tx.value(
        """
        SELECT max(started_at) FROM runs
        WHERE connection_id = :connection AND kind = 'pull' AND state = 'running'
        """,
        {"connection": connection},
    )
    return int(found or 0)


def last(tx: Tx, connection: int, kind: str) -> Row[Any] | None:
    """The newest run of a kind that has ended."""
    return tx.row(
        """
        SELECT * FROM runs WHERE connection_id = :connection AND kind = :kind
          AND state IN ('complete', 'incomplete', 'failed') ORDER BY id DESC LIMIT 1
        """,
        {"connection": connection, "kind": kind},
    )


def mark_scheduled(tx: Tx, connection: int, kind: str, slot: Instant) -> None:
    """The schedule of a connection has been seen to, up to this slot."""
    column = "delta_scheduled_at" if kind == "delta" else "scheduled_at"
    tx.run(
        f"UPDATE connections SET {column} = :slot WHERE id = :key AND {column} < :slot",
        {"slot": slot, "key": connection},
    )


def has_ready(tx: Tx, now: Instant) -> bool:
    """Whether any run may be waiting to begin."""
    sql = "SELECT 1 FROM runs WHERE state = 'ready' AND run_at <= :now LIMIT 1"
    return tx.value(sql, {"now": now}) is not None


def take(tx: Tx, run: int, now: Instant, *, lease: Instant) -> bool:
    """Set a waiting run aside for ourselves, without any message."""
    changed = tx.run(
        "UPDATE runs SET state = 'queued', lease_until = :until, updated_at = :now "
        "WHERE id = :key AND state = 'ready'",
        {"key": run, "until": now + lease, "now": now},
    )
    return changed == 1

"""Send a plan past the guard, and write down what came of it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from models.instant import Instant
from models.plans import Planned
from models.store import bindings, holds, outbox
from models.store.database import Tx, loads
from sync.guard import Guard, Hold, Proceed, Ruling, check


def judge(tx: Tx, target: Row[Any], planned: Sequence[Planned], now: Instant) -> Ruling:
    """What of a plan may go on. Changes nothing.

    A removal that is queued already draws nothing more; one that was held stays held.
    """
    removals = [one for one in planned if one.draws_on is not None]
    if not removals:
        return Proceed(tuple(planned))
    holds.take_turn(tx, target.id)
    queued = outbox.waiting_removals(tx, target.id)
    stopped = outbox.stopped(tx, target.id)
    known = queued | stopped
    return check(
        [one for one in planned if one.fingerprint not in known],
        drawn=outbox.drawn(tx, target.id, now),
        managed=bindings.managed(tx, target.id),
        guard=guard_of(target),
    )


def settle(tx: Tx, target: Row[Any], ruling: Ruling, now: Instant) -> str | None:
    """Queue what may go on, hold the rest. Answers the public id of the hold, if any."""
    outbox.enqueue(tx, ruling.operations, now)
    if not isinstance(ruling, Hold):
        return None
    open_hold = holds.open_at(tx, target.id)
    key = open_hold.id if open_hold else holds.create(tx, target.id, ruling.why, now)
    outbox.hold(tx, key, ruling.held, now)
    return str(tx.value("SELECT public_id FROM holds WHERE id = :key", {"key": key}))


def forget(
    tx: Tx,
    target: int,
    planned: Sequence[Planned],
    now: Instant,
    *,
    keys: list[str] | None = None,
    connection: int | None = None,
    began: Instant | None = None,
) -> None:
    """A held operation that is not planned any more has lost its evidence, and dies.

    The plan was about some objects (`keys`), or about all of a connection, as it stood when
    the planning `began`. A hold whose time ran out dies too: what is still wanted is asked
    for anew.
    """
    alive = [one.fingerprint for one in planned]
    outbox.drop_unplanned(tx, target, alive, now, keys=keys, connection=connection, began=began)
    open_hold = holds.open_at(tx, target)
    if open_hold is not None and open_hold.expires_at <= now:
        outbox.drop_held(tx, open_hold.id, now)
    if open_hold is not None and not outbox.held(tx, open_hold.id):
        holds.decide(tx, open_hold.id, state="expired", by=None, now=now)


def guard_of(target: Row[Any]) -> Guard:
    settings = loads(target.guard) or {}
    return Guard(
        floor=int(settings.get("floor", Guard().floor)),
        share=float(settings.get("share", Guard().share)),
    )

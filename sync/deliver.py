"""Carry out actions: compare once more, do, write down how it ended.

Nothing is held open over the network: one transaction begins the actions, another ends
them. A crash between the two leaves rows whose lease lapses, and objects in doubt: whoever
begins them again makes the target match whatever it holds, so that repeating is safe.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Row

from connectors.errors import Foreign, Gone, Misconfigured, Refused, Transient
from models.actions import Outcome
from models.clock import Clock
from models.instant import HOUR, SECOND, Instant
from models.plans import Planned
from models.store import accounts, holds, leases, queue
from models.store.database import Database, Tx
from models.store.vault import CannotOpen
from sync import breaker, endings, rule
from sync.afresh import plan_afresh
from sync.job import Job, build, object_key, touched
from sync.leases import LEASE, Lapsed, Leases
from sync.peers import Peers

MAX_ATTEMPTS = 20


@dataclass(slots=True)
class Delivery:
    """Delivers for one worker process, named `owner`."""

    database: Database
    peers: Peers
    clock: Clock
    owner: str
    leases: Leases = field(init=False)

    def __post_init__(self) -> None:
        self.leases = Leases(self.database, self.clock, self.owner)

    def deliver(self, ids: list[int]) -> None:
        """Actions of one target that travel together. Those already taken are left out."""
        self.leases.arrived("actions", ids)
        since = time.monotonic()
        job = self.database.insist(lambda tx: self._begin(tx, ids))
        if job is None:
            return
        with self.leases.holding(job.actions, since=since):
            self._carry_out(job)

    def _carry_out(self, job: Job) -> None:
        try:
            self.leases.check(job.actions)
            outcome = self.peers.target(job.target).apply(job.operation)
        except Lapsed:
            return  # nothing was sent, and the rows are another's
        except Transient as trouble:
            self._end(job, partial(self._again, job=job, trouble=trouble))
        except (Misconfigured, CannotOpen) as trouble:
            self._end(job, partial(self._suspend, job=job, problem=str(trouble)))
        except Refused as trouble:
            self._end(job, partial(self._refused, job=job, trouble=trouble))
        else:
            self._end(job, partial(self._done, job=job, outcome=outcome))

    def _begin(self, tx: Tx, ids: list[int]) -> Job | None:
        """Claim, compare with what is true now, and give up what is not wanted any more."""
        now = self.clock.now()
        waiting = leases.rivals(tx, ids)
        if waiting:
            leases.put_back(tx, sorted(waiting), run_at=now + SECOND, now=now)
        rows = queue.claim(tx, ids, owner=self.owner, lease=LEASE, now=now)
        rows = self._not_worn_out(tx, rows)
        target = accounts.target(tx, rows[0].target_id) if rows else None
        if target is None:
            return None
        rows = self._let_in(tx, target, rows)
        if not rows:
            return None
        leases.lock(tx, touched(rows))  # or what is planned and what is sent might differ
        doubtful = leases.in_doubt(tx, [row.id for row in rows], most=MAX_ATTEMPTS)
        planned = plan_afresh(tx, target, rows, now=now, doubtful=doubtful)
        approved = {row.hold_id for row in rows if row.hold_id is not None}
        lapsed = holds.lapsed(tx, approved, now)
        good = [
            row
            for row in rows
            if row.hold_id not in lapsed and _is_same(row, planned.get(object_key(row)))
        ]
        job = build(tx, target, good, planned) if good else None
        doing = set(job.actions) if job else set()
        others = [row for row in rows if row.id not in doing]
        leases.uncount(tx, [row.id for row in others if object_key(row) not in doubtful])
        self._supersede(tx, target, others, planned)
        return job

    def _not_worn_out(self, tx: Tx, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
        """An action whose workers keep dying must not go on killing them."""
        worn = [row.id for row in rows if row.attempts - row.failures > MAX_ATTEMPTS]
        self._finish(tx, worn, "dead", error=f"None of {MAX_ATTEMPTS} attempts came to an end.")
        return [row for row in rows if row.id not in worn]

    def _let_in(self, tx: Tx, target: Row[Any], rows: list[Row[Any]]) -> list[Row[Any]]:
        """All to a target that is well, one to a quarantined one, none to a suspended one."""
        if target.state == "active":
            return rows
        probing = target.state == "quarantined"
        let_in = [row for row in rows if probing and row.id == target.probe]
        others = [row for row in rows if row not in let_in]
        if others:
            self._leave(tx, others, target.problem or "The target is suspended.")
        return let_in

    def _leave(self, tx: Tx, rows: Sequence[Row[Any]], problem: str) -> None:
        """Nothing was sent: as if they had not been claimed."""
        ids = [row.id for row in rows]
        leases.uncount(tx, ids)
        self._retry(tx, ids, run_at=self.clock.now(), error=problem)

    def _supersede(
        self, tx: Tx, target: Row[Any], rows: list[Row[Any]], planned: Mapping[str, Planned]
    ) -> None:
        """What is wanted has changed since: plan that instead, past the guard again."""
        if not rows:
            return
        self._finish(tx, [row.id for row in rows], "superseded")
        instead = [planned[key] for row in rows if (key := object_key(row)) in planned]
        self._settle(tx, target, instead)

    def _end(self, job: Job, write: Callable[[Tx], None]) -> None:
        """Write down how it ended, if it still is ours to say."""

        def settle(tx: Tx) -> None:
            leases.lock(tx, touched(job.rows))
            mine = leases.hold(tx, list(job.actions), self.owner)
            if len(mine) == len(job.rows):
                write(tx)
            else:
                self._doubt(tx, job, sorted(mine))
            tx.has_work = True

        self.database.insist(settle)

    def _doubt(self, tx: Tx, job: Job, mine: list[int]) -> None:
        """We were away too long, and another may have acted on these objects meanwhile.

        Nobody knows whose word reached the target last, so it is made sure once more.
        """
        now, keys = self.clock.now(), [object_key(row) for row in job.rows]
        self._retry(tx, mine, run_at=now, error="The worker was away for too long.")
        planned = plan_afresh(tx, job.target, job.rows, now=now, doubtful=frozenset(keys))
        self._settle(tx, job.target, list(planned.values()))
        leases.doubt(tx, job.target.id, keys)

    def _done(self, tx: Tx, job: Job, outcome: Outcome) -> None:
        """What was asked for meanwhile was compared with what the target held before."""
        now = self.clock.now()
        breaker.answered(tx, job.target, now)
        endings.done(tx, job, outcome, owner=self.owner, now=now)
        carried_out = {row.fingerprint for row in job.rows}
        planned = plan_afresh(tx, job.target, job.rows, now=now)
        self._settle(
            tx,
            job.target,
            [one for one in planned.values() if one.fingerprint not in carried_out],
        )

    def _again(self, tx: Tx, job: Job, trouble: Transient) -> None:
        """Later: as the target asked, else after 2, 4, 8 … seconds; at most an hour.

        Where it is the target that is ill, when it is well, and this attempt does not count.
        """
        now, ids, problem = self.clock.now(), list(job.actions), str(trouble)
        asked = max(SECOND, round((trouble.retry_after or 0) * SECOND))
        if breaker.failed(tx, job.target, ids, problem=problem, asked=min(HOUR, asked), now=now):
            leases.unburn(tx, ids)
            self._retry(tx, ids, run_at=now, error=problem)
            return
        queue.count_failures(tx, ids)
        last = [row.id for row in job.rows if row.failures + 1 >= MAX_ATTEMPTS]
        self._finish(tx, last, "dead", error=problem)
        wait = asked if trouble.retry_after is not None else SECOND << min(job.failures + 1, 12)
        others = [key for key in ids if key not in last]
        self._retry(tx, others, run_at=now + min(HOUR, wait), error=problem)

    def _suspend(self, tx: Tx, job: Job, problem: str) -> None:
        """Nothing else would succeed either: the target waits until somebody mends it."""
        now = self.clock.now()
        accounts.suspend_target(tx, job.target.id, problem, now)
        self._retry(tx, list(job.actions), run_at=now, error=problem)

    def _refused(self, tx: Tx, job: Job, trouble: Refused) -> None:
        now, ids = self.clock.now(), list(job.actions)
        breaker.answered(tx, job.target, now)
        match trouble:
            case Foreign():
                self._finish(tx, ids, "dead", error=str(trouble))
                endings.foreign(tx, job, trouble.remote_id, now)
            case Gone():
                self._finish(tx, ids, "superseded", error=str(trouble))
                endings.gone(tx, job, now)
            case _:
                self._finish(tx, ids, "dead", error=str(trouble))

    def _settle(self, tx: Tx, target: Row[Any], planned: list[Planned]) -> None:
        now = self.clock.now()
        rule.settle(tx, target, rule.judge(tx, target, planned, now), now)

    def _finish(self, tx: Tx, ids: list[int], state: str, error: str | None = None) -> None:
        if ids:
            now = self.clock.now()
            queue.finish(tx, ids, owner=self.owner, state=state, now=now, error=error)

    def _retry(self, tx: Tx, ids: list[int], *, run_at: Instant, error: str) -> None:
        if ids:
            now = self.clock.now()
            queue.retry(tx, ids, owner=self.owner, run_at=run_at, error=error, now=now)


def _is_same(row: Row[Any], fresh: Planned | None) -> bool:
    """Still wanted. A removal must be wanted for the very same reason."""
    if fresh is None or fresh.operation.value != row.operation:
        return False
    return not fresh.is_removal or fresh.fingerprint == row.fingerprint

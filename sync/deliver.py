"""Carry out actions: compare once more, do, write down how it ended.

Nothing is held open over the network: one transaction begins the actions, another ends
them. A crash between the two leaves rows whose lease lapses, and repeating is safe.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from connectors.errors import Foreign, Gone, Misconfigured, Refused, Transient
from models.clock import Clock
from models.instant import HOUR, MINUTE, SECOND, Instant
from models.identity import Membership
from models.plans import Planned
from models.store import accounts, outbox
from models.store.database import Database, Tx
from models.store.ledger import Touched
from sync import connection as connections
from sync import endings, rule
from sync.intake import plan_touched
from sync.job import Job, build, object_key
from sync.peers import Peers

LEASE = 5 * MINUTE
"""Longer than any call to a target may take, so that two workers never act for one object."""
MAX_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Delivery:
    """Delivers for one worker process, named `owner`."""

    database: Database
    peers: Peers
    clock: Clock
    owner: str

    def deliver(self, ids: list[int]) -> None:
        """Actions of one target that travel together. Those already taken are left out."""
        with self.database.write() as tx:
            job = self._begin(tx, ids)
        if job is None:
            return
        try:
            outcome = self.peers.target(job.target).apply(job.operation)
        except Transient as trouble:
            self._again(job, trouble)
        except Misconfigured as trouble:
            self._suspend(job, str(trouble))
        except Refused as trouble:
            self._refused(job, trouble)
        else:
            with self.database.write() as tx:
                endings.done(tx, job, outcome, owner=self.owner, now=self.clock.now())
                tx.has_work = True

    def _begin(self, tx: Tx, ids: list[int]) -> Job | None:
        """Claim, compare with what is true now, and give up what is not wanted any more."""
        now = self.clock.now()
        rows = outbox.claim(tx, ids, owner=self.owner, lease=LEASE, now=now)
        target = accounts.target(tx, rows[0].target_id) if rows else None
        if target is None:
            return None
        planned = _plan(tx, target, rows, now)
        good = [row for row in rows if _is_same(row, planned.get(object_key(row)))]
        job = build(tx, target, good, planned) if good else None
        doing = set(job.actions) if job else set()
        self._supersede(tx, target, [row for row in rows if row.id not in doing], planned)
        return job

    def _supersede(
        self, tx: Tx, target: Row[Any], rows: list[Row[Any]], planned: Mapping[str, Planned]
    ) -> None:
        """What is wanted has changed since: plan that instead, past the guard again."""
        if not rows:
            return
        now = self.clock.now()
        ids = [row.id for row in rows]
        outbox.finish(tx, ids, owner=self.owner, state="superseded", now=now)
        instead = [planned[key] for row in rows if (key := object_key(row)) in planned]
        rule.settle(tx, target, rule.judge(tx, target, instead, now), now)

    def _again(self, job: Job, trouble: Transient) -> None:
        """Later: as the target asked, else after 2, 4, 8 … seconds, at most an hour."""
        now, ids = self.clock.now(), list(job.actions)
        wait = min(HOUR, SECOND << min(job.attempts, 12))
        if trouble.retry_after is not None:
            wait = max(SECOND, round(trouble.retry_after * SECOND))
        with self.database.write() as tx:
            if job.attempts >= MAX_ATTEMPTS:
                outbox.finish(
                    tx, ids, owner=self.owner, state="dead", now=now, error=str(trouble)
                )
            else:
                outbox.retry(
                    tx, ids, owner=self.owner, run_at=now + wait, error=str(trouble), now=now
                )

    def _suspend(self, job: Job, problem: str) -> None:
        """Nothing else would succeed either: the target waits until somebody mends it."""
        now = self.clock.now()
        with self.database.write() as tx:
            accounts.suspend_target(tx, job.target.id, problem, now)
            outbox.retry(
                tx, list(job.actions), owner=self.owner, run_at=now, error=problem, now=now
            )

    def _refused(self, job: Job, trouble: Refused) -> None:
        now, ids = self.clock.now(), list(job.actions)
        with self.database.write() as tx:
            state = "superseded" if isinstance(trouble, Gone) else "dead"
            outbox.finish(tx, ids, owner=self.owner, state=state, now=now, error=str(trouble))
            match trouble:
                case Foreign():
                    endings.foreign(tx, job, trouble.remote_id, now)
                case Gone():
                    endings.gone(tx, job, now)
            tx.has_work = True


def _plan(
    tx: Tx, target: Row[Any], rows: Sequence[Row[Any]], now: Instant
) -> dict[str, Planned]:
    """What these objects need now."""
    touched = Touched()
    for row in rows:
        if row.user_id and row.group_id:
            touched.memberships.add(Membership(row.group_id, row.user_id))
        elif row.user_id:
            touched.users.add(row.user_id)
        else:
            touched.groups.add(row.group_id)
    table, key = ("users", rows[0].user_id) if rows[0].user_id else ("groups", rows[0].group_id)
    owner = tx.value(f"SELECT connection_id FROM {table} WHERE id = :key", {"key": key})
    planned = plan_touched(tx, connections.load(tx, owner), target, touched, now)
    return {one.object_key: one for one in planned}


def _is_same(row: Row[Any], fresh: Planned | None) -> bool:
    """Still wanted. A removal must be wanted for the very same reason."""
    if fresh is None or fresh.operation.value != row.operation:
        return False
    return fresh.draws_on is None or fresh.fingerprint == row.fingerprint

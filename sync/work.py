"""Carry out runs: full reads, point reads, reconciliations."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from connectors.base import DirectoryGroup, UserFound, UserGone
from connectors.errors import ConnectorError
from models.clock import Clock
from models.evidence import Channel, Fact, GroupSaid, Observation, UserCovered, UserSaid
from models.findings import Finding
from models.identity import GroupKey, UserKey
from models.instant import MINUTE, Instant
from models.store import findings, identities, reading, runs
from models.store.database import Database, Tx
from sync import connection as connections
from sync import intake, login
from sync.connection import Connection
from sync.peers import Peers
from sync.pull import Reading, attributes, identify_groups
from sync.reconcile import Reconciliation

LEASE = 2 * MINUTE


class Taken(Exception):
    """The run was taken from us while we worked: our lease had lapsed."""


@dataclass(frozen=True, slots=True)
class Work:
    """Carries out runs for one worker process, named `owner`."""

    database: Database
    peers: Peers
    clock: Clock
    owner: str

    def perform(self, run: int) -> None:
        """Begin a run, if nobody else has, and see it to its end."""
        with self.database.write() as tx:
            row = runs.claim(tx, run, owner=self.owner, lease=LEASE, now=self.clock.now())
            if row is None:
                return
            connection = connections.load(tx, row.connection_id)
        try:
            self._see_through(row, connection)
        except Taken:
            return

    def _see_through(self, run: Row[Any], connection: Connection) -> None:
        try:
            self._kinds()[run.kind](run, connection)
        except ConnectorError as trouble:
            with self.database.write() as tx:
                self._end(tx, run, "failed", problem=str(trouble))

    def _kinds(self) -> dict[str, Callable[[Row[Any], Connection], None]]:
        return {
            "pull": self._pull,
            "point_read": self._point_read,
            "reconcile": self._reconcile,
        }

    def _beat(self, run: Row[Any]) -> Callable[[], Instant]:
        """Say now and then that we are alive; a database write every quarter of the lease."""
        last = [self.clock.now()]

        def beat() -> Instant:
            now = self.clock.now()
            if now - last[0] > LEASE // 4:
                last[0] = now
                with self.database.write() as tx:
                    if not runs.renew(tx, run.id, owner=self.owner, lease=LEASE, now=now):
                        raise Taken
            return now

        return beat

    def _end(self, tx: Tx, run: Row[Any], state: str, **told: Any) -> None:
        if not runs.end(tx, run.id, owner=self.owner, state=state, now=self.clock.now(), **told):
            raise Taken

    def _pull(self, run: Row[Any], connection: Connection) -> None:
        """A full read, then a reconciliation of what it said."""
        source = self.peers.source(connection)
        reader = Reading(
            self.database, connection, run.id, started=run.started_at, beat=self._beat(run)
        )
        try:
            certificate = reader.read(source)
        finally:
            source.close()
        with self.database.write() as tx:
            self._end(
                tx,
                run,
                "complete" if certificate.is_complete else "incomplete",
                problem=certificate.problem,
                certificate=certificate.as_dict(),
                counts={
                    "users": certificate.seen.users,
                    "groups": certificate.seen.groups,
                    "memberships": certificate.seen.memberships,
                    "changes": reader.changes,
                },
            )
            if certificate.is_complete:
                reader.conclude(tx)
            runs.start(tx, connection.key, "reconcile", self.clock.now())

    def _point_read(self, run: Row[Any], connection: Connection) -> None:
        """One user and its groups, as of now."""
        user, as_of = UserKey(run.user_id), self.clock.now()
        with self.database.read() as tx:
            directory_id = identities.directory_id(tx, user)
            is_its_own = user in identities.immutable_of(tx, [user], "id")
        if directory_id is None:
            raise ConnectorError("The directory has no identifier for this user.")
        source = self.peers.source(connection)
        try:
            answer = source.read_user(directory_id)
        finally:
            source.close()
        if isinstance(answer, UserGone) and not is_its_own:
            raise ConnectorError(
                "The directory knows nobody by the id that this user was pushed with, and has "
                "never listed the user itself. That proves nothing."
            )
        with self.database.write() as tx:
            now = self.clock.now()
            facts = _facts(tx, connection, user, answer, now)
            observation = Observation(
                channel=Channel.PULL, event="point read", as_of=as_of, facts=facts
            )
            intake.take(tx, connection, observation, now)
            self._look_again(tx, connection, user, now)
            self._end(tx, run, "complete", counts={"users": 1})

    def _look_again(self, tx: Tx, connection: Connection, user: UserKey, now: Instant) -> None:
        """What the token had disagreed about may be settled now."""
        found: list[Finding] = login.user_findings(tx, connection, user, now)
        findings.see(tx, found, now)
        findings.heal_unseen(tx, connection.key, now, kinds=login.KINDS, user=user)

    def _reconcile(self, run: Row[Any], connection: Connection) -> None:
        work = Reconciliation(
            self.database, self.peers, self.clock, connection, beat=self._beat(run)
        )
        if run.dry_run:
            plan = work.rehearse()
            with self.database.write() as tx:
                self._end(tx, run, "complete", plan=_public(tx, plan))
            return
        plan, counts = work.reconcile()
        with self.database.write() as tx:
            self._end(tx, run, "complete", plan=_public(tx, plan), counts=counts)
            findings.report(tx, connection.key, run.id, self.clock.now())


def _facts(
    tx: Tx, connection: Connection, user: UserKey, answer: UserFound | UserGone, now: Instant
) -> tuple[Fact, ...]:
    if isinstance(answer, UserGone):
        reading.know_user(tx, user)
        return (UserSaid(user=user, exists=False),)
    reading.know_user(tx, user)
    groups = _groups(tx, connection, sorted(answer.groups, key=lambda one: one.id), now)
    said = UserSaid(
        user=user, exists=True, active=answer.user.active, attributes=attributes(answer.user)
    )
    named = tuple(GroupSaid(group=key, exists=True, name=name) for key, name in groups.items())
    return (said, *named, UserCovered(user, frozenset(groups)))


def _groups(
    tx: Tx, connection: Connection, groups: list[DirectoryGroup], now: Instant
) -> dict[GroupKey, str]:
    known = reading.known_groups(tx, connection.key)
    fresh = [one for one in groups if one.id not in known]
    known |= identify_groups(tx, connection.key, fresh, now)
    found = {GroupKey(known[one.id].key): one.name for one in groups}
    reading.know_groups(tx, list(found))
    return found


def _public(tx: Tx, plan: dict[str, Any]) -> dict[str, Any]:
    """Keys become the ids and names that the outside knows."""
    users = _labels(tx, "users", "user_name", [one["user"] for one in plan["operations"]])
    groups = _labels(tx, "groups", "name", [one["group"] for one in plan["operations"]])
    for one in plan["operations"]:
        one["user"] = users.get(one["user"])
        one["group"] = groups.get(one["group"])
    return plan


def _labels(
    tx: Tx, table: str, label: str, keys: list[int | None]
) -> dict[int | None, dict[str, str]]:
    wanted = sorted({key for key in keys if key is not None})
    found: dict[int | None, dict[str, str]] = {}
    for start in range(0, len(wanted), 5000):
        rows = tx.rows(
            f"SELECT id, public_id, {label} AS label FROM {table} WHERE id IN :keys",
            {"keys": wanted[start : start + 5000]},
        )
        found |= {row.id: {"id": row.public_id, "name": row.label} for row in rows}
    return found

"""Carry out runs: full reads, point reads, reconciliations."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row

from connectors.base import DirectoryGroup, UserFound, UserGone
from connectors.errors import ConnectorError, CursorLost
from models.clock import Clock
from models.evidence import Channel, Fact, GroupSaid, Observation, UserCovered, UserSaid
from models.findings import Finding
from models.identity import GroupKey, UserKey
from models.instant import MINUTE, Instant
from models.store import directory, findings, identities, links, reading, reports, rounds, runs
from models.store.database import Database, Tx
from models.store.vault import CannotOpen
from sync import connection as connections
from sync import intake
from sync.connection import Connection
from sync.peers import Peers
from sync.reading import identify, missing
from sync.reading.pull import Reading, attributes
from sync.reading.rounds import Round
from sync.reconcile import Reconciliation
from sync.tokens import login

LEASE = 2 * MINUTE
MANY = 5_000
"""So many changed objects are not decided within one transaction, for pushes wait meanwhile."""


RESCOPED = "The settings of the directory were changed while it was read."


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
        except (ConnectorError, CannotOpen) as trouble:
            with self.database.write() as tx:
                self._end(tx, run, "failed", problem=str(trouble))
                if run.kind == "pull":  # the night has its report, which says so
                    runs.start(tx, connection.key, "reconcile", self.clock.now())

    def _kinds(self) -> dict[str, Callable[[Row[Any], Connection], None]]:
        return {
            "pull": self._pull,
            "delta": self._delta,
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
            if links.is_rescoped(tx, connection.key, since=run.started_at):
                certificate = replace(certificate, problem=RESCOPED)
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
                reader.conclude(tx, self.clock.now())
                if connection.pull_users:  # else another scope may have listed them
                    missing.ask(tx, connection, self.clock.now())
            runs.start(tx, connection.key, "reconcile", self.clock.now())

    def _delta(self, run: Row[Any], connection: Connection) -> None:
        """What changed since the last look; where the directory does not know, a full read."""
        with self.database.read() as tx:
            before = rounds.cursor(tx, connection.key)
        if before is None:
            self._begin_anew(run, connection, "No complete read has left a place to go on from.")
            return
        told = Round(
            self.database, connection, run.id, run.started_at, self._beat(run), before=before
        )
        source = self.peers.source(connection)
        try:
            problem = told.read(source)
        except CursorLost as lost:
            self._begin_anew(run, connection, str(lost))
            return
        finally:
            source.close()
        with self.database.write() as tx:
            if problem is None and not told.conclude(tx, self.clock.now()):
                problem = "Another read was faster; the next round goes on from there."
            self._follow(tx, connection, told)
            self._end(
                tx,
                run,
                "complete" if problem is None else "incomplete",
                problem=problem,
                counts=told.counts,
            )

    def _follow(self, tx: Tx, connection: Connection, told: Round) -> None:
        """Decide what was touched; when that is much, leave it to a reconciliation."""
        if told.size > MANY:
            runs.start(tx, connection.key, "reconcile", self.clock.now())
        else:
            intake.resolve(tx, connection, told.touched, self.clock.now())

    def _begin_anew(self, run: Row[Any], connection: Connection, why: str) -> None:
        """The chain of rounds is broken: freshness stands still until a full read is complete."""
        with self.database.write() as tx:
            rounds.begin_at(tx, connection.key, None)
            runs.start(tx, connection.key, "pull", self.clock.now())
            self._end(tx, run, "incomplete", problem=f"{why} A full read follows.")

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
            now = self.clock.now()
            reports.keep(tx, connection.key, run.id, now, unseen=work.unseen)


def _facts(
    tx: Tx, connection: Connection, user: UserKey, answer: UserFound | UserGone, now: Instant
) -> tuple[Fact, ...]:
    if isinstance(answer, UserGone):
        reading.know_user(tx, user)
        return (UserSaid(user=user, exists=False),)
    reading.know_user(tx, user)
    groups = sorted(answer.groups, key=lambda one: one.id)
    if connection.is_narrow:
        known, named = _groups_within(tx, connection, groups)
    else:
        known, named = _groups(tx, connection, groups, now)
    said = UserSaid(
        user=user,
        exists=None if missing.is_only_outside(tx, connection, user) else True,
        active=answer.user.active,
        attributes=attributes(answer.user),
    )
    return (said, *named, UserCovered(user, known))


Groups = tuple[frozenset[GroupKey], tuple[GroupSaid, ...]]
"""Those of a user, and what is said of them."""


def _groups_within(tx: Tx, connection: Connection, groups: list[DirectoryGroup]) -> Groups:
    """The directory answers with all groups. A narrow scope knows those that reads have named.

    That it has a group is no word for the scope, so this says of none that it is there.
    """
    known = reading.known_groups(tx, connection.key)
    listed = [(known[one.id], one.name) for one in groups if one.id in known]
    said = (GroupSaid(group=was.key, name=name) for was, name in listed if was.name)
    return frozenset(was.key for was, _ in listed), tuple(said)


def _groups(tx: Tx, connection: Connection, groups: list[DirectoryGroup], now: Instant) -> Groups:
    known = {name: one.key for name, one in reading.known_groups(tx, connection.key).items()}
    fresh = [one for one in groups if one.id not in known]
    known |= identify.groups(tx, connection.key, fresh, now)
    found = {known[one.id]: one.name for one in groups}
    reading.know_groups(tx, list(found))
    said = (GroupSaid(group=key, exists=True, name=name) for key, name in found.items())
    return frozenset(found), tuple(said)


def _public(tx: Tx, plan: dict[str, Any]) -> dict[str, Any]:
    """Keys become the ids and names that the outside knows."""
    operations = plan["operations"]
    users = directory.users_shown(tx, (one["user"] for one in operations if one["user"]))
    groups = directory.groups_shown(tx, (one["group"] for one in operations if one["group"]))
    for one in operations:
        one["user"] = users.get(one["user"])
        one["group"] = groups.get(one["group"])
    return plan

"""What a reconciliation found, gathered and written down; what it saw no more heals."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from sqlalchemy import Row

from models.evidence import Channel, No, Yes
from models.findings import AT_TARGET, MENDED, OF_IDENTITY, Finding, Kind, Mending
from models.instant import Instant
from models.plans import HoldKind, Planned
from models.store import accounts, cases, findings, holds, outbox
from models.store.database import Database, Tx, loads
from sync import breaker
from sync.connection import Connection
from sync.drift import doubts, restless, witnesses
from sync.drift import targets as drift_targets

ELSEWHERE = set(Kind) - AT_TARGET - OF_IDENTITY
"""What stands only as long as every reconciliation finds it again, look at a target or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a reconciliation saw at the targets."""

    findings: list[Finding]
    wanting: dict[int, set[str]]
    """Of each target the objects that are not as decided."""
    mending: dict[int, dict[str, Mending]]
    """Of each target what mends the objects about which something was found."""
    unseen: list[int]
    """Targets that could not be looked at."""


def report(database: Database, connection: Connection, seen: Seen, now: Instant) -> dict[str, int]:
    """Answers the number of findings by kind.

    They are written down some at a time, while they are found, so that many take no memory and
    pushes get their turn. Only when all of them are, does the rest heal.
    """
    counts: Counter[str] = Counter()
    with database.read() as tx:
        for chunk in _chunks(_found(tx, connection, seen, now)):
            counts.update(one.kind.value for one in chunk)
            with database.write() as writing:
                findings.see(writing, chunk, now)
    with database.write() as tx:
        back = list(restless.returning(tx, connection.key, now))
        counts.update(one.kind.value for one in back)
        findings.see(tx, back, now)
        for kinds, but_at in ((ELSEWHERE, []), (AT_TARGET, seen.unseen)):
            named = sorted(kind.value for kind in kinds)
            findings.heal_unseen(tx, connection.key, now, kinds=named, but_at=but_at)
    doubts.review(database, connection, now)
    return dict(counts)


def mendings(
    found: Iterable[Finding], target: int, planned: Iterable[Planned]
) -> dict[str, Mending]:
    """Of what is planned, that which is about something found at the target."""
    about = {one.object_key for one in found if one.target == target and one.kind in MENDED}
    return {
        one.object_key: Mending(one.operation.value, one.fingerprint)
        for one in planned
        if one.object_key in about
    }


def _with_action(one: Finding, mending: Mapping[str, Mending]) -> Finding:
    """Show what mends it; if nothing is planned, say that instead."""
    if one.kind not in MENDED:
        return one
    action = mending.get(one.object_key)
    if action is None:
        return replace(one, suggestion="Nothing is planned about it: no verdict asks for it now.")
    return replace(one, action=action)


def _found(tx: Tx, connection: Connection, seen: Seen, now: Instant) -> Iterator[Finding]:
    targets = accounts.targets_of(tx, connection.key)
    untold = [one for row in targets for one in _untold(tx, row, connection.key, now)]
    known = {(one.target, one.user, one.group) for one in untold}
    yield from untold
    for one in seen.findings:
        is_told = (one.target, one.user, one.group) in known
        if not (is_told and one.kind is Kind.MEMBERSHIP_DRIFT):
            yield _with_action(one, seen.mending.get(one.target or 0, {}))
    yield from witnesses.between_witnesses(tx, connection, now)
    yield from witnesses.of_source(tx, connection, now)
    for target in targets:
        wanting = seen.wanting.get(target.id, set())
        yield from _of_queue(tx, target, connection.key, wanting)
        if target.id not in seen.unseen and target.state == "quarantined":
            about = breaker.about(tx, target, str(target.problem), now)
            yield from (one for one in about if one.connection == connection.key)
        yield from restless.turned(tx, target, connection.key, now)


def _untold(tx: Tx, target: Row[Any], connection: int, now: Instant) -> Iterator[Finding]:
    """Hand-made memberships of which nobody says anything: nothing is planned for them."""
    for record in cases.untold(tx, connection, target.id):
        heard = (record.testimony.of(one) for one in Channel)
        if record.user_wanted and not any(isinstance(word, Yes | No) for word in heard):
            key = target.id
            yield drift_targets.about_untold(record, connection, key, target.slug, now)


def _of_queue(tx: Tx, target: Row[Any], connection: int, wanting: set[str]) -> list[Finding]:
    """What fails, if it is still to be done; what waits for approval; what was refused."""
    key, slug = target.id, target.slug
    found = [
        drift_targets.about_failing(
            connection,
            key,
            slug,
            action=Mending(row.operation, row.fingerprint),
            error=row.error,
            user=row.user_id,
            group=row.group_id,
            as_of=row.updated_at,
            because=loads(row.because),
        )
        for row in outbox.failing(tx, key, connection)
        if row.object_key in wanting
    ]
    for one in holds.standing(tx, key):
        is_protected = one.kind == HoldKind.PROTECTED
        about = drift_targets.about_protected if is_protected else drift_targets.about_hold
        found.append(about(connection, key, slug, hold=one.public_id, why=one.why))
    for row in outbox.refused(tx, key):
        count, hold = row.operations, row.public_id
        found.append(
            drift_targets.about_refused(connection, key, slug, hold=hold, operations=count)
        )
    return found


def _chunks(found: Iterable[Finding], size: int = 1000) -> Iterator[list[Finding]]:
    rest = iter(found)
    while chunk := list(islice(rest, size)):
        yield chunk

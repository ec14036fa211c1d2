"""Gather what a reconciliation finds between the witnesses and of the sources."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from models.evidence import Channel
from models.findings import Finding
from models.identity import GroupKey
from models.instant import Instant
from models.store import accounts, cases, habits, logins, nested, nesting, runs
from models.store.database import Tx, loads
from models.verdicts import Answer, Verdict
from sync import decide, schedule
from sync.connection import Connection
from sync.drift import disagreements as drift
from sync.drift import habits as drift_habits
from sync.drift import nested as drift_nested
from sync.drift import sources as drift_sources
from sync.drift.habits import APART, LOOK_BACK
from sync.drift.nested import Nested, paths
from sync.undecided import users_in_question


def between_witnesses(tx: Tx, connection: Connection, now: Instant) -> Iterator[Finding]:
    """What push, directory and tokens say differently."""
    policy, key = connection.policy, connection.key
    yield from _of_users(tx, connection, now)
    pushes_groups = cases.pushes_groups(tx, key)
    for group in cases.all_groups(tx, key):
        yield from drift.about_group(group, key, policy, now, pushes_groups=pushes_groups)
    for member in cases.disagreements(tx, key):
        yield from drift.about_member(member, key, policy, now)
    for login in logins.newest_of_all(tx, key):
        yield from drift_sources.about_claim(
            key,
            login.user_id,
            login.user_name,
            state=login.groups_state,
            problem=login.groups_problem,
            as_of=login.as_of,
        )
    if policy.pull:
        yield from _nested(tx, key)


def _of_users(tx: Tx, connection: Connection, now: Instant) -> Iterator[Finding]:
    policy, key = connection.policy, connection.key
    may_be_stale = policy.push_ttl is not None or not policy.has_directory
    stale: dict[Channel, list[Instant]] = {}
    for user in users_in_question(tx, connection):
        yield from drift.about_user(user, key, policy, now)
        if may_be_stale:
            _note_stale(stale, decide.user(user, policy, now).exists)
    for channel, dates in stale.items():
        yield drift_sources.about_stale(key, channel, policy, users=len(dates), oldest=min(dates))


def _note_stale(stale: dict[Channel, list[Instant]], exists: Verdict) -> None:
    """A word by push or login that holds because it is too old; reads have a finding of theirs."""
    if exists.answer is Answer.HOLD and exists.decided_by in (Channel.PUSH, Channel.LOGIN):
        stale.setdefault(exists.decided_by, []).append(exists.as_of or 0)


def _nested(tx: Tx, connection: int) -> Iterator[Finding]:
    """For groups that are wanted: who is in them only by way of others."""
    inside = nesting.affirmed(tx, connection)
    known = nested.called(tx, sorted(set(inside).union(*inside.values())))
    for parent in sorted(one for one in inside if known[one].wanted):
        ways = paths(parent, inside)
        rows = nested.members_inside(tx, parent, sorted(ways))
        for user, places in groupby(rows, key=lambda row: row.user_id):
            found = min(places, key=lambda row: len(ways[GroupKey(row.child_id)]))
            one = Nested(
                user=user,
                user_name=found.user_name,
                group=parent,
                group_name=known[parent].name,
                path=[known[step].name for step in ways[GroupKey(found.child_id)]],
                is_pushed=bool(found.is_pushed),
                as_of=found.as_of,
            )
            yield from drift_nested.about_nested(one, connection)


def of_source(tx: Tx, connection: Connection, now: Instant) -> Iterator[Finding]:
    """What is wrong with the reads, and who fell silent."""
    row, last = accounts.connection(tx, connection.key), runs.last(tx, connection.key, "pull")
    failed = last is not None and last.state != "complete"
    certificate = loads(last.certificate) if last is not None else None
    yield from drift_sources.about_reads(
        connection.key,
        connection.policy,
        now,
        covered_at=row.pull_cover_yes if row is not None else 0,
        problem=(last.problem or "It failed.") if last is not None and failed else None,
        has_shrunk=bool(certificate and certificate.get("shrunk")),
        ended_at=last.ended_at or 0 if last is not None else 0,
    )
    yield from _silent_push(tx, connection, now)
    if row is not None and connection.pull:
        ended_at = last.ended_at or 0 if last is not None else 0
        yield from _silent_pull(tx, connection, now, born=row.created_at, ended_at=ended_at)


def _silent_push(tx: Tx, connection: Connection, now: Instant) -> Iterator[Finding]:
    if not connection.policy.push:
        return
    since = now - LOOK_BACK
    visits = habits.visits(tx, connection.key, Channel.PUSH.value, since=since, apart=APART)
    heard = habits.token_used_at(tx, connection.key)
    found = drift_habits.silence(visits, now, heard)
    if found is not None:
        yield drift_habits.about_silent_push(connection.key, found)


def _silent_pull(
    tx: Tx, connection: Connection, now: Instant, *, born: Instant, ended_at: Instant
) -> Iterator[Finding]:
    """Two slots went by without a read that ended, and none is under way."""
    pull: dict[str, Any] = connection.pull or {}
    if not pull.get("schedule"):
        return
    try:
        slot = schedule.slot_before_last(
            str(pull["schedule"]), str(pull.get("timezone", "UTC")), now
        )
    except ValueError:  # the check of the connection says what is wrong with its schedule
        return
    if max(born, ended_at) < slot and not runs.reading_since(tx, connection.key):
        yield drift_habits.about_silent_pull(connection.key, ended_at=ended_at, slot=slot)

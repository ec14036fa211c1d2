"""Gather what comes and goes: access at a target, and findings themselves."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row

from models.findings import Evidence, Finding
from models.instant import Instant, from_text
from models.store import habits
from models.store.database import Tx, loads
from sync.drift import habits as drift_habits
from sync.drift.habits import FLIPS, WINDOW, Turned


def turned(tx: Tx, target: Row[Any], connection: int, now: Instant) -> Iterator[Finding]:
    """Access that was given and taken three times within two weeks, with both writers."""
    since = now - WINDOW
    rows = habits.turned(tx, target.id, connection, since=since, flips=FLIPS)
    newest = habits.done(tx, [key for row in rows for key in (row.given_id, row.taken_id)])
    for row in rows:
        given, taken = newest[row.given_id], newest[row.taken_id]
        yield drift_habits.about_turned(
            Turned(
                target=target.id,
                slug=target.slug,
                user=row.user_id,
                group=row.group_id,
                what=_what(given),
                given=_evidence(given, "yes"),
                taken=_evidence(taken, "no"),
            ),
            connection,
        )


def returning(tx: Tx, connection: int, now: Instant) -> Iterator[Finding]:
    """Findings that healed and came back three times within two weeks."""
    for row in habits.returning(tx, connection, since=now - WINDOW, times=FLIPS):
        yield drift_habits.about_returning(
            connection,
            finding=row.public_id,
            summary=row.summary,
            evidence=[_read(one) for one in loads(row.evidence)],
            about=(row.target_id, row.user_id, row.group_id),
        )


def _what(row: Row[Any]) -> str:
    if row.user_id is None:
        return f"The group {row.group_name}"
    who = row.user_name or "a user"
    return f"The access of {who}" if row.group_id is None else f"{who}'s place in {row.group_name}"


def _evidence(row: Row[Any], says: str) -> Evidence:
    because = loads(row.because)
    by = because.get("decided_by") or "administrator"
    return Evidence(channel=by, says=says, as_of=because.get("as_of"), why=because.get("why", ""))


def _read(word: dict[str, Any]) -> Evidence:
    as_of = word.get("as_of")
    return Evidence(
        channel=word["channel"],
        says=word["says"],
        value=word.get("value"),
        as_of=from_text(as_of) if as_of else None,
        why=word.get("why", ""),
    )

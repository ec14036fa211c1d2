"""Findings are opened, seen again, accepted and closed; one row a disagreement, never two."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import Row

from models.findings import Finding, Severity, State, Stood, when_seen
from models.instant import FOREVER, Instant
from models.store import spells
from models.store.database import Tx, dumps, loads
from models.store.identities import new_public_id

STANDING = "('open', 'accepted')"


def see(tx: Tx, findings: Iterable[Finding], now: Instant) -> None:
    """Open these, or note that they still stand. One that had healed has flipped.

    An accepted one stays accepted until its time, unless it got worse.
    """
    for chunk in _chunks(findings):
        seen = {one.subject: one for one in chunk}
        stood = _stood(tx, sorted(seen))
        _open(tx, [one for subject, one in seen.items() if subject not in stood], now)
        _meet(tx, [(row, seen[subject]) for subject, row in stood.items()], now)


def _stood(tx: Tx, subjects: list[str]) -> dict[str, Row[Any]]:
    """What is written down of these, kept from others until the transaction ends."""
    lock = "" if tx.dialect == "sqlite" else "FOR UPDATE OF f"
    rows = tx.rows(
        f"""
        SELECT f.id, f.subject, f.state, f.severity, f.sides, f.summary, f.suggestion, f.evidence,
            f.action, f.accepted_until, s.id AS spell_id
        FROM findings f
        LEFT JOIN finding_spells s ON s.finding_id = f.id AND s.ended_at = :forever
        WHERE f.subject IN :subjects ORDER BY f.id {lock}
        """,
        {"subjects": subjects, "forever": FOREVER},
    )
    return {row.subject: row for row in rows}


def _open(tx: Tx, findings: list[Finding], now: Instant) -> None:
    if not findings:
        return
    tx.many(
        """
        INSERT INTO findings (public_id, subject, kind, severity, state, connection_id, target_id,
            user_id, group_id, summary, evidence, suggestion, sides, action, first_seen,
            last_seen, flips, created_at, updated_at)
        VALUES (:public_id, :subject, :kind, :severity, 'open', :connection, :target, :user,
            :group, :summary, :evidence, :suggestion, :sides, :action, :now, :now, 0, :now, :now)
        ON CONFLICT (subject) DO NOTHING
        """,
        [_values(one, now) for one in findings],
    )
    rows = tx.rows(
        "SELECT id FROM findings WHERE subject IN :subjects ORDER BY id",
        {"subjects": [one.subject for one in findings]},
    )
    spells.begin(tx, [row.id for row in rows], now)


@dataclass(slots=True)
class _Met:
    """What is to be written of findings that were known."""

    same: list[int] = field(default_factory=list)
    """Nothing about them has changed."""
    told_anew: list[dict[str, Any]] = field(default_factory=list)
    turned: list[int] = field(default_factory=list)
    """They stand otherwise than they did."""
    back: list[int] = field(default_factory=list)


def _meet(tx: Tx, found: list[tuple[Row[Any], Finding]], now: Instant) -> None:
    met = _Met()
    for row, one in found:
        _sort(met, row, one, now)
    _confirm(tx, met.same, now)
    spells.end(tx, met.turned, now)
    tx.many(_TELL, met.told_anew)
    spells.begin(tx, met.turned, now)
    spells.begin(tx, met.back, now, has_returned=True)


def _confirm(tx: Tx, keys: list[int], now: Instant) -> None:
    if keys:
        sql = "UPDATE findings SET last_seen = :now WHERE id IN :keys"
        tx.run(sql, {"keys": keys, "now": now})


_TELL = f"""
    UPDATE findings SET severity = :severity, summary = :summary, evidence = :evidence,
        suggestion = :suggestion, sides = :sides, action = :action, state = :state,
        last_seen = :now, updated_at = :now,
        flips = flips + CASE WHEN state IN {STANDING} THEN 0 ELSE 1 END,
        accepted_until = CASE WHEN :accepted THEN accepted_until END,
        accepted_by = CASE WHEN :accepted THEN accepted_by END,
        note = CASE WHEN :accepted THEN note END
    WHERE id = :key
"""


def _sort(met: _Met, row: Row[Any], one: Finding, now: Instant) -> None:
    before = Stood(State(row.state), Severity(row.severity), row.sides, row.accepted_until)
    state, severity = when_seen(before, one, now)
    if not before.stands:
        met.back.append(row.id)
    elif row.spell_id is None or _has_turned(row, one, state, severity):
        met.turned.append(row.id)
    elif _tells_the_same(row, one):
        met.same.append(row.id)
        return
    met.told_anew.append(
        _words(one, now)
        | {
            "key": row.id,
            "state": state.value,
            "severity": severity.value,
            "accepted": state is State.ACCEPTED,
        }
    )


def _has_turned(row: Row[Any], one: Finding, state: State, severity: Severity) -> bool:
    before = (row.state, row.severity, row.summary, row.sides)
    return before != (state.value, severity.value, one.summary, one.sides)


def _tells_the_same(row: Row[Any], one: Finding) -> bool:
    action = None if one.action is None else one.action.as_dict()
    words = [each.as_dict() for each in one.evidence]
    told = (row.suggestion, loads(row.evidence), loads(row.action))
    return told == (one.suggestion, words, action)


def _values(finding: Finding, now: Instant) -> dict[str, Any]:
    return _words(finding, now) | {
        "public_id": new_public_id(),
        "subject": finding.subject,
        "kind": finding.kind.value,
        "severity": finding.severity.value,
        "connection": finding.connection,
        "target": finding.target,
        "user": finding.user,
        "group": finding.group,
    }


def _words(finding: Finding, now: Instant) -> dict[str, Any]:
    return {
        "summary": finding.summary,
        "evidence": dumps([one.as_dict() for one in finding.evidence]),
        "suggestion": finding.suggestion,
        "sides": finding.sides,
        "action": None if finding.action is None else dumps(finding.action.as_dict()),
        "now": now,
    }


def heal_unseen(
    tx: Tx,
    connection: int,
    now: Instant,
    *,
    kinds: list[str],
    user: int | None = None,
    but_at: list[int] | None = None,
) -> int:
    """What was not seen at `now` stands no more. Only these kinds, and only this user if given.

    Nobody looked at the targets `but_at`, so what was seen there before still stands.
    """
    narrowed = "" if user is None else "AND user_id = :user"
    if but_at:
        narrowed += " AND (target_id IS NULL OR target_id NOT IN :but_at)"
    rows = tx.rows(
        f"""
        UPDATE findings SET state = 'healed', updated_at = :now
        WHERE connection_id = :connection AND state IN {STANDING}
          AND last_seen < :now AND kind IN :kinds {narrowed}
        RETURNING id
        """,
        {"connection": connection, "now": now, "kinds": kinds, "user": user}
        | ({"but_at": but_at} if but_at else {}),
    )
    spells.end(tx, [row.id for row in rows], now)
    return len(rows)


def accept(
    tx: Tx, finding: int, *, until: Instant | None, note: str | None, by: str, now: Instant
) -> bool:
    """It is known and may stand. False when it is not open or accepted."""
    changed = tx.run(
        f"""
        UPDATE findings SET state = 'accepted', accepted_until = :until, accepted_by = :by,
            note = :note, updated_at = :now
        WHERE id = :key AND state IN {STANDING}
        """,
        {"key": finding, "until": until, "by": by, "note": note, "now": now},
    )
    if changed == 1:
        spells.end(tx, [finding], now)
        spells.begin(tx, [finding], now)
    return changed == 1


def reopen(tx: Tx, finding: int, now: Instant) -> bool:
    """It stands open, whatever was said of it. False when it was not accepted."""
    changed = tx.run(
        """
        UPDATE findings SET state = 'open', accepted_until = NULL, accepted_by = NULL,
            note = NULL, updated_at = :now
        WHERE id = :key AND state = 'accepted'
        """,
        {"key": finding, "now": now},
    )
    if changed == 1:
        spells.end(tx, [finding], now)
        spells.begin(tx, [finding], now)
    return changed == 1


def resolve_hold(tx: Tx, hold: str, now: Instant) -> None:
    """A person decided about this hold, which is what these findings waited for."""
    rows = tx.rows(
        f"""
        SELECT subject FROM findings WHERE kind IN ('held_by_guard', 'protected_removal')
          AND state IN {STANDING} AND subject LIKE :ending
        """,
        {"ending": f"%/{hold}"},
    )
    for row in rows:
        resolve(tx, row.subject, now)


def resolve(tx: Tx, subject: str, now: Instant) -> bool:
    """A person's decision ended it. False when it does not stand."""
    rows = tx.rows(
        f"""
        UPDATE findings SET state = 'resolved', updated_at = :now
        WHERE subject = :subject AND state IN {STANDING} RETURNING id
        """,
        {"subject": subject, "now": now},
    )
    spells.end(tx, [row.id for row in rows], now)
    return bool(rows)


def heal(tx: Tx, subjects: list[str], now: Instant) -> None:
    """What these were about is well again."""
    rows = tx.rows(
        f"""
        UPDATE findings SET state = 'healed', updated_at = :now
        WHERE subject IN :subjects AND state IN {STANDING} RETURNING id
        """,
        {"subjects": subjects, "now": now},
    )
    spells.end(tx, [row.id for row in rows], now)


def of_user(tx: Tx, connection: int, user: int) -> list[dict[str, Any]]:
    """The findings that stand about a user."""
    rows = tx.rows(
        f"""
        SELECT f.*, g.name AS group_name FROM findings f LEFT JOIN groups g ON g.id = f.group_id
        WHERE f.connection_id = :connection AND f.user_id = :user
          AND f.state IN {STANDING} ORDER BY f.id
        """,
        {"connection": connection, "user": user},
    )
    return [
        {
            "id": row.public_id,
            "kind": row.kind,
            "severity": row.severity,
            "state": row.state,
            "group": row.group_name,
            "summary": row.summary,
            "suggestion": row.suggestion,
        }
        for row in rows
    ]


def _chunks(findings: Iterable[Finding], size: int = 1000) -> Iterator[list[Finding]]:
    rest = iter(findings)
    while chunk := list(islice(rest, size)):
        yield chunk

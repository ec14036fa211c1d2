"""Leave a target alone that does not answer, and find out by one action when it does again."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from models.findings import Finding
from models.instant import MINUTE, SECOND, Instant, to_text
from models.store import accounts, breakers, findings
from models.store.database import Tx
from sync.drift import targets as drift_targets

THRESHOLD = 5
"""So many failures in a row quarantine a target."""
FIRST_WAIT: Instant = 15 * SECOND
LONGEST_WAIT: Instant = 10 * MINUTE
PROBE_LEASE: Instant = MINUTE
"""After so long without an ending another probe may begin."""


def failed(
    tx: Tx,
    target: Row[Any],
    actions: Sequence[int],
    *,
    problem: str,
    asked: Instant,
    now: Instant,
) -> bool:
    """It gave no answer. Whether it is quarantined now: then its actions wait for it.

    `asked`: how long the target itself asked us to wait, else 0.
    """
    failures = breakers.count_failure(tx, target.id, actions)
    if failures is None:
        return True
    if failures < THRESHOLD:
        return False
    retry_at = now + max(_wait(failures), asked)
    sentence = (
        f"{failures} calls in a row failed, the last one so: {problem} "
        f"One action tries again at {to_text(retry_at)}; the others wait."
    )
    breakers.quarantine(tx, target.id, problem=sentence, retry_at=retry_at)
    findings.see(tx, about(tx, target, sentence, now), now)
    return True


def answered(tx: Tx, target: Row[Any], now: Instant) -> None:
    """It did or refused what it was asked, so it is well. `target` as it was when we began."""
    if target.failures or target.state == "quarantined":
        close(tx, target, now)


def close(tx: Tx, target: Row[Any], now: Instant) -> None:
    """Everything goes on, and nothing is wrong any more."""
    if breakers.close(tx, target.id):
        findings.heal(tx, [one.subject for one in about(tx, target, "", now)], now)


def about(tx: Tx, target: Row[Any], problem: str, now: Instant) -> list[Finding]:
    """One finding for each connection whose people wait."""
    return [
        drift_targets.about_quarantined(
            connection, target.id, target.slug, problem=problem, now=now
        )
        for connection in accounts.connections_of(tx, target.id)
    ]


def _wait(failures: int) -> Instant:
    doublings = min(failures - THRESHOLD, 16)
    return min(FIRST_WAIT << doublings, LONGEST_WAIT)

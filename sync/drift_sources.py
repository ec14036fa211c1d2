"""What is wrong with a source itself: its reads, its claims, its age. Pure."""

from collections.abc import Iterator

from models.evidence import Channel
from models.findings import Evidence, Finding, Kind, Severity
from models.instant import SECOND, Instant, to_text
from sync.policy import Policy

CLAIMS = {
    "absent": (Kind.CLAIM_ABSENT, Severity.MEDIUM),
    "overage": (Kind.CLAIM_OVERAGE, Severity.LOW),
    "malformed": (Kind.CLAIM_MALFORMED, Severity.HIGH),
}


def about_reads(
    connection: int,
    policy: Policy,
    now: Instant,
    *,
    covered_at: Instant,
    problem: str | None,
    has_shrunk: bool,
    ended_at: Instant,
) -> Iterator[Finding]:
    """The newest read failed, or the newest good one is too old to decide anything."""
    if problem is not None:
        kind = Kind.SCOPE_SHRUNK if has_shrunk else Kind.PULL_INCOMPLETE
        yield Finding(
            kind=kind,
            severity=Severity.HIGH,
            connection=connection,
            summary=f"The last read of the directory is not complete: {problem}",
            suggestion="It added what it listed and removed nothing. See the run, mend the "
            "cause, and read again."
            if kind is Kind.PULL_INCOMPLETE
            else "If the directory really became smaller, raise policy.shrink for one read.",
            evidence=(Evidence(channel=Channel.PULL, says="silent", as_of=ended_at, why=problem),),
        )
    if policy.pull and covered_at and now - covered_at > policy.pull_ttl:
        yield Finding(
            kind=Kind.STALE_EVIDENCE,
            severity=Severity.HIGH,
            connection=connection,
            summary=f"The directory was last read to its end at {to_text(covered_at)}, longer "
            f"ago than {policy.pull_ttl // SECOND} seconds. What it said decides nothing.",
            suggestion="Run a read now, and see why the scheduled ones fail.",
            evidence=(Evidence(channel=Channel.PULL, says="silent", as_of=covered_at),),
        )


def about_claim(
    connection: int,
    user: int,
    user_name: str | None,
    *,
    state: str,
    problem: str | None,
    as_of: Instant,
) -> Iterator[Finding]:
    """The groups claim of a user's newest login could not be used."""
    if state not in CLAIMS:
        return
    kind, severity = CLAIMS[state]
    yield Finding(
        kind=kind,
        severity=severity,
        connection=connection,
        user=user,
        summary=f"The groups claim in the newest token of {user_name} is {state}: "
        f"{problem or 'no reason was given.'}",
        suggestion="Mend the claim's configuration at the identity provider. Until then its "
        "logins say nothing about groups.",
        evidence=(Evidence(channel=Channel.LOGIN, says="silent", as_of=as_of, why=problem or ""),),
    )


def about_dispute(
    connection: int, user: int, user_name: str | None, candidates: list[str], as_of: Instant
) -> Finding:
    return Finding(
        kind=Kind.IDENTITY_DISPUTED,
        severity=Severity.HIGH,
        connection=connection,
        user=user,
        summary=f"A login of {user_name} could be any of {', '.join(candidates)}. Nothing was "
        "merged.",
        suggestion="Make the identifiers at the identity provider unambiguous.",
        evidence=(Evidence(channel=Channel.LOGIN, says="yes", as_of=as_of),),
    )

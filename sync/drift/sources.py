"""What is wrong with a source itself: its reads, its claims, its age. Pure."""

from collections.abc import Iterator

from models.evidence import Channel
from models.findings import Evidence, Finding, Kind, Severity
from models.instant import DAY, SECOND, Instant, to_text
from sync.policies.policy import Policy

CLAIMS = {
    "absent": (Kind.CLAIM_ABSENT, Severity.MEDIUM),
    "overage": (Kind.CLAIM_OVERAGE, Severity.LOW),
    "partial": (Kind.CLAIM_TRUNCATED, Severity.LOW),
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
        yield _broken_off(connection, problem, has_shrunk=has_shrunk, ended_at=ended_at)
    if policy.pull and covered_at and now - covered_at > policy.pull_ttl:
        yield Finding(
            kind=Kind.STALE_EVIDENCE,
            severity=Severity.HIGH,
            connection=connection,
            summary=f"The directory was last read to its end at {to_text(covered_at)}, longer "
            f"ago than {policy.pull_ttl // SECOND} seconds. What it said decides nothing.",
            suggestion="Run a read now, and see why the scheduled ones fail.",
            evidence=(
                Evidence(
                    channel=Channel.PULL,
                    says="silent",
                    as_of=covered_at,
                    why="No read since then saw the end of the directory.",
                ),
            ),
        )


def _broken_off(connection: int, problem: str, *, has_shrunk: bool, ended_at: Instant) -> Finding:
    """It only added; and whether that is because it listed suspiciously little."""
    kind = Kind.SCOPE_SHRUNK if has_shrunk else Kind.PULL_INCOMPLETE
    return Finding(
        kind=kind,
        severity=Severity.HIGH,
        connection=connection,
        summary=f"The last read of the directory is not complete: {problem}",
        suggestion="It added what it listed and removed nothing. See the run, mend the cause, "
        "and read again."
        if kind is Kind.PULL_INCOMPLETE
        else "If the directory really became smaller, raise policy.shrink for one read.",
        evidence=(Evidence(channel=Channel.PULL, says="silent", as_of=ended_at, why=problem),),
    )


def about_stale(
    connection: int, channel: Channel, policy: Policy, *, users: int, oldest: Instant
) -> Finding:
    """Users about whom the newest word is too old to decide, so that all stays as it is."""
    ttl = policy.lease if channel is Channel.LOGIN else policy.push_ttl or 0
    who = "1 user is" if users == 1 else f"{users} users are"
    by_login = channel is Channel.LOGIN
    return Finding(
        kind=Kind.STALE_EVIDENCE,
        severity=Severity.LOW if by_login else Severity.MEDIUM,
        connection=connection,
        detail=channel.value,
        summary=f"{who} vouched for by nothing newer than {ttl // DAY} days, the time-to-live of "
        f"the {channel} channel. They stay as they were.",
        suggestion="These people have not signed in for long: ask whether they are still there."
        if by_login
        else "Have the identity provider push them again, or connect its directory.",
        evidence=(
            Evidence(
                channel=channel,
                says="silent",
                as_of=oldest,
                why="The oldest of these words; all are older than their time-to-live.",
            ),
        ),
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
    is_cut = kind is Kind.CLAIM_TRUNCATED
    yield Finding(
        kind=kind,
        severity=severity,
        connection=connection,
        user=user,
        summary=f"The groups claim in the newest token of {user_name} is {state}: "
        f"{problem or 'no reason was given.'}",
        suggestion="Narrow the claim's filter at the identity provider. Until then its logins "
        "prove who is in a group, and never who is not."
        if is_cut
        else "Mend the claim's configuration at the identity provider. Until then its logins say "
        "nothing about groups.",
        evidence=(
            Evidence(
                channel=Channel.LOGIN,
                says="yes" if is_cut else "silent",
                as_of=as_of,
                why=problem or f"The claim is {state}.",
            ),
        ),
    )

"""What is wrong with a target as a whole: its queue, its plans, its listing. Pure."""

from models.findings import Evidence, Finding, Kind, Severity
from models.instant import Instant


def about_failing(
    connection: int,
    target: int,
    slug: str,
    *,
    operation: str,
    error: str | None,
    user: int | None,
    group: int | None,
) -> Finding:
    """An action died or keeps failing, and what it would do is still to be done."""
    return Finding(
        kind=Kind.ACTION_FAILING,
        severity=Severity.HIGH,
        connection=connection,
        target=target,
        user=user,
        group=group,
        detail=operation,
        summary=f"{operation} at {slug} fails: {error}",
        suggestion="Mend the cause at the target, then retry the action.",
    )


def about_unseen(connection: int, target: int, slug: str, *, problem: str, now: Instant) -> Finding:
    """The target could not be read, so what it holds is not known."""
    return Finding(
        kind=Kind.ACTION_FAILING,
        severity=Severity.MEDIUM,
        connection=connection,
        target=target,
        detail="observe",
        summary=f"{slug} could not be read: {problem}",
        suggestion="Its drift is unknown until it answers. See that it is reachable.",
        evidence=(Evidence(channel="target", says="silent", as_of=now, why=problem),),
    )


def about_hold(connection: int, target: int, slug: str, *, hold: str, why: str) -> Finding:
    """A plan waits for a person."""
    return Finding(
        kind=Kind.HELD_BY_GUARD,
        severity=Severity.CRITICAL,
        connection=connection,
        target=target,
        detail=hold,
        summary=f"A plan for {slug} waits for approval. {why}",
        suggestion="Look at the list of the hold, then approve or refuse it as a whole.",
    )


def about_refused(
    connection: int, target: int, slug: str, *, hold: str, operations: int
) -> Finding:
    """A person refused a plan whose evidence still stands."""
    return Finding(
        kind=Kind.HELD_BY_GUARD,
        severity=Severity.MEDIUM,
        connection=connection,
        target=target,
        detail=hold,
        summary=f"{operations} removals at {slug} were refused, and the identity provider still "
        "asks for them.",
        suggestion="Put right at the identity provider what should not be removed.",
    )

"""What is wrong with a target as a whole: its queue, its plans, its listing. Pure."""

from collections.abc import Mapping
from typing import Any

from models.evidence import Channel
from models.findings import Evidence, Finding, Kind, Mending, Severity
from models.instant import Instant
from models.records import MemberRecord
from sync.drift.words import said

TOLD = {
    Kind.MISSING_AT_TARGET: ("It does not list it.", "We had put it there."),
    Kind.ATTRIBUTE_DRIFT: ("It shows something else.", "We had written it otherwise."),
    Kind.FOREIGN_AT_TARGET: ("It lists it.", "We have put nothing of this id there."),
    Kind.UNEXPECTED_AT_TARGET: ("It lists this member.", "We have put nothing of this id there."),
    Kind.MEMBERSHIP_DRIFT: ("Its list of members says so.", "We had left it otherwise."),
}
"""Why the target says what it says, and why our own record says something else."""
UNKNOWN = {Kind.FOREIGN_AT_TARGET, Kind.UNEXPECTED_AT_TARGET}


def sides(kind: Kind, now: Instant, *, is_there: bool) -> tuple[Evidence, ...]:
    """What the target shows, and what our binding has of it."""
    there, here = TOLD[kind]
    believed = "yes" if kind is Kind.ATTRIBUTE_DRIFT or not is_there else "no"
    return (
        Evidence(channel="target", says="yes" if is_there else "no", as_of=now, why=there),
        Evidence(
            channel="binding", says="silent" if kind in UNKNOWN else believed, as_of=None, why=here
        ),
    )


def about_failing(
    connection: int,
    target: int,
    slug: str,
    *,
    action: Mending,
    error: str | None,
    user: int | None,
    group: int | None,
    as_of: Instant,
    because: Mapping[str, Any],
) -> Finding:
    """An action died or keeps failing, and what it would do is still to be done."""
    return Finding(
        kind=Kind.ACTION_FAILING,
        severity=Severity.HIGH,
        connection=connection,
        target=target,
        user=user,
        group=group,
        detail=action.operation,
        action=action,
        summary=f"{action.operation} at {slug} fails: {error}",
        suggestion="Mend the cause at the target, then retry the action.",
        evidence=(
            Evidence(
                channel=because.get("decided_by") or "administrator",
                says=because.get("answer", "yes"),
                as_of=because.get("as_of"),
                why=because.get("why") or "It was decided so.",
            ),
            Evidence(
                channel="target", says="no", as_of=as_of, why=error or "It gave no reason for it."
            ),
        ),
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


def about_quarantined(
    connection: int, target: int, slug: str, *, problem: str, now: Instant
) -> Finding:
    """The target failed so often that it is left alone, but for a probe now and then."""
    return Finding(
        kind=Kind.TARGET_QUARANTINED,
        severity=Severity.HIGH,
        connection=connection,
        target=target,
        summary=f"{slug} is left alone after repeated failures: {problem}",
        suggestion="Mend the cause at the target. It is probed now and then, and what waits goes "
        "on by itself once a probe succeeds.",
        evidence=(Evidence(channel="target", says="silent", as_of=now, why=problem),),
    )


def about_untold(
    record: MemberRecord, connection: int, target: int, slug: str, now: Instant
) -> Finding:
    """Somebody put one of ours into a group of ours there, and no channel ever spoke of it."""
    who, group = record.user_name, record.group_name
    return Finding(
        kind=Kind.UNEXPECTED_AT_TARGET,
        severity=Severity.MEDIUM,
        connection=connection,
        target=target,
        user=record.membership.user,
        group=record.membership.group,
        summary=f"{who} is in the group {group} at {slug}, and no channel has ever said so or "
        "denied it.",
        suggestion=f"Take {who} out of it there, or put {who} into the group at the identity "
        "provider. What nobody has spoken of is left alone.",
        evidence=(
            Evidence(channel="target", says="yes", as_of=now, why="It lists this member."),
            *(said(one, record.testimony.of(one)) for one in Channel),
        ),
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
        evidence=(Evidence(channel="guard", says="no", why=why),),
    )


def about_protected(connection: int, target: int, slug: str, *, hold: str, why: str) -> Finding:
    """Somebody asks to remove what the guard of the target protects."""
    return Finding(
        kind=Kind.PROTECTED_REMOVAL,
        severity=Severity.HIGH,
        connection=connection,
        target=target,
        detail=hold,
        summary=f"Removals at {slug} wait for approval. {why}",
        suggestion="Look at the list of the hold. Approve it only if these are really to go.",
        evidence=(Evidence(channel="guard", says="no", why=why),),
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
        evidence=(Evidence(channel="administrator", says="no", why="The plan was refused here."),),
    )

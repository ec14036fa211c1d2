"""What is in doubt about who is who, and about what things are called. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.evidence import Channel
from models.findings import Evidence, Finding, Kind, Severity
from models.instant import Instant
from sync.tokens.shapes import Shape


def recycled(
    connection: int,
    user: int,
    *,
    channel: Channel,
    name: str,
    former: str,
    ids: tuple[str, str],
    as_of: Instant,
) -> Finding:
    """`former` is what we call who had the name; `ids` are its identifier and the new one."""
    return Finding(
        kind=Kind.IDENTIFIER_RECYCLED,
        severity=Severity.MEDIUM,
        connection=connection,
        user=user,
        detail=former,
        summary=f"The name {name} comes from {channel} with another identifier than the person "
        "who had it. That is taken for a new person, who gets nothing of the former one's.",
        suggestion="Nothing, if the name was given to somebody else. If it is the same person "
        "under a new account, add the new identifier as an alias of the former user.",
        evidence=(
            Evidence(channel=channel, says="yes", value=ids[1], as_of=as_of, why="The new one."),
            Evidence(
                channel=channel, says="no", value=ids[0], why=f"Identifies the user {former}."
            ),
        ),
    )


def takeover(
    connection: int,
    user: int,
    *,
    email: str,
    owner: str,
    is_verified: bool,
    as_of: Instant,
) -> Finding:
    why = (
        "The provider vouches for the address, but its domain is not one that the organization "
        "has verified."
        if is_verified
        else "The provider does not vouch for the address: whoever manages the account may have "
        "typed it in."
    )
    return Finding(
        kind=Kind.EMAIL_TAKEOVER_SUSPECT,
        severity=Severity.HIGH,
        connection=connection,
        user=user,
        detail=owner,
        summary=f"Somebody signed in with the e-mail address {email}, which names another user, "
        "and was not linked to it.",
        suggestion="Find out who that was. If both are one person, add the token's subject as "
        "an alias of the user, or verify the organization's domain.",
        evidence=(
            Evidence(channel=Channel.LOGIN, says="yes", value=email, as_of=as_of, why=why),
            Evidence(channel=Channel.LOGIN, says="no", value=owner, why="Whom it names."),
        ),
    )


def disputed(
    connection: int,
    user: int,
    *,
    name: str | None,
    candidates: Sequence[tuple[str, str]],
    as_of: Instant,
) -> Finding:
    """`candidates` are the user's id and what named it."""
    return Finding(
        kind=Kind.IDENTITY_DISPUTED,
        severity=Severity.HIGH,
        connection=connection,
        user=user,
        summary=f"A login of {name or 'somebody'} could be any of {len(candidates)} users. "
        "Nothing was merged.",
        suggestion="Decide by adding the token's subject as an alias of the right user, or make "
        "the identifiers at the identity provider unambiguous.",
        evidence=tuple(
            Evidence(
                channel=Channel.LOGIN, says="yes", value=one, as_of=as_of, why=f"Named by {by}."
            )
            for one, by in candidates
        ),
    )


def renamed(
    connection: int, group: int, *, before: str, after: str, channel: Channel, as_of: Instant
) -> Finding:
    return Finding(
        kind=Kind.GROUP_RENAMED,
        severity=Severity.INFO,
        connection=connection,
        group=group,
        summary=f"The group {before} is called {after} now: its identifier is the same.",
        suggestion="Nothing. Both names name it, until another group takes over the old one.",
        evidence=(
            Evidence(channel=channel, says="no", value=before),
            Evidence(channel=channel, says="yes", value=after, as_of=as_of),
        ),
    )


def identifier_changed(
    connection: int, group: int, *, name: str, before: str, after: str, as_of: Instant
) -> Finding:
    """Proven by a directory that knows the group by both."""
    return Finding(
        kind=Kind.GROUP_IDENTIFIER_CHANGED,
        severity=Severity.INFO,
        connection=connection,
        group=group,
        detail=after,
        summary=f"The group {name} goes in tokens as {after} now, no longer as {before}. The "
        "directory knows it by both, so it is the same group.",
        suggestion="Nothing. Its grants and memberships stand.",
        evidence=(
            Evidence(channel=Channel.LOGIN, says="no", value=before),
            Evidence(channel=Channel.LOGIN, says="yes", value=after, as_of=as_of),
        ),
    )


def proposed(connection: int, proposal: Any, numbers: Mapping[str, Any]) -> Finding:
    """Likely by statistics; an administrator decides."""
    former, later, key = proposal.former_name, proposal.later_name, proposal.public_id
    both, compared = numbers["both"], numbers["compared"]
    return Finding(
        kind=Kind.GROUP_IDENTIFIER_CHANGED,
        severity=Severity.MEDIUM,
        connection=connection,
        group=proposal.former_id,
        detail=key,
        summary=f"The group {later} in tokens seems to be {former} under a new identifier: of "
        f"{numbers['former']} users who had {former} and {numbers['later']} who have {later} "
        f"since, {both} are the same people.",
        suggestion=f"Look at the numbers and decide: POST /api/v1/proposals/{key}/accept makes "
        f"them one group, and {former} keeps its grants; POST /api/v1/proposals/{key}/refuse "
        "leaves them two. An acceptance can be undone by /split.",
        evidence=(
            Evidence(
                channel=Channel.LOGIN,
                says="no",
                value=former,
                why=f"{numbers['former']} of {compared} users before.",
            ),
            Evidence(
                channel=Channel.LOGIN,
                says="yes",
                value=later,
                why=f"{numbers['later']} of {compared} users after; {both} are in both.",
            ),
        ),
    )


def format_changed(
    connection: int,
    public_id: str,
    change: tuple[Shape, Shape],
    examples: tuple[str, str],
    at: Instant,
) -> Finding:
    before, after = change
    return Finding(
        kind=Kind.CLAIM_FORMAT_CHANGED,
        severity=Severity.HIGH,
        connection=connection,
        summary=f"Within a day most tokens have begun to list groups as {after.value} instead of "
        f"{before.value}. Until somebody decides, tokens add and do not remove.",
        suggestion="If that is a mistake at the identity provider, set it back there. If it is "
        "meant, decide about the proposals at /api/v1/proposals. Then POST "
        f"/api/v1/connections/{public_id}/claims/resume.",
        evidence=(
            Evidence(channel=Channel.LOGIN, says="no", value=examples[0], why=before.value),
            Evidence(
                channel=Channel.LOGIN, says="yes", value=examples[1], as_of=at, why=after.value
            ),
        ),
    )


def twins(connection: int, groups: Sequence[tuple[int, str, str, str]]) -> Finding:
    """Each group with its id, its name and who speaks of it; the oldest first."""
    first, _, name, _ = groups[0]
    return Finding(
        kind=Kind.GROUP_TWINS,
        severity=Severity.LOW,
        connection=connection,
        group=first,
        summary=f"{len(groups)} groups are called {name}, and nothing proves that they are one.",
        suggestion="If they are one, give the push the directory's id as externalId, or add the "
        "identifier of one as an alias of the other. If not, rename one of them.",
        evidence=tuple(
            Evidence(channel=by, says="yes", value=key, why=f"Is called {called}.")
            for _, key, called, by in groups
        ),
    )

"""Where tokens and the directory disagree. Pure."""

from collections.abc import Iterator

from models.evidence import Channel, No, Silent, Testimony, Yes
from models.findings import Evidence, Finding, Kind, Severity
from models.instant import Instant, to_text
from models.records import MemberRecord, UserRecord
from models.verdicts import Answer
from sync import decide
from sync.drift.words import said
from sync.policies.policy import Policy


def about_token(record: MemberRecord, connection: int) -> Iterator[Finding]:
    """A token and the directory differ about a membership; which of them is newer?"""
    testimony, login = record.testimony, record.testimony.login
    directory = _directory(testimony)
    if isinstance(login, Silent):
        return
    newest = max(directory, key=lambda one: (one[1].as_of, isinstance(one[1], Yes)), default=None)
    said_yes = newest is not None and isinstance(newest[1], Yes)
    if isinstance(login, Yes) == said_yes:
        return
    is_ahead = newest is None or login.as_of > newest[1].as_of
    token = "lists" if isinstance(login, Yes) else "does not list"
    what = f"{record.user_name} is in {record.group_name}"
    yield Finding(
        kind=Kind.TOKEN_AHEAD_OF_DIRECTORY if is_ahead else Kind.DIRECTORY_AHEAD_OF_TOKEN,
        severity=Severity.MEDIUM if is_ahead else Severity.INFO,
        connection=connection,
        user=record.membership.user,
        group=record.membership.group,
        summary=f"A login token {token} this: {what}. The directory, last heard before, "
        "says otherwise."
        if is_ahead
        else f"An older login token {token} this: {what}. The directory has said otherwise since.",
        suggestion="Wait for the next push or read; where a point read is possible it is under way."
        if is_ahead
        else "Nothing: the next login brings a newer token.",
        evidence=(said(Channel.LOGIN, login), *(said(c, w) for c, w in directory)),
    )


def _directory(testimony: Testimony) -> list[tuple[Channel, Yes | No]]:
    return [
        (channel, word)
        for channel in (Channel.PUSH, Channel.PULL)
        if isinstance(word := testimony.of(channel), Yes | No)
    ]


def about_still_sent(record: MemberRecord, connection: int) -> Iterator[Finding]:
    """An administrator removed the group, and the identity provider still names it.

    A token names it for one user; a push or a read for the whole group, which is one finding.
    """
    sent = {
        channel: word
        for channel in Channel
        if isinstance(word := record.testimony.of(channel), Yes) and word.as_of > record.removed_at
    }
    group, who = record.group_name, record.user_name
    removed = Evidence(
        channel="administrator", says="no", as_of=record.removed_at, why="Removed here."
    )
    for channel, word in sent.items():
        by_token = channel is Channel.LOGIN
        how = f"named in a token of {who}" if by_token else f"named by {channel}"
        yield Finding(
            kind=Kind.REMOVED_GROUP_STILL_SENT,
            severity=Severity.MEDIUM,
            connection=connection,
            group=record.membership.group,
            user=record.membership.user if by_token else None,
            detail="" if by_token else channel.value,
            summary=f"The group {group} was removed here, and is still {how}.",
            suggestion="Restore the group here, or remove it in the identity provider.",
            evidence=(said(channel, word), removed),
        )


def about_inactive(
    record: UserRecord, connection: int, policy: Policy, now: Instant
) -> Iterator[Finding]:
    """Somebody signed in after having been disabled or removed."""
    if not policy.has_directory or not record.login_at:
        return
    decided = decide.user(record, policy, now)
    refusing = decided.exists if decided.exists.answer is Answer.NO else decided.active
    if refusing.answer is not Answer.NO or record.login_at <= refusing.since:
        return
    yield Finding(
        kind=Kind.LOGIN_OF_INACTIVE_USER,
        severity=Severity.HIGH,
        connection=connection,
        user=record.key,
        summary=f"{record.user_name} signed in at {to_text(record.login_at)}, after having "
        "been disabled or removed.",
        suggestion="Disable the account at the identity provider, and end its sessions.",
        evidence=(
            Evidence(
                channel=Channel.LOGIN,
                says="yes",
                as_of=record.login_at,
                why="A token of this sign-in was verified.",
            ),
            Evidence(
                channel=refusing.decided_by or Channel.PUSH,
                says="no",
                as_of=refusing.as_of,
                why=refusing.why,
            ),
        ),
    )

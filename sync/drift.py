"""Where the witnesses disagree, and what to do about it. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from models.evidence import Channel, No, Silent, Testimony, Word, Yes
from models.findings import Evidence, Finding, Kind, Severity
from models.instant import Instant, to_text
from models.records import MemberRecord, UserRecord
from models.verdicts import Answer
from sync import decide
from sync.policy import Policy

Base = Mapping[str, Any]
"""What a finding is about: connection, user, group, detail."""
DERIVED = frozenset({"display_name"})
"""Pushed as a mapping made it, also where the directory has none: no disagreement."""
CASELESS = frozenset({"user_name", "email"})
WORDS = {
    "user_name": "user name",
    "email": "e-mail address",
    "first_name": "first name",
    "last_name": "last name",
    "display_name": "display name",
}


def about_user(
    record: UserRecord, connection: int, policy: Policy, now: Instant
) -> Iterator[Finding]:
    """What the channels say differently of one user."""
    who = record.user_name or record.public_id
    yield from _between_directories(
        record.exists,
        policy,
        now,
        base={"connection": connection, "user": record.key},
        what=f"{who} exists",
    )
    if isinstance(record.exists.pull, Yes) and isinstance(record.exists.push, Yes):
        yield from _between_directories(
            record.active,
            policy,
            now,
            base={"connection": connection, "user": record.key, "detail": "active"},
            what=f"{who} is active",
        )
    yield from _login_of_inactive(record, connection, policy, now)
    yield from _attributes(record, connection)


def about_member(
    record: MemberRecord, connection: int, policy: Policy, now: Instant
) -> Iterator[Finding]:
    """What the channels say differently of one membership."""
    base = {
        "connection": connection,
        "user": record.membership.user,
        "group": record.membership.group,
    }
    what = f"{record.user_name} is in {record.group_name}"
    if record.removed_at:
        yield from _still_sent(record, connection)
        return
    if not (record.user_wanted and record.group_wanted):
        return
    yield from _between_directories(record.testimony, policy, now, base=base, what=what)
    if policy.has_directory:
        yield from _against_token(record.testimony, base=base, what=what)


def _between_directories(
    testimony: Testimony, policy: Policy, now: Instant, *, base: Base, what: str
) -> Iterator[Finding]:
    """The directory is newer than the push, and the push had time enough to follow."""
    push, pull = testimony.push, testimony.pull
    if not (policy.push and policy.pull) or isinstance(pull, Silent):
        return
    pushed_at = 0 if isinstance(push, Silent) else push.as_of
    if pull.as_of <= pushed_at or now - pull.since < policy.cycle:
        return
    evidence = (_evidence(Channel.PUSH, push), _evidence(Channel.PULL, pull))
    if isinstance(pull, Yes) and not isinstance(push, Yes):
        if isinstance(push, Silent) and base.get("group") is None and not policy.pull_admits:
            return
        yield _finding(
            Kind.MISSED_PUSH,
            Severity.MEDIUM,
            base,
            summary=f"The directory says that {what}; the push has not said so.",
            suggestion="Provision this object on demand in the identity provider, and look at "
            "its provisioning log for an error.",
            evidence=evidence,
        )
    if isinstance(pull, No) and isinstance(push, Yes):
        yield _finding(
            Kind.STALE_PUSH,
            Severity.HIGH,
            base,
            summary=f"The push says that {what}; the directory, read since, says no more.",
            suggestion="Check in the identity provider why the removal was not pushed. It "
            "takes effect here once the directory has confirmed it.",
            evidence=evidence,
        )


def _against_token(testimony: Testimony, *, base: Base, what: str) -> Iterator[Finding]:
    directory = [
        (channel, word)
        for channel in (Channel.PUSH, Channel.PULL)
        if isinstance(word := testimony.of(channel), Yes | No)
    ]
    login = testimony.login
    if isinstance(login, Silent):
        return
    newest = max(directory, key=lambda one: (one[1].as_of, isinstance(one[1], Yes)), default=None)
    said_yes = newest is not None and isinstance(newest[1], Yes)
    if isinstance(login, Yes) == said_yes:
        return
    evidence = (_evidence(Channel.LOGIN, login), *(_evidence(c, w) for c, w in directory))
    token = "lists" if isinstance(login, Yes) else "does not list"
    if newest is None or login.as_of > newest[1].as_of:
        yield _finding(
            Kind.TOKEN_AHEAD_OF_DIRECTORY,
            Severity.MEDIUM,
            base,
            summary=f"A login token {token} this: {what}. The directory, last heard before, "
            "says otherwise.",
            suggestion="Wait for the next push or read; where a point read is possible it is "
            "under way.",
            evidence=evidence,
        )
    else:
        yield _finding(
            Kind.DIRECTORY_AHEAD_OF_TOKEN,
            Severity.INFO,
            base,
            summary=f"An older login token {token} this: {what}. The directory has said "
            "otherwise since.",
            suggestion="Nothing: the next login brings a newer token.",
            evidence=evidence,
        )


def _still_sent(record: MemberRecord, connection: int) -> Iterator[Finding]:
    """An administrator removed the group, and the identity provider still names it.

    A token names it for one user; a push or a read for the whole group, which is one finding.
    """
    sent = {
        channel: word
        for channel in Channel
        if isinstance(word := record.testimony.of(channel), Yes) and word.as_of > record.removed_at
    }
    group, who = record.group_name, record.user_name
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
            evidence=(_evidence(channel, word),),
        )


def _login_of_inactive(
    record: UserRecord, connection: int, policy: Policy, now: Instant
) -> Iterator[Finding]:
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
            Evidence(channel=Channel.LOGIN, says="yes", as_of=record.login_at),
            Evidence(
                channel=refusing.decided_by or Channel.PUSH,
                says="no",
                as_of=refusing.as_of,
                why=refusing.why,
            ),
        ),
    )


def _attributes(record: UserRecord, connection: int) -> Iterator[Finding]:
    """What is pushed and is otherwise in the directory. What is not mapped is never pushed."""
    for name in sorted(set(record.push_said) & set(record.pull_said) & set(WORDS)):
        (pushed, pushed_at), (read, read_at) = record.push_said[name], record.pull_said[name]
        if not pushed or (not read and name in DERIVED) or _same(name, pushed, read):
            continue
        yield Finding(
            kind=Kind.ATTRIBUTE_CONFLICT,
            severity=Severity.LOW,
            connection=connection,
            user=record.key,
            detail=name,
            summary=f"The {WORDS[name]} of {record.user_name} is {_shown(pushed)} by push and "
            f"{_shown(read)} in the directory.",
            suggestion="Compare the attribute mapping of the provisioning with the directory.",
            evidence=(
                Evidence(channel=Channel.PUSH, says="yes", value=pushed, as_of=pushed_at),
                Evidence(channel=Channel.PULL, says="yes", value=read, as_of=read_at),
            ),
        )


def _same(name: str, one: str | None, other: str | None) -> bool:
    if name in CASELESS and one is not None and other is not None:
        return one.casefold() == other.casefold()
    return (one or None) == (other or None)


def _shown(value: str | None) -> str:
    return f"“{value}”" if value else "empty"


def _evidence(channel: Channel, word: Word) -> Evidence:
    match word:
        case Yes(as_of, since):
            why = f"First said {to_text(since)}."
            return Evidence(channel=channel, says="yes", as_of=as_of, why=why)
        case No(as_of, since):
            why = f"First said {to_text(since)}." if since else "It has never listed it."
            return Evidence(channel=channel, says="no", as_of=as_of, why=why)
        case Silent():
            return Evidence(channel=channel, says="silent", why="It has not spoken of this.")


def _finding(
    kind: Kind,
    severity: Severity,
    base: Base,
    *,
    summary: str,
    suggestion: str,
    evidence: tuple[Evidence, ...],
) -> Finding:
    return Finding(
        kind=kind,
        severity=severity,
        summary=summary,
        suggestion=suggestion,
        evidence=evidence,
        **base,
    )

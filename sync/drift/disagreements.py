"""Where push and directory disagree about users, groups and memberships. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.evidence import Channel, No, Silent, Testimony, Yes
from models.findings import Evidence, Finding, Kind, Severity
from models.instant import Instant
from models.records import GroupRecord, MemberRecord, UserRecord
from sync.drift.tokens import about_inactive, about_still_sent, about_token
from sync.drift.words import said, shown
from sync.policies.policy import Policy

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What two directories may say differently."""

    about: Mapping[str, Any]
    """Connection, user, group, detail."""
    claim: str
    """What is true when the answer is yes."""
    is_awaited: bool
    """The push should have said it, had it said anything."""


def about_user(
    record: UserRecord, connection: int, policy: Policy, now: Instant
) -> Iterator[Finding]:
    """What the channels say differently of one user."""
    who = record.user_name or record.public_id
    about = {"connection": connection, "user": record.key}
    exists = Fact(about=about, claim=f"{who} exists", is_awaited=policy.pull_admits)
    yield from _between(record.exists, exists, policy, now)
    if isinstance(record.exists.pull, Yes) and isinstance(record.exists.push, Yes):
        detailed = about | {"detail": "active"}
        active = Fact(about=detailed, claim=f"{who} is active", is_awaited=policy.pull_admits)
        yield from _between(record.active, active, policy, now)
    yield from about_inactive(record, connection, policy, now)
    conflicts = _attributes(record, connection)
    yield from (one for one in conflicts if one.detail not in policy.ignored)


def about_group(
    record: GroupRecord, connection: int, policy: Policy, now: Instant, *, pushes_groups: bool
) -> Iterator[Finding]:
    """Push and directory differ about a group as such. `pushes_groups`: any, so also this one."""
    if record.removed_at or not record.let_in:
        return
    exists = Fact(
        about={"connection": connection, "group": record.key},
        claim=f"the group {record.name} exists",
        is_awaited=policy.pull_admits and pushes_groups,
    )
    yield from _between(record.exists, exists, policy, now)


def about_member(
    record: MemberRecord, connection: int, policy: Policy, now: Instant
) -> Iterator[Finding]:
    """What the channels say differently of one membership."""
    if record.removed_at:
        yield from about_still_sent(record, connection)
        return
    if not (record.user_wanted and record.group_wanted):
        return
    user, group = record.membership.user, record.membership.group
    is_in = Fact(
        about={"connection": connection, "user": user, "group": group},
        claim=f"{record.user_name} is in {record.group_name}",
        is_awaited=True,
    )
    yield from _between(record.testimony, is_in, policy, now)
    if policy.has_directory:
        yield from about_token(record, connection)


def _between(testimony: Testimony, fact: Fact, policy: Policy, now: Instant) -> Iterator[Finding]:
    """The directory is newer than the push, and the push had time enough to follow."""
    push, pull = testimony.push, testimony.pull
    if not (policy.push and policy.pull) or isinstance(pull, Silent):
        return
    pushed_at = 0 if isinstance(push, Silent) else push.as_of
    if pull.as_of <= pushed_at or now - pull.since < policy.cycle:
        return
    evidence = (said(Channel.PUSH, push), said(Channel.PULL, pull))
    if isinstance(pull, Yes) and not isinstance(push, Yes):
        if isinstance(push, Silent) and not fact.is_awaited:
            return
        yield Finding(
            kind=Kind.MISSED_PUSH,
            severity=Severity.MEDIUM,
            summary=f"The directory says that {fact.claim}; the push has not said so.",
            suggestion="Provision this object on demand in the identity provider, and look at "
            "its provisioning log for an error.",
            evidence=evidence,
            **fact.about,
        )
    if isinstance(pull, No) and isinstance(push, Yes):
        yield Finding(
            kind=Kind.STALE_PUSH,
            severity=Severity.HIGH,
            summary=f"The push says that {fact.claim}; the directory, read since, says no more.",
            suggestion="Check in the identity provider why the removal was not pushed. It "
            "takes effect here once the directory has confirmed it.",
            evidence=evidence,
            **fact.about,
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
            summary=f"The {WORDS[name]} of {record.user_name} is {shown(pushed)} by push and "
            f"{shown(read)} in the directory.",
            suggestion="Compare the attribute mapping of the provisioning with the directory.",
            evidence=(
                Evidence(
                    channel=Channel.PUSH,
                    says="yes",
                    value=pushed,
                    as_of=pushed_at,
                    why=f"Pushed as the {WORDS[name]}.",
                ),
                Evidence(
                    channel=Channel.PULL,
                    says="yes",
                    value=read,
                    as_of=read_at,
                    why=f"Read as the {WORDS[name]}.",
                ),
            ),
        )


def _same(name: str, one: str | None, other: str | None) -> bool:
    if name in CASELESS and one is not None and other is not None:
        return one.casefold() == other.casefold()
    return (one or None) == (other or None)

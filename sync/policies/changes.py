"""Which verdicts another policy would change, and to what. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from models.identity import Profile
from models.instant import Instant
from models.records import GroupRecord, MemberRecord, UserRecord
from models.verdicts import Answer, GroupVerdict, Verdict
from sync import decide
from sync.authority import ATTRIBUTES
from sync.policies.policy import Policy
from sync.policies.sentences import ATTRIBUTES as WORDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    what: str
    """What is true when the answer is yes, or what has a value, as a sentence has it."""
    before: str | None
    after: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    before: Policy
    after: Policy

    @property
    def decide_memberships_alike(self) -> bool:
        """Whether a membership can be decided otherwise only because its group is."""
        return _on_memberships(self.before) == _on_memberships(self.after)


def about_user(record: UserRecord, both: Policies, now: Instant) -> Iterator[Change]:
    was, becomes = decide.user(record, both.before, now), decide.user(record, both.after, now)
    who = record.user_name or record.public_id
    yield from _answers(f"{who} is to be in the application", was.exists, becomes.exists)
    if Answer.NO in (was.exists.answer, becomes.exists.answer):
        return
    yield from _answers(f"{who} is active", was.active, becomes.active)
    yield from _profiles(who, was.profile, becomes.profile)


def about_group(record: GroupRecord, was: GroupVerdict, becomes: GroupVerdict) -> Iterator[Change]:
    yield from _answers(f"the group {record.name} is to be there", was.exists, becomes.exists)
    if was.name != becomes.name:
        yield Change(
            what=f"the name of the group {record.name}",
            before=was.name,
            after=becomes.name,
            why="Policy authority.group_names says whose word it is.",
        )


def about_member(
    record: MemberRecord,
    both: Policies,
    now: Instant,
    *,
    group: tuple[GroupVerdict, GroupVerdict],
) -> Iterator[Change]:
    """`group`: the verdict on the group, before and after."""
    was, becomes = (
        decide.member(_within(record, decided), policy, now)
        for decided, policy in zip(group, (both.before, both.after), strict=True)
    )
    yield from _answers(f"{record.user_name} is in {record.group_name}", was, becomes)


def _within(record: MemberRecord, group: GroupVerdict) -> MemberRecord:
    """The membership once the verdict on its group is kept."""
    returned = group.exists.answer is Answer.YES
    return replace(
        record,
        group_let_in=group.is_let_in,
        removed_at=0 if returned else record.removed_at,
    )


def _answers(what: str, was: Verdict, becomes: Verdict) -> Iterator[Change]:
    if was.answer is not becomes.answer:
        yield Change(
            what=what, before=was.answer.value, after=becomes.answer.value, why=becomes.why
        )


def _profiles(who: str, was: Profile | None, becomes: Profile | None) -> Iterator[Change]:
    for name in ATTRIBUTES:
        before, after = getattr(was, name, None), getattr(becomes, name, None)
        if before != after:
            yield Change(
                what=f"the {WORDS[name]} of {who}",
                before=before,
                after=after,
                why=f"Policy authority.attributes and attributes.ignore say whose {name} counts.",
            )


def _on_memberships(policy: Policy) -> tuple[object, ...]:
    """All that a verdict on a membership depends on, but for its group."""
    return (
        policy.push,
        policy.pull,
        policy.authority.memberships,
        policy.pull_ttl,
        policy.push_ttl,
        policy.login_grants,
        policy.lease,
        policy.expired_lease,
    )

"""From what stands to what is decided, and from there to the cases of a plan. Pure."""

from models.actions import Ownership
from models.instant import Instant
from models.records import GroupRecord, MemberRecord, UserRecord
from models.verdicts import Answer, GroupVerdict, UserVerdict, Verdict
from sync import verdict
from sync.plan import GroupCase, GroupHeld, MemberCase, UserCase, UserHeld
from sync.policy import Policy


def user(record: UserRecord, policy: Policy, now: Instant) -> UserVerdict:
    return UserVerdict(
        exists=verdict.existence(record.exists, policy, now),
        active=verdict.activity(record.active, policy, now),
        profile=verdict.profile(record.push_said, record.pull_said, record.login_said, policy),
    )


def group(record: GroupRecord, policy: Policy, now: Instant) -> GroupVerdict:
    """What an administrator removed stays removed, whoever still speaks of it."""
    names = [one for one in (record.push_name, record.pull_name) if one is not None]
    name = max(names, key=lambda one: (one[1], one[0]))[0] if names else record.name
    if record.removed_at:
        removed = Verdict(
            Answer.NO,
            "An administrator removed this group.",
            as_of=record.removed_at,
            since=record.removed_at,
            explicit=True,
        )
        return GroupVerdict(exists=removed, name=name)
    return GroupVerdict(exists=verdict.existence(record.exists, policy, now), name=name)


def member(record: MemberRecord, policy: Policy, now: Instant) -> Verdict:
    return verdict.membership(record.testimony, policy, now, removed_at=record.removed_at)


def user_case(record: UserRecord, policy: Policy, now: Instant) -> UserCase:
    held = None
    if record.remote_id is not None and record.ownership is not None:
        held = UserHeld(Ownership(record.ownership), record.held_active, record.held_digest)
    return UserCase(record.key, user(record, policy, now), held)


def group_case(record: GroupRecord, policy: Policy, now: Instant) -> GroupCase:
    held = None
    if record.remote_id is not None and record.ownership is not None:
        held = GroupHeld(Ownership(record.ownership), record.held_digest)
    return GroupCase(record.key, group(record, policy, now), held)


def member_case(record: MemberRecord, policy: Policy, now: Instant) -> MemberCase:
    """A group that is going takes its memberships along; nothing is planned for them."""
    foreign = Ownership.FOREIGN in (record.user_bound, record.group_bound)
    comes = record.user_wanted and (record.user_bound is not None or record.user_active)
    return MemberCase(
        group=record.membership.group,
        user=record.membership.user,
        verdict=member(record, policy, now),
        both_present=record.group_wanted and not foreign and (record.held or comes),
        held=record.held,
    )


def wanted(exists: Verdict, before: bool) -> bool:
    """A hold keeps what was decided before."""
    return before if exists.answer is Answer.HOLD else exists.answer is Answer.YES


def resolved_active(decided: UserVerdict, before: bool) -> bool:
    return before if decided.active.answer is Answer.HOLD else decided.active.answer is Answer.YES

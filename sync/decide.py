"""From what stands to what is decided, and from there to the cases of a plan. Pure."""

from models.actions import Ownership
from models.evidence import Channel, Yes
from models.instant import Instant
from models.records import GroupRecord, MemberRecord, UserRecord
from models.verdicts import Answer, GroupVerdict, UserVerdict, Verdict
from sync import verdict
from sync.attributes import profile
from sync.plan import GroupCase, GroupHeld, MemberCase, UserCase, UserHeld
from sync.policies.policy import Policy, Removed


def user(record: UserRecord, policy: Policy, now: Instant) -> UserVerdict:
    said = (record.push_said, record.pull_said, record.login_said)
    return UserVerdict(
        exists=verdict.existence(record.exists, policy, now),
        active=verdict.activity(record.active, policy, now),
        profile=profile(*said, policy, before=record.resolved),
        role=policy.default_role,
    )


def group(record: GroupRecord, policy: Policy, now: Instant) -> GroupVerdict:
    """What an administrator removed stays removed, unless the policy lets a directory return it.

    Neither brings in what the policy keeps out. That a group is part of another is nobody's word
    that its members are to lose anything: the guard is asked before it is deleted.
    """
    name = _name(record, policy)
    refusal = policy.groups.refusal(name, record.identifiers)
    exists = verdict.existence(record.exists, policy, now)
    if record.removed_at and (refusal or not _returns(record, exists, policy, now)):
        exists = _removed(record.removed_at)
    elif refusal is not None:
        exists = Verdict(Answer.NO, refusal)
    if record.is_part:
        why = "It is one with the group whose later name it was."
        exists = Verdict(Answer.NO, why)
    return GroupVerdict(exists=exists, name=name, is_let_in=refusal is None)


def _removed(at: Instant) -> Verdict:
    why = "An administrator removed this group."
    return Verdict(Answer.NO, why, as_of=at, since=at, explicit=True)


def _returns(record: GroupRecord, exists: Verdict, policy: Policy, now: Instant) -> bool:
    """Decided yes, and by policy a push or read has named it since the removal; a token never.

    A read that admits nobody may confirm what a push admitted.
    """
    if policy.removed_groups is Removed.STAY or exists.answer is not Answer.YES:
        return False
    asked = policy.authority.existence.channel
    words = [
        word
        for channel in (Channel.PUSH, Channel.PULL)
        if isinstance(word := record.exists.of(channel), Yes)
        and asked in (None, channel)
        and not verdict.is_stale(channel, word, policy, now)
    ]
    return any(word.as_of > record.removed_at for word in words)


def _name(record: GroupRecord, policy: Policy) -> str:
    """As the authority over names has it, else as it was."""
    said = {Channel.PUSH: record.push_name, Channel.PULL: record.pull_name}
    asked = policy.authority.group_names.channel
    names = [one for by, one in said.items() if one is not None and asked in (None, by)]
    return max(names, key=lambda one: (one[1], one[0]))[0] if names else record.name


def member(record: MemberRecord, policy: Policy, now: Instant) -> Verdict:
    return verdict.membership(
        record.testimony,
        policy,
        now,
        removed_at=record.removed_at,
        is_let_in=record.group_let_in,
    )


def user_case(record: UserRecord, decided: UserVerdict) -> UserCase:
    held = None
    if record.remote_id is not None and record.ownership is not None:
        held = UserHeld(
            Ownership(record.ownership),
            record.held_active,
            record.held_digest,
            since=record.held_since,
        )
    return UserCase(record.key, decided, held)


def group_case(record: GroupRecord, decided: GroupVerdict) -> GroupCase:
    held = None
    if record.remote_id is not None and record.ownership is not None:
        held = GroupHeld(Ownership(record.ownership), record.held_digest)
    return GroupCase(record.key, decided, held)


def member_case(record: MemberRecord, policy: Policy, now: Instant) -> MemberCase:
    """Nobody is added to a group that is not wanted. Who is held there may have to go all the same:
    its deletion may be stopped, or its evidence too old to delete it (`plan`). Only what the policy
    keeps out goes as a whole.
    """
    foreign = Ownership.FOREIGN in (record.user_bound, record.group_bound)
    stays = record.group_wanted or record.group_let_in
    comes = record.user_wanted and (record.user_bound is not None or record.user_active)
    return MemberCase(
        group=record.membership.group,
        user=record.membership.user,
        verdict=member(record, policy, now),
        both_present=not foreign and (stays if record.held else record.group_wanted and comes),
        held=record.held,
    )


def wanted(exists: Verdict, before: bool) -> bool:
    """A hold keeps what was decided before."""
    return before if exists.answer is Answer.HOLD else exists.answer is Answer.YES


def resolved_active(decided: UserVerdict, before: bool) -> bool:
    return before if decided.active.answer is Answer.HOLD else decided.active.answer is Answer.YES

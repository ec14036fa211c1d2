"""Everything that is known about one user, or one user and one group, put together."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from api.admin import evidence
from api.admin.evidence import Alias
from api.admin.explanation_shapes import AtTarget, ChannelWord, Explanation, Pending
from api.admin.memberships import GroupRef, UserRef
from models.evidence import NO_COVER, Channel, Cover, Marks, Testimony, hear
from models.identity import GroupKey, Membership, UserKey
from models.instant import SECOND, Instant, to_text
from models.store import cases, explaining, identities, logins
from models.store.database import Tx, loads
from models.verdicts import Answer, Verdict
from sync import decide, verdict
from sync import explain as telling
from sync.connection import Connection
from sync.explain import Covers, Heard


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`group` None asks whether the user is to be in the application at all."""

    connection: Connection
    user: Row[Any]
    group: Row[Any] | None
    at: Instant

    @property
    def user_key(self) -> UserKey:
        return UserKey(self.user.id)

    @property
    def group_key(self) -> GroupKey | None:
        return None if self.group is None else GroupKey(self.group.id)

    @property
    def claim(self) -> str:
        """What is true when the answer is yes."""
        who = self.user.user_name or self.user.public_id
        if self.group is None:
            return f"{who} is to be in the application"
        return f"{who} is in {self.group.name}"


def explain(tx: Tx, asked: Question, *, now: Instant) -> Explanation:
    testimony, removed_at, covers = _stands(tx, asked)
    lost: list[Channel] = []
    if asked.at < now:
        testimony, lost = telling.as_it_was(testimony, asked.at)
    decided = _decided(asked, testimony, removed_at)
    heard = list(telling.heard(testimony, covers, asked.connection.policy, now=asked.at))
    newest = logins.newest(tx, asked.user_key)
    targets = _targets(tx, asked)
    sentences = [telling.headline(asked.claim, decided), *_of_both(tx, asked)]
    sentences += [one.sentence for one in heard] + [telling.lost(one) for one in lost]
    if newest is not None:
        sentences.append(telling.claim(newest.groups_state, newest.groups_problem, newest.as_of))
    return Explanation(
        user=UserRef(id=asked.user.public_id, user_name=asked.user.user_name),
        group=None
        if asked.group is None
        else GroupRef(id=asked.group.public_id, name=asked.group.name),
        at=to_text(asked.at),
        verdict=evidence.verdict(decided),
        sentences=sentences + [one.sentence for one in targets],
        channels={one.channel.value: _word(one) for one in heard},
        login=evidence.login(newest, loads(newest.groups_values) if newest else []),
        aliases=_aliases(tx, asked),
        targets=targets,
    )


def _stands(tx: Tx, asked: Question) -> tuple[Testimony, Instant, Covers]:
    """What the channels say, when an administrator removed the group, how far each one sees."""
    row = explaining.covers(tx, asked.user_key, asked.group_key)
    assert row is not None
    pull = Cover(row.pull_cover_yes, row.pull_cover_no) if row.pull_known else NO_COVER
    covers = Covers(push=row.push_cover, pull=pull.yes_as_of, login=row.login_cover)
    if asked.group_key is None:
        return cases.users(tx, [asked.user_key])[0].exists, 0, covers
    pair = Membership(asked.group_key, asked.user_key)
    for record in cases.members(tx, [pair]):
        return record.testimony, record.removed_at, covers
    never = Testimony(
        push=hear(Marks(), Cover(row.push_cover, row.push_cover)),
        pull=hear(Marks(), pull),
        login=hear(Marks(), Cover(row.login_cover, row.login_cover)),
    )
    return never, cases.groups(tx, [asked.group_key])[0].removed_at, covers


def _decided(asked: Question, testimony: Testimony, removed_at: Instant) -> Verdict:
    policy, at = asked.connection.policy, asked.at
    if asked.group is None:
        return verdict.existence(testimony, policy, at)
    removed = removed_at if removed_at <= at else 0
    return verdict.membership(testimony, policy, at, removed_at=removed)


def _of_both(tx: Tx, asked: Question) -> list[str]:
    """What of the user or of the group itself stands in the way."""
    policy, found = asked.connection.policy, []
    who = asked.user.user_name or asked.user.public_id
    for user in cases.users(tx, [asked.user_key]):
        decided = decide.user(user, policy, asked.at)
        if asked.group is not None and decided.exists.answer is not Answer.YES:
            found.append(telling.headline(f"{who} is to be in the application", decided.exists))
        if decided.active.answer is not Answer.YES:
            found.append(telling.headline(f"{who} is active", decided.active))
    for group in cases.groups(tx, [] if asked.group_key is None else [asked.group_key]):
        exists = decide.group(group, policy, asked.at).exists
        if exists.answer is not Answer.YES:
            found.append(telling.headline(f"the group {group.name} is to be there", exists))
    return found


def _word(one: Heard) -> ChannelWord:
    return ChannelWord(
        **evidence.says(one.word).model_dump(),
        age_seconds=None if one.age is None else one.age // SECOND,
        coverage=one.coverage,
        sentence=one.sentence,
    )


def _aliases(tx: Tx, asked: Question) -> dict[str, list[Alias]]:
    found = {"user": evidence.aliases(identities.aliases_of(tx, "user", asked.user.id))}
    if asked.group is not None:
        found["group"] = evidence.aliases(identities.aliases_of(tx, "group", asked.group.id))
    return found


def _targets(tx: Tx, asked: Question) -> list[AtTarget]:
    user, group = asked.user_key, asked.group_key
    keys = [f"u{user}"] + ([] if group is None else [f"g{group}", f"m{group}:{user}"])
    rows = explaining.at_targets(tx, user, group, connection=asked.connection.key)
    return [
        AtTarget(
            target=row.public_id,
            target_name=row.slug,
            state=row.state,
            sentence=telling.at_target(
                row.slug,
                ownership=row.ownership,
                is_member=None if group is None else bool(row.is_member),
            ),
            binding=_binding(row, asked),
            pending=[_pending(one) for one in explaining.waiting(tx, row.id, keys)],
        )
        for row in rows
    ]


def _binding(row: Row[Any], asked: Question) -> dict[str, Any] | None:
    """What the target holds, in its own identifiers."""
    if row.ownership is None and row.group_ownership is None:
        return None
    found = {"remote_id": row.remote_id, "ownership": row.ownership, "active": row.active}
    found["active"] = None if row.active is None else bool(row.active)
    if asked.group is None:
        return found
    group = {"group_remote_id": row.group_remote_id, "group_ownership": row.group_ownership}
    return {**found, **group, "member": bool(row.is_member)}


def _pending(row: Row[Any]) -> Pending:
    return Pending(
        id=row.public_id,
        operation=row.operation,
        state=row.state,
        error=row.error,
        because=evidence.because(loads(row.because)),
    )

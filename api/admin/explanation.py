"""Everything that is known about one user, or one user and one group, put together."""

from dataclasses import dataclass, replace

from api.admin import deciding, evidence, explanation_paths, explanation_targets
from api.admin.evidence import Alias
from api.admin.explanation_shapes import ChannelWord, Explanation
from api.admin.memberships import GroupRef, UserRef
from api.admin.question import Question
from models.evidence import Testimony
from models.instant import SECOND, Instant, to_text
from models.store import accounts, cases, hearing, identities, logins, past
from models.store.database import Tx, loads
from models.verdicts import Answer, Verdict
from sync import decide, verdict
from sync import explain as telling
from sync.explain import Covers, Heard
from sync.policies.policy import Policy

_BY_TODAY = "Decided by the policy of today; the connection was changed after that time."


def explain(tx: Tx, asked: Question, *, now: Instant, is_past: bool = False) -> Explanation:
    """`is_past`: a time was named."""
    stands = _stands(tx, asked, now=now)
    decided = _decided(asked, stands)
    heard = list(telling.heard(stands.testimony, stands.covers, _policy(asked), now=asked.at))
    newest = logins.newest(tx, asked.user_key, until=asked.at)
    evidence_of = deciding.deciding(tx, asked, decided)
    paths = explanation_paths.paths(tx, asked)
    row = accounts.connection(tx, asked.connection.key)
    changed_at, made_at = (row.updated_at, row.created_at) if row else (0, 0)
    begins = max(now - _policy(asked).history, made_at)
    targets = explanation_targets.targets(tx, asked, is_past=is_past)
    sentences: list[str | None] = [telling.headline(asked.claim, decided), evidence_of.sentence]
    sentences.append(_BY_TODAY if is_past and changed_at > asked.at else None)
    sentences += [telling.reaches(asked.at, begins), *_of_both(tx, asked, now=now)]
    sentences += [one.sentence for one in heard]
    if newest is not None:
        sentences.append(telling.claim(newest.groups_state, newest.groups_problem, newest.as_of))
    sentences += [telling.nested(asked.claim, [one.name for one in path]) for path in paths]
    return Explanation(
        user=UserRef(id=asked.user.public_id, user_name=asked.user.user_name),
        group=None
        if asked.group is None
        else GroupRef(id=asked.group.public_id, name=asked.group.name),
        at=to_text(asked.at),
        verdict=evidence.verdict(decided),
        deciding=evidence_of.shown,
        sentences=[one for one in sentences if one] + [one.sentence for one in targets],
        channels={one.channel.value: _word(one) for one in heard},
        login=evidence.login(newest, loads(newest.groups_values) if newest else []),
        aliases=_aliases(tx, asked),
        nested=paths,
        history=deciding.history(tx, asked, now=now),
        log_begins=to_text(begins),
        targets=targets,
    )


@dataclass(frozen=True, slots=True)
class Stands:
    """What the channels say, how far each one sees, and when the group was removed."""

    testimony: Testimony
    covers: Covers
    removed_at: Instant = 0
    is_let_in: bool = True


def _stands(tx: Tx, asked: Question, *, now: Instant) -> Stands:
    if asked.group_key is None:
        row = past.user(tx, asked.user_key, at=asked.at, now=now)
        read = row.pull_cover_yes if row.pull_known else 0
        return Stands(hearing.exists(row), Covers(pull=read))
    row = past.member(tx, asked.user_key, asked.group_key, at=asked.at, now=now)
    read = row.pull_cover_yes if row.group_covered and row.user_pull_known else 0
    covers = Covers(
        push=row.push_cover,
        pull=max(read, row.user_pull_cover if row.group_pull_known else 0),
        login=row.login_cover if row.login_known else 0,
    )
    return Stands(hearing.member(row), covers, row.removed_at, bool(row.let_in))


def _policy(asked: Question) -> Policy:
    return asked.connection.policy


def _decided(asked: Question, stands: Stands) -> Verdict:
    policy, at = _policy(asked), asked.at
    if asked.group is None:
        return verdict.existence(stands.testimony, policy, at)
    removed_at, let_in = stands.removed_at, stands.is_let_in
    return verdict.membership(stands.testimony, policy, at, removed_at=removed_at, is_let_in=let_in)


def _of_both(tx: Tx, asked: Question, *, now: Instant) -> list[str]:
    """What of the user or of the group itself stands in the way."""
    policy, found = _policy(asked), []
    who = asked.user.user_name or asked.user.public_id
    was = past.user(tx, asked.user_key, at=asked.at, now=now)
    exists = verdict.existence(hearing.exists(was), policy, asked.at)
    active = verdict.activity(hearing.active(was, hearing.exists(was)), policy, asked.at)
    if asked.group is not None and exists.answer is not Answer.YES:
        found.append(telling.headline(f"{who} is to be in the application", exists))
    if active.answer is not Answer.YES:
        found.append(telling.headline(f"{who} is active", active))
    for group in cases.groups(tx, [] if asked.group_key is None else [asked.group_key]):
        it = past.group(tx, group.key, at=asked.at, now=now)
        then = replace(group, exists=hearing.exists(it), removed_at=it.removed_at)
        there = decide.group(then, policy, asked.at).exists
        if there.answer is not Answer.YES:
            found.append(telling.headline(f"the group {group.name} is to be there", there))
    return found


def _word(one: Heard) -> ChannelWord:
    return ChannelWord(
        **evidence.says(one.word).model_dump(),
        age_seconds=None if one.age is None else one.age // SECOND,
        coverage=one.coverage,
        sentence=one.sentence,
    )


def _aliases(tx: Tx, asked: Question) -> dict[str, list[Alias]]:
    """The identifiers that had been given by then."""
    kinds = {"user": asked.user.id} | ({} if asked.group is None else {"group": asked.group.id})
    rows = {kind: identities.aliases_of(tx, kind, key) for kind, key in kinds.items()}
    return {
        kind: evidence.aliases([one for one in every if one.valid_from <= asked.at])
        for kind, every in rows.items()
    }

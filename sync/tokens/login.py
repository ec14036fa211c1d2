"""A verified login: who it was, which groups the token names, and what follows."""

from dataclasses import dataclass

from models.evidence import Channel, Fact, GroupSaid, Observation, UserSaid
from models.findings import Finding, Kind
from models.identity import UserKey
from models.instant import Instant
from models.store import cases, findings, identities, ledger, logins, point_reads
from models.store.database import Tx
from sync import intake
from sync.connection import Connection
from sync.drift import disagreements as drift
from sync.drift import sources as drift_sources
from sync.matching import Matched
from sync.tokens import naming, who
from sync.tokens.claims import GroupsClaim
from sync.tokens.naming import Named
from sync.tokens.subject import Subject

KINDS = [
    Kind.TOKEN_AHEAD_OF_DIRECTORY.value,
    Kind.DIRECTORY_AHEAD_OF_TOKEN.value,
    Kind.LOGIN_OF_INACTIVE_USER.value,
    Kind.CLAIM_ABSENT.value,
    Kind.CLAIM_OVERAGE.value,
    Kind.CLAIM_TRUNCATED.value,
    Kind.CLAIM_MALFORMED.value,
    Kind.REMOVED_GROUP_STILL_SENT.value,
]


@dataclass(frozen=True, slots=True)
class Observed:
    user: UserKey
    findings: list[Finding]
    is_replay: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What a verified token told."""

    subject: Subject
    groups: GroupsClaim
    digest: str
    as_of: Instant


def observe(tx: Tx, connection: Connection, login: Login, now: Instant) -> Observed:
    """Record a login. One that is known already changes nothing."""
    before = logins.seen(tx, connection.key, login.digest)
    if before is not None:
        user = UserKey(before.user_id)
        return Observed(user, user_findings(tx, connection, user, now), is_replay=True)
    matched = who.recognise(tx, connection, login.subject)
    if isinstance(matched, Matched):
        user = matched.user
    else:
        user = identities.insert_user(tx, connection.key, now)
    who.name(tx, connection, user, login.subject, matched=matched, now=now)
    is_known = isinstance(matched, Matched) and connection.policy.has_directory
    named = _take(tx, connection, user, login, now, may_wait=is_known)
    logins.keep(
        tx,
        connection.key,
        user,
        digest=login.digest,
        as_of=login.as_of,
        state=login.groups.state.value,
        values=login.groups.values,
        problem=login.groups.problem,
        now=now,
    )
    if named.speaks_otherwise:
        naming.watch(tx, connection, login.groups.values, now)
    found = user_findings(tx, connection, user, now)
    doubts = list(
        who.doubts(tx, connection, user, login.subject, matched=matched, as_of=login.as_of)
    )
    findings.see(tx, [*found, *doubts], now)
    findings.heal_unseen(tx, connection.key, now, kinds=KINDS, user=user)
    _ask_directory(tx, connection, user, found, now)
    return Observed(user, [*found, *doubts], is_replay=False)


def user_findings(tx: Tx, connection: Connection, user: UserKey, now: Instant) -> list[Finding]:
    """What stands between this user's tokens and the directory."""
    policy, found = connection.policy, list[Finding]()
    for record in cases.users(tx, [user]):
        found += drift.about_user(record, connection.key, policy, now)
        newest = logins.newest(tx, user)
        if newest is not None:
            found += drift_sources.about_claim(
                connection.key,
                user,
                record.user_name,
                state=newest.groups_state,
                problem=newest.groups_problem,
                as_of=newest.as_of,
            )
    for member in cases.members_of_user(tx, user):
        found += drift.about_member(member, connection.key, policy, now)
    return [one for one in found if one.kind.value in KINDS]


def _take(
    tx: Tx, connection: Connection, user: UserKey, login: Login, now: Instant, *, may_wait: bool
) -> Named:
    """Of whom a directory decides, what follows is worked out with that of other logins."""
    subject = login.subject
    said: dict[str, str | None] = {
        "user_name": subject.user_name or subject.email or subject.user_id,
        "email": subject.email,
        "first_name": subject.first_name,
        "last_name": subject.last_name,
        "display_name": subject.display_name,
    }
    facts: list[Fact] = [
        UserSaid(user=user, exists=True, attributes={k: v for k, v in said.items() if v})
    ]
    named = naming.take(tx, connection, user, login.groups, now)
    if not connection.policy.has_directory:
        facts += [GroupSaid(group=group, exists=True) for group in sorted(named.groups)]
    observation = Observation(
        channel=Channel.LOGIN, event="login", as_of=login.as_of, facts=(*facts, *named.facts)
    )
    if may_wait:
        touched = ledger.record(tx, connection.key, observation, now)
        intake.resolve_later(tx, connection, touched, now)
    else:
        intake.take(tx, connection, observation, now)
    return named


def _ask_directory(
    tx: Tx, connection: Connection, user: UserKey, found: list[Finding], now: Instant
) -> None:
    """The token is newer and differs: read this one user, and let the directory decide."""
    ahead = any(one.kind is Kind.TOKEN_AHEAD_OF_DIRECTORY for one in found)
    if ahead and connection.policy.pull and identities.directory_id(tx, user) is not None:
        point_reads.ask(tx, connection.key, user, now)

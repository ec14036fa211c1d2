"""A verified login: who it was, which groups the token names, and what follows."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.evidence import (
    Channel,
    Fact,
    GroupSaid,
    Observation,
    UserCovered,
    UserInGroups,
    UserSaid,
)
from models.findings import Finding, Kind
from models.identity import GroupKey, Identifier, UserKey
from models.instant import Instant
from models.store import accounts, cases, findings, groups_in_tokens, identities, logins, runs
from models.store.database import Tx
from models.store.scim import name_key
from sync import drift, drift_sources, intake
from sync.claims import GroupsClaim, GroupsState
from sync.connection import Connection
from sync.matching import Disputed, Match, Matched, match
from sync.subject import Subject

KINDS = [
    Kind.TOKEN_AHEAD_OF_DIRECTORY.value,
    Kind.DIRECTORY_AHEAD_OF_TOKEN.value,
    Kind.LOGIN_OF_INACTIVE_USER.value,
    Kind.CLAIM_ABSENT.value,
    Kind.CLAIM_OVERAGE.value,
    Kind.CLAIM_MALFORMED.value,
    Kind.REMOVED_GROUP_STILL_SENT.value,
    Kind.IDENTITY_DISPUTED.value,
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
    matched = _match(tx, connection, login.subject)
    if isinstance(matched, Matched):
        user = matched.user
    else:
        user = identities.insert_user(tx, connection.key, now)
    _name(tx, connection, user, login.subject, now)
    _take(tx, connection, user, login, now)
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
    found = user_findings(tx, connection, user, now)
    if isinstance(matched, Disputed):
        found.append(_dispute(tx, connection, user, login, matched))
    findings.see(tx, found, now)
    findings.heal_unseen(tx, connection.key, now, kinds=KINDS, user=user)
    _ask_directory(tx, connection, user, found, now)
    return Observed(user, found, is_replay=False)


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


def _match(tx: Tx, connection: Connection, subject: Subject) -> Match:
    """By the immutable id of the token, else by user name, else by a verified address.

    Whom only logins have spoken of so far may have become known to the directory meanwhile,
    under an identifier that was nobody's then.
    """
    offered = _offered(tx, connection, subject)
    found = identities.users_named(tx, connection.key, offered)
    immutable = _immutable(tx, connection, subject, sorted(set(found.values())))
    matched = match(offered, found, immutable)
    if isinstance(matched, Matched) and identities.is_known_by_logins_only(tx, matched.user):
        others = {one: user for one, user in found.items() if user != matched.user}
        acquainted = match(offered, others, immutable)
        if isinstance(acquainted, Matched):
            return acquainted
    return matched


def _offered(tx: Tx, connection: Connection, subject: Subject) -> list[Identifier]:
    offered = [Identifier("subject", _qualified(subject))]
    if _is_shared(connection, subject):
        offered += [Identifier("id", subject.user_id), Identifier("external_id", subject.user_id)]
    if subject.user_name:
        offered.append(Identifier("user_name", name_key(subject.user_name)))
    if subject.email and subject.email_verified:
        domain = subject.email.rpartition("@")[2].casefold()
        if domain in accounts.verified_domains(tx, connection.organization):
            offered.append(Identifier("user_name", name_key(subject.email)))
    return offered


def _immutable(
    tx: Tx, connection: Connection, subject: Subject, candidates: list[UserKey]
) -> dict[UserKey, str]:
    """What each is called by tokens; failing that by the directory, where it is another.

    At these providers both speak of one and the same id, so that another id is another person.
    """
    known = identities.immutable_of(tx, candidates, "subject")
    claim = {"okta": "sub", "entra": "oid"}.get(connection.provider)
    if subject.user_id_claim != claim:
        return known
    ids = identities.immutable_of(tx, candidates, "id")
    return {user: one for user, one in ids.items() if one != subject.user_id} | known


def _is_shared(connection: Connection, subject: Subject) -> bool:
    """Whether the token's user id may be the one that pushes and the directory use."""
    return connection.provider in ("okta", "entra") or subject.user_id_is_explicit


def _qualified(subject: Subject) -> str:
    return f"{subject.tenant}/{subject.user_id}" if subject.tenant else subject.user_id


def _name(tx: Tx, connection: Connection, user: UserKey, subject: Subject, now: Instant) -> None:
    """The subject names this user from now on; a name that is free does too."""
    own = Identifier("subject", _qualified(subject))
    identities.name_user(tx, connection.key, user, own, proof="token", now=now)
    if _is_shared(connection, subject) and identities.is_known_by_logins_only(tx, user):
        shared = Identifier("external_id", subject.user_id)
        if shared not in identities.users_named(tx, connection.key, [shared]):
            identities.name_user(tx, connection.key, user, shared, proof="token", now=now)
    if subject.user_name and not connection.policy.has_directory:
        name = Identifier("user_name", name_key(subject.user_name))
        if name not in identities.users_named(tx, connection.key, [name]):
            identities.name_user(tx, connection.key, user, name, proof="token", now=now)


def _take(tx: Tx, connection: Connection, user: UserKey, login: Login, now: Instant) -> None:
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
    groups = _groups(tx, connection, login.groups.values, now)
    if not connection.policy.has_directory:
        facts += [GroupSaid(group=group, exists=True) for group in sorted(groups)]
    match login.groups.state:
        case GroupsState.LISTED:
            facts.append(UserCovered(user, groups))
        case GroupsState.PARTIAL:
            facts.append(UserInGroups(user, groups))
        case _:
            pass
    observation = Observation(
        channel=Channel.LOGIN, event="login", as_of=login.as_of, facts=tuple(facts)
    )
    intake.take(tx, connection, observation, now)


def _groups(
    tx: Tx, connection: Connection, values: Sequence[str], now: Instant
) -> frozenset[GroupKey]:
    """The groups a token names. With a directory, a name nobody knows is no group."""
    known = groups_in_tokens.named(tx, connection.key, values)
    if not connection.policy.has_directory:
        for value in values:
            if value not in known:
                known[value] = identities.insert_group(tx, connection.key, value, now)
    for value, group in sorted(known.items()):
        groups_in_tokens.name(tx, connection.key, group, value, now)
    return frozenset(known.values())


def _dispute(
    tx: Tx, connection: Connection, user: UserKey, login: Login, disputed: Disputed
) -> Finding:
    records = cases.users(tx, disputed.candidates)
    names = [one.user_name or one.public_id for one in records]
    return drift_sources.about_dispute(
        connection.key, user, login.subject.user_name, names, login.as_of
    )


def _ask_directory(
    tx: Tx, connection: Connection, user: UserKey, found: list[Finding], now: Instant
) -> None:
    """The token is newer and differs: read this one user, and let the directory decide."""
    ahead = any(one.kind is Kind.TOKEN_AHEAD_OF_DIRECTORY for one in found)
    if ahead and connection.policy.pull and identities.directory_id(tx, user) is not None:
        runs.start(tx, connection.key, "point_read", now, user=user)

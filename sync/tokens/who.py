"""Who a token speaks of, what names them from then on, and what is in doubt about it."""

from collections.abc import Iterator

from models.evidence import Channel
from models.findings import Finding
from models.identity import Identifier, UserKey
from models.instant import Instant
from models.store import accounts, cases, identities
from models.store.database import Tx
from models.store.scim import name_key
from sync.connection import Connection
from sync.drift import identity as drift_identity
from sync.matching import Disputed, Match, Matched, Recycled, is_directory_id, match
from sync.tokens.subject import Subject


def recognise(tx: Tx, connection: Connection, subject: Subject) -> Match:
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


def name(
    tx: Tx, connection: Connection, user: UserKey, subject: Subject, *, matched: Match, now: Instant
) -> None:
    """The subject names this user from now on; a name that is free does too.

    So does the name of somebody else, if it has been given to this new person.
    """
    own = Identifier("subject", qualified(subject))
    identities.name_user(tx, connection.key, user, own, proof="token", now=now)
    if _is_shared(connection, subject) and identities.is_known_by_logins_only(tx, user):
        shared = Identifier("external_id", subject.user_id)
        if shared not in identities.users_named(tx, connection.key, [shared]):
            identities.name_user(tx, connection.key, user, shared, proof="token", now=now)
    if subject.user_name and not connection.policy.has_directory:
        called = Identifier("user_name", name_key(subject.user_name))
        is_free = called not in identities.users_named(tx, connection.key, [called])
        if is_free or isinstance(matched, Recycled):
            identities.name_user(tx, connection.key, user, called, proof="token", now=now)


def doubts(
    tx: Tx,
    connection: Connection,
    user: UserKey,
    subject: Subject,
    *,
    matched: Match,
    as_of: Instant,
) -> Iterator[Finding]:
    """What is to be looked at after this login."""
    match matched:
        case Disputed(candidates):
            named = identities.users_named(tx, connection.key, _offered(tx, connection, subject))
            by = {owner: one for one, owner in named.items() if owner in candidates}
            yield drift_identity.disputed(
                connection.key,
                user,
                name=subject.user_name or subject.email,
                candidates=[
                    (one.public_id, f"{by[one.key].namespace} {by[one.key].value}")
                    for one in cases.users(tx, candidates)
                ],
                as_of=as_of,
            )
        case Recycled(former, by=by_name):
            (record,) = cases.users(tx, [former])
            known = _immutable(tx, connection, subject, [former])
            yield drift_identity.recycled(
                connection.key,
                user,
                channel=Channel.LOGIN,
                name=by_name.value,
                former=record.public_id,
                ids=(known.get(former, ""), subject.user_id),
                as_of=as_of,
            )
        case _:
            yield from _takeover(tx, connection, user, subject, as_of)


def _takeover(
    tx: Tx, connection: Connection, user: UserKey, subject: Subject, as_of: Instant
) -> Iterator[Finding]:
    """The address would have linked another user, and nobody vouches for it."""
    if not subject.email or _is_vouched(tx, connection, subject):
        return
    address = Identifier("user_name", name_key(subject.email))
    owner = identities.users_named(tx, connection.key, [address]).get(address)
    if owner is None or owner == user:
        return
    for record in cases.users(tx, [owner]):
        yield drift_identity.takeover(
            connection.key,
            user,
            email=subject.email,
            owner=record.public_id,
            is_verified=subject.email_verified,
            as_of=as_of,
        )


def qualified(subject: Subject) -> str:
    return f"{subject.tenant}/{subject.user_id}" if subject.tenant else subject.user_id


def _offered(tx: Tx, connection: Connection, subject: Subject) -> list[Identifier]:
    offered = [Identifier("subject", qualified(subject))]
    if _is_shared(connection, subject):
        offered += [Identifier("id", subject.user_id), Identifier("external_id", subject.user_id)]
    if subject.user_name:
        offered.append(Identifier("user_name", name_key(subject.user_name)))
    if subject.email and _is_vouched(tx, connection, subject):
        offered.append(Identifier("user_name", name_key(subject.email)))
    return offered


def _is_vouched(tx: Tx, connection: Connection, subject: Subject) -> bool:
    """The token says that the address is verified, in a domain that the organization owns."""
    if not subject.email or not subject.email_verified:
        return False
    domain = subject.email.rpartition("@")[2].casefold()
    return domain in accounts.verified_domains(tx, connection.organization)


def _immutable(
    tx: Tx, connection: Connection, subject: Subject, candidates: list[UserKey]
) -> dict[UserKey, str]:
    """What each is called by tokens; failing that by directory or push, where it is another.

    At some providers all of them speak of one and the same id, so that another id is another
    person.
    """
    known = identities.immutable_of(tx, candidates, "subject")
    claim = {"okta": "sub", "entra": "oid"}.get(connection.provider)
    if subject.user_id_claim != claim:
        return known
    pushed = identities.immutable_of(tx, candidates, "external_id")
    pushed = {u: one for u, one in pushed.items() if is_directory_id(connection.provider, one)}
    ids = pushed | identities.immutable_of(tx, candidates, "id")
    return {user: one for user, one in ids.items() if one != subject.user_id} | known


def _is_shared(connection: Connection, subject: Subject) -> bool:
    """Whether the token's user id may be the one that pushes and the directory use."""
    return connection.provider in ("okta", "entra") or subject.user_id_is_explicit

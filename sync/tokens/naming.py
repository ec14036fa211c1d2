"""The groups that a token names, and whether those it leaves out are denied by it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.evidence import Fact, UserCovered, UserInGroups
from models.findings import Finding
from models.identity import GroupKey, UserKey
from models.instant import DAY, MINUTE, Instant
from models.store import claims, findings, groups_in_tokens, identities, logins, runs
from models.store.database import Tx, loads
from models.store.groups_in_tokens import Spoken
from sync.connection import Connection
from sync.drift import identity as drift_identity
from sync.tokens.claims import GroupsClaim, GroupsState
from sync.tokens.shapes import SUPPORT, dominant, has_changed, shape, speaks_otherwise

SOON = 2 * MINUTE
"""Between what new words were heard and the reconciliation that works out what they mean."""


@dataclass(frozen=True, slots=True)
class Named:
    groups: frozenset[GroupKey]
    facts: tuple[Fact, ...]
    """What the token says of its user's memberships."""
    speaks_otherwise: bool
    """It may leave groups out only because it calls them otherwise."""


def take(tx: Tx, connection: Connection, user: UserKey, claim: GroupsClaim, now: Instant) -> Named:
    """Name the groups, and read the claim: listed groups are all the user has, unless doubtful."""
    is_suspended = claims.suspended_at(tx, connection.key) > 0
    spoken = groups_in_tokens.named(tx, connection.key, claim.values)
    otherwise = _speaks_otherwise(tx, connection, user, spoken.groups, claim.values, now=now)
    groups = _groups(tx, connection, spoken, claim.values, now)
    heard = groups | groups_in_tokens.echoes(tx, sorted(groups))
    match claim.state:
        case GroupsState.LISTED if not (is_suspended or otherwise):
            facts: tuple[Fact, ...] = (UserCovered(user, frozenset(heard)),)
        case GroupsState.LISTED | GroupsState.PARTIAL:
            facts = (UserInGroups(user, frozenset(heard)),)
        case _:
            facts = ()
    if otherwise and is_suspended:
        runs.start(tx, connection.key, "reconcile", now, run_at=now + SOON)
    return Named(frozenset(heard), facts, otherwise)


def _speaks_otherwise(
    tx: Tx,
    connection: Connection,
    user: UserKey,
    known: Mapping[str, GroupKey],
    values: Sequence[str],
    *,
    now: Instant,
) -> bool:
    """What the user's last token held together with what this one leaves out is no new word."""
    young = claims.young(tx, connection.key, values, now)
    if not young:
        return False
    standing, listed = claims.standing(tx, user), set(known.values())
    unlisted = [names for group, names in standing.items() if group not in listed]
    last = logins.newest(tx, user) if unlisted else None
    before = set(loads(last.groups_values)) if last is not None else set()
    if any(names & before for names in unlisted):
        young -= before
    return speaks_otherwise(values, young, unlisted)


def watch(tx: Tx, connection: Connection, values: Sequence[str], now: Instant) -> None:
    """A token spoke otherwise: if most do today, no token denies anything until somebody decides.

    What it means is worked out by the next reconciliation, soon.
    """
    spoken = dominant(values)
    formerly = [
        value
        for value, born in claims.in_use(tx, connection.key)
        if born < now - DAY or shape(value) is not spoken
    ]
    people = claims.people(tx, connection.key, SUPPORT)
    change = has_changed(formerly, claims.today(tx, connection.key, now), people)
    if change is None or not claims.suspend(tx, connection.key, now):
        return
    examples = (_example(formerly, change[0]), _example(values, change[1]))
    found = drift_identity.format_changed(
        connection.key, connection.public_id, change, examples, now
    )
    findings.see(tx, [found], now)
    runs.start(tx, connection.key, "reconcile", now, run_at=now + SOON)


def _example(values: Sequence[str], wanted: object) -> str:
    return next((value for value in values if shape(value) is wanted), "")


def _groups(
    tx: Tx,
    connection: Connection,
    spoken: Spoken,
    values: Sequence[str],
    now: Instant,
) -> set[GroupKey]:
    """The groups a token names. With a directory, a name nobody knows is no group.

    A known group is remembered even where the policy keeps it out: leaving it out of a list of
    all would deny it. A value that the policy keeps out brings no new group.
    """
    named, policy = dict(spoken.groups), connection.policy
    if not policy.has_directory:
        for value in values:
            if value not in named and policy.groups.refusal(value) is None:
                named[value] = identities.insert_group(tx, connection.key, value, now)
    changed: list[Finding] = []
    for value, group in sorted(named.items()):
        if value in spoken.before:
            continue
        before = groups_in_tokens.name(tx, connection.key, group, value, now)
        if before:
            changed.append(
                drift_identity.identifier_changed(
                    connection.key, group, name=value, before=before[-1], after=value, as_of=now
                )
            )
    findings.see(tx, changed, now)
    return set(named.values())

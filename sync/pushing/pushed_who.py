"""Whom the directory, a login or an earlier push has told us of, when one is pushed."""

from collections.abc import Mapping, Sequence

from models.evidence import Channel
from models.identity import GroupKey, Identifier, UserKey
from models.instant import Instant
from models.store import findings, identities, scim
from models.store.database import Tx
from sync.connection import Connection
from sync.drift import identity as drift_identity
from sync.matching import Match, Matched, Recycled, is_directory_id, match
from sync.pushing import pushed
from sync.pushing.pushed import Resource


def matched(
    tx: Tx,
    connection: Connection,
    offered: Sequence[Identifier],
    found: Mapping[Identifier, UserKey],
) -> Match:
    """Somebody the directory, a login or an earlier push has told us of."""
    candidates = sorted(set(found.values()))
    immutable = identities.immutable_of(tx, candidates, offered[0].namespace)
    if is_directory_id(connection.provider, offered[0].value):
        immutable = identities.immutable_of(tx, candidates, "id") | immutable
    return match(offered, found, immutable)


def unpushed(tx: Tx, matched: Match) -> UserKey | None:
    """Whoever is meant, unless it is pushed already."""
    if not isinstance(matched, Matched):
        return None
    is_pushed = scim.of_key(tx, "users", matched.user).scim is not None
    return None if is_pushed else matched.user


def note_recycled(
    tx: Tx,
    connection: Connection,
    key: UserKey,
    recycled: Recycled,
    resource: Resource,
    *,
    now: Instant,
) -> None:
    """The name was given to another person: an administrator is to know."""
    former = scim.of_key(tx, "users", recycled.former)
    known = [
        identities.immutable_of(tx, [recycled.former], space).get(recycled.former)
        for space in ("external_id", "id")
    ]
    found = drift_identity.recycled(
        connection.key,
        key,
        channel=Channel.PUSH,
        name=str(resource["userName"]),
        former=former.public_id,
        ids=(next((one for one in known if one), ""), str(resource["externalId"])),
        as_of=now,
    )
    findings.see(tx, [found], now)


def known_group(tx: Tx, connection: Connection, resource: Resource) -> GroupKey | None:
    """One that the directory or a token has told us of, and that nobody pushed."""
    offered = pushed.group_names(resource)
    offered += [Identifier("id", one.value) for one in offered if one.namespace != "name"]
    found = identities.groups_named(tx, connection.key, offered)
    for identifier in sorted(found, key=lambda one: one.namespace == "name"):
        if scim.of_key(tx, "groups", found[identifier]).scim is None:
            return found[identifier]
    return None

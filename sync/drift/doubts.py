"""Findings about identity, looked at again: what still stands, and what has come to an end.

They are opened where something is heard, by push, read or login. None of them could be found
again by comparing what stands, so each says here until when it does.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row

from models.findings import OF_IDENTITY, Finding, Kind
from models.identity import Identifier, UserKey
from models.instant import DAY, Instant
from models.store import claims, directory, findings, identities, likeness, proposals, standing
from models.store.database import Database, Tx, loads
from models.store.scim import name_key
from sync.connection import Connection
from sync.drift import identity as drift_identity
from sync.tokens import proposing

OF_PEOPLE = frozenset({Kind.IDENTITY_DISPUTED, Kind.EMAIL_TAKEOVER_SUSPECT})
SHOWN = {
    Kind.GROUP_RENAMED: 2 * DAY,
    Kind.IDENTIFIER_RECYCLED: 7 * DAY,
    Kind.GROUP_IDENTIFIER_CHANGED: 7 * DAY,
}
"""For how long it is told that something happened which needs nobody."""


def review(database: Database, connection: Connection, now: Instant) -> None:
    """Compare what tokens call groups; then go through what is in doubt."""
    with database.read() as tx:
        pairs = proposing.compare(tx, connection, now)
        twins = [drift_identity.twins(connection.key, one) for one in _twins(tx, connection.key)]
    with database.write() as tx:
        proposing.keep(tx, connection, pairs, now)
        findings.see(tx, twins, now)
        _close(tx, connection, twins, now)


def settle_people(tx: Tx, connection: Connection, now: Instant) -> None:
    """Somebody has said who is who: what that decides is over."""
    rows = standing.of_kinds(tx, connection.key, sorted(OF_PEOPLE))
    over = [row.id for row in rows if not _stands(tx, row, now)]
    standing.close(tx, over, now, state="resolved")


def _close(tx: Tx, connection: Connection, twins: Sequence[Finding], now: Instant) -> None:
    """Close what is over, and note that the others were looked at. `twins` stand as they are."""
    seen = {one.subject for one in twins}
    rows = standing.of_kinds(tx, connection.key, sorted(OF_IDENTITY))
    over = {row.id for row in rows if row.subject not in seen and not _stands(tx, row, now)}
    standing.close(tx, sorted(over), now)
    standing.still(tx, [row.id for row in rows if row.id not in over], now)


def _stands(tx: Tx, row: Row[Any], now: Instant) -> bool:
    match Kind(row.kind):
        case Kind.IDENTITY_DISPUTED:
            return len(_named_by_login(tx, row)) > 1
        case Kind.EMAIL_TAKEOVER_SUSPECT:
            return len(_named_by_login(tx, row)) > 0
        case Kind.CLAIM_FORMAT_CHANGED:
            return claims.suspended_at(tx, row.connection_id) > 0
        case Kind.GROUP_TWINS:
            return False
        case kind:
            is_open = proposals.is_open(tx, str(row.subject).rpartition("/")[2])
            return int(row.updated_at) > now - SHOWN[kind] if is_open is None else is_open


def _named_by_login(tx: Tx, row: Row[Any]) -> set[UserKey]:
    """The others whom this user's newest token names; nobody once it is known who that was."""
    user = UserKey(row.user_id)
    if not identities.immutable_of(tx, [user], "subject"):
        return set()
    known = directory.user_of(tx, user)
    said = loads(known.login_said) if known is not None else {}
    values = [said[name][0] for name in ("user_name", "email") if name in said]
    names = [Identifier("user_name", name_key(value)) for value in values if value]
    return set(identities.users_named(tx, row.connection_id, names).values()) - {user}


def _twins(tx: Tx, connection: int) -> Iterator[list[tuple[int, str, str, str]]]:
    """Groups of one name of which none is spoken of by a channel that speaks of another."""
    by_name: dict[str, list[Row[Any]]] = {}
    for row in likeness.named_groups(tx, connection):
        by_name.setdefault(name_key(row.name), []).append(row)
    for rows in by_name.values():
        channels = [_channels(row) for row in rows]
        apart = [
            row
            for row, own in zip(rows, channels, strict=True)
            if own and any(other and not own & other for other in channels)
        ]
        if apart:
            yield [(row.id, row.public_id, row.name, min(_channels(row))) for row in apart]


def _channels(row: Row[Any]) -> set[str]:
    return {one for one in ("push", "pull", "login") if getattr(row, one)}

"""Who the users are that a directory lists for the first time, and what it renamed."""

from collections.abc import Iterable, Mapping, Sequence

from connectors.base import DirectoryGroup, DirectoryUser
from models.evidence import Channel
from models.findings import Finding
from models.identity import GroupKey, Identifier, UserKey
from models.instant import Instant
from models.store import cases, findings, identities, reading
from models.store.database import Tx
from models.store.scim import name_key
from sync.connection import Connection
from sync.drift import identity as drift_identity
from sync.matching import is_directory_id


def users(
    tx: Tx, connection: Connection, page: Sequence[DirectoryUser], now: Instant
) -> dict[str, UserKey]:
    """By directory id: pushed under this very id; or under this name, and no other id; else new.

    Whoever has the name and another id is another person, who keeps everything but the name.
    """
    names = {one.id: Identifier("user_name", name_key(one.user_name)) for one in page}
    pushed = {one.id: Identifier("external_id", one.id) for one in page}
    found = identities.users_named(tx, connection.key, [*pushed.values(), *names.values()])
    others = _other_ids(tx, connection, sorted(set(found.values())))
    owners: dict[str, UserKey] = {}
    recycled: dict[str, UserKey] = {}
    taken: set[UserKey] = set()
    for one in page:
        known = found.get(pushed[one.id])
        if known is None or "id" in others.get(known, {}) or known in taken:
            known = found.get(names[one.id])
            if known is not None and (known in others or known in taken):
                recycled[one.id], known = known, None
        if known is not None:
            owners[one.id] = known
            taken.add(known)
    strangers = [one.id for one in page if one.id not in owners]
    keys = reading.insert_users(tx, connection.key, len(strangers), now)
    owners |= dict(zip(strangers, keys, strict=True))
    named = [("id", one, owner) for one, owner in owners.items()]
    reading.name_all(tx, "user", connection.key, named, now)
    _note_recycled(tx, connection, owners, recycled, page, others=others, now=now)
    return owners


def _other_ids(
    tx: Tx, connection: Connection, candidates: list[UserKey]
) -> dict[UserKey, dict[str, str]]:
    """By what immutable ids of the directory each is known: its own, or one that was pushed.

    A pushed id counts only where its form says that it is one of the directory's. None of the
    candidates has an id of this page's: those were known already.
    """
    found: dict[UserKey, dict[str, str]] = {}
    for user, value in identities.immutable_of(tx, candidates, "external_id").items():
        if is_directory_id(connection.provider, value):
            found.setdefault(user, {})["external_id"] = value
    for user, value in identities.immutable_of(tx, candidates, "id").items():
        found.setdefault(user, {})["id"] = value
    return found


def _note_recycled(
    tx: Tx,
    connection: Connection,
    owners: Mapping[str, UserKey],
    recycled: Mapping[str, UserKey],
    page: Sequence[DirectoryUser],
    *,
    others: Mapping[UserKey, Mapping[str, str]],
    now: Instant,
) -> None:
    called = {one.id: one.user_name for one in page}
    former = {one.key: one.public_id for one in cases.users(tx, recycled.values())}
    noted: list[Finding] = []
    for one, before in recycled.items():
        known = others.get(before, {})
        noted.append(
            drift_identity.recycled(
                connection.key,
                owners[one],
                channel=Channel.PULL,
                name=called[one],
                former=former[before],
                ids=(known.get("id") or known.get("external_id", ""), one),
                as_of=now,
            )
        )
    findings.see(tx, noted, now)


def note_renamed(
    tx: Tx,
    connection: int,
    renamed: Iterable[tuple[int, str, str]],
    *,
    channel: Channel,
    now: Instant,
) -> None:
    """Groups that are called otherwise under the same identifier: key, name before, name now."""
    noted = [
        drift_identity.renamed(
            connection, group, before=before, after=after, channel=channel, as_of=now
        )
        for group, before, after in renamed
        if before != after
    ]
    findings.see(tx, noted, now)


def groups(
    tx: Tx, connection: int, groups: list[DirectoryGroup], now: Instant
) -> dict[str, GroupKey]:
    """A group known by this name only, and by no directory id, is the same group.

    One that a read of a single user met a moment ago is known by its id.
    """
    names = {one.id: Identifier("name", name_key(one.name)) for one in groups}
    ids = {one.id: Identifier("id", one.id) for one in groups}
    found = identities.groups_named(tx, connection, [*names.values(), *ids.values()])
    taken = identities.groups_with_id(tx, list(set(found.values())))
    owners: dict[str, GroupKey] = {id: found[named] for id, named in ids.items() if named in found}
    for one in groups:
        if one.id in owners:
            continue
        candidate = found.get(names[one.id])
        if candidate is not None and candidate not in taken:
            owners[one.id] = candidate
            taken.add(candidate)
    strangers = [one for one in groups if one.id not in owners]
    keys = reading.insert_groups(tx, connection, [one.name for one in strangers], now)
    owners |= {one.id: key for one, key in zip(strangers, keys, strict=True)}
    named = [("id", one, owner) for one, owner in owners.items()]
    named += [("name", names[one].value, owner) for one, owner in owners.items()]
    reading.name_all(tx, "group", connection, named, now)
    return owners

"""Groups of the resolved directory; an administrator may remove one, and restore it."""

from collections.abc import Sequence
from typing import Any

from api.admin import evidence
from api.admin.call import Answer, AnyRow, Call, again, find
from api.admin.evidence import Alias, Says, VerdictShown
from api.admin.shapes import Kept, ListOf, Shown, kept, when
from api.operation import NoBody, NoQuery, Noun
from api.paging import ListQuery, page
from models.identity import GroupKey
from models.instant import Instant
from models.records import GroupRecord
from models.store import cases, directory, identities
from models.store.database import Tx
from models.store.ledger import Touched
from models.store.lists.directory import GROUPS
from models.verdicts import GroupVerdict
from sync import connection as connections
from sync import decide, intake


class Group(Kept):
    name: str
    verdict: VerdictShown
    removed_at: str | None
    connection: str
    connection_name: str


class NameSaid(Shown):
    value: str
    as_of: str | None


class GroupChannel(Says):
    name: NameSaid | None


class GroupInFull(Group):
    channels: dict[str, GroupChannel]
    aliases: list[Alias]


def listed(call: Call[ListQuery, NoBody]) -> Answer:
    now = call.now()
    with call.context.database.read() as tx:
        rows, cursor = page(tx, GROUPS, call.query, organization=call.organization)
        decided = verdicts(tx, rows.rows, now)
    items = [Group(**_fields(row, decided[row.id][1])) for row in rows.rows]
    return Answer(ListOf[Group](items=items, next_cursor=cursor))


def read(call: Call[NoQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        return Answer(_in_full(tx, _found(tx, call), call.now()))


def remove(call: Call[NoQuery, NoBody]) -> Answer:
    """It stays removed for every token, however new, until somebody restores it."""
    return _mark(call, removed=True)


def restore(call: Call[NoQuery, NoBody]) -> Answer:
    return _mark(call, removed=False)


def _mark(call: Call[NoQuery, NoBody], *, removed: bool) -> Answer:
    """What the group and its memberships need at targets is decided in the same transaction."""
    with call.context.database.write() as tx:
        row, now = _found(tx, call), call.now()
        if bool(row.removed_at) != removed:
            group = GroupKey(row.id)
            directory.mark_removed(tx, group, now if removed else 0, now)
            members = {one.membership for one in cases.members_of_group(tx, group)}
            touched = Touched(groups={group}, memberships=members)
            intake.resolve(tx, connections.load(tx, row.connection_id), touched, now)
        return Answer(_in_full(tx, again(tx, GROUPS, row.id), now))


def verdicts(
    tx: Tx, rows: Sequence[AnyRow], now: Instant
) -> dict[int, tuple[GroupRecord, GroupVerdict]]:
    """What stands about each group, and what follows from it."""
    policies = {key: connections.load(tx, key).policy for key in {r.connection_id for r in rows}}
    policy_of = {row.id: policies[row.connection_id] for row in rows}
    records = cases.groups(tx, [GroupKey(row.id) for row in rows])
    return {one.key: (one, decide.group(one, policy_of[one.key], now)) for one in records}


def _found(tx: Tx, call: Call[Any, Any]) -> AnyRow:
    return find(tx, call, GROUPS, name=call.path["id"], noun="group")


def _in_full(tx: Tx, row: AnyRow, now: Instant) -> GroupInFull:
    record, decided = verdicts(tx, [row], now)[row.id]
    names = {"push": record.push_name, "pull": record.pull_name, "login": None}
    said = evidence.channels(record.exists)
    return GroupInFull(
        **_fields(row, decided),
        channels={
            channel: GroupChannel(**word.model_dump(), name=_named(names[channel]))
            for channel, word in said.items()
        },
        aliases=evidence.aliases(identities.aliases_of(tx, "group", row.id)),
    )


def _named(said: tuple[str, Instant] | None) -> NameSaid | None:
    return None if said is None else NameSaid(value=said[0], as_of=when(said[1]))


def _fields(row: AnyRow, decided: GroupVerdict) -> dict[str, Any]:
    return {
        **kept(row),
        "name": row.name,
        "verdict": evidence.verdict(decided.exists),
        "removed_at": when(row.removed_at),
        "connection": row.connection_id_shown,
        "connection_name": row.connection_name,
    }


_on = Noun("groups", "/groups")
operations = [
    _on.get("", listed, "List groups.", query=ListQuery, gives=ListOf[Group]),
    _on.get("/{id}", read, "Read a group with every channel's evidence.", gives=GroupInFull),
    _on.post(
        "/{id}/remove",
        remove,
        "Remove a group, whoever still sends it.",
        gives=GroupInFull,
    ),
    _on.post("/{id}/restore", restore, "Restore a group that was removed.", gives=GroupInFull),
]

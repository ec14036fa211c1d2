"""Memberships: the verdict on each, and what the three channels say side by side."""

from collections.abc import Sequence

from api.admin import evidence
from api.admin.call import Answer, AnyRow, Call
from api.admin.evidence import Says, VerdictShown
from api.admin.shapes import ListOf, Shown
from api.operation import NoBody, Noun
from api.paging import ListQuery, page
from models.identity import GroupKey, UserKey
from models.identity import Membership as Pair
from models.instant import Instant
from models.records import MemberRecord
from models.store import cases
from models.store.database import Tx
from models.store.lists.directory import MEMBERSHIPS
from models.verdicts import Verdict
from sync import connection as connections
from sync import decide


class UserRef(Shown):
    id: str
    user_name: str | None


class GroupRef(Shown):
    id: str
    name: str


class DecidedBy(Shown):
    channel: str | None
    as_of: str | None
    why: str


class Membership(Shown):
    user: UserRef
    group: GroupRef
    verdict: str
    decided_by: DecidedBy
    channels: dict[str, Says]


def listed(call: Call[ListQuery, NoBody]) -> Answer:
    now = call.now()
    with call.context.database.read() as tx:
        rows, cursor = page(tx, MEMBERSHIPS, call.query, organization=call.organization)
        decided = _verdicts(tx, rows.rows, now)
    items = [_shown(row, *decided[row.group_id, row.user_id]) for row in rows.rows]
    return Answer(ListOf[Membership](items=items, next_cursor=cursor))


def _verdicts(
    tx: Tx, rows: Sequence[AnyRow], now: Instant
) -> dict[tuple[int, int], tuple[MemberRecord, Verdict]]:
    policies = {key: connections.load(tx, key).policy for key in {r.connection_id for r in rows}}
    policy_of = {(row.group_id, row.user_id): policies[row.connection_id] for row in rows}
    pairs = [Pair(GroupKey(group), UserKey(user)) for group, user in policy_of]
    found: dict[tuple[int, int], tuple[MemberRecord, Verdict]] = {}
    for record in cases.members(tx, pairs):
        key = (record.membership.group, record.membership.user)
        found[key] = (record, decide.member(record, policy_of[key], now))
    return found


def _shown(row: AnyRow, record: MemberRecord, decided: Verdict) -> Membership:
    shown: VerdictShown = evidence.verdict(decided)
    return Membership(
        user=UserRef(id=row.user_shown, user_name=row.user_name),
        group=GroupRef(id=row.group_shown, name=row.group_name),
        verdict=shown.answer,
        decided_by=DecidedBy(channel=shown.decided_by, as_of=shown.as_of, why=shown.why),
        channels=evidence.channels(record.testimony),
    )


operations = [
    Noun("memberships", "/memberships").get(
        "",
        listed,
        "List memberships with every channel's evidence.",
        query=ListQuery,
        gives=ListOf[Membership],
        about="Filter by `user.id`, `user.user_name`, `group.id`, `group.name` or `connection`.",
    )
]

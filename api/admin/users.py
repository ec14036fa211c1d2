"""Users of the resolved directory, with the verdict and, one by one, every channel's evidence."""

from collections.abc import Sequence
from typing import Any

from api.admin import evidence
from api.admin.call import Answer, AnyRow, Call, find
from api.admin.evidence import Alias, LoginShown, Says, VerdictShown
from api.admin.shapes import Kept, ListOf, Shown, kept, when
from api.operation import NoBody, NoQuery, Noun
from api.paging import ListQuery, page
from models.evidence import Channel
from models.identity import UserKey
from models.instant import Instant
from models.records import UserRecord
from models.store import cases, identities, logins
from models.store.database import Tx, loads
from models.store.lists.directory import USERS
from models.verdicts import UserVerdict
from sync import connection as connections
from sync import decide


class User(Kept):
    user_name: str | None
    email: str | None
    first_name: str | None
    last_name: str | None
    display_name: str | None
    active: bool
    """Wanted in the application, and not disabled."""
    verdict: VerdictShown
    role: str | None
    connection: str
    connection_name: str


class AttributeSaid(Shown):
    value: str | None
    as_of: str | None


class UserChannel(Says):
    """What one channel says of a user: that it exists, that it is active, its attributes."""

    active: Says
    attributes: dict[str, AttributeSaid]


class UserInFull(User):
    activity: VerdictShown
    channels: dict[str, UserChannel]
    login: LoginShown | None
    aliases: list[Alias]


def listed(call: Call[ListQuery, NoBody]) -> Answer:
    now = call.now()
    with call.context.database.read() as tx:
        rows, cursor = page(tx, USERS, call.query, organization=call.organization)
        decided = verdicts(tx, rows.rows, now)
    items = [User(**_fields(row, decided[row.id][1])) for row in rows.rows]
    return Answer(ListOf[User](items=items, next_cursor=cursor))


def read(call: Call[NoQuery, NoBody]) -> Answer:
    now = call.now()
    with call.context.database.read() as tx:
        row = find(tx, call, USERS, name=call.path["id"], noun="user")
        record, decided = verdicts(tx, [row], now)[row.id]
        newest = logins.newest(tx, row.id)
        values = loads(newest.groups_values) if newest is not None else []
        aliases = identities.aliases_of(tx, "user", row.id)
    return Answer(
        UserInFull(
            **_fields(row, decided),
            activity=evidence.verdict(decided.active),
            channels={one.value: _channel(one, record) for one in Channel},
            login=evidence.login(newest, values),
            aliases=evidence.aliases(aliases),
        )
    )


def verdicts(
    tx: Tx, rows: Sequence[AnyRow], now: Instant
) -> dict[int, tuple[UserRecord, UserVerdict]]:
    """What stands about each user, and what follows from it."""
    policies = {key: connections.load(tx, key).policy for key in {r.connection_id for r in rows}}
    policy_of = {row.id: policies[row.connection_id] for row in rows}
    records = cases.users(tx, [UserKey(row.id) for row in rows])
    return {one.key: (one, decide.user(one, policy_of[one.key], now)) for one in records}


def _channel(channel: Channel, record: UserRecord) -> UserChannel:
    exists = evidence.says(record.exists.of(channel))
    said = {
        Channel.PUSH: record.push_said,
        Channel.PULL: record.pull_said,
        Channel.LOGIN: record.login_said,
    }[channel]
    return UserChannel(
        **exists.model_dump(),
        active=evidence.says(record.active.of(channel)),
        attributes={
            name: AttributeSaid(value=value, as_of=when(as_of))
            for name, (value, as_of) in sorted(said.items())
        },
    )


def _fields(row: AnyRow, decided: UserVerdict) -> dict[str, Any]:
    return {
        **kept(row),
        "user_name": row.user_name,
        "email": row.email,
        "first_name": row.first_name,
        "last_name": row.last_name,
        "display_name": row.display_name,
        "active": bool(row.active),
        "verdict": evidence.verdict(decided.exists),
        "role": decided.role,
        "connection": row.connection_id_shown,
        "connection_name": row.connection_name,
    }


_on = Noun("users", "/users")
operations = [
    _on.get("", listed, "List users.", query=ListQuery, gives=ListOf[User]),
    _on.get(
        "/{id}", read, "Read a user with every channel's evidence and names.", gives=UserInFull
    ),
]

"""What a provider's SCIM needs forgiven: which quirks it has shown, how often, and since when."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row

from api.admin.call import Answer, Call
from api.admin.connections import found
from api.admin.shapes import ListOf, Shown, when
from api.operation import NoBody, NoQuery, Noun
from api.scim.request_log import NOT_KEPT, WRONG_TOKEN
from models.instant import to_text
from models.store import requests
from models.store.database import Tx
from sync import connection as connections
from sync.policies.policy import Policy
from sync.pushing.tolerances import TOLERANCES, Tolerance


class Quirk(Shown):
    name: str
    sentence: str
    source: str
    count: int
    first_seen: str | None
    last_seen: str | None
    settable: bool
    """By `policy.tolerances`, since it could do harm."""
    tolerated: bool


def listed(call: Call[NoQuery, NoBody]) -> Answer:
    """All that is known, the most shown first."""
    call.context.request_log.flush()
    with call.context.database.read() as tx:
        key = found(tx, call).id
        policy, seen = connections.load(tx, key).policy, _seen(tx, key)
    items = [_shown(one, policy, seen.get(one.name)) for one in TOLERANCES.values()]
    items.sort(key=lambda one: (-one.count, one.name))
    return Answer(ListOf[Quirk](items=items))


def told(tx: Tx, connection: int) -> Iterator[str]:
    """For the check of a connection."""
    seen = _seen(tx, connection)
    for name, row in sorted(seen.items()):
        if name in TOLERANCES:
            yield (
                f"Seen {_times(row.total)}, the last at {to_text(row.last_at)}, and tolerated "
                f"({name}): {TOLERANCES[name].sentence}"
            )
    if NOT_KEPT in seen:
        count = seen[NOT_KEPT].total
        yield f"Beyond a day's allowance, requests were counted and not kept: {count}."


def wrong_tokens(tx: Tx, connection: int, used: int) -> str | None:
    """A sentence, when the newest request came with a wrong token."""
    row = _seen(tx, connection).get(WRONG_TOKEN)
    if row is None or row.last_at <= used:
        return None
    return (
        f"A wrong token was sent {_times(row.total)}, the last at {to_text(row.last_at)}, and no "
        "right one since. See which token is entered at the provider."
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _seen(tx: Tx, connection: int) -> dict[str, Row[Any]]:
    return {row.name: row for row in requests.tallies(tx, connection)}


def _shown(one: Tolerance, policy: Policy, seen: Row[Any] | None) -> Quirk:
    return Quirk(
        name=one.name,
        sentence=one.sentence,
        source=one.source,
        count=seen.total if seen else 0,
        first_seen=when(seen.first_at) if seen else None,
        last_seen=when(seen.last_at) if seen else None,
        settable=one.is_settable,
        tolerated=not one.is_settable or one.name in policy.tolerances,
    )


_on = Noun("connections", "/connections/{id}/quirks")
operations = [
    _on.get(
        "",
        listed,
        "List what is forgiven of the provider's SCIM, and what of it has been seen.",
        gives=ListOf[Quirk],
        about="What cannot do harm is always tolerated; the rest as `policy.tolerances` says.",
    ),
]

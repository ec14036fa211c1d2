"""Push tokens: two may live at once, so that a change needs no downtime."""

from typing import Any

from pydantic import Field

from api.admin.call import Answer, Call, again, find
from api.admin.connections import TOKEN, found
from api.admin.shapes import Incoming, Kept, ListOf, kept, when
from api.operation import NoBody, NoQuery, Noun
from api.paging import ListQuery, page
from api.problems import Problem, wrong
from models.instant import Instant, from_text
from models.store import links
from models.store.lists.accounts import TOKENS, token_of
from models.store.vault import hashed, new_token

MOST = 2


class TokenOrder(Incoming):
    expires_at: str | None = Field(
        default=None, description="When it ends by itself, such as 2027-01-31T08:00:00Z."
    )


class Token(Kept):
    last_used_at: str | None
    expires_at: str | None
    revoked_at: str | None


class NewToken(Token):
    base_url: str
    token: str
    """Shown once."""


def listed(call: Call[ListQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        mine = token_of(found(tx, call).id)
        rows, cursor = page(tx, TOKENS, call.query, mine, organization=call.organization)
    items = [Token(**_fields(row)) for row in rows.rows]
    return Answer(ListOf[Token](items=items, next_cursor=cursor))


def issue(call: Call[NoQuery, TokenOrder]) -> Answer:
    token, now = new_token(TOKEN), call.now()
    expires_at = _end(call.body.expires_at, now)
    with call.context.database.write() as tx:
        connection = found(tx, call)
        links.lock(tx, "connections", connection.id)
        if not connection.push:
            raise Problem(409, "This connection has no push channel.")
        if len(links.live_tokens(tx, connection.id, now)) >= MOST:
            raise Problem(409, f"There are {MOST} live tokens already. Revoke one first.")
        key = links.insert_token(tx, connection.id, hashed(token), now=now, expires_at=expires_at)
        row = again(tx, TOKENS, key)
    base = f"{call.context.settings.outside}/scim/v2/{connection.public_id}"
    return Answer(NewToken(**_fields(row), base_url=base, token=token), 201)


def revoke(call: Call[NoQuery, NoBody]) -> Answer:
    with call.context.database.write() as tx:
        connection = found(tx, call)
        row = find(tx, call, TOKENS, name=call.path["token"], noun="token")
        if row.connection_id != connection.id:
            raise Problem(404, "This connection has no such token.")
        links.revoke_token(tx, row.id, call.now())
    return Answer(None, 204)


def _fields(row: Any) -> dict[str, Any]:
    names = ("last_used_at", "expires_at", "revoked_at")
    return {**kept(row), **{name: when(getattr(row, name)) for name in names}}


def _end(text: str | None, now: Instant) -> Instant | None:
    """Raises Problem."""
    if text is None:
        return None
    try:
        found = from_text(text)
    except ValueError:
        raise wrong("expires_at", "expires_at is no time such as 2027-01-31T08:00:00Z.") from None
    if found <= now:
        raise wrong("expires_at", "expires_at is in the past.")
    return found


_on = Noun("connections", "/connections/{id}/tokens")
operations = [
    _on.get("", listed, "List the push tokens.", query=ListQuery, gives=ListOf[Token]),
    _on.post(
        "",
        issue,
        "Issue a push token, shown once.",
        takes=TokenOrder,
        gives=NewToken,
        status=(201,),
    ),
    _on.delete("/{token}", revoke, "Revoke a push token at once."),
]

"""Who asks: a bearer token opens one connection, and nothing else (RFC 6750, RFC 7644 §2)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import Request

from api.addresses import address_of
from api.context import Context, context_of
from api.scim.errors import ScimError, TooManyRequests, Unauthorized
from api.scim.filters import is_storable
from models.instant import MINUTE, Instant
from models.store import accounts
from models.store.vault import hashed
from sync import connection as connections
from sync.connection import Connection
from sync.push import Push

T = TypeVar("T")

PREFIX = "/scim/v2"


@dataclass(frozen=True, slots=True)
class Caller:
    """The identity provider of one connection."""

    context: Context
    connection: Connection

    @property
    def base_url(self) -> str:
        return f"{self.context.settings.outside}{PREFIX}/{self.connection.public_id}"

    def write(self, work: Callable[[Push], T]) -> T:
        """Work on the push channel, all or nothing; again where another was faster."""
        return self.context.database.insist(
            lambda tx: work(Push(tx, self.connection, self.context.clock))
        )


def authenticate(request: Request) -> Caller:
    """Raises Unauthorized, in the same words whatever was wrong, and TooManyRequests after many.

    The token is looked up by its hash, so how long that takes says nothing of any token. A right
    one is let in however often its address was wrong: providers share addresses among customers.
    """
    context = context_of(request)
    name, token = str(request.path_params["connection_id"]), _token(request)
    now = context.clock.now()
    if token is None or not is_storable(name):
        raise _refusal(context, request, now)
    with context.database.read() as tx:
        row = accounts.scim_token(tx, name, hashed(token), now)
    if row is None:
        raise _refusal(context, request, now)
    if row.last_used_at is None or row.last_used_at < now - MINUTE:
        with context.database.write() as tx:
            accounts.note_use(tx, "scim_tokens", row.token_id, now)
    return Caller(context, connections.of_row(row))


def _token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _refusal(context: Context, request: Request, now: Instant) -> ScimError:
    seconds = context.attempts.wrong(address_of(request, context.settings.proxies), now)
    if seconds:
        return TooManyRequests("Too many wrong tokens came from this address.", seconds)
    return Unauthorized("A valid bearer token of this connection is needed.")

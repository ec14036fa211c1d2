"""Who asks: a bearer token opens one connection, and nothing else (RFC 6750, RFC 7644 §2)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import Request

from api.context import Context, context_of
from api.scim.errors import Unauthorized
from api.scim.filters import is_storable
from models.instant import MINUTE
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
    """Raises Unauthorized, in the same words whatever was wrong.

    The token is looked up by its hash, so how long that takes says nothing of any token.
    """
    context = context_of(request)
    name, token = str(request.path_params["connection_id"]), _token(request)
    if token is None or not is_storable(name):
        raise _refusal()
    with context.database.read() as tx:
        row = accounts.scim_token(tx, name, hashed(token))
    if row is None:
        raise _refusal()
    now = context.clock.now()
    if row.last_used_at is None or row.last_used_at < now - MINUTE:
        with context.database.write() as tx:
            accounts.note_use(tx, "scim_tokens", row.token_id, now)
    return Caller(context, connections.of_row(row))


def _token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _refusal() -> Unauthorized:
    return Unauthorized("A valid bearer token of this connection is needed.")

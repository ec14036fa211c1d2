"""Who asks: a bearer token opens one connection, and nothing else (RFC 6750, RFC 7644 §2)."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import Response

from api.addresses import address_of
from api.context import INTRODUCTION, NOBODY, Context, Introduced, context_of
from api.scim.errors import ScimError, TooManyRequests, Unauthorized
from api.scim.filters import is_storable
from api.scim.forgiving import noting
from api.scim.record import HEADER, LONGEST_ID, Headers, Record, part_of, record_of
from api.scim.request_log import WRONG_TOKEN
from models.instant import MINUTE
from models.store import accounts, requests
from models.store.database import Tx
from models.store.vault import hashed
from sync import connection as connections
from sync.connection import Connection
from sync.pushing.push import Push

T = TypeVar("T")

PREFIX = "/scim/v2"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever asks, as the identity provider of one connection.

    That it really is one is looked up in every transaction anew: a revoked token is dead at
    once. Each of these raises Unauthorized, in the same words whatever was wrong.
    """

    request: Request
    name: str
    """The public id of the connection."""
    hashed: str
    """The token is looked up by its hash, so how long that takes says nothing of any token."""
    record: Record
    context: Context

    @property
    def base_url(self) -> str:
        return f"{self.context.settings.outside}{PREFIX}/{self.name}"

    async def write(self, work: Callable[[Push], Response]) -> Response:
        """Work on the push channel, all or nothing; again where another was faster.

        The request is kept in the same transaction: there is no change without its record.
        """
        self.record.text()
        response = await self.context.write(self.within(work))
        self.record.is_kept = True
        return response

    def within(self, work: Callable[[Push], Response]) -> Callable[[Tx], Response]:
        """`write`, in a transaction of somebody else."""
        clock, record = self.context.clock, self.record

        def within(tx: Tx) -> Response:
            push = Push(tx, self._connection(tx), clock)
            with noting(record.tolerances, push.connection.policy.tolerances):
                response = work(push)
            record.tolerances |= push.forgiven
            said, parked, missed = push.said, push.parked, push.missed
            row = record.row(response, clock.now(), said=said, parked=parked, missed=missed)
            requests.keep(tx, row, connection=push.connection.key)
            return response

        return within

    def keep(self, response: Response, error: ScimError | None = None) -> None:
        """Keep the request if it is not kept by now, and not of one who was not let in."""
        if isinstance(error, Unauthorized | TooManyRequests):
            return
        response.raw_headers.append((HEADER, self.record.id.encode()))
        now, kept = self.context.clock.now(), self.context.request_log
        if not self.record.is_kept:
            kept.keep(self.record.row(response, now, error=error))
        for name in self.record.tolerances:
            kept.count(self.name, name, now)

    def part(self, method: str, path: str, body: object, version: str | None) -> "Caller":
        """The same, for one operation of a bulk request."""
        record = part_of(self.record, method, path, body, self.context.clock.now())
        if version and is_storable(version):
            record.conditions = {"if-match": version}
        return replace(self, record=record)

    async def read(self, work: Callable[[Tx, Connection], T], *, is_short: bool = False) -> T:
        """`is_short`: it looks up some few rows by their names."""

        def within(tx: Tx) -> T:
            connection = self._connection(tx)
            with noting(self.record.tolerances, connection.policy.tolerances):
                return work(tx, connection)

        return await self.context.read(within, is_short=is_short)

    def noting(self) -> AbstractContextManager[None]:
        """What is forgiven within this goes to the record."""
        known = self.context.introduced.get((self.name, self.hashed), NOBODY)
        return noting(self.record.tolerances, known.tolerances)

    async def introduce(self) -> None:
        """Nothing of a stranger's request is read. Whoever was let in a moment ago is looked up
        in the transaction that it wants, and not before. Raises TooManyRequests as well.
        """
        known, now = self.context.introduced, self.record.began
        if known.get((self.name, self.hashed), NOBODY).until <= now:
            tolerances = (await self.confirm()).policy.tolerances
            known[self.name, self.hashed] = Introduced(now + INTRODUCTION, tolerances)

    async def confirm(self) -> Connection:
        """Look it up by itself, and remember that the token was used. Raises TooManyRequests.

        A right token is let in however often its address was wrong: providers share addresses
        among customers.
        """
        row, now = await self.context.read(self._row), self.context.clock.now()
        if row is None:
            raise _refusal(self.context, self.request)
        if row.last_used_at is None or row.last_used_at < now - MINUTE:
            note = partial(accounts.note_use, table="scim_tokens", key=row.token_id, now=now)
            await self.context.write(note)
        return connections.of_row(row)

    def _connection(self, tx: Tx) -> Connection:
        return tx.minded(("scim_tokens", self.name, self.hashed), lambda: self._let_in(tx))

    def _let_in(self, tx: Tx) -> Connection:
        row = self._row(tx)
        if row is None:
            self.context.introduced.pop((self.name, self.hashed), None)
            raise _unauthorized()
        return connections.of_row(row)

    def _row(self, tx: Tx) -> Row[Any] | None:
        return accounts.scim_token(tx, self.name, self.hashed, self.context.clock.now())


def caller_of(request: Request) -> Caller:
    """Raises Unauthorized and TooManyRequests where there is nothing to look up."""
    scope, context = request.scope, context_of(request)
    headers = dict(reversed(scope["headers"]))  # of one that stands twice the first counts
    name, token = str(scope["path_params"]["connection_id"]), _token(headers)
    if token is None or not is_storable(name):
        raise _refusal(context, request)
    record = record_of(scope, headers, name, token, context.clock.now())
    return Caller(request, name, hashed(token), record, context)


def _token(headers: Headers) -> str | None:
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _refusal(context: Context, request: Request) -> ScimError:
    """After many wrong tokens from one address it is told to wait."""
    name, now = str(request.path_params["connection_id"]), context.clock.now()
    if is_storable(name) and len(name) <= LONGEST_ID:
        context.request_log.count(name, WRONG_TOKEN, now)
    address = address_of(request, context.settings.proxies)
    seconds = context.attempts.wrong(address, now)
    if seconds:
        return TooManyRequests("Too many wrong tokens came from this address.", seconds)
    return _unauthorized()


def _unauthorized() -> Unauthorized:
    return Unauthorized("A valid bearer token of this connection is needed.")

"""Who asks: administrators and applications, by an API key."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Row
from starlette.requests import Request

from api.addresses import address_of
from api.context import INTRODUCTION, NOBODY, Context, Introduced, context_of
from api.problems import Problem
from models.instant import MINUTE
from models.store import accounts, keys
from models.store.database import Tx
from models.store.vault import hashed, new_token

PREFIX = "tuk"
FIRST = "first administrator"
_MAX_LENGTH = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A live API key."""

    key: int
    public_id: str
    name: str
    organization: int | None
    """The one organization it may act for; None means all."""

    @property
    def is_limited(self) -> bool:
        return self.organization is not None

    def may_see(self, organization: int | None) -> bool:
        return self.organization is None or self.organization == organization


async def authenticate(request: Request) -> Key:
    """Raises Problem when there is no live key in the Authorization header.

    A right key is let in however often its address was wrong, as at the SCIM door.
    """
    context, token = context_of(request), _hashed(request)
    row = await context.read(partial(accounts.api_key, hashed=token))
    now = context.clock.now()
    if row is None:
        raise _unknown(request)
    if row.last_used_at is None or row.last_used_at < now - MINUTE:
        await context.write(partial(accounts.note_use, table="api_keys", key=row.id, now=now))
    return _key(row)


async def introduce(request: Request) -> Callable[[Tx], Key]:
    """For who looks the key up in a transaction of its own: how to. Raises Problem.

    Nothing of a stranger's request is read. Whoever was let in within the last half minute is
    not asked for before.
    """
    context, token = context_of(request), _hashed(request)
    known, now = context.introduced, context.clock.now()
    if known.get((PREFIX, token), NOBODY).until <= now:
        await authenticate(request)
        known[PREFIX, token] = Introduced(now + INTRODUCTION)

    def look(tx: Tx) -> Key:
        row = accounts.api_key(tx, token)
        if row is None:
            known.pop((PREFIX, token), None)
            raise _unknown(request)
        return _key(row)

    return look


def _key(row: Row[Any]) -> Key:
    return Key(key=row.id, public_id=row.public_id, name=row.name, organization=row.organization_id)


def _hashed(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not 0 < len(token) <= _MAX_LENGTH:
        raise _refusal(request, "Send an API key in the header Authorization: Bearer.")
    return hashed(token)


def _unknown(request: Request) -> Problem:
    return _refusal(request, "This API key is not known, or was revoked.")


def _refusal(request: Request, sentence: str) -> Problem:
    """After many wrong keys from one address it is told to wait."""
    context = context_of(request)
    address = address_of(request, context.settings.proxies)
    seconds = context.attempts.wrong(address, context.clock.now())
    if seconds:
        wait = {"retry-after": str(seconds)}
        return Problem(429, "Too many wrong keys came from this address.", headers=wait)
    return Problem(401, sentence, headers={"www-authenticate": 'Bearer realm="Trueup"'})


def ensure_first_key(context: Context) -> str | None:
    """Let an administrator in: by TRUEUP_ADMIN_KEY, else by a new key where there is none.

    Answers the new key, to be printed once. A key that was revoked stays so, and a changed
    TRUEUP_ADMIN_KEY is one key more.
    """
    given, now = context.settings.admin_key.strip(), context.clock.now()
    with context.database.write() as tx:
        keys.lock(tx)
        if given:
            keys.create(tx, FIRST, hashed(given), organization=None, now=now)
            return None
        if keys.unlimited(tx):
            return None
        made = new_token(PREFIX)
        keys.create(tx, FIRST, hashed(made), organization=None, now=now)
        return made

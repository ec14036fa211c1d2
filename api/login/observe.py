"""`POST /login/observations`: the application's backend hands in a token it received."""

from collections.abc import Callable
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.auth import Key, introduce
from api.context import Context, context_of
from api.login.oidc import OidcSettings, TokenRefused
from api.parse import parse
from api.problems import Problem
from connectors.errors import ConnectorError
from models.identity import UserKey
from models.store import accounts, directory, findings
from models.store.database import Tx
from sync import connection as connections
from sync.connection import Connection
from sync.tokens.claims import ClaimsUnusable, GroupsClaim, diagnose, subject
from sync.tokens.login import Login, Observed, observe


class Observation(BaseModel):
    """What is handed in: which connection, and the token as it came."""

    model_config = ConfigDict(extra="forbid")

    connection: str = Field(min_length=1, max_length=200)
    id_token: str = Field(min_length=1, max_length=65_536)


async def observations(request: Request) -> Response:
    look = await introduce(request)
    given = await parse(Observation, request)
    context = context_of(request)
    connection = await context.read(partial(_connection, look=look, name=given.connection))
    login = await run_in_threadpool(_verify, context, connection, given.id_token)
    return JSONResponse(await context.write(partial(_record, context, connection, login)))


def _record(context: Context, connection: Connection, login: Login, tx: Tx) -> dict[str, Any]:
    """After the token was verified, outside any transaction: the issuer may have been asked."""
    observed = observe(tx, connection, login, context.clock.now())
    return _answer(tx, connection, observed, login.groups)


def _connection(tx: Tx, look: Callable[[Tx], Key], name: str) -> Connection:
    key, row = look(tx), accounts.connection_named(tx, name)
    if row is None or not key.may_see(row.organization_id):
        raise Problem(404, "There is no such connection.")
    connection = connections.of_row(row)
    if connection.login is None:
        raise Problem(422, "This connection has no login channel.")
    return connection


def _verify(context: Context, connection: Connection, token: str) -> Login:
    settings = OidcSettings.model_validate(context.peers.login(connection))
    now = context.clock.now()
    try:
        verified = context.verifier.verify(token, settings, now)
        who = subject(verified.claims, mapping=settings.mapping, provider=connection.provider)
    except TokenRefused as trouble:
        raise Problem(422, trouble.reason, code=trouble.code.value) from trouble
    except ClaimsUnusable as trouble:
        raise Problem(422, str(trouble), code="claims") from trouble
    except ConnectorError as trouble:
        raise Problem(502, f"The issuer could not be asked: {trouble}") from trouble
    return Login(
        subject=who,
        groups=diagnose(verified.claims, claim=settings.groups_claim, provider=connection.provider),
        digest=verified.digest,
        as_of=verified.as_of,
    )


def _answer(
    tx: Tx, connection: Connection, observed: Observed, groups: GroupsClaim
) -> dict[str, Any]:
    return {
        "user": _user(tx, observed.user),
        "groups": {
            "state": groups.state.value,
            "values": list(groups.values),
            "problem": groups.problem,
        },
        "findings": findings.of_user(tx, connection.key, observed.user),
        "replayed": observed.is_replay,
    }


def _user(tx: Tx, key: UserKey) -> dict[str, Any]:
    row = directory.user_of(tx, key)
    assert row is not None
    return {
        "id": row.public_id,
        "user_name": row.user_name,
        "email": row.email,
        "first_name": row.first_name,
        "last_name": row.last_name,
        "active": bool(row.active and row.wanted),
    }


routes = [Route("/login/observations", observations, methods=["POST"])]

"""A request that came once, tried again against what stands now. Nothing of it is kept."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, TypeVar
from urllib.parse import unquote

from sqlalchemy import Row
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from api.context import Context
from api.scim.answers import refusal, refused
from api.scim.auth import Caller
from api.scim.door import Door
from api.scim.errors import ScimError
from api.scim.forgiving import noting
from api.scim.record import Record
from api.scim.routes import door_at
from models.store.database import Tx, loads
from sync import connection as connections
from sync.connection import Connection
from sync.pushing.push import Push
from sync.pushing.rehearsal import Consequences, rehearse

T = TypeVar("T")


@dataclass(slots=True)
class Seen:
    consequences: Consequences = field(default_factory=Consequences)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsing(Caller):
    """Whoever asked then. An administrator vouches for it, so no token is looked at."""

    key: int
    """Of the connection."""
    seen: Seen

    tolerances: frozenset[str]

    async def write(self, work: Callable[[Push], Response]) -> Response:
        context = self.context

        def within() -> Response:
            answer, found = rehearse(context.database, context.clock, self.key, work)
            self.seen.consequences = found
            return answer

        return await run_in_threadpool(within)

    async def read(self, work: Callable[[Tx, Connection], T], *, is_short: bool = False) -> T:
        def within(tx: Tx) -> T:
            return work(tx, connections.load(tx, self.key))

        return await self.context.read(within, is_short=is_short)

    def noting(self) -> AbstractContextManager[None]:
        return noting(self.record.tolerances, self.tolerances)

    def keep(self, response: Response, error: ScimError | None = None) -> None:
        return

    async def introduce(self) -> None:
        return

    async def confirm(self) -> Connection:
        return await self.read(lambda _, connection: connection)


async def again(context: Context, row: Row[Any]) -> tuple[Response, Consequences]:
    """The answer that the kept request would get now, and what would follow from it."""
    request, door = _request(context, row)
    conditions: dict[str, str] = loads(row.conditions) or {}
    link = await context.read(lambda tx: connections.load(tx, row.connection_id))
    caller = Rehearsing(
        request=request,
        name=row.connection_id_shown,
        hashed="",
        context=context,
        record=Record(row.connection_id_shown, row.method, row.path, 0, "", conditions=conditions),
        key=row.connection_id,
        seen=Seen(),
        tolerances=link.policy.tolerances,
    )
    try:
        response = await door.answer(request, caller)
    except Exception as trouble:
        response = refused(refusal(trouble))
    return response, caller.seen.consequences


def _request(context: Context, row: Row[Any]) -> tuple[Request, Door]:
    """As the server would hand it on, with the headers that are kept."""
    path, _, query = row.path.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "method": row.method,
        "path": unquote(path),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [],
        "app": SimpleNamespace(state=SimpleNamespace(context=context)),
    }
    door, named = door_at(scope["path"])
    return Request(scope | {"path_params": named}, _receiver((row.body or "").encode())), door


def _receiver(body: bytes) -> Callable[[], Any]:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive

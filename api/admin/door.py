"""From an operation to a route: who asks, what is asked, a thread to do it in, an answer."""

import asyncio
import time
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from api.admin.call import Answer, Call, Given, Later, Table
from api.auth import authenticate
from api.context import context_of
from api.operation import CSV, JSON, NoBody, Operation
from api.parse import body_of, read, read_path, read_query

_FIRST_LOOK, _SLOWEST_LOOK = 0.05, 0.5
_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def route(operation: Operation) -> Route:
    async def endpoint(request: Request) -> Response:
        call = await _call(operation, request)
        given: Given = await run_in_threadpool(operation.act, call)
        if isinstance(given, Later):
            given = await _wait(given)
        return _response(given)

    endpoint.__name__ = operation.name
    return Route(operation.path, endpoint, methods=[operation.method], name=operation.name)


async def _call(operation: Operation, request: Request) -> Call[Any, Any]:
    """Nobody is told what is wrong with a request before we know who asks."""
    key = await authenticate(request)
    path = read_path(request)
    query = read_query(operation.query, request)
    body = await body_of(request)
    if not body and _may_be_empty(operation):
        body = b"{}"
    return Call(
        context=context_of(request),
        key=key,
        path=path,
        query=query,
        body=read(operation.body, body),
    )


def _may_be_empty(operation: Operation) -> bool:
    if operation.body is NoBody:
        return True
    return not any(part.is_required() for part in operation.body.model_fields.values())


async def _wait(later: Later) -> Answer:
    """Look soon, then less often, so that a short wait is short and a long one is cheap."""
    until, pause = time.monotonic() + later.seconds, _FIRST_LOOK
    while True:
        found = await run_in_threadpool(later.look)
        left = until - time.monotonic()
        if found.status != 202 or left <= 0:
            return found
        await asyncio.sleep(min(pause, left))
        pause = min(2 * pause, _SLOWEST_LOOK)


def _response(given: Answer | Table) -> Response:
    match given:
        case Answer(None, status, headers):
            return Response(status_code=status, headers={**_HEADERS, **headers})
        case Answer(body, status, headers):
            assert body is not None
            text = body.model_dump_json()
            return Response(text, status, {**_HEADERS, **headers}, media_type=JSON)
        case Table(name, lines):
            saved = {"content-disposition": f'attachment; filename="{name}"'}
            return StreamingResponse(lines, headers={**_HEADERS, **saved}, media_type=CSV)

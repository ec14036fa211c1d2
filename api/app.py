"""All doors of the web, and one table for errors that none of them foresaw."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from api import admin, problems
from api.context import Context, context_of
from api.login import observe
from api.scim.routes import service as scim
from models.store.migrate import is_current


async def healthz(_request: Request) -> Response:
    """The process answers."""
    return PlainTextResponse("ok\n")


async def readyz(request: Request) -> Response:
    """Whether we can work, each part by its name."""
    parts = await run_in_threadpool(_parts, context_of(request))
    ready = all(state == "ok" for state in parts.values())
    return JSONResponse({"ready": ready, "parts": parts}, status_code=200 if ready else 503)


def _parts(context: Context) -> dict[str, str]:
    try:
        with context.database.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        current = is_current(context.database)
    except (SQLAlchemyError, OSError) as trouble:
        return {"database": f"cannot be reached: {type(trouble).__name__}"}
    return {"database": "ok", "tables": "ok" if current else "not migrated: run trueup migrate"}


class Web(Starlette):
    """Asks the SCIM service first: of Starlette's layers and routes, by way of which it would come
    to it, none does anything for it.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        root = scope.get("root_path", "")
        place = _SCIM.match(scope["path"], len(root)) if scope["type"] == "http" else None
        if place is None:
            await super().__call__(scope, receive, send)
            return
        below = {"root_path": root + place[0], "path_params": {"connection_id": place[1]}}
        await scim({**scope, **below, "app": self}, receive, send)


_SCIM = re.compile(r"/scim/v2/([^/]+)(?=/)")


def build(
    context: Context,
    *,
    start: Callable[[], None] = lambda: None,
    stop: Callable[[], None] = lambda: None,
) -> Starlette:
    """`start` and `stop` run what works beside the web in the same process."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await run_in_threadpool(start)
        try:
            yield
        finally:
            await run_in_threadpool(stop)

    app = Web(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            *observe.routes,
            *admin.routes,
        ],
        exception_handlers=problems.handlers,
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # nobody is sent on, to wherever a Host header says
    app.state.context = context
    return app

"""The service in this process: neither socket nor server, and a fault of ours is raised."""

import asyncio
import json
import tempfile
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Mount

from api import context as contexts
from api.scim.request_log import RequestLog
from api.scim.routes import service
from models.store.database import Database
from models.store.desk import Desk
from sync.settings import Settings
from tests import builders
from tests.api.scim_app import MEDIA_TYPE, add_token
from tests.playground import fresh

OUTSIDE = "http://scim.example"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content) if self.content else None

    @property
    def scim_type(self) -> str | None:
        found: str | None = self.body.get("scimType")
        return found


@dataclass(frozen=True, slots=True)
class Door:
    """Of one connection that pushes."""

    app: Starlette
    loop: asyncio.AbstractEventLoop
    database: Database
    token: str
    root: str

    def call(
        self, method: str, path: str, body: Any = None, query: str = "", **headers: str
    ) -> Answer:
        content = body if isinstance(body, bytes) else b""
        if body is not None and not isinstance(body, bytes):
            content = json.dumps(body).encode()
        sent = {"authorization": f"Bearer {self.token}", "content-type": MEDIA_TYPE}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": f"{self.root}{path}",
            "raw_path": f"{self.root}{path}".encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
            "client": ("127.0.0.1", 1),
            "server": ("scim.example", 80),
        }
        return self.loop.run_until_complete(_exchange(self.app, scope, content))


async def _exchange(app: Starlette, scope: dict[str, Any], content: bytes) -> Answer:
    told: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Any) -> None:
        told.append(message)

    await app(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in told[0]["headers"]}
    return Answer(told[0]["status"], headers, b"".join(one.get("body", b"") for one in told[1:]))


@lru_cache
def _service(kind: str) -> tuple[Starlette, asyncio.AbstractEventLoop]:
    """Put together once: only what it knows is new every time."""
    home = Path(tempfile.mkdtemp(prefix="trueup-scim-"))
    settings = Settings(_env_file=None, home=home, database_url="", base_url=OUTSIDE)
    app = Starlette(routes=[Mount("/scim/v2/{connection_id}", app=service)])
    found = fresh(kind)
    app.state.context = replace(
        contexts.build(settings),
        database=found,
        desk=Desk(found),
        glances=contexts.Glances(found),
        request_log=RequestLog(found),
        clock=builders.ManualClock(),
    )
    return app, asyncio.new_event_loop()


def opened(kind: str, **channels: Any) -> Door:
    """Nobody is known yet."""
    app, loop = _service(kind)
    app.state.context.request_log.flush()  # or what waits would be written while tables empty
    database = fresh(kind)
    with database.write() as tx:
        link = builders.connection(tx, builders.organization(tx), **channels)
        token = add_token(tx, link)
    return Door(app, loop, database, token, f"/scim/v2/{link.public_id}")

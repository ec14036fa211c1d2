"""The SCIM service is asked before all other addresses, and found wherever the server has them."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message

from api import app
from api.context import Context
from tests.api.scim_app import Service, serving


@pytest.fixture
def found(tmp_path: Path) -> Any:
    with serving(tmp_path) as service:
        yield service


@pytest.mark.parametrize("root", ["", "/below"])
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/scim/v2/{name}/Users", 200),
        ("/scim/v2/{name}/Users/nobody", 404),
        ("/scim/v2/nobody/Users", 401),
        ("/scim/v2/{name}", 404),
        ("/healthz", 200),
        ("/nowhere/scim/v2/{name}/Users", 404),
    ],
)
def test_an_address_is_answered_wherever_the_server_has_it(
    found: Service, root: str, path: str, status: int
) -> None:
    where = root + path.format(name=found.connection.public_id)
    assert asked(found.context, root, where, found.token) == status


def asked(context: Context, root: str, path: str, token: str) -> int:
    """The status of the answer, as a server would hear it."""
    said: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        said.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "root_path": root,
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {token}".encode())],
        "client": ("127.0.0.1", 1),
    }
    asyncio.run(app.build(context)(scope, receive, send))
    return int(said[0]["status"])

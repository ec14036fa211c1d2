"""The floor S: one static answer of 1 KB, with nothing behind it."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

BODY = b"x" * 1024


async def answer(_request: Request) -> Response:
    return Response(BODY, media_type="application/scim+json")


app = Starlette(routes=[Route("/", answer)])

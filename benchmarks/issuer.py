"""The issuer of the demo in a process of its own, which signs as many tokens as it is asked for.

`POST /tokens?algorithm=RS256&first=0&count=100` answers one token a line: distinct users, from
the number `first` on, who name the groups that `benchmarks.seed` put them into.
"""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from api.demo.issuer import LIFETIME, Issuer
from benchmarks.seed import user_name
from models.clock import Clock
from models.instant import SECOND

CLIENT = "bench"
GROUPS = ["group 10000 0", "group 10000 1"]


def claims(issuer: Issuer, number: int, issued: int) -> dict[str, object]:
    return {
        "iss": issuer.url,
        "aud": CLIENT,
        "sub": f"{number:07}",
        "iat": issued,
        "exp": issued + LIFETIME,
        "auth_time": issued - 1,
        "preferred_username": user_name(number),
        "email": user_name(number),
        "email_verified": True,
        "given_name": "Test",
        "family_name": "User",
        "groups": GROUPS,
    }


def app(port: int) -> Starlette:
    issuer = Issuer(f"http://127.0.0.1:{port}")

    async def tokens(request: Request) -> Response:
        algorithm = request.query_params["algorithm"]
        first, count = (int(request.query_params[name]) for name in ("first", "count"))
        issued = Clock().now() // SECOND
        signed = (
            issuer.sign(claims(issuer, number, issued), algorithm=algorithm)
            for number in range(first, first + count)
        )
        return PlainTextResponse("\n".join(signed))

    return Starlette(routes=[*issuer.routes(), Route("/tokens", tokens, methods=["POST"])])


if __name__ == "__main__":
    uvicorn.run(app(int(sys.argv[1])), port=int(sys.argv[1]), log_level="warning")

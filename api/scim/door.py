"""Every address of the service: authenticate, pick by method, and answer every error in SCIM."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.scim.answers import refusal, refused
from api.scim.auth import Caller, caller_of
from api.scim.errors import MethodNotAllowed, NotFound

Handler = Callable[[Request, Caller], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Door:
    """One address. Without any handler it is one that does not exist."""

    handlers: Mapping[str, Handler] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A fault of ours is answered, and then still raised for the server to log."""
        request, caller = Request(scope, receive), None
        try:
            caller = caller_of(request)
            await caller.introduce()
            response = await self.answer(request, caller)
        except ClientDisconnect:
            return
        except Exception as trouble:
            error = refusal(trouble)
            response = refused(error)
            if caller is not None:
                caller.keep(response, error)
            await response(scope, receive, send)
            if error.status >= 500 and error is not trouble:
                raise
        else:
            caller.keep(response)
            await response(scope, receive, send)

    async def answer(self, request: Request, caller: Caller) -> Response:
        """Raises the errors of whoever answers."""
        handler = self.handlers.get("GET" if request.method == "HEAD" else request.method)
        if handler is not None:
            with caller.noting():
                return await handler(request, caller)
        await caller.confirm()
        if self.handlers:
            allowed = ", ".join(sorted(self.handlers))
            raise MethodNotAllowed(f"{request.method} is not possible here.", allowed)
        raise NotFound("There is nothing at this address.")

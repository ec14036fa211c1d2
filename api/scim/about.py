"""What the service says of itself, and what it does not offer (RFC 7644 §3.11 and §4)."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from api.scim import answers, discovery, errors
from api.scim.auth import Caller
from api.scim.door import Handler
from api.scim.extensions import declared
from api.scim.forgiving import forgives
from api.scim.schema import GROUP, USER
from sync.pushing.tolerances import CURSORS_UNTOLD

Describe = Callable[[str, discovery.Declared], dict[str, discovery.Body]]
"""Of a base address, and of what an administrator declared for the connection."""


async def options(request: Request, caller: Caller) -> Response:
    await caller.confirm()
    _refuse_filter(request)
    told = discovery.service_provider_config(caller.base_url)
    if forgives(CURSORS_UNTOLD):
        del told["pagination"]
    return answers.answer(told)


def all_of(describe: Describe) -> Handler:
    async def show_all(request: Request, caller: Caller) -> Response:
        await caller.confirm()
        _refuse_filter(request)
        found = list(describe(caller.base_url, await _declared(caller)).values())
        return answers.listed(found, total=len(found))

    return show_all


def one_of(describe: Describe) -> Handler:
    async def show_one(request: Request, caller: Caller) -> Response:
        """Names and URNs in any case (RFC 8141 §3.1 leaves only parts of a URN to it)."""
        await caller.confirm()
        wanted = str(request.path_params["id"]).casefold()
        for name, body in describe(caller.base_url, await _declared(caller)).items():
            if name.casefold() == wanted:
                return answers.answer(body)
        raise errors.NotFound("There is nothing of that name.")

    return show_one


async def _declared(caller: Caller) -> discovery.Declared:
    found = await caller.read(lambda _, connection: connection.extensions)
    return discovery.Declared(declared(found, USER.name), declared(found, GROUP.name))


def missing(sentence: str) -> Handler:
    async def refuse(request: Request, caller: Caller) -> Response:
        await caller.confirm()
        raise errors.NotImplemented(sentence)

    return refuse


def _refuse_filter(request: Request) -> None:
    """RFC 7644 §4: a client must not take a filtered list of schemas for all there are."""
    if "filter" in request.query_params:
        raise errors.Forbidden("What the service says of itself cannot be filtered.")

"""The administrators' API: one noun a file, each with its operations."""

from starlette.middleware import Middleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.routing import BaseRoute, Mount, Router

from api import problems
from api.admin import (
    actions,
    aliases,
    checks,
    connections,
    drift,
    explain,
    findings,
    groups,
    holds,
    keys,
    memberships,
    organizations,
    pages,
    proposals,
    quirks,
    removals,
    reports,
    requests,
    runs,
    spreadsheets,
    target_checks,
    targets,
    tokens,
    users,
)
from api.admin.door import route
from api.operation import Operation

PREFIX = "/api/v1"
operations: list[Operation] = [
    *organizations.operations,
    *connections.operations,
    *tokens.operations,
    *requests.operations,
    *quirks.operations,
    *checks.operations,
    *runs.operations,
    *targets.operations,
    *target_checks.operations,
    *removals.operations,
    *users.operations,
    *groups.operations,
    *aliases.operations,
    *proposals.operations,
    *memberships.operations,
    *explain.operations,
    *spreadsheets.operations,  # before the nouns whose {id} would take the ending along
    *drift.operations,
    *reports.operations,
    *findings.operations,
    *actions.operations,
    *holds.operations,
    *keys.operations,
]
_handlers = {kind: one for kind, one in problems.handlers.items() if kind is not Exception}
routes: list[BaseRoute] = [
    Mount(
        PREFIX,
        Router([route(one) for one in operations], redirect_slashes=False),
        middleware=[Middleware(ExceptionMiddleware, handlers=_handlers)],
    ),
    *pages.routes(operations, PREFIX),
]

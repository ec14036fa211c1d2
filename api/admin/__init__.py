"""The administrators' API: one noun a file, each with its operations."""

from starlette.middleware import Middleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import Receive, Scope, Send

from api import problems
from api.admin import organizations, pages
from api.admin.door import route
from api.openapi import Operation

PREFIX = "/api/v1"
operations: list[Operation] = [
    *organizations.operations,
]

"""Errors as problem documents (RFC 9457): one sentence for whoever asked, and no secret."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

MEDIA_TYPE = "application/problem+json"
_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many_requests",
    500: "internal",
    502: "bad_gateway",
}
_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "string_type": "must be a text",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "list_type": "must be a list",
}


class Fault(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str


class ProblemDocument(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[Fault] | None = None


class Problem(Exception):
    """An answer that changed nothing. `detail` is a sentence; `code` tells programs which."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        code: str | None = None,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.code = code or _CODES.get(status, "problem")
        self.errors = list(errors)
        self.headers = dict(headers or {})

    def response(self) -> Response:
        document = ProblemDocument(
            type=f"urn:trueup:problem:{self.code}",
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            errors=self.errors or None,
        )
        return JSONResponse(
            document.model_dump(exclude_none=True),
            self.status,
            headers={"cache-control": "no-store", **self.headers},
            media_type=MEDIA_TYPE,
        )


def wrong(field: str, sentence: str) -> Problem:
    """One field is wrong."""
    return Problem(422, sentence, errors=[Fault(field=field, message=sentence)])


def from_faults(trouble: ValidationError) -> Problem:
    """A sentence for each field. Never the value, which may be a secret."""
    errors = [_fault(one) for one in trouble.errors(include_input=False, include_url=False)]
    shown = " ".join(one.message for one in errors[:5])
    return Problem(422, shown, errors=errors)


def _fault(error: Any) -> Fault:
    field = ".".join(str(part)[:100] for part in error["loc"])
    said = error["msg"].removeprefix("Value error, ").removeprefix("Input ").rstrip(".")
    said = _WORDS.get(error["type"], said)
    return Fault(field=field, message=f"{field or 'The body'} {said}.")


async def _problem(_request: Request, trouble: Exception) -> Response:
    assert isinstance(trouble, Problem)
    return trouble.response()


async def _http(_request: Request, trouble: Exception) -> Response:
    """What the router itself refuses."""
    assert isinstance(trouble, HTTPException)
    sentences = {404: "There is nothing at this path.", 405: "This path has no such method."}
    detail = sentences.get(trouble.status_code, str(trouble.detail))
    return Problem(trouble.status_code, detail, headers=trouble.headers).response()


async def _bug(_request: Request, _trouble: Exception) -> Response:
    """Says nothing of the cause, which is in the log."""
    return Problem(500, "Something went wrong on our side. Nothing was changed.").response()


handlers: dict[Any, Any] = {Problem: _problem, HTTPException: _http, Exception: _bug}
"""For Starlette's `exception_handlers`."""

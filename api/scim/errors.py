"""Every way to refuse a SCIM request, one class for each `scimType` (RFC 7644 §3.12)."""

from typing import ClassVar

SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"


class ScimError(Exception):
    """A refusal that changed nothing. Its text is a sentence for whoever asked."""

    status: ClassVar[int] = 400
    scim_type: ClassVar[str | None] = None


class InvalidFilter(ScimError):
    """The filter breaks the grammar, or compares what cannot be compared."""

    scim_type = "invalidFilter"


class TooMany(ScimError):
    """The query would answer more than the server is willing to work out."""

    scim_type = "tooMany"


class Uniqueness(ScimError):
    """Somebody else has this value already."""

    status = 409
    scim_type = "uniqueness"


class Conflict(ScimError):
    """What the operation refers to was not made (RFC 7644 §3.7.1)."""

    status = 409


class Mutability(ScimError):
    """The attribute may not be changed in this way."""

    scim_type = "mutability"


class InvalidSyntax(ScimError):
    """The body is not the message that belongs here."""

    scim_type = "invalidSyntax"


class InvalidPath(ScimError):
    """The path of a PATCH operation is malformed, or names nothing we know."""

    scim_type = "invalidPath"


class NoTarget(ScimError):
    """The path of a PATCH operation is missing, or selects nothing."""

    scim_type = "noTarget"


class InvalidValue(ScimError):
    """A value is missing, of the wrong type, too long, or not allowed."""

    scim_type = "invalidValue"


class InvalidVers(ScimError):
    """The protocol version is not supported."""

    scim_type = "invalidVers"


class InvalidCursor(ScimError):
    """The cursor is none of ours, or belongs to another query (RFC 9865 §2.1)."""

    scim_type = "invalidCursor"


class ExpiredCursor(ScimError):
    """The next page was asked for too late (RFC 9865 §2.1)."""

    scim_type = "expiredCursor"


class InvalidCount(ScimError):
    """A page by cursor of no size, or of another than the page before (RFC 9865 §2.1)."""

    scim_type = "invalidCount"


class Sensitive(ScimError):
    """Personal matter stands in a request URI, where it must not (RFC 7644 §7.5.2)."""

    status = 403
    scim_type = "sensitive"


class Unauthorized(ScimError):
    status = 401


class Forbidden(ScimError):
    status = 403


class NotFound(ScimError):
    status = 404


class MethodNotAllowed(ScimError):
    status = 405

    def __init__(self, detail: str, allowed: str) -> None:
        super().__init__(detail)
        self.allowed = allowed
        """Methods, for the Allow header."""


class PreconditionFailed(ScimError):
    """The resource has changed since the version the request names."""

    status = 412


class PayloadTooLarge(ScimError):
    status = 413


class TooSlow(ScimError):
    status = 408


class TooManyRequests(ScimError):
    status = 429

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
        """Seconds, for the Retry-After header."""


class Failed(ScimError):
    """A fault of ours, of which the one who asked learns nothing."""

    status = 500


class NotImplemented(ScimError):
    """Part of the standard that is deliberately not offered, such as /Me."""

    status = 501


def to_body(error: ScimError) -> dict[str, object]:
    """The message of RFC 7644 §3.12. The status is a string there."""
    body: dict[str, object] = {"schemas": [SCHEMA], "status": str(error.status)}
    if error.scim_type is not None:
        body["scimType"] = error.scim_type
    return {**body, "detail": str(error)}

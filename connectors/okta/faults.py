"""What an answer of Okta outside 2xx means for us."""

import email.utils
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from connectors.discretion import presentable
from connectors.errors import ConnectorError, Gone, Misconfigured, Refused, Transient
from connectors.http import Reply, retry_after

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""How a body can be no JSON, or not of the shape asked for."""
_ROLE = (
    "Give the token's administrator the read-only administrator role, or the app the okta.*.read "
    "scopes."
)


class _Said(msgspec.Struct):
    """An error body of the management API, or of the token endpoint (RFC 6749 §5.2)."""

    errorCode: str = ""
    errorSummary: str = ""
    error: str = ""
    error_description: str = ""


def consequence(reply: Reply) -> ConnectorError:
    """What follows from a status.

    Source: developer.okta.com/docs/reference/error-codes and /rate-limits.
    """
    said = _said(reply)
    reason = _reason(reply, said)
    what = f"{urlsplit(reply.url).path} answered {reply.status}{reason}."
    if reply.status == 429:
        return Transient(f"Okta's rate limit is used up: {what}", rate_limit_wait(reply.headers))
    if reply.status in (408, 425) or reply.status >= 500:
        return Transient(f"Okta failed: {what}", retry_after(reply.headers))
    if reply.status == 401:
        return Misconfigured(f"Okta does not accept the token or key{reason}.")
    if reply.status == 403:
        return Misconfigured(f"Okta does not let us read: {what} {_ROLE}")
    if reply.status == 404 and said is not None and said.errorCode == "E0000007":
        return Gone(f"Okta has no such object: {what}")
    return _elsewhere(reply) or Refused(f"Okta declined: {what}")


def _elsewhere(reply: Reply) -> Misconfigured | None:
    """A redirect, or a 404 that is not Okta's own, comes from some other server."""
    if not (300 <= reply.status < 400 or reply.status in (404, 405, 410)):
        return None
    parts = urlsplit(reply.url)
    origin = f"{parts.scheme}://{parts.netloc}"
    return Misconfigured(
        f"{origin} does not answer as an Okta organization ({reply.status}). Is org_url right?"
    )


def no_token(reply: Reply) -> ConnectorError:
    """Why the token endpoint gave no access token."""
    trouble = consequence(reply)
    if isinstance(trouble, Transient):
        return trouble
    reason = _reason(reply, _said(reply))
    return Misconfigured(f"Okta gives no access token for this client_id and private_key{reason}.")


def rate_limit_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds until the limit is renewed, by Okta's own clock; None where it does not say.

    Source: developer.okta.com/docs/reference/rl-best-practices: the difference of
    X-Rate-Limit-Reset (epoch seconds) and Date, and a second more.
    """
    reset = headers.get("x-rate-limit-reset", "")
    date = email.utils.parsedate_tz(headers.get("date", ""))
    if date is None or not (reset.isascii() and reset.isdigit()):
        return retry_after(headers)
    try:
        asked_at = email.utils.mktime_tz(date)
    except (ValueError, OverflowError):
        return retry_after(headers)
    return float(min(max(1, int(reset[:12]) - asked_at + 1), 86400))


def _said(reply: Reply) -> _Said | None:
    try:
        return msgspec.json.decode(reply.body, type=_Said)
    except UNREADABLE:
        return None


def _reason(reply: Reply, said: _Said | None) -> str:
    """Okta's own words in brackets, or nothing."""
    if said is None:
        return ""
    words = (said.errorCode or said.error, said.errorSummary or said.error_description)
    text = presentable(": ".join(word for word in words if word), reply.hidden).rstrip(".")
    return f" ({text})" if text else ""

"""The one door out: time limits, size limits, errors by consequence, no private addresses."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpcore
import httpx
import msgspec

from connectors.addresses import Network, is_allowed, networks, resolve
from connectors.discretion import bare, checked, secrets
from connectors.errors import ConnectorError, Misconfigured, Refused, Transient
from connectors.reply import Reply, error_for, retry_after
from connectors.unpacking import whole
from connectors.wire import CheckedBackend, Deadline

__all__ = [
    "Http",
    "Limits",
    "Network",
    "Reply",
    "error_for",
    "is_allowed",
    "networks",
    "resolve",
    "retry_after",
]

MAX_BODY = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much we let a peer take, in seconds and bytes."""

    connect: float = 10.0
    """For each address of the peer."""
    read: float = 30.0
    """Between two pieces of the answer."""
    total: float = 60.0
    """For the whole exchange, the name's look-up excepted."""
    body: int = MAX_BODY
    """Of the answer, unpacked."""
    allow: tuple[Network, ...] = ()
    """Networks that may be reached although they are private or loopback."""


class Http:
    """Requests to one peer. Thread-safe.

    Follows no redirect, keeps no cookie, reads no proxy from the environment. With a
    `base_url`, an absolute URL must have the same origin: credentials go to nobody else.
    """

    def __init__(
        self,
        base_url: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`tls` is for a private certificate authority. Raises Misconfigured."""
        self._limits = limits or Limits()
        self._deadline = Deadline()
        self._headers = checked(headers or {})
        with _by_consequence("", base_url):
            self._client = httpx.Client(
                base_url=base_url,
                headers={"accept-encoding": "gzip", "user-agent": "Trueup"} | self._headers,
                timeout=httpx.Timeout(self._limits.read, connect=self._limits.connect),
                transport=_Transport(self._limits, self._deadline, tls or _system_tls()),
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                follow_redirects=False,
                trust_env=False,
            )

    def send(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send and read to the end, whatever the status.

        `params` are added to those of `url`. Raises Transient when the peer did not answer
        in full and in time (whether it did the work is not known), Misconfigured when it may
        not or cannot be reached, Refused when its answer is over the limit.
        """
        extra = checked(headers or {})
        content = None if json is None else msgspec.json.encode(json)
        if content is not None:
            extra.setdefault("content-type", "application/json")
        with _by_consequence(method, url), self._deadline.within(self._limits.total):
            address = _with(self._same_origin(httpx.URL(url)), params or {})
            sent = {**address.params, "password": address.password, **(form or {})}
            hidden = tuple(secrets({**self._headers, **extra, **sent}))
            with self._client.stream(
                method, address, content=content, data=form, headers=extra
            ) as answer:
                encoding = answer.headers.get("content-encoding", "")
                what = bare(str(answer.url))
                body = whole(answer.iter_raw(), encoding, self._limits.body, what=what)
                return Reply(answer.status_code, answer.headers, body, what, hidden)

    def request(self, method: str, url: str, **parts: Any) -> Reply:
        """Like `send`, and raises by consequence for every status outside 2xx."""
        reply = self.send(method, url, **parts)
        if not 200 <= reply.status < 300:
            raise error_for(reply)
        return reply

    def close(self) -> None:
        self._client.close()

    def _same_origin(self, url: httpx.URL) -> httpx.URL:
        base = self._client.base_url
        if base.host and url.is_absolute_url and _origin(url) != _origin(base):
            raise Refused(f"{base.host} leads to {url.host}; our credentials do not go there.")
        return url


class _Transport(httpx.BaseTransport):
    """httpx over an httpcore pool whose connections pass through `CheckedBackend`."""

    def __init__(self, limits: Limits, deadline: Deadline, tls: ssl.SSLContext) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            network_backend=CheckedBackend(limits.allow, deadline),
            max_connections=20,
            keepalive_expiry=30.0,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        core = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        answer = self._pool.handle_request(core)
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Stream(answer),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        self._pool.close()


class _Stream(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


@cache
def _system_tls() -> ssl.SSLContext:
    """The system's certificate authorities, or those of SSL_CERT_FILE; loaded once (20 ms)."""
    return ssl.create_default_context()


def _with(url: httpx.URL, params: Mapping[str, str]) -> httpx.URL:
    """Appended, since a next link is opaque: to write its query anew could change its meaning."""
    more = str(httpx.QueryParams(params)).encode()
    return url.copy_with(query=b"&".join(filter(None, (url.query, more)))) if more else url


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    default = {"http": 80, "https": 443}.get(url.scheme)
    return url.scheme, url.host, url.port or default


@contextmanager
def _by_consequence(method: str, url: str) -> Iterator[None]:
    """Only errors of ours leave, and none of them prints a secret."""
    what = f"{method} {bare(url)}".strip()
    try:
        yield
    except ConnectorError:
        raise
    except httpx.InvalidURL:
        raise Misconfigured("The address is not a valid URL.") from None
    except (httpcore.UnsupportedProtocol, httpx.UnsupportedProtocol):
        raise Misconfigured(f"{what}: the address must begin with https:// or http://.") from None
    except (httpcore.NetworkError, httpcore.TimeoutException, httpx.HTTPError) as trouble:
        raise _unreached(what, trouble) from trouble
    except httpcore.ProtocolError as trouble:  # its text may repeat what the peer sent
        raise Transient(f"{what} broke off, or the answer was not HTTP.") from trouble
    except OSError as trouble:
        raise Transient(f"{what} broke off: {trouble.strerror}.") from trouble


def _unreached(what: str, trouble: Exception) -> ConnectorError:
    """A certificate that does not fit stays so until somebody acts."""
    origin = trouble.__context__  # httpcore raises on "from None", which empties __cause__
    if isinstance(origin, ssl.SSLCertVerificationError):
        return Misconfigured(f"{what}: the certificate is not trusted: {origin.verify_message}.")
    text = str(trouble) or "no answer in time"
    return Transient(f"{what} did not get through: {text}.")

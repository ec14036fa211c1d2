"""The token that opens Graph, by msal, through our own door out."""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import msal
import msgspec

from connectors.entra.settings import EntraPull
from connectors.errors import ConnectorError, Misconfigured, Transient
from connectors.http import Http, Reply, retry_after

_Bearer = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9._~+/-]+=*\Z")]
"""RFC 6750 §2.1; anything else could split a header."""


class ClientToken:
    """Tokens of one application in one tenant. Thread-safe: threads wait for one token call.

    Built at first use, since msal's constructor already calls out. Hold on to one for each
    connection, for it remembers its token until shortly before the end of its life.
    """

    def __init__(self, settings: EntraPull, http: Http) -> None:
        self._settings = settings
        self._http = http
        self._lock = threading.Lock()
        self._app: Any = None
        self._current = ""

    def __call__(self, refused: str | None = None) -> str:
        """A token; another one when told which was refused. Raises Transient or Misconfigured."""
        with self._lock:
            try:
                return self._take(refused)
            except ValueError as trouble:
                said = f"{self._settings.sign_in} cannot be signed in to."
                raise Misconfigured(said) from trouble

    def close(self) -> None:
        self._http.close()

    def _take(self, refused: str | None) -> str:
        self._app = self._app or self._sign_in()
        if refused is not None and refused == self._current:
            self._app.remove_tokens_for_client()
        answer = self._app.acquire_token_for_client([self._settings.permission])
        self._current = str(answer["access_token"])
        return self._current

    def _sign_in(self) -> Any:
        """Instance discovery is off: it adds nothing to a host that msal knows, and would make
        every other authority depend on login.microsoftonline.com."""
        return msal.ConfidentialClientApplication(
            self._settings.client_id,
            client_credential=_credential(self._settings),
            authority=self._settings.sign_in,
            instance_discovery=False,
            http_client=_Door(self._http, self._settings),
        )


def _credential(settings: EntraPull) -> Any:
    if settings.client_secret is not None:
        return settings.client_secret.get_secret_value()
    pem = settings.certificate.get_secret_value() if settings.certificate else ""
    return {"private_key": pem, "public_certificate": pem}


def _refusal(answer: Mapping[str, Any], settings: EntraPull) -> ConnectorError:
    """The AADSTS code with its sentence, without trace ids and without our secret.

    https://learn.microsoft.com/entra/identity-platform/reference-error-codes
    """
    told = [answer.get("error_description"), answer.get("error"), "no reason given."]
    sentence = re.split(r"\s+Trace ID:", next(text for text in told if isinstance(text, str)))[0]
    if settings.client_secret is not None:
        sentence = sentence.replace(settings.client_secret.get_secret_value(), "…")
    said = "".join(c if c.isprintable() else " " for c in sentence)[:400].strip()
    if answer.get("error") in ("temporarily_unavailable", "server_error"):
        return Transient(f"Microsoft Entra cannot sign us in at the moment: {said}")
    return Misconfigured(
        f"Microsoft Entra does not sign in the client {settings.client_id} "
        f"of the tenant {settings.tenant_id}: {said}"
    )


@dataclass(frozen=True, slots=True)
class _Answer:
    """What msal wants of a response."""

    text: str
    status_code: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def raise_for_status(self) -> None:
        """Never needed: only successes come through the door."""


class _Discovery(msgspec.Struct):
    authorization_endpoint: str
    token_endpoint: str


class _Granted(msgspec.Struct):
    access_token: _Bearer
    token_type: str
    expires_in: int


class _Door:
    """msal's http client over ours, so that every limit and the address rule hold for it too.

    Refusals and failures are raised here, as ours: msal would raise some as its own, repeat
    some from memory, and log an answer that is no JSON in full. Of a success it gets no more
    than it needs, in the right types.
    """

    def __init__(self, http: Http, settings: EntraPull) -> None:
        self._http = http
        self._settings = settings

    def get(self, url: str, **parts: Any) -> _Answer:
        reply = self._http.send("GET", url, **_only(parts, "params", "headers"))
        return self._through(reply, _Discovery)

    def post(self, url: str, data: Mapping[str, Any] | None = None, **parts: Any) -> _Answer:
        form = {name: _text(value) for name, value in (data or {}).items()}
        reply = self._http.send("POST", url, form=form, **_only(parts, "params", "headers"))
        return self._through(reply, _Granted)

    def close(self) -> None:
        """The door is closed by whoever opened it."""

    def _through(self, reply: Reply, shape: type[msgspec.Struct]) -> _Answer:
        told = self._object(reply)
        if reply.status != 200:
            raise _refusal(told, self._settings)
        try:
            wanted = msgspec.convert(told, shape, strict=False)
        except msgspec.ValidationError as trouble:
            raise Transient(f"{reply.url} answered, but not as a sign-in service.") from trouble
        return _Answer(msgspec.json.encode(wanted).decode())

    def _object(self, reply: Reply) -> dict[str, Any]:
        """A failure of the service is raised without its text, which may quote what was sent."""
        if reply.status == 429 or reply.status >= 500 or 300 <= reply.status < 400:
            asked = retry_after(reply.headers)
            raise Transient(f"{reply.url} answered {reply.status}.", asked)
        told = reply.json()
        if not isinstance(told, dict):
            raise Transient(f"{reply.url} answered {reply.status} with no JSON object.")
        return told


def _text(value: str | bytes | int) -> str:
    """msal mixes them: a client assertion is bytes, `client_info` a number."""
    return value.decode() if isinstance(value, bytes) else str(value)


def _only(parts: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: parts[name] for name in names if parts.get(name)}

"""The token that opens Graph, by msal, through our own door out."""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msal
import msgspec

from connectors.entra.settings import EntraPull
from connectors.errors import ConnectorError, Misconfigured, Transient
from connectors.http import Http, Reply, retry_after

_BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750 §2.1; anything else may split a header


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
            except ConnectorError:
                self._app = None  # msal repeats a refusal from memory for a minute
                raise

    def close(self) -> None:
        self._http.close()

    def _take(self, refused: str | None) -> str:
        try:
            self._app = self._app or self._sign_in()
            if refused is not None and refused == self._current:
                self._app.remove_tokens_for_client()
            answer = self._app.acquire_token_for_client([self._settings.permission])
        except ValueError as trouble:
            raise Misconfigured(f"{self._settings.sign_in} cannot be signed in to.") from trouble
        self._current = self._token_of(answer)
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

    def _token_of(self, answer: Mapping[str, Any]) -> str:
        if "error" in answer:
            raise _refusal(answer, self._settings)
        token = answer.get("access_token")
        if not isinstance(token, str) or not _BEARER.fullmatch(token):
            raise Transient(f"{self._settings.sign_in} answered without a usable token.")
        return token


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

    status_code: int
    text: str
    headers: Mapping[str, str]

    def raise_for_status(self) -> None:
        """Never needed: the door lets no other failure than an OAuth refusal through."""


class _Discovery(msgspec.Struct):
    authorization_endpoint: str
    token_endpoint: str


class _Door:
    """msal's http client over ours, so that every limit and the address rule hold for it too.

    Failures are raised here, as ours: msal would raise some, repeat some from memory, and log
    an answer that is no JSON in full.
    """

    def __init__(self, http: Http, settings: EntraPull) -> None:
        self._http = http
        self._settings = settings

    def get(self, url: str, **parts: Any) -> _Answer:
        reply = self._http.send("GET", url, **_only(parts, "params", "headers"))
        if reply.status != 200:
            raise _failure(reply) or _refusal(_object(reply), self._settings)
        try:
            msgspec.json.decode(reply.body, type=_Discovery)
        except (msgspec.DecodeError, UnicodeDecodeError) as trouble:
            raise Transient(f"{reply.url} does not describe a sign-in service.") from trouble
        return _answer(reply)

    def post(self, url: str, data: Mapping[str, Any] | None = None, **parts: Any) -> _Answer:
        form = {name: str(value) for name, value in (data or {}).items()}
        reply = self._http.send("POST", url, form=form, **_only(parts, "params", "headers"))
        if trouble := _failure(reply):
            raise trouble
        _object(reply)
        return _answer(reply)

    def close(self) -> None:
        """The door is closed by whoever opened it."""


def _only(parts: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: parts[name] for name in names if parts.get(name)}


def _failure(reply: Reply) -> Transient | None:
    """A failure of the service. Its text is left out: it may quote what was sent."""
    if reply.status == 429 or reply.status >= 500 or 300 <= reply.status < 400:
        return Transient(f"{reply.url} answered {reply.status}.", retry_after(reply.headers))
    return None


def _object(reply: Reply) -> dict[str, Any]:
    told = reply.json()
    if not isinstance(told, dict):
        raise Transient(f"{reply.url} answered {reply.status} with no JSON object.")
    return told


def _answer(reply: Reply) -> _Answer:
    return _Answer(reply.status, reply.body.decode(), dict(reply.headers))

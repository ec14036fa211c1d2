"""Requests to one organization: the Okta SDK signs them, our own door sends them."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any

from connectors.errors import Misconfigured, Transient
from connectors.http import Http, Limits, Reply
from connectors.okta.faults import consequence
from connectors.okta.settings import AppScope, OktaPull
from connectors.okta.transport import Transport

_SDK_FAULTS = (AttributeError, LookupError, TypeError, ValueError)


class Door:
    """Signed GETs. Thread-safe.

    The SDK's request executor builds and signs each request, and fetches and renews the access
    token of a private key. Its transport is replaced by `Transport`, an extension point of the
    SDK: so every request, that for a token included, has the time and size limits, the check
    of addresses and the errors of `connectors.http`, and the SDK's own retries, cache, paging
    and models are not used.
    """

    def __init__(self, settings: OktaPull, limits: Limits | None = None) -> None:
        self._settings = settings
        self._http = Http(settings.org_url, limits=limits)
        self._executor: Any = None
        # Signing shares the SDK's token and its asyncio.Lock, which knows no threads.
        self._signing = threading.Lock()

    def get(self, url: str) -> Reply:
        """One answer in 2xx, read to its end. Raises a `ConnectorError` for anything else."""
        request = self._signed(url)
        _, answer, _, error = _run(self._executor.fire_request(request))
        if answer is None:
            raise Transient(f"The Okta SDK failed: {type(error).__name__}.")
        reply: Reply = answer.reply
        if not 200 <= reply.status < 300:
            raise consequence(reply)
        return reply

    def close(self) -> None:
        self._http.close()

    def _signed(self, url: str) -> dict[str, Any]:
        with self._signing:
            if self._executor is None:
                self._executor = self._new_executor()
            request, error = _run(self._executor.create_request("GET", url))
        if request is None:
            raise Misconfigured(f"The Okta SDK cannot sign requests: {type(error).__name__}.")
        signed: dict[str, Any] = request
        return signed

    def _new_executor(self) -> Any:
        # Imported here because it takes half a second and 30 MB, which only those pay who read
        # an Okta organization. `okta.client` would take 3 s and 80 MB, for models we don't use.
        from okta.cache.no_op_cache import NoOpCache  # noqa: PLC0415
        from okta.request_executor import RequestExecutor  # noqa: PLC0415

        # Without a cache: the SDK's would answer a point read with what it read earlier.
        executor: Any = RequestExecutor  # the SDK has no annotations here
        cache: Any = NoOpCache
        return executor(_configuration(self._settings), cache(), self._transport)

    def _transport(self, _: dict[str, Any]) -> Transport:
        return Transport(self._http, self._settings.org_url)


def _configuration(settings: OktaPull) -> dict[str, Any]:
    """As the SDK's own client would pass it on (github.com/okta/okta-sdk-python, README)."""
    client: dict[str, Any] = {
        "orgUrl": settings.org_url,
        "userAgent": "Trueup",
        "rateLimit": {"maxRetries": 0},  # we wait ourselves: see Pages
    }
    key = settings.key()
    if settings.token is not None:
        client |= {"authorizationMode": "SSWS", "token": settings.token.get_secret_value()}
    elif key is not None:
        scopes = ["okta.users.read", "okta.groups.read"]
        scopes += ["okta.apps.read"] if isinstance(settings.scope, AppScope) else []
        client |= {
            "authorizationMode": "PrivateKey",
            "clientId": settings.client_id,
            "privateKey": key.pem,
            "kid": key.kid,
            "scopes": scopes,
            "oauthTokenRenewalOffset": 5,  # minutes
        }
    return {"client": client}


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run the SDK's coroutine to its end in a loop of its own, which leaves nothing behind.

    What the SDK itself stumbles over is a doubt like any other; errors of ours pass through.
    """
    try:
        return asyncio.run(work)
    except _SDK_FAULTS as trouble:
        raise Transient(f"The Okta SDK failed: {type(trouble).__name__}.") from trouble

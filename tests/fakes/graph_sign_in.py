"""The discovery and token endpoints of the fake, as of the Microsoft identity platform v2.0.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

import secrets
from typing import Any
from urllib.parse import parse_qs

import jwt

from tests.fakes.graph_faults import Answer

TENANT = "6b5fd6a5-7d2c-4f0c-9a7a-0d4fb0f3a001"
CLIENT = "0c0ffee0-0000-4000-8000-000000000001"


class SignIn:
    """One tenant with one client."""

    url = ""

    def forget(self) -> None:
        self.secret = secrets.token_urlsafe(24)
        self.public_key: Any = None
        """Of a client certificate, to sign in with instead of the secret."""
        self.issued: list[str] = []
        self.valid: set[str] = set()

    def issue(self) -> str:
        token = secrets.token_urlsafe(32)
        self.issued.append(token)
        self.valid.add(token)
        return token

    def is_valid(self, headers: dict[str, str]) -> bool:
        return headers.get("authorization", "").removeprefix("Bearer ") in self.valid

    def discovery(self, target: str) -> Answer:
        if target != f"/{TENANT}/v2.0/.well-known/openid-configuration":
            name = target.split("/")[1]
            said = f"AADSTS90002: Tenant '{name}' not found. Check to make sure you have it right."
            return _denial(400, "invalid_tenant", said)
        root = f"{self.url}/{TENANT}/oauth2/v2.0"
        return Answer(
            body={
                "issuer": f"{self.url}/{TENANT}/v2.0",
                "authorization_endpoint": f"{root}/authorize",
                "token_endpoint": f"{root}/token",
            }
        )

    def token(self, body: bytes) -> Answer:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if form.get("client_id") != CLIENT:
            said = f"AADSTS700016: Application with identifier '{form.get('client_id')}' was not"
            return _denial(400, "unauthorized_client", f"{said} found in the directory.")
        if form.get("scope") != f"{self.url}/.default":
            return _denial(400, "invalid_scope", "AADSTS70011: The scope is not valid.")
        if not self._is_client(form):
            said = "AADSTS7000215: Invalid client secret provided. Ensure the secret is the value."
            return _denial(401, "invalid_client", said)
        told = {"token_type": "Bearer", "expires_in": 3599, "access_token": self.issue()}
        return Answer(body=told)

    def _is_client(self, form: dict[str, str]) -> bool:
        if self.public_key is None:
            return form.get("client_secret") == self.secret
        to = f"{self.url}/{TENANT}/oauth2/v2.0/token"
        claims = jwt.decode(
            form["client_assertion"], self.public_key, algorithms=["PS256"], audience=to
        )
        return bool(claims["iss"] == CLIENT)


def _denial(status: int, error: str, said: str) -> Answer:
    trace = "Trace ID: 11 Correlation ID: 22 Timestamp: 2026-11-21 21:00:00Z"
    return Answer(status, {"error": error, "error_description": f"{said} {trace}"})

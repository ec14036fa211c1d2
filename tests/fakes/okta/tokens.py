"""The token endpoint of the fake: client_credentials with private_key_jwt (RFC 7523)."""

import time
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from tests.fakes.okta.answers import Answer

_PATH = "/oauth2/v1/token"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Tokens:
    """Knows the public keys of API services apps, and which tokens it gave them."""

    def __init__(self, url: str) -> None:
        self._audience = url + _PATH
        self._keys: dict[str, RSAKey] = {}
        self._used: set[str] = set()
        self.scopes: list[str] = []
        """What was asked for, one entry a grant."""
        self.given: dict[str, float] = {}
        """Access tokens, with the time until which they are good."""
        self.lifetime = 3600

    def register(self, client_id: str, key: RSAKey) -> None:
        self._keys[client_id] = key

    def accepts(self, authorization: str) -> bool:
        kind, _, token = authorization.partition(" ")
        return kind == "Bearer" and self.given.get(token, 0) > time.time()

    def grant(self, form: dict[str, str]) -> Answer:
        try:
            claims = self._verified(form)
        except (JoseError, ValueError, KeyError) as trouble:
            body = {"error": "invalid_client", "error_description": f"Bad assertion: {trouble}"}
            return Answer(body, 401)
        self._used.add(claims["jti"])
        self.scopes.append(form["scope"])
        token = f"eyFakeAccess{len(self.given)}"
        self.given[token] = time.time() + self.lifetime
        body = {"token_type": "Bearer", "access_token": token, "scope": form["scope"]}
        return Answer({**body, "expires_in": self.lifetime})

    def _verified(self, form: dict[str, str]) -> dict[str, Any]:
        if (
            form["grant_type"] != "client_credentials"
            or form["client_assertion_type"] != _ASSERTION
        ):
            raise ValueError("another grant")
        token = jwt.decode(form["client_assertion"], lambda _: next(iter(self._keys.values())))
        claims = token.claims
        if claims["iss"] not in self._keys or claims["iss"] != claims["sub"]:
            raise ValueError("another client")
        if claims["aud"] != self._audience or claims["exp"] < time.time():
            raise ValueError("another audience or time")
        if claims["jti"] in self._used:
            raise ValueError("it was used before")
        return dict(claims)

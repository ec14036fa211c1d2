"""An OpenID Connect issuer of our own, for the demo and the tests: keys, discovery, tokens.

It signs whatever it is told to and signs nobody in. It is no identity provider.
"""

import json
from collections.abc import Mapping
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.login.compact import SIGNATURES
from models.instant import SECOND, Instant

LIFETIME = 3600
"""Seconds that a token is valid."""


class Issuer:
    """One issuer with an RSA, an EC and an Ed25519 key, which `rotate` replaces."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._generation = 0
        self._keys: dict[str, Key] = {}
        self.rotate()

    def rotate(self) -> None:
        """New keys under new ids. Tokens signed before no longer verify."""
        self._generation += 1
        fresh: list[Key] = [
            RSAKey.generate_key(2048, self._named("rsa")),
            ECKey.generate_key("P-256", self._named("ec")),
            OKPKey.generate_key("Ed25519", self._named("okp")),
        ]
        self._keys = {key.key_type: key for key in fresh}

    def discovery(self) -> dict[str, Any]:
        """OIDC Discovery §3: what a relying party asks for, which is not all of it."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "jwks_uri": f"{self.url}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "RS512", "ES256", "EdDSA"],
        }

    def jwks(self) -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False) for key in self._keys.values()]}

    def id_token(self, client_id: str, now: Instant, **claims: object) -> str:
        """A token for a client, issued now; the claims given replace and add to the usual."""
        issued = now // SECOND
        usual = {"iss": self.url, "aud": client_id, "iat": issued, "exp": issued + LIFETIME}
        return self.sign(usual | claims)

    def sign(
        self,
        claims: Mapping[str, object],
        *,
        algorithm: str = "RS256",
        header: Mapping[str, object] | None = None,
    ) -> str:
        """Sign any claims at all, with the key that goes with the algorithm."""
        key = self.key(algorithm)
        full = {"typ": "JWT", "alg": algorithm, "kid": key.kid, **(header or {})}
        wanted = {name: value for name, value in full.items() if value is not None}
        return jws.serialize_compact(wanted, json.dumps(claims), key, registry=SIGNATURES)

    def key(self, algorithm: str) -> Key:
        """The private key that signs with an algorithm."""
        kinds = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
        return self._keys[kinds[algorithm[:2]]]

    def routes(self) -> list[Route]:
        return [
            Route("/.well-known/openid-configuration", self._answer_discovery),
            Route("/jwks", self._answer_jwks),
        ]

    async def _answer_discovery(self, request: Request) -> Response:
        return JSONResponse(self.discovery())

    async def _answer_jwks(self, request: Request) -> Response:
        return JSONResponse(self.jwks())

    def _named(self, kind: str) -> Any:
        return {"kid": f"{kind}-{self._generation}", "use": "sig"}

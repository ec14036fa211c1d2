"""The private key of an API services app, in the one form in which the SDK reads it safely."""

import json
import warnings
from dataclasses import dataclass, field

from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

_WRONG = "must be an RSA private key, as PEM (-----BEGIN …) or as a JWK ({…})."


@dataclass(frozen=True, slots=True)
class SigningKey:
    pem: str = field(repr=False)
    kid: str | None


def signing_key(text: str) -> SigningKey:
    """Parse a PEM or a JWK. Raises ValueError.

    The SDK would take a text that is neither for the path of a file and open it, and reads a
    JWK as a Python literal, so that `true` or a list inside breaks it. It gets a PEM from us.
    """
    text = text.strip()
    if not text.startswith(("-----BEGIN", "{")):
        raise ValueError(_WRONG)
    try:
        key, kid = _parsed(text)
        private = key.is_private
    except (ValueError, TypeError, JoseError) as trouble:
        raise ValueError(_WRONG) from trouble
    if not private:
        raise ValueError(_WRONG)
    return SigningKey(key.as_pem(private=True).decode("ascii"), kid)


def _parsed(text: str) -> tuple[RSAKey, str | None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a short key; Okta itself refuses those
        if not text.startswith("{"):
            return RSAKey.import_key(text), None
        jwk = json.loads(text)
        if jwk.get("kty") != "RSA":
            raise ValueError(_WRONG)
        kid = jwk.get("kid")
        return RSAKey.import_key(jwk), kid if isinstance(kid, str) else None

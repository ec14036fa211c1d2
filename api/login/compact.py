"""A signed token taken apart (RFC 7515 §3.1), and its signature held against a key."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry

from api.login.refusal import Refusal, TokenRefused

MAX_TOKEN = 64 * 1024
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519", "Ed448"),
)
"""Signatures only: with a shared secret (HS*) everybody who can check a token can forge one."""

_KEY_HEADERS = ("jwk", "jku", "x5u")


class Signatures(JWSRegistry):
    """joserfc's algorithms behind our own allow-list, which is never empty.

    Upstream takes an empty list for its recommended one, HS256 included, and warns on every
    use of EdDSA, which providers still write (RFC 9864 only renames it).
    """

    max_header_length = 8 * 1024
    max_signature_length = 2 * 1024

    def __init__(self) -> None:
        super().__init__(algorithms=ALGORITHMS, strict_check_header=False)

    def get_alg(self, name: str) -> Any:
        if name not in ALGORITHMS:
            raise JoseError(f"{name} is not allowed")
        return self.algorithms[name]


SIGNATURES = Signatures()


@dataclass(frozen=True, slots=True)
class Compact:
    """One token, taken apart and not yet believed."""

    text: str
    algorithm: str
    kid: str | None
    claims: Mapping[str, object]

    @property
    def digest(self) -> str:
        """SHA-256 of the signed part: an ECDSA signature can be rewritten and still be valid."""
        return hashlib.sha256(self.text.rpartition(".")[0].encode()).hexdigest()

    def fits(self, key: Key) -> bool:
        """Whether a key's type, curve, use and algorithm go with the token's (RFC 8725 §3.1)."""
        try:
            SIGNATURES.get_alg(self.algorithm).check_key(key)
        except JoseError:
            return False
        return True

    def is_signed_by(self, key: Key) -> bool:
        try:
            jws.deserialize_compact(self.text, key, registry=SIGNATURES)
        except (JoseError, ValueError):
            return False
        return True


def take_apart(token: str) -> Compact:
    """Read a token without believing it. Raises TokenRefused when it is no signed ID token."""
    if len(token) > MAX_TOKEN:
        _refuse("It is larger than 64 KiB.")
    parts = token.split(".")
    if len(parts) == 5:
        _refuse("It is encrypted; configure the provider to send signed ID tokens only.")
    if len(parts) != 3:
        _refuse("It does not have the three parts of a signed token.")
    header = _object(parts[0], "header")
    _check_header(header)
    return Compact(token, _algorithm(header), _kid(header), _object(parts[1], "body"))


def _check_header(header: Mapping[str, object]) -> None:
    """A token may not bring its own key (OIDC Core §2), nor ask for what we do not understand."""
    if "crit" in header or "b64" in header:
        _refuse("Its header demands an extension that is not supported (crit).")
    if any(name in header for name in _KEY_HEADERS):
        _refuse("Its header brings or points to a key of its own, which an ID token may not do.")
    kind = header.get("typ")
    if isinstance(kind, str) and kind.lower().endswith("+jwt"):
        _refuse("Its type says that it is another kind of token, not an ID token.")


def _algorithm(header: Mapping[str, object]) -> str:
    name = header.get("alg")
    if name in ALGORITHMS:
        return name
    said = name if isinstance(name, str) and name.isalnum() and len(name) < 20 else "(none given)"
    raise TokenRefused(
        Refusal.BAD_ALGORITHM,
        f"The token is signed with {said}, which is not allowed. Allowed: {', '.join(ALGORITHMS)}.",
    )


def _kid(header: Mapping[str, object]) -> str | None:
    kid = header.get("kid")
    if kid is None or isinstance(kid, str):
        return kid
    _refuse("The kid in its header is not a text.")


def _object(part: str, what: str) -> Mapping[str, object]:
    """One JSON object. NaN and Infinity are Python's, not JSON's; a name may come only once."""
    try:
        raw = base64.b64decode(part + "=" * (-len(part) % 4), b"-_", validate=True)
        found = json.loads(raw, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        _refuse(f"Its {what} is not a JSON object.")
    if not isinstance(found, dict):
        _refuse(f"Its {what} is not a JSON object.")
    return found


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """RFC 7519 §4: two readers must not see two different claims of one name."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name comes twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _refuse(why: str) -> NoReturn:
    raise TokenRefused(Refusal.MALFORMED, f"The token cannot be read. {why}")

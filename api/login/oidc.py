"""ID tokens: verified against the issuer's own keys, or refused in one sentence."""

from collections.abc import Mapping
from dataclasses import dataclass

from joserfc.jwk import Key

from api.login.compact import Compact, take_apart
from api.login.id_token import check_audience, check_is_id_token, check_issuer, check_times
from api.login.jwks import IssuerKeys, door
from api.login.keys import KeyRing
from api.login.refusal import Refusal, TokenRefused
from api.login.settings import OidcSettings
from connectors.errors import ConnectorError
from connectors.http import Network
from models.instant import Instant
from sync.tokens.subject import ClaimsUnusable, as_of

__all__ = ["OidcSettings", "Refusal", "TokenRefused", "VerifiedToken", "Verifier"]


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """A token that is to be believed."""

    claims: Mapping[str, object]
    digest: str
    """Names the token wherever it is seen again, for whoever remembers those used.

    Some providers sign the same claims twice when a user signs in twice in one second without
    a nonce (oidc-provider does), so that a token seen again is a repetition, not proof of theft.
    """
    as_of: Instant
    """When what the token says was so: `auth_time`, else `iat`, and never after now."""


class Verifier:
    """Checks the ID tokens of any connection and keeps each issuer's keys. Thread-safe."""

    def __init__(self, allow: tuple[Network, ...] = ()) -> None:
        self._http = door(allow)
        self._ring = KeyRing(self._http)

    def close(self) -> None:
        self._http.close()

    def verify(self, token: str, settings: OidcSettings, now: Instant) -> VerifiedToken:
        """Believe a token, or say why not (OIDC Core §3.1.3.7).

        Raises TokenRefused when the token is at fault, Transient when the issuer cannot be
        asked now, Misconfigured when the connection's settings do not fit the issuer.
        Whether the token was used before, and its nonce, are the caller's to check.
        """
        compact = take_apart(token)
        if compact.algorithm not in settings.algorithms:
            raise TokenRefused(
                Refusal.BAD_ALGORITHM,
                f"The token is signed with {compact.algorithm}, which this connection excludes.",
            )
        keys = self._ring.get(settings.issuer, now)
        check_issuer(compact.claims, keys.issuer, settings.tenants)
        self._check_signature(compact, keys, settings.issuer, now=now)
        check_is_id_token(compact.claims)
        check_audience(compact.claims, settings.client_id, settings.audiences)
        check_times(compact.claims, now)
        return VerifiedToken(compact.claims, compact.digest, _as_of(compact.claims, now))

    def _check_signature(
        self, compact: Compact, keys: IssuerKeys, issuer: str, *, now: Instant
    ) -> None:
        """With the keys held, else once more with newer ones: the provider may have rotated."""
        if _is_signed(compact, keys):
            return
        try:
            newer = self._ring.demand(issuer, keys, now)
        except ConnectorError:
            if not _candidates(compact, keys):
                raise
            newer = keys
        if newer is keys or not _is_signed(compact, newer):
            raise _unexplained(compact, newer)


def _as_of(claims: Mapping[str, object], now: Instant) -> Instant:
    """A provider's clock ahead of ours must not date a login after what we hear meanwhile."""
    try:
        return min(as_of(claims), now)
    except ClaimsUnusable as trouble:
        raise TokenRefused(Refusal.MALFORMED, str(trouble)) from trouble


def _is_signed(compact: Compact, keys: IssuerKeys) -> bool:
    return any(compact.is_signed_by(key) for key in _candidates(compact, keys))


def _candidates(compact: Compact, keys: IssuerKeys) -> list[Key]:
    return [key for key in _named(compact, keys) if compact.fits(key)]


def _named(compact: Compact, keys: IssuerKeys) -> list[Key]:
    """Every key the token may mean: those with its key id, or all where either names none."""
    return [
        one.key
        for one in keys.keys
        if (compact.kid is None or one.key.kid in (None, compact.kid))
        and one.is_for(compact.claims)
    ]


def _unexplained(compact: Compact, keys: IssuerKeys) -> TokenRefused:
    if _candidates(compact, keys):
        return TokenRefused(
            Refusal.BAD_SIGNATURE, f"The token's signature is not by a key of {keys.issuer}."
        )
    if _named(compact, keys):
        return TokenRefused(
            Refusal.BAD_ALGORITHM,
            f"The token's algorithm {compact.algorithm} does not go with the key it names.",
        )
    why = "".join(f" {reason}" for reason in dict.fromkeys(keys.refused))
    return TokenRefused(
        Refusal.UNKNOWN_KEY,
        f"The token is signed with a key that {keys.issuer} does not list.{why}",
    )

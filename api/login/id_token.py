"""What the claims of an ID token must say before anything in them is believed."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from api.login.jwks import TENANT, in_tenant
from api.login.refusal import Refusal, TokenRefused
from connectors.errors import Misconfigured
from models.instant import SECOND, Instant
from sync.tokens.subject import seconds

LEEWAY = 60
"""Seconds that two clocks may differ."""


def check_times(claims: Mapping[str, object], now: Instant) -> None:
    """RFC 7519 §4.1.4 to §4.1.6 and OIDC Core §3.1.3.7, rules 9 to 11. Raises TokenRefused."""
    moment = now / SECOND
    if _required(claims, "exp") + LEEWAY <= moment:
        when = datetime.fromtimestamp(_required(claims, "exp"), UTC)
        raise TokenRefused(Refusal.EXPIRED, f"The token expired at {when:%Y-%m-%d %H:%M:%S} UTC.")
    _not_ahead(_required(claims, "iat"), moment, "issued")
    if "auth_time" in claims:
        _not_ahead(seconds(claims["auth_time"]) or 0, moment, "given for a login")
    if "nbf" in claims and _required(claims, "nbf") - LEEWAY > moment:
        raise TokenRefused(Refusal.NOT_YET_VALID, "The token is not valid yet (nbf).")


def _required(claims: Mapping[str, object], name: str) -> float:
    value = seconds(claims.get(name))
    if value is None:
        said = "no" if name not in claims else "an unusable"
        raise TokenRefused(Refusal.MALFORMED, f"The token has {said} {name} claim.")
    return value


def _not_ahead(value: float, moment: float, what: str) -> None:
    if value - LEEWAY > moment:
        raise TokenRefused(
            Refusal.ISSUED_IN_FUTURE,
            f"The token was {what} {value - moment:.0f} seconds in the future. "
            "Check the clocks of this server and of the provider.",
        )


def check_issuer(claims: Mapping[str, object], issuer: str, tenants: Collection[str]) -> None:
    """OIDC Core §3.1.3.7, rule 2. Of an issuer for many tenants, one of those named.

    Raises TokenRefused, or Misconfigured when the issuer serves everybody's users and the
    connection does not say whose may come in.
    """
    if TENANT in issuer:
        _check_tenant(claims.get("tid"), tenants)
    expected = in_tenant(issuer, claims.get("tid"))
    if claims.get("iss") != expected:
        raise TokenRefused(
            Refusal.WRONG_ISSUER, f"The token was not issued by {expected} (its iss differs)."
        )


def _check_tenant(tenant: object, tenants: Collection[str]) -> None:
    if not tenants:
        raise Misconfigured(
            "The issuer signs in the users of every Entra tenant. Put the tenant's id into the "
            "issuer's address, or list the tenants that may come in."
        )
    if tenant not in tenants:
        raise TokenRefused(
            Refusal.WRONG_ISSUER, "The token is of a tenant that this connection does not admit."
        )


def check_audience(claims: Mapping[str, object], client_id: str, allowed: Collection[str]) -> None:
    """OIDC Core §3.1.3.7, rules 3 to 5: the token is for us, and for others only through us.

    Raises TokenRefused. With one audience `azp` is left alone: providers put there the app
    that asked on our behalf.
    """
    said = claims.get("aud")
    audiences = said if isinstance(said, list) else [said]
    if not any(isinstance(one, str) and one in (client_id, *allowed) for one in audiences):
        raise TokenRefused(Refusal.WRONG_AUDIENCE, _audience(said, client_id))
    if len(audiences) > 1 and claims.get("azp") != client_id:
        raise TokenRefused(
            Refusal.WRONG_AUDIENCE,
            "The token has several audiences and was not issued to this connection's client "
            f"(azp must be {client_id}).",
        )


def _audience(said: object, client_id: str) -> str:
    if said is None or said == []:
        return f"The token names no audience. Configure the provider to put {client_id} there."
    return f"The token is for another application: its audience is not {client_id}."


def check_is_id_token(claims: Mapping[str, object]) -> None:
    """A logout token has our issuer and audience too (OIDC Back-Channel Logout §2.4)."""
    if "events" in claims:
        raise TokenRefused(Refusal.MALFORMED, "This is a logout token, not an ID token.")

"""Who a token says has signed in, and as of when."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.instant import SECOND, Instant
from sync.tokens.claim_values import MAX_LENGTH, is_plain

DEFAULT_MAPPING = {
    "user_id": "sub",
    "email": "email",
    "first_name": "given_name",
    "last_name": "family_name",
}
USER_NAME_CLAIMS = ("preferred_username", "upn", "unique_name")
_LAST_SECOND = 253_402_300_800  # the year 10000: what follows is no time but a mistake in units


class ClaimsUnusable(ValueError):
    """The claims lack what a login cannot do without. The text is for an administrator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The user of one login, as the token describes it."""

    user_id: str
    user_id_claim: str
    """The claim that `user_id` was read from."""
    user_id_is_explicit: bool
    """Whether the connection's mapping named that claim, rather than a default of ours."""
    tenant: str | None = None
    """Entra's `tid`. With `oid` it is one account; neither alone is."""
    user_name: str | None = None
    email: str | None = None
    email_verified: bool = False
    """Whether the provider vouches for `email`. Without it an address links nobody."""
    first_name: str | None = None
    last_name: str | None = None
    display_name: str | None = None


def subject(claims: Mapping[str, object], *, mapping: Mapping[str, str], provider: str) -> Subject:
    """Read the user of a token by the connection's mapping (property to claim name).

    Raises ClaimsUnusable when there is no user id, or when it is not a text.
    """
    named = DEFAULT_MAPPING | dict(mapping)
    id_claim = mapping.get("user_id") or _default_id_claim(claims, provider)
    email = _text(find(claims, named["email"]))
    is_vouched = named["email"] == "email" and _is_verified(claims, provider)
    return Subject(
        user_id=_user_id(claims, id_claim),
        user_id_claim=id_claim,
        user_id_is_explicit=bool(mapping.get("user_id")),
        tenant=_text(claims.get("tid")) if provider == "entra" else None,
        user_name=_user_name(claims, mapping.get("user_name")),
        email=email,
        email_verified=email is not None and is_vouched,
        first_name=_text(find(claims, named["first_name"])),
        last_name=_text(find(claims, named["last_name"])),
        display_name=_text(claims.get("name")),
    )


def as_of(claims: Mapping[str, object]) -> Instant:
    """The moment a token speaks of: `auth_time`, else `iat` (OIDC Core §2), never its receipt.

    A session may be hours older than the token's arrival, and an `auth_time` of 0 means that
    the provider does not know. Raises ClaimsUnusable when neither is a time.
    """
    for name in ("auth_time", "iat"):
        moment = seconds(claims.get(name))
        if moment is not None and moment > 0:
            return round(moment * SECOND)
    raise ClaimsUnusable("The token says neither when its user signed in nor when it was issued.")


def seconds(value: object) -> float | None:
    """A NumericDate (RFC 7519 §2), whole or with decimals; None when it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if 0 <= value < _LAST_SECOND else None


def find(claims: Mapping[str, object], path: str) -> object:
    """A claim by its exact name, else by a dotted path (`realm_access.roles`); None if absent.

    The exact name goes first because claim names may be URLs, dots included.
    """
    if path in claims:
        return claims[path]
    for name, inner in claims.items():
        if path.startswith(f"{name}.") and isinstance(inner, Mapping):
            found = find(inner, path[len(name) + 1 :])
            if found is not None:
                return found
    return None


def _default_id_claim(claims: Mapping[str, object], provider: str) -> str:
    """Entra's `sub` differs from application to application; its `oid` is the directory's id."""
    return "oid" if provider == "entra" and _text(claims.get("oid")) else DEFAULT_MAPPING["user_id"]


def _user_id(claims: Mapping[str, object], claim: str) -> str:
    value = find(claims, claim)
    if value is None:
        raise ClaimsUnusable(f"The token has no claim {claim}, which should hold the user's id.")
    text = _text(value)
    if text is None or text != value:
        raise ClaimsUnusable(
            f"The claim {claim}, which should hold the user's id, is not a plain text "
            f"of at most {MAX_LENGTH} characters."
        )
    return text


def _user_name(claims: Mapping[str, object], claim: str | None) -> str | None:
    names = (claim,) if claim else USER_NAME_CLAIMS
    return next((text for name in names if (text := _text(find(claims, name)))), None)


def _is_verified(claims: Mapping[str, object], provider: str) -> bool:
    """Entra lets a tenant's administrator type in any address (nOAuth), so only `xms_edov` counts.

    https://learn.microsoft.com/entra/identity-platform/migrate-off-email-claim-authorization
    """
    if provider == "entra":
        return claims.get("xms_edov") in (True, "1", "true", "True")
    said = claims.get("email_verified")
    return said is True or said == "true"


def _text(value: object) -> str | None:
    """The text, trimmed; anything else (empty, too long, no text) counts as not said."""
    return value.strip() if isinstance(value, str) and is_plain(value) else None

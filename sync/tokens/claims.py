"""What one login said about its user's groups, and what was wrong with the way it said it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sync.tokens.claim_values import Malformed, read_names
from sync.tokens.subject import ClaimsUnusable, Subject, as_of, find, subject

__all__ = [
    "ClaimsUnusable",
    "GroupsClaim",
    "GroupsState",
    "Subject",
    "as_of",
    "diagnose",
    "subject",
]

_SILENT_CAPS = {"okta": 100, "google": 75}
"""How many groups a provider sends before it leaves the rest out without saying so."""

_SAML_OVERAGE = "http://schemas.microsoft.com/claims/groups.link"

_HOW_TO_SEND = {
    "okta": "In Okta, add a groups claim with a filter to the ID token (org server: the "
    "application's Sign On tab; custom server: Security, API, Claims) and request its scope.",
    "entra": "In Entra, open the app registration, Token configuration, Add groups claim, and tick "
    "ID. Choose the groups assigned to the application, so that the limit is not reached.",
    "onelogin": "In OneLogin, map the Groups parameter of the application to User Roles or to "
    "MemberOf, and request the scope groups.",
    "google": "Google sends no groups by OpenID Connect. Set up a pull of the Google directory, or "
    "use SAML with group membership mapping.",
}
_HOW_TO_SEND_ANY = "Configure the provider to put the user's groups into the ID token as a list."


class GroupsState(StrEnum):
    """How far a login's groups can be relied on (only `listed` can prove an absence)."""

    LISTED = "listed"
    PARTIAL = "partial"
    ABSENT = "absent"
    OVERAGE = "overage"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class GroupsClaim:
    """The groups one login named, sorted and without duplicates."""

    state: GroupsState
    values: tuple[str, ...] = ()
    problem: str | None = None
    """Sentences for an administrator; None when there is nothing to mend."""


def diagnose(claims: Mapping[str, object], *, claim: str, provider: str) -> GroupsClaim:
    """Read the groups of a token or an assertion. Never raises, and never guesses.

    A value that could be read in two ways is malformed: a wrong reading would grant access.
    Names such as `DOMAIN\\group`, distinguished names and object ids are kept as they are.
    """
    if _points_elsewhere(claims, claim):
        return GroupsClaim(GroupsState.OVERAGE, problem=_overage(claim, provider))
    value = find(claims, claim)
    if value is None:
        return GroupsClaim(GroupsState.ABSENT, problem=_absent(claims, claim, provider))
    names = read_names(value, claim=claim, provider=provider)
    if isinstance(names, Malformed):
        return GroupsClaim(GroupsState.MALFORMED, problem=names.problem)
    return _judge(names, claim, provider)


def _judge(names: list[str], claim: str, provider: str) -> GroupsClaim:
    values = tuple(sorted(set(names)))
    if len(names) == _SILENT_CAPS.get(provider):
        return GroupsClaim(GroupsState.PARTIAL, values, _cut(claim, provider, len(names)))
    return GroupsClaim(GroupsState.LISTED, values)


def _points_elsewhere(claims: Mapping[str, object], claim: str) -> bool:
    """Whether the provider left the groups out and sent a reference (OIDC Core §5.6.2).

    `hasgroups` is Entra's short form, and `groups.link` its form in SAML:
    https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
    """
    names = claims.get("_claim_names")
    if isinstance(names, Mapping) and claim in names:
        return True
    if find(claims, claim) is not None:
        return False
    if _SAML_OVERAGE in claims:
        return True
    is_nameless = names is None and "_claim_sources" in claims
    return claim == "groups" and (is_nameless or claims.get("hasgroups") in (True, "true", "True"))


def _overage(claim: str, provider: str) -> str:
    """The reference is never fetched: Entra's points at the retired Azure AD Graph."""
    if provider == "entra":
        return (
            "The user is in more groups than Entra puts into a token (200 in an ID token, 150 in a "
            "SAML assertion), so it left the groups out. The directory is asked about this user "
            "instead. Emit only the groups assigned to the application to stay below the limit."
        )
    return (
        f"The token only says where the claim {claim} could be fetched (OpenID Connect Core "
        "§5.6.2). That address is not followed; the directory is asked about this user instead."
    )


def _absent(claims: Mapping[str, object], claim: str, provider: str) -> str:
    said = "is null" if claim in claims else "is not in the token"
    lists = sorted(name for name, value in claims.items() if _could_be_groups(name, value))
    hint = f" The token does carry a list under {lists[0]}." if lists else ""
    return f"The claim {claim} {said}.{hint} {_HOW_TO_SEND.get(provider, _HOW_TO_SEND_ANY)}"


def _could_be_groups(name: str, value: object) -> bool:
    if not isinstance(value, list) or not value or name in ("aud", "amr"):
        return False
    return name.isprintable() and len(name) < 100 and all(isinstance(item, str) for item in value)


def _cut(claim: str, provider: str, cap: int) -> str:
    return (
        f"The claim {claim} has exactly {cap} values, and {provider.capitalize()} silently cuts it "
        f"at {cap}: the user may be in more groups. Those listed are believed; those missing prove "
        "nothing. Narrow the claim's filter to the groups that the application needs."
    )

"""An issuer's discovery document and keys: fetched, and read with suspicion."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key
from joserfc.util import base64_to_int

from connectors.errors import Misconfigured, Refused
from connectors.http import Http, Limits, Network

MAX_KEYS = 100
TENANT = "{tenantid}"
"""What Entra writes for the tenant in documents that serve many."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One key an issuer signs with."""

    key: Key
    issuer: str | None
    """The issuer the key is restricted to: a member of Microsoft's key sets."""

    def is_for(self, claims: Mapping[str, object]) -> bool:
        """https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-issuer"""
        return self.issuer is None or in_tenant(self.issuer, claims.get("tid")) == claims["iss"]


@dataclass(frozen=True, slots=True)
class IssuerKeys:
    """What an issuer published."""

    issuer: str
    """The issuer by its own name, which holds `{tenantid}` where it serves many tenants."""
    keys: tuple[PublicKey, ...]
    refused: tuple[str, ...]
    """Why other keys of the set were left out, in sentences."""


def in_tenant(template: str, tenant: object) -> str:
    """An issuer's name for one tenant, where the name has a place for it."""
    return template.replace(TENANT, tenant) if isinstance(tenant, str) else template


def door(allow: tuple[Network, ...]) -> Http:
    """Small, quick answers only: somebody is waiting to be signed in. Follows no redirect."""
    return Http(limits=Limits(connect=5.0, read=10.0, total=15.0, body=1024 * 1024, allow=allow))


def fetch(issuer: str, http: Http) -> IssuerKeys:
    """Ask for the discovery document, then for the keys (OIDC Discovery §4).

    Raises Transient when the issuer cannot be reached now, Misconfigured when what is found
    there is not the issuer we were told of.
    """
    document = _get(http, issuer.rstrip("/") + "/.well-known/openid-configuration")
    name = document.get("issuer")
    if not isinstance(name, str) or not _is_same(issuer, name):
        said = f"the issuer {name[:200]}" if isinstance(name, str) else "no issuer"
        raise Misconfigured(
            f"The discovery document of {issuer} names {said}. Enter the issuer exactly as the "
            "provider spells it, a final slash included (OpenID Connect Discovery §4.3)."
        )
    address = document.get("jwks_uri")
    if not isinstance(address, str) or not is_safe(address):
        raise Misconfigured(f"The discovery document of {issuer} has no https jwks_uri.")
    return _read(name, _get(http, address))


def is_safe(url: str) -> bool:
    """https; or http to this very machine, where nobody listens in between."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme == "https" or parts.username is not None:
        return bool(host) and parts.username is None
    return parts.scheme == "http" and (host == "localhost" or _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_same(configured: str, said: str) -> bool:
    """Equal; or Entra's template, for the addresses that serve the users of many tenants."""
    if TENANT not in said:
        return configured == said
    many = [said.replace(TENANT, name) for name in ("common", "organizations")]
    return configured in many


def _get(http: Http, url: str) -> dict[str, Any]:
    try:
        reply = http.request("GET", url, headers={"accept": "application/json"})
    except Refused as refusal:
        raise Misconfigured(f"{refusal} Check the issuer's address.") from refusal
    found = reply.json()
    if not isinstance(found, dict):
        raise Misconfigured(f"{url} did not answer with a JSON object.")
    return found


def _read(issuer: str, document: Mapping[str, Any]) -> IssuerKeys:
    """Keys that we do not understand are left out, the others stand (RFC 7517 §5)."""
    listed = document.get("keys")
    if not isinstance(listed, list) or len(listed) > MAX_KEYS:
        raise Misconfigured(f"The key set of {issuer} is no list of at most {MAX_KEYS} keys.")
    read = [_key(entry) for entry in listed]
    keys = tuple(one for one in read if isinstance(one, PublicKey))
    return IssuerKeys(issuer, keys, tuple(one for one in read if isinstance(one, str)))


def _key(entry: object) -> PublicKey | str:
    """One key, or the reason for leaving it out."""
    if not isinstance(entry, dict) or entry.get("kty") not in ("RSA", "EC", "OKP"):
        return "A key of the set is no public key for signatures."
    if "d" in entry:
        return "A key of the set is published with its private half."
    if entry["kty"] == "RSA" and not _has_sound_size(entry.get("n")):
        return "An RSA key of the set does not have between 2,048 and 8,192 bits (RFC 7518 §3.3)."
    try:
        key = JWKRegistry.import_key(entry)
    except (JoseError, UnsupportedAlgorithm, ValueError, TypeError, KeyError):
        return "A key of the set cannot be read."
    issuer = entry.get("issuer")
    return PublicKey(key, issuer if isinstance(issuer, str) else None)


def _has_sound_size(modulus: object) -> bool:
    """Judged before the import, which would only warn of the small and labour over the huge."""
    if not isinstance(modulus, str) or len(modulus) > 1400:
        return False
    try:
        return 2048 <= base64_to_int(modulus).bit_length() <= 8192
    except ValueError:
        return False

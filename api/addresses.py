"""From where a request came: the peer, or whom a trusted proxy names."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.requests import Request

from connectors.http import Network

Address = IPv4Address | IPv6Address
SITE = 64
"""Bits of an IPv6 address that one site is given: whoever has one address has all below it."""


def address_of(request: Request, proxies: Sequence[Network]) -> str:
    """The nearest address that is no trusted proxy's; of IPv6 its network.

    Each proxy adds whom it heard to the right of X-Forwarded-For. What stands to the left of
    the first address that is not trusted, anybody may have written.
    """
    peer = request.client.host if request.client else ""
    found, hops = _read(peer), ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    while found is not None and hops and any(found in one for one in proxies):
        before = _read(hops.pop())
        if before is None:
            break
        found = before
    return _named(found) if found is not None else peer


def _read(text: str) -> Address | None:
    try:
        found = ip_address(text.strip())
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _named(address: Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((int(address), SITE), strict=False))

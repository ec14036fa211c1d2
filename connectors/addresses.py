"""Which network addresses an outbound call may reach, so that nobody turns us against our host."""

import ipaddress
import socket
from collections.abc import Iterable, Sequence

from connectors.errors import Misconfigured, Transient

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def networks(text: str) -> tuple[Network, ...]:
    """Parse `TRUEUP_ALLOW_NETWORKS`: comma-separated CIDRs. Raises ValueError."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


def is_allowed(address: str, allow: Iterable[Network]) -> bool:
    """Public addresses always, others only when a configured network holds them."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = _embedded(ip)
    forms = [ip] if inner is None else [ip, inner]
    if any(form.version == net.version and form in net for net in allow for form in forms):
        return True
    return _is_public(ip if inner is None else inner)


def _embedded(ip: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that traffic to an IPv6 one ends at (RFC 4291 §2.5.5.2, 6052, 3056)."""
    if isinstance(ip, ipaddress.IPv4Address):
        return None
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour


def _is_public(ip: Address) -> bool:
    """Of IPv6 only 2000::/3 is given out (RFC 4291 §2.4); `is_global` alone lets ::7f00:1 by."""
    if isinstance(ip, ipaddress.IPv6Address) and ip not in _GLOBAL_V6:
        return False
    return ip.is_global and not ip.is_multicast


def resolve(host: str, port: int, allow: Sequence[Network]) -> list[str]:
    """Every address of a host that may be reached, in the resolver's order.

    Also reads the forms 2130706433, 0x7f.1 and 127.1, since the system's resolver does, and
    judges what comes out. Raises Transient when the name is not found, and Misconfigured when
    all its addresses are forbidden or the name or port cannot be.
    """
    if not 0 < port < 65536:  # getaddrinfo would silently take it modulo 65536
        raise Misconfigured(f"{port} is no valid port.")
    found = _look_up(host, port)
    allowed = [address for address in found if is_allowed(address, allow)]
    if not allowed:
        raise Misconfigured(
            f"{host} has the private address {found[0]}, which is not allowed. "
            "Name its network in TRUEUP_ALLOW_NETWORKS to allow it."
        )
    return allowed


def _look_up(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as trouble:
        raise Transient(f"The host {host} cannot be found: {trouble.strerror}.") from trouble
    except ValueError as trouble:  # an empty label, one over 63 characters, a NUL
        raise Misconfigured(f"{host!r} is no valid host name.") from trouble
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))

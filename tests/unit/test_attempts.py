"""How often an address may be wrong, and whose address that is."""

from ipaddress import ip_network

import pytest
from starlette.requests import Request

from api.addresses import address_of
from api.attempts import ADDRESSES, BURST, PAUSE, Attempts

START = 1_790_000_000_000_000
PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def test_an_address_waits_after_its_burst_and_others_do_not() -> None:
    attempts = Attempts()
    assert [attempts.wrong("a", START) for _ in range(BURST)] == [0] * BURST
    assert attempts.wrong("a", START) == 3
    assert attempts.wrong("b", START) == 0


def test_trying_while_told_to_wait_does_not_make_the_wait_longer() -> None:
    attempts = Attempts()
    for _ in range(BURST * 3):
        attempts.wrong("a", START)
    assert attempts.wrong("a", START + PAUSE - 1) == 1
    assert attempts.wrong("a", START + PAUSE) == 0
    assert attempts.wrong("a", START + PAUSE) == 3


def test_a_quiet_time_gives_the_whole_burst_back_and_no_more() -> None:
    attempts = Attempts()
    for _ in range(BURST):
        attempts.wrong("a", START)
    later = START + 1000 * BURST * PAUSE
    assert [attempts.wrong("a", later) for _ in range(BURST + 1)] == [0] * BURST + [3]


def test_many_addresses_do_not_fill_the_memory() -> None:
    attempts = Attempts()
    for n in range(ADDRESSES + 5):
        attempts.wrong(str(n), START)
    assert len(attempts._free_at) == ADDRESSES


def request(peer: str | None, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", one.encode()) for one in forwarded]
    return Request({"type": "http", "headers": headers, "client": peer and (peer, 1)})


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", (), "192.0.2.1"),
        ("192.0.2.1", ("203.0.113.9",), "192.0.2.1"),
        ("10.0.0.1", ("203.0.113.9",), "203.0.113.9"),
        ("10.0.0.1", ("1.2.3.4, 203.0.113.9, 10.0.0.2",), "203.0.113.9"),
        ("10.0.0.1", ("1.2.3.4", "203.0.113.9"), "203.0.113.9"),
        ("10.0.0.1", ("1.2.3.4, nonsense",), "10.0.0.1"),
        ("10.0.0.1", (), "10.0.0.1"),
        ("::ffff:10.0.0.1", ("203.0.113.9",), "203.0.113.9"),
        ("2001:db8:1:2:3::4", (), "2001:db8:1:2::/64"),
        ("fd00::1", ("2001:db8:1:2:9::9",), "2001:db8:1:2::/64"),
        ("testclient", ("203.0.113.9",), "testclient"),
        (None, (), ""),
    ],
)
def test_only_a_trusted_proxy_is_believed(
    peer: str | None, forwarded: tuple[str, ...], address: str
) -> None:
    assert address_of(request(peer, *forwarded), PROXIES) == address

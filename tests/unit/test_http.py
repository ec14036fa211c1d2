"""What may be reached, what may be printed, and what follows from an answer."""

import gzip
import tracemalloc
import zlib

import httpx
import pytest

from connectors.discretion import bare, checked, presentable, secrets
from connectors.errors import Gone, Misconfigured, Refused, Transient
from connectors.http import Reply, error_for, is_allowed, networks, resolve, retry_after
from connectors.unpacking import whole

LOOPBACK = networks("127.0.0.0/8")


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("127.0.0.1", id="loopback"),
        pytest.param("127.8.9.10", id="all of 127/8 is loopback"),
        pytest.param("0.0.0.0", id="this host"),
        pytest.param("0.1.2.3", id="this network"),
        pytest.param("10.0.0.1", id="private ten"),
        pytest.param("172.16.0.1", id="private 172"),
        pytest.param("192.168.1.1", id="private 192"),
        pytest.param("100.64.0.1", id="carrier-grade NAT"),
        pytest.param("169.254.169.254", id="link-local, cloud metadata"),
        pytest.param("224.0.0.1", id="multicast"),
        pytest.param("240.0.0.1", id="reserved"),
        pytest.param("255.255.255.255", id="broadcast"),
        pytest.param("198.51.100.7", id="documentation"),
        pytest.param("::", id="unspecified in IPv6"),
        pytest.param("::1", id="loopback in IPv6"),
        pytest.param("fe80::1", id="link-local in IPv6"),
        pytest.param("fe80::1%eth0", id="link-local with a zone"),
        pytest.param("fc00::1", id="unique local"),
        pytest.param("fd12:3456::1", id="unique local, random part"),
        pytest.param("fec0::1", id="site-local"),
        pytest.param("ff02::1", id="multicast in IPv6"),
        pytest.param("2001:db8::1", id="documentation in IPv6"),
        pytest.param("::ffff:127.0.0.1", id="mapped loopback"),
        pytest.param("::ffff:10.0.0.1", id="mapped private"),
        pytest.param("::127.0.0.1", id="IPv4-compatible loopback"),
        pytest.param("::ffff:0:127.0.0.1", id="translated loopback"),
        pytest.param("64:ff9b::7f00:1", id="loopback behind NAT64"),
        pytest.param("64:ff9b::a00:1", id="private behind NAT64"),
        pytest.param("64:ff9b:1::1", id="local-use NAT64"),
        pytest.param("2002:7f00:1::", id="loopback in 6to4"),
        pytest.param("2001:0:4136:e378:8000:63bf:3fff:fdd2", id="Teredo"),
    ],
)
def test_an_address_that_is_not_public_is_forbidden(address: str) -> None:
    assert not is_allowed(address, ())


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::"],
)
def test_a_public_address_is_allowed_in_every_notation(address: str) -> None:
    assert is_allowed(address, ())


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.1.2.3", "10.0.0.0/8"),
        ("::ffff:10.1.2.3", "10.0.0.0/8"),
        ("64:ff9b::a01:203", "10.0.0.0/8"),
        ("::1", "::1/128"),
        ("fd00::7", "10.0.0.0/8, fd00::/8"),
    ],
)
def test_a_private_address_is_allowed_by_the_network_that_holds_it(
    address: str, network: str
) -> None:
    assert is_allowed(address, networks(network))


def test_an_allowed_network_allows_nothing_beside_it() -> None:
    assert not is_allowed("10.1.2.3", networks("10.2.0.0/16"))
    assert not is_allowed("::1", networks("0.0.0.0/0"))


def test_networks_that_cannot_be_parsed_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.1/8"):
        networks("10.0.0.1/8")


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0x7f.1", "127.1", "017700000001"])
def test_a_number_that_is_loopback_in_disguise_is_forbidden(host: str) -> None:
    with pytest.raises(Misconfigured, match=r"private address 127\.0\.0\.1"):
        resolve(host, 80, ())


def test_a_name_for_loopback_is_forbidden() -> None:
    with pytest.raises(Misconfigured, match="TRUEUP_ALLOW_NETWORKS"):
        resolve("localhost", 80, ())


@pytest.mark.parametrize("port", [0, 65536, 99999])
def test_a_port_that_would_wrap_around_is_refused(port: int) -> None:
    with pytest.raises(Misconfigured, match="no valid port"):
        resolve("127.0.0.1", port, LOOPBACK)


@pytest.mark.parametrize("host", ["a..b", "a" * 70 + ".example"])
def test_a_name_that_cannot_be_one_is_misconfigured(host: str) -> None:
    with pytest.raises(Misconfigured, match="no valid host name"):
        resolve(host, 80, ())


def reply(status: int, body: bytes = b"", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, httpx.Headers(named), body, "https://peer.example/Users", ("s3cret",))


@pytest.mark.parametrize(
    ("status", "consequence"),
    [
        (301, Misconfigured),
        (302, Misconfigured),
        (400, Refused),
        (401, Misconfigured),
        (403, Misconfigured),
        (404, Gone),
        (405, Refused),
        (408, Transient),
        (409, Refused),
        (410, Gone),
        (413, Refused),
        (422, Refused),
        (425, Transient),
        (429, Transient),
        (500, Transient),
        (501, Refused),
        (502, Transient),
        (503, Transient),
        (504, Transient),
    ],
)
def test_a_status_has_one_consequence(status: int, consequence: type[Exception]) -> None:
    assert type(error_for(reply(status))) is consequence


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("120", 120.0, id="seconds"),
        pytest.param(" 7 ", 7.0, id="spaces around"),
        pytest.param("0", 0.0, id="at once"),
        pytest.param("9" * 400, 86400.0, id="an absurd number is a day"),
        pytest.param("Wed, 21 Oct 2015 07:28:00 GMT", 0.0, id="a date gone by"),
        pytest.param("Wed, 21 Oct 2015 07:28:00", 0.0, id="a date without a zone"),
        pytest.param("Fri, 31 Dec 9999 23:59:59 GMT", 86400.0, id="a far date is a day"),
        pytest.param("Fri, 99 Dec 99999 23:59:59 GMT", None, id="no date at all"),
        pytest.param("-5", None, id="negative"),
        pytest.param("1.5", None, id="a fraction"),
        pytest.param("soon", None, id="garbage"),
        pytest.param("²", None, id="a digit that is none"),
        pytest.param("", None, id="empty"),
    ],
)
def test_retry_after_is_read_or_passed_over(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}) == seconds


def test_the_wait_that_a_peer_asks_for_reaches_the_caller() -> None:
    trouble = error_for(reply(429, retry_after="30"))
    assert isinstance(trouble, Transient)
    assert trouble.retry_after == 30.0


def test_a_reason_is_shown_without_control_characters_and_cut() -> None:
    text = str(error_for(reply(400, b'{"detail": "bad\\nthing\\u001b[31m ' + b"x" * 500 + b'"}')))
    assert text.startswith("https://peer.example/Users answered 400: bad thing [31m xxx")
    assert len(text) < 260


def test_a_secret_that_the_peer_repeats_is_not_shown() -> None:
    text = str(error_for(reply(401, b'{"detail": "the token s3cret is unknown"}')))
    assert text == "https://peer.example/Users answered 401: the token … is unknown."


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a":', b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_not_json_is_a_passing_fault(body: bytes) -> None:
    with pytest.raises(Transient, match="no valid JSON"):
        reply(200, body).json()
    assert str(error_for(reply(400, body))) == "https://peer.example/Users answered 400."


def test_a_byte_order_mark_is_passed_over() -> None:
    assert reply(200, b'\xef\xbb\xbf{"id": 1}').json() == {"id": 1}


@pytest.mark.parametrize(
    ("url", "printed"),
    [
        ("https://h.example/a?token=s3cret", "https://h.example/a"),
        ("https://h.example/a#s3cret", "https://h.example/a"),
        ("https://user:s3cret@h.example/a", "https://h.example/a"),
        ("https://user:s3?c@ret@h.example/a", "https://h.example/a"),
        ("https://h.example/Users/a@b.example", "https://h.example/Users/a@b.example"),
        ("Users?filter=s3cret", "Users"),
    ],
)
def test_a_printed_url_holds_no_secret(url: str, printed: str) -> None:
    assert bare(url) == printed


@pytest.mark.parametrize("value", ["Bearer a\r\nX: y", "Bearer a\x00", "Bearer ключ"])
def test_a_header_that_http_forbids_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(Misconfigured) as refusal:
        checked({"Authorization": value})
    assert value not in str(refusal.value)
    assert "Authorization" in str(refusal.value)


def test_the_token_alone_is_hidden_as_well_as_the_whole_header() -> None:
    hidden = tuple(secrets({"authorization": "Bearer abcdef", "accept": "text/html"}))
    assert presentable("got abcdef for text/html", hidden) == "got … for text/html"


def test_a_packed_body_is_unpacked() -> None:
    packed = gzip.compress(b"hello")
    assert whole([packed[:5], packed[5:]], "gzip", 5, what="it") == b"hello"
    assert whole([zlib.compress(b"hello")], "Deflate", 5, what="it") == b"hello"
    assert whole([], "gzip", 5, what="it") == b""


@pytest.mark.parametrize("packing", ["identity", "gzip"])
def test_one_byte_over_the_limit_is_refused(packing: str) -> None:
    body = b"x" * 11
    sent = gzip.compress(body) if packing == "gzip" else body
    with pytest.raises(Refused, match="more than 10 bytes"):
        whole([sent], packing, 10, what="it")


def test_a_bomb_is_never_held_in_memory() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(Refused):
            whole([bomb], "gzip", 1000, what="it")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("sent", "packing"),
    [
        pytest.param(gzip.compress(b"x" * 99)[:-9], "gzip", id="cut short"),
        pytest.param(b"not packed", "gzip", id="not packed at all"),
        pytest.param(b"x", "br", id="a packing not asked for"),
        pytest.param(gzip.compress(gzip.compress(b"x")), "gzip, gzip", id="packed twice"),
    ],
)
def test_a_packing_that_cannot_be_undone_is_a_passing_fault(sent: bytes, packing: str) -> None:
    with pytest.raises(Transient):
        whole([sent], packing, 1000, what="it")

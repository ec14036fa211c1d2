"""The one door out, against peers on loopback that are slow, endless, broken or curious."""

import gzip
import os
import socket
import threading
import time
from typing import Any

import pytest

from connectors.errors import Misconfigured, Refused, Transient
from connectors.http import Http, Limits, networks
from tests.fakes.loopback import loopback, says

LOOPBACK = networks("127.0.0.0/8, ::1/128")
OK = says("200 OK", b"{}")


def door(base_url: str = "", *, allow: Any = LOOPBACK, **limits: Any) -> Http:
    tight = {"connect": 1.0, "read": 1.0, "total": 2.0, "body": 100_000}
    return Http(base_url, limits=Limits(allow=allow, **(tight | limits)))


def silent(connection: socket.socket) -> None:
    connection.recv(1)


def drip(pieces: bytes, every: float) -> Any:
    """A byte at a time, and then nothing for long."""

    def talk(connection: socket.socket) -> None:
        for byte in pieces:
            connection.sendall(bytes([byte]))
            time.sleep(every)
        connection.recv(1)

    return talk


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n"


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param(silent, id="says nothing"),
        pytest.param(drip(HEAD, 0.1), id="drips its headers"),
        pytest.param(drip(HEAD + b" " * 100, 0.02), id="drips its body"),
        pytest.param(
            lambda c: (
                c.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"),
                drip(gzip.compress(os.urandom(500)), 0.1)(c),
            ),
            id="drips a packed body that unpacks to nothing for long",
        ),
    ],
)
def test_a_peer_that_takes_too_long_as_a_whole_is_cut_off(talk: Any) -> None:
    with loopback(talk) as peer:
        began = time.monotonic()
        with pytest.raises(Transient):
            door(peer.url, read=30.0, total=0.8).send("GET", "/")
        assert time.monotonic() - began < 3.0


def test_a_peer_that_falls_silent_is_cut_off_before_the_whole_time_is_up() -> None:
    with loopback(drip(HEAD, 0.0)) as peer:
        began = time.monotonic()
        with pytest.raises(Transient):
            door(peer.url, read=0.3, total=30.0).send("GET", "/")
        assert time.monotonic() - began < 3.0


def test_a_peer_that_does_not_read_is_cut_off() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    with listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(Transient):
            door(url, read=30.0, total=0.8).send("POST", "/", json="x" * 30_000_000)
        assert time.monotonic() - began < 3.0


def test_a_time_limit_that_ran_out_does_not_hurt_the_next_request() -> None:
    answers = iter([silent, OK])

    def talk(connection: socket.socket) -> None:
        next(answers)(connection)

    with loopback(talk) as peer:
        http = door(peer.url, read=0.2)
        with pytest.raises(Transient):
            http.send("GET", "/")
        assert http.send("GET", "/").status == 200


def test_one_slow_request_does_not_shorten_another_in_a_second_thread() -> None:
    slow = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
    with loopback(drip(slow, 0.015)) as peer:
        http = door(peer.url, total=2.0)
        done: list[int] = []
        threads = [
            threading.Thread(target=lambda: done.append(http.send("GET", "/").status))
            for _ in range(5)
        ]
        for thread in threads:
            thread.start()
            time.sleep(0.2)
        for thread in threads:
            thread.join()
    assert done == [200] * 5


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b" " * 65536)


BOMB = gzip.compress(b"0" * 50_000_000)


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param(endless, id="sends without end"),
        pytest.param(says("200 OK", b" " * 100_001), id="announces too much"),
        pytest.param(says("200 OK", BOMB, "Content-Encoding: gzip"), id="a gzip bomb"),
    ],
)
def test_a_body_over_the_limit_is_cut_off(talk: Any) -> None:
    with loopback(talk) as peer, pytest.raises(Refused, match="more than 100000 bytes"):
        door(peer.url).send("GET", "/")


def test_a_bomb_within_a_bomb_is_not_opened() -> None:
    twice = says("200 OK", gzip.compress(BOMB), "Content-Encoding: gzip, gzip")
    with loopback(twice) as peer, pytest.raises(Transient, match="not asked for"):
        door(peer.url).send("GET", "/")


def test_a_packed_answer_arrives_unpacked() -> None:
    packed = says("200 OK", gzip.compress(b'{"a": 1}'), "Content-Encoding: gzip")
    with loopback(packed) as peer:
        assert door(peer.url).send("GET", "/").json() == {"a": 1}
        assert b"accept-encoding: gzip\r\n" in peer.requests[0].lower()


def raw(answer: bytes) -> Any:
    return lambda connection: connection.sendall(answer)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="hangs up at once"),
        pytest.param(b"HTTP/1.1 200 OK\r\nConten", id="stops within the headers"),
        pytest.param(HEAD + b'{"id": "u1"}', id="stops within the body"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}   \r\n",
            id="stops between two chunks",
        ),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="does not speak HTTP"),
        pytest.param(b"HTTP/1.1 200 OK\r\ns3cret: \x00\r\n\r\n", id="sends a broken header"),
    ],
)
def test_an_answer_that_breaks_off_is_a_passing_fault(answer: bytes) -> None:
    with loopback(raw(answer)) as peer, pytest.raises(Transient) as trouble:
        door(peer.url).send("GET", "/Users?token=s3cret")
    assert "s3cret" not in str(trouble.value)
    assert "/Users" in str(trouble.value)


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_a_peer_that_asks_to_wait_is_waited_for(status: str) -> None:
    with loopback(says(status, b"", "Retry-After: 17")) as peer:
        with pytest.raises(Transient) as trouble:
            door(peer.url).request("GET", "/")
        assert trouble.value.retry_after == 17.0


def test_a_port_where_nobody_listens_is_a_passing_fault() -> None:
    with loopback(OK) as peer:
        url = peer.url
    with pytest.raises(Transient, match="did not get through"):
        door(url).send("GET", "/")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://user:s3cret@127.0.0.1/",
        "127.0.0.1/?s3cret",
        "http://user:s3cret/x@127.0.0.1/",
        "http://127.0.0.1:99999/?s3cret",
        "http://a..b/?s3cret",
        "http://127.0.0.1/\x00s3cret",
    ],
)
def test_an_address_that_is_none_is_misconfigured_and_shows_no_secret(url: str) -> None:
    with pytest.raises(Misconfigured) as refusal:
        door().send("GET", url)
    assert "s3cret" not in str(refusal.value)


def test_a_base_address_that_is_none_is_misconfigured() -> None:
    with pytest.raises(Misconfigured, match="not a valid URL"):
        door("http://user:s3cret/x@127.0.0.1/")


def test_a_token_that_no_header_can_hold_is_misconfigured_and_not_shown() -> None:
    with pytest.raises(Misconfigured) as refusal:
        Http(headers={"Authorization": "Bearer s3cret\n"})
    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize("way", ["header", "form", "userinfo", "query"])
def test_an_error_shows_no_credential_even_when_the_peer_repeats_it(way: str) -> None:
    with loopback(says("400 Bad Request", b'{"detail": "what is s3cret?"}')) as peer:
        host = f"127.0.0.1:{peer.port}"
        calls: dict[str, dict[str, Any]] = {
            "header": {"url": f"http://{host}/", "headers": {"authorization": "Bearer s3cret"}},
            "form": {"url": f"http://{host}/", "form": {"client_secret": "s3cret"}},
            "userinfo": {"url": f"http://user:s3cret@{host}/"},
            "query": {"url": f"http://{host}/?access_token=s3cret"},
        }
        with pytest.raises(Refused) as refusal:
            door().request("POST", **calls[way])
    assert "s3cret" not in str(refusal.value)
    assert "what is" in str(refusal.value)

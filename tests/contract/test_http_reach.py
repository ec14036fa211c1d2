"""Where the one door out leads: only to checked addresses, and only with our own means."""

import socket
import ssl
import time
from typing import Any

import pytest

from connectors.errors import Misconfigured, Refused
from connectors.http import Http, Limits, networks
from tests.fakes.authority import Authority
from tests.fakes.loopback import loopback, says

LOOPBACK = networks("127.0.0.0/8, ::1/128")
OK = says("200 OK", b"{}")


def door(base_url: str = "", *, allow: Any = LOOPBACK, **limits: Any) -> Http:
    tight = {"connect": 1.0, "read": 1.0, "total": 2.0, "body": 100_000}
    return Http(base_url, limits=Limits(allow=allow, **(tight | limits)))


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the resolver answers for some names: one address a look-up, the last for good."""
    answers: dict[str, list[str]] = {}
    system = socket.getaddrinfo

    def look_up(host: str, *rest: Any, **more: Any) -> Any:
        if host not in answers:
            return system(host, *rest, **more)
        turn = answers[host].pop(0) if len(answers[host]) > 1 else answers[host][0]
        return [found for one in turn.split() for found in system(one, *rest, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return answers


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0.0.0.0", "[::ffff:127.0.0.1]"]
)
def test_loopback_is_not_reached_under_any_name(host: str) -> None:
    with loopback(OK) as peer:
        with pytest.raises(Misconfigured, match="not allowed"):
            door(allow=()).send("GET", f"http://{host}:{peer.port}/")
        assert peer.connections == 0


def test_a_public_name_that_resolves_to_loopback_is_not_reached(names: dict[str, Any]) -> None:
    names["innocent.example"] = ["127.0.0.1"]
    with loopback(OK) as peer:
        with pytest.raises(Misconfigured, match="private address"):
            door(allow=()).send("GET", f"http://innocent.example:{peer.port}/")
        assert peer.connections == 0


def test_a_name_that_changes_its_address_after_the_check_does_not_lead_us_astray(
    names: dict[str, Any],
) -> None:
    names["rebound.example"] = ["127.0.0.1", "127.0.0.2"]
    with loopback(OK) as checked, loopback(OK, host="127.0.0.2"):
        http = door(allow=networks("127.0.0.1/32"))
        http.send("GET", f"http://rebound.example:{checked.port}/")
        assert checked.connections == 1, "it went where the second look-up pointed"


def test_of_two_addresses_the_forbidden_one_is_passed_over(names: dict[str, Any]) -> None:
    names["two.example"] = ["10.255.255.1 127.0.0.1"]
    with loopback(OK) as peer:
        assert door().send("GET", f"http://two.example:{peer.port}/").status == 200


def test_an_address_that_does_not_answer_is_followed_by_the_next(names: dict[str, Any]) -> None:
    names["two.example"] = ["::1 127.0.0.1"]
    with loopback(OK) as peer:
        assert door().send("GET", f"http://two.example:{peer.port}/").status == 200


def test_tls_and_host_keep_the_name_while_the_connection_goes_to_the_address(
    names: dict[str, Any], authority: Authority
) -> None:
    names["peer.example"] = ["127.0.0.1"]
    asked: list[str | None] = []
    with loopback(OK, tls=authority.server("peer.example", asked)) as peer:
        limits = Limits(allow=LOOPBACK)
        http = Http(f"https://peer.example:{peer.port}", limits=limits, tls=authority.client())
        assert http.send("GET", "/").status == 200
    assert asked == ["peer.example"]
    assert f"Host: peer.example:{peer.port}".encode() in peer.requests[0]


def test_a_certificate_of_another_name_is_misconfigured(
    names: dict[str, Any], authority: Authority
) -> None:
    names["peer.example"] = ["127.0.0.1"]
    with loopback(OK, tls=authority.server("other.example", [])) as peer:
        http = Http(limits=Limits(allow=LOOPBACK), tls=authority.client())
        with pytest.raises(Misconfigured, match="certificate is not trusted"):
            http.send("GET", f"https://peer.example:{peer.port}/")
    assert peer.requests == []


def test_a_certificate_of_an_unknown_authority_is_misconfigured(
    names: dict[str, Any], authority: Authority
) -> None:
    names["peer.example"] = ["127.0.0.1"]
    with (
        loopback(OK, tls=authority.server("peer.example", [])) as peer,
        pytest.raises(Misconfigured, match="certificate is not trusted"),
    ):
        door().send("GET", f"https://peer.example:{peer.port}/")


def test_a_redirect_is_not_followed() -> None:
    with loopback(OK) as elsewhere:
        sends_away = says("302 Found", b"", f"Location: {elsewhere.url}/?token=s3cret")
        with loopback(sends_away) as peer:
            with pytest.raises(Misconfigured, match="Redirects are not followed") as refusal:
                door(peer.url).request("GET", "/Users")
            assert "s3cret" not in str(refusal.value)
        assert elsewhere.connections == 0


def test_a_url_of_another_origin_gets_no_credentials() -> None:
    with loopback(OK) as elsewhere, loopback(OK) as peer:
        with pytest.raises(Refused, match="credentials do not go there"):
            door(peer.url).send("GET", f"{elsewhere.url}/next")
        assert door(peer.url).send("GET", f"{peer.url}/next").status == 200
        assert elsewhere.connections == 0


def test_a_proxy_in_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with loopback(OK) as proxy, loopback(OK) as peer:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        door(peer.url).send("GET", "/")
        assert (proxy.connections, peer.connections) == (0, 1)


def test_no_cookie_is_kept() -> None:
    with loopback(says("200 OK", b"{}", "Set-Cookie: session=1; Path=/")) as peer:
        http = door(peer.url)
        http.send("GET", "/")
        http.send("GET", "/")
        assert b"cookie" not in peer.requests[1].lower()


@pytest.mark.parametrize(
    ("url", "params", "target"),
    [
        ("/Users", {"count": "2"}, "/Users?count=2"),
        ("/Users", {"filter": 'a eq "b&c"'}, "/Users?filter=a+eq+%22b%26c%22"),
        ("/Users?cursor=a", {"count": "2"}, "/Users?cursor=a&count=2"),
        ("/Users?$skip=a%20b+c&x", None, "/Users?$skip=a%20b+c&x"),
        ("/Users?$skip=a%20b+c&x", {"count": "2"}, "/Users?$skip=a%20b+c&x&count=2"),
    ],
)
def test_params_are_added_and_the_url_stays_as_it_was(
    url: str, params: dict[str, str] | None, target: str
) -> None:
    with loopback(OK) as peer:
        door(peer.url).send("GET", url, params=params)
        assert peer.requests[0].split(b" ")[1].decode() == target


def test_the_system_authorities_are_loaded_once() -> None:
    began = time.monotonic()
    for _ in range(20):
        Http().close()
    assert time.monotonic() - began < 1.0
    assert ssl.create_default_context().verify_mode is ssl.CERT_REQUIRED

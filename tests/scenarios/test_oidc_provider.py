"""Logins at a certified OpenID provider that nobody here wrote: oidc-provider 9.13.3 (npm)."""

import base64
import contextlib
import hashlib
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest

from api.login.oidc import OidcSettings, Refusal, TokenRefused, Verifier
from connectors.http import networks
from models.clock import Clock
from models.instant import DAY, MINUTE, SECOND
from sync.tokens.claims import GroupsState, diagnose, subject

pytestmark = pytest.mark.servers

SOURCE = Path(__file__).parent.parent / "counterparts" / "oidc-provider"
CALLBACK = "http://127.0.0.1:9/callback"
NOW = Clock().now()


@dataclass
class Provider:
    """The running provider, and a browser and an application in one."""

    url: str

    def sign_in(
        self,
        user: str,
        algorithm: str,
        scope: str = "openid email profile groups",
        nonce: str = "a nonce",
    ) -> str:
        """Code flow with PKCE (RFC 7636), up to the ID token."""
        client, verifier = f"trueup-{algorithm}", secrets.token_urlsafe(48)
        digest = hashlib.sha256(verifier.encode()).digest()
        ask = {
            "client_id": client,
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "scope": scope,
            "login_hint": user,
            "nonce": nonce,
            "code_challenge_method": "S256",
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        }
        with httpx.Client(trust_env=False) as browser:
            code = self._follow(browser, f"{self.url}/auth?{httpx.QueryParams(ask)}")
        answer = httpx.post(
            f"{self.url}/token",
            auth=(client, f"secret-of-{algorithm}"),
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": CALLBACK,
                "code_verifier": verifier,
            },
            trust_env=False,
        )
        return str(answer.raise_for_status().json()["id_token"])

    def settings(self, algorithm: str) -> OidcSettings:
        return OidcSettings(issuer=self.url, client_id=f"trueup-{algorithm}")

    def _follow(self, browser: httpx.Client, url: str) -> str:
        for _ in range(6):
            answer = browser.get(url)
            assert answer.is_redirect, answer.text
            url = urljoin(url, answer.headers["location"])
            if url.startswith(CALLBACK):
                return parse_qs(urlsplit(url).query)["code"][0]
        raise AssertionError("the provider redirects for ever")


@pytest.fixture(scope="module")
def installed() -> Path:
    """The provider's files, installed once for each lock file."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("needs Node 20 or newer, with npm")
    lock = (SOURCE / "package-lock.json").read_bytes()
    name = f"trueup-oidc-provider-{hashlib.sha256(lock).hexdigest()[:12]}"
    place = Path(tempfile.gettempdir()) / name
    if not place.exists():
        fresh = Path(tempfile.mkdtemp(prefix=name))
        shutil.copytree(SOURCE, fresh, dirs_exist_ok=True)
        subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=fresh, check=True, timeout=100)
        with contextlib.suppress(OSError):  # another run was first
            fresh.rename(place)
        shutil.rmtree(fresh, ignore_errors=True)
    return place


@pytest.fixture(scope="module")
def provider(installed: Path) -> Iterator[Provider]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shutil.copy(SOURCE / "server.mjs", installed)
    command = ["node", "server.mjs", str(port), CALLBACK]
    with subprocess.Popen(command, cwd=installed, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while "listening" not in (line := process.stdout.readline()):
            assert line, "the provider ended before it listened"
        yield Provider(f"http://127.0.0.1:{port}")
        process.terminate()


@pytest.fixture
def verifier() -> Iterator[Verifier]:
    verifier = Verifier(networks("127.0.0.0/8"))
    yield verifier
    verifier.close()


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_login_is_verified_with_its_groups(
    provider: Provider, verifier: Verifier, algorithm: str
) -> None:
    token = provider.sign_in("ada", algorithm)

    found = verifier.verify(token, provider.settings(algorithm), Clock().now())

    groups = diagnose(found.claims, claim="groups", provider="generic")
    assert (groups.state, groups.values) == (GroupsState.LISTED, ("ACME\\Admins", "Engineering"))
    ada = subject(found.claims, mapping={}, provider="generic")
    assert (ada.user_id, ada.email, ada.email_verified) == ("ada", "ada@acme.example", True)
    assert (ada.first_name, ada.last_name) == ("Ada", "Lovelace")
    assert NOW - MINUTE < found.as_of == found.claims["auth_time"] * SECOND  # type: ignore[operator]


@pytest.mark.parametrize(
    ("user", "scope", "state"),
    [
        pytest.param("bob", "openid groups", GroupsState.LISTED, id="a user in no group"),
        pytest.param("cyd", "openid groups", GroupsState.ABSENT, id="a user nothing is said of"),
        pytest.param("ada", "openid email", GroupsState.ABSENT, id="groups that nobody asked for"),
    ],
)
def test_no_groups_and_no_word_about_groups_are_told_apart(
    provider: Provider, verifier: Verifier, user: str, scope: str, state: GroupsState
) -> None:
    token = provider.sign_in(user, "RS256", scope)
    found = verifier.verify(token, provider.settings("RS256"), Clock().now())

    groups = diagnose(found.claims, claim="groups", provider="generic")

    assert (groups.state, groups.values) == (state, ())


def test_a_real_token_is_refused_for_another_client_later_or_changed(
    provider: Provider, verifier: Verifier
) -> None:
    token, settings = provider.sign_in("ada", "RS256"), provider.settings("RS256")
    header, _, signature = token.split(".")
    swapped = provider.sign_in("bob", "RS256").split(".")[1]
    cases = [
        (token, provider.settings("ES256"), Clock().now(), Refusal.WRONG_AUDIENCE),
        (token, settings, Clock().now() + DAY // 2, Refusal.EXPIRED),
        (token, settings, Clock().now() - 5 * MINUTE, Refusal.ISSUED_IN_FUTURE),
        (f"{header}.{swapped}.{signature}", settings, Clock().now(), Refusal.BAD_SIGNATURE),
    ]
    for changed, told, moment, code in cases:
        with pytest.raises(TokenRefused) as caught:
            verifier.verify(changed, told, moment)
        assert caught.value.code is code


def test_a_nonce_makes_two_logins_of_one_second_two_tokens(
    provider: Provider, verifier: Verifier
) -> None:
    """Without one, this provider signs the very same claims twice: there is no jti in them."""
    tokens = [provider.sign_in("ada", "ES256", nonce=nonce) for nonce in ("one", "two")]

    digests = {
        verifier.verify(token, provider.settings("ES256"), Clock().now()).digest
        for token in (*tokens, tokens[0])
    }

    assert len(digests) == 2

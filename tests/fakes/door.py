"""A verifier before an issuer, and what tests say to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from api.login.oidc import OidcSettings, TokenRefused, VerifiedToken, Verifier
from connectors.http import networks
from models.instant import SECOND, Instant
from tests.fakes.issuer import JWKS, FakeIssuer

NOW: Instant = 1_800_000_000 * SECOND
EPOCH_NOW = NOW // SECOND
CLIENT = "trueup"


@dataclass
class Door:
    """One issuer and one verifier that is configured for it."""

    issuer: FakeIssuer
    verifier: Verifier
    settings: OidcSettings

    def token(self, **claims: object) -> str:
        """Ada's token, signed with RS256, with some claims changed."""
        return self.issuer.id_token(CLIENT, NOW, **({"sub": "ada"} | claims))

    def signed(self, algorithm: str = "RS256", **header: object) -> str:
        """A token of a minute, with some of its header changed; None leaves a name out."""
        claims = {"iss": self.issuer.url, "aud": CLIENT, "iat": EPOCH_NOW, "exp": EPOCH_NOW + 60}
        return self.issuer.sign(claims, algorithm=algorithm, header=header)

    def verify(self, token: str, now: Instant = NOW, **changes: object) -> VerifiedToken:
        return self.verifier.verify(token, self.settings.model_copy(update=changes), now)

    def refusal(self, token: str, now: Instant = NOW, **changes: object) -> TokenRefused:
        """The refusal of a token, in a sentence that does not quote it."""
        with pytest.raises(TokenRefused) as caught:
            self.verify(token, now, **changes)
        assert token[:10] not in str(caught.value)
        assert caught.value.reason.endswith(".")
        return caught.value

    def fetches(self) -> int:
        return self.issuer.asked[JWKS]


@contextmanager
def opened(issuer: FakeIssuer) -> Iterator[Door]:
    """A new verifier before an issuer that is whole again."""
    issuer.heal()
    verifier = Verifier(networks("127.0.0.0/8"))
    yield Door(issuer, verifier, OidcSettings(issuer=issuer.url, client_id=CLIENT))
    verifier.close()

"""What every door needs, wired once and handed to each request as `request.app.state.context`."""

from dataclasses import dataclass, field

from starlette.requests import Request

from api.attempts import Attempts
from api.login.oidc import Verifier
from models.clock import Clock
from models.store.database import Database
from models.store.vault import Vault
from sync.peers import Peers
from sync.settings import Settings


@dataclass(frozen=True, slots=True)
class Context:
    settings: Settings
    database: Database
    clock: Clock
    vault: Vault
    peers: Peers
    verifier: Verifier
    attempts: Attempts = field(default_factory=Attempts)

    def close(self) -> None:
        self.verifier.close()
        self.peers.close()
        self.database.close()


def context_of(request: Request) -> Context:
    found = request.app.state.context
    assert isinstance(found, Context)
    return found


def build(settings: Settings) -> Context:
    """Opens the database and the vault; nothing outside is called yet."""
    settings.prepare_home()
    vault = settings.vault()
    return Context(
        settings=settings,
        database=Database(settings.sql_url),
        clock=Clock(),
        vault=vault,
        peers=Peers(vault, settings.limits),
        verifier=Verifier(settings.allowed),
    )

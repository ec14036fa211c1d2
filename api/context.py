"""What every door needs, wired once and handed to each request as `request.app.state.context`."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, TypeVar

from starlette.requests import Request

from api.attempts import Attempts
from api.login.oidc import Verifier
from api.scim.request_log import RequestLog
from models.clock import MINUTE, Clock, Instant
from models.store.database import Database, Tx
from models.store.desk import Asked, Desk, Outcome
from models.store.vault import Vault
from sync.peers import Peers
from sync.pushing.tolerances import USUAL
from sync.settings import Settings

T = TypeVar("T")

INTRODUCTION = MINUTE // 2
"""How long a caller need not be looked up before its body is read."""


@dataclass(frozen=True, slots=True)
class Introduced:
    until: Instant = 0
    """Its bodies are read until then before it is asked for again,"""
    tolerances: frozenset[str] = USUAL
    """and with these."""


NOBODY = Introduced()


class Glances:
    """Short looks at SQLite, from the loop itself. Those of one turn of it share a transaction.

    Whoever was told that something is done asks in a later turn, and finds it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open = ExitStack()
        self._tx: Tx | None = None

    def glance(self, work: Callable[[Tx], T]) -> T:
        if self._tx is None:
            self._tx = self._open.enter_context(self._database.read_often())
            asyncio.get_running_loop().call_soon(self._end)
        return work(self._tx)

    def _end(self) -> None:
        self._tx = None
        self._open.close()


@dataclass(frozen=True, slots=True)
class Context:
    settings: Settings
    database: Database
    desk: Desk
    glances: Glances
    clock: Clock
    vault: Vault
    peers: Peers
    verifier: Verifier
    request_log: RequestLog
    attempts: Attempts = field(default_factory=Attempts)
    introduced: dict[tuple[str, str], Introduced] = field(default_factory=dict)
    """Who was let in at which door."""

    async def write(self, work: Callable[[Tx], T]) -> T:
        """Work in a transaction, in another thread. It is durable when this returns."""
        return await _answered(self.desk.write, work)

    async def read(self, work: Callable[[Tx], T], *, is_short: bool = False) -> T:
        """A look, in another thread. One that is short takes SQLite less time than handing it
        over would, and waits for nobody: it is answered at once.
        """
        if is_short and self.database.is_sqlite:
            return self.glances.glance(work)
        return await _answered(self.desk.read, work)

    def close(self) -> None:
        self.desk.close()
        self.request_log.close()
        self.verifier.close()
        self.peers.close()
        self.database.close()


async def _answered(ask: Callable[[Asked], None], work: Callable[[Tx], T]) -> T:
    """Raises what the work raised."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Any] = loop.create_future()

    def tell(outcome: Outcome) -> None:
        if answer.done():  # whoever asked has gone
            return
        if outcome.trouble is None:
            answer.set_result(outcome.value)
        else:
            answer.set_exception(outcome.trouble)

    ask(Asked(work, tell, loop.call_soon_threadsafe))
    found: T = await answer
    return found


def context_of(request: Request) -> Context:
    found = request.app.state.context
    assert isinstance(found, Context)
    return found


def build(settings: Settings) -> Context:
    """Opens the database and the vault; nothing outside is called yet."""
    settings.prepare_home()
    vault = settings.vault()
    database = Database(settings.sql_url)
    return Context(
        settings=settings,
        database=database,
        desk=Desk(database),
        glances=Glances(database),
        clock=Clock(),
        vault=vault,
        peers=Peers(vault, settings.limits),
        verifier=Verifier(settings.allowed),
        request_log=RequestLog(database),
    )

"""What the push channel of a connection says."""

from dataclasses import dataclass, field

from models.clock import Clock
from models.evidence import Channel, Fact, Observation, UserSaid
from models.instant import Instant
from models.store import indirect, ledger
from models.store.database import Tx
from models.store.ledger import Touched
from models.store.subjects import Held
from sync import intake
from sync.connection import Connection
from sync.pushing.tolerances import Tolerance


@dataclass(frozen=True, slots=True)
class Voice:
    """Within one transaction."""

    tx: Tx
    connection: Connection
    clock: Clock
    said: list[Observation] = field(default_factory=list)
    """What was taken in, in order."""
    touched: Touched = field(default_factory=Touched)
    """What is decided again at the end of the transaction."""
    parked: list[str] = field(default_factory=list)
    """Members that are not known yet."""
    missed: list[str] = field(default_factory=list)
    """Members that were to be removed, and are nobody's name."""
    forgiven: set[str] = field(default_factory=set)
    """The names of the tolerances that were needed."""

    def forgives(self, tolerance: Tolerance) -> bool:
        """Whether the connection wants this one; if so, it is needed here."""
        is_wanted = not tolerance.is_settable or tolerance.name in self.connection.policy.tolerances
        if is_wanted:
            self.forgiven.add(tolerance.name)
        return is_wanted

    def take_turn(self) -> None:
        """Where groups are in groups, whoever changes one does so before any is held."""
        if self.connection.nests:
            indirect.take_turn(self.tx, self.connection.key)

    def say(self, event: str, *facts: Fact, held: Held | None = None) -> None:
        """Each word has its own time, so that the later of two in one request wins.

        `held` is the one user of whom it is said.
        """
        now = self.clock.now()
        observation = Observation(channel=Channel.PUSH, event=event, as_of=now, facts=facts)
        touched = ledger.record(self.tx, self.connection.key, observation, now, held=held)
        self._told(observation, touched)

    def note(self, event: str, said: UserSaid, now: Instant) -> None:
        """What was written down together with somebody who is new."""
        observation = Observation(channel=Channel.PUSH, event=event, as_of=now, facts=(said,))
        ledger.note(self.tx, self.connection.key, observation, now)
        self._told(observation, Touched(users={said.user}))

    def _told(self, observation: Observation, touched: Touched) -> None:
        self.said.append(observation)
        self.touched.add(touched)
        intake.resolve_later(self.tx, self.connection, self.touched, observation.as_of)

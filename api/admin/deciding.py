"""Which observation decided, and how the answers of the channels turned before."""

from dataclasses import dataclass

from api.admin.explanation_shapes import Deciding, Turned
from api.admin.question import Question
from api.admin.shapes import when
from models.evidence import Channel, Marks
from models.instant import Instant
from models.store import explaining, past
from models.store.database import Tx
from models.verdicts import Verdict
from sync import explain as telling
from sync import history as histories
from sync.history import Replaced, Turn


@dataclass(frozen=True, slots=True)
class Decisive:
    """None where no channel decided."""

    shown: Deciding | None
    sentence: str | None


def deciding(tx: Tx, asked: Question, decided: Verdict) -> Decisive:
    """By the journal, which knows events; or by the runs, which know what was read."""
    by, as_of = decided.decided_by, decided.as_of
    if by is None or as_of is None:
        return Decisive(None, None)
    event, stamp, received = _event(tx, asked, by, [as_of, decided.since])
    shown = Deciding(channel=by.value, event=event, as_of=when(stamp), received_at=when(received))
    told = telling.deciding(decided, event, as_of=stamp, received=received)
    return Decisive(shown, told)


def _event(
    tx: Tx, asked: Question, by: Channel, stamps: list[Instant]
) -> tuple[str, Instant, Instant | None]:
    link, user, group = asked.connection, asked.user_key, asked.group_key
    for stamp in [one for one in stamps if one]:
        line = explaining.told(tx, link.key, by.value, stamp, user=user, group=group)
        if line is not None:
            return line.event, stamp, line.created_at
        if by is Channel.PULL:
            run = explaining.read(tx, link.key, [stamp, stamp + link.policy.lag])
            if run is not None:
                kind = "full read" if run.kind == "pull" else run.kind.replace("_", " ")
                return kind, stamp, run.ended_at
    return "word", stamps[0], None


def history(tx: Tx, asked: Question, *, now: Instant) -> list[Turned]:
    """Oldest first: when the answer of each channel turned, until the time that was asked."""
    rows = explaining.replaced(tx, asked.user_key, asked.group_key, until=asked.at)
    lines = [Replaced(Channel(row.channel), Marks(row.yes, row.no), row.created_at) for row in rows]
    return [_turned(one) for one in histories.turns(lines, _marks(tx, asked, now))]


def _marks(tx: Tx, asked: Question, now: Instant) -> dict[Channel, Marks]:
    if asked.group_key is None:
        row = past.user(tx, asked.user_key, at=asked.at, now=now)
    else:
        row = past.member(tx, asked.user_key, asked.group_key, at=asked.at, now=now)
    return {one: Marks(getattr(row, f"{one}_yes"), getattr(row, f"{one}_no", 0)) for one in Channel}


def _turned(one: Turn) -> Turned:
    return Turned(
        at=when(one.at),
        channel=one.channel.value,
        says=one.says,
        as_of=when(one.as_of),
        sentence=one.sentence,
    )

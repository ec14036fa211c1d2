"""How what each channel said of one fact came to be as it is. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.evidence import Channel, Marks, No, Silent, Word, Yes, hear
from models.instant import Instant, to_text


@dataclass(frozen=True, slots=True)
class Replaced:
    """Marks of a channel that stood until newer ones came."""

    channel: Channel
    marks: Marks
    until: Instant


@dataclass(frozen=True, slots=True)
class Turn:
    """A channel's answer turned."""

    at: Instant
    channel: Channel
    says: str
    as_of: Instant
    sentence: str


def turns(replaced: Iterable[Replaced], now: dict[Channel, Marks]) -> list[Turn]:
    """Oldest first. `now` is what stands."""
    lines = sorted(replaced, key=lambda one: one.until)
    found: list[Turn] = []
    for channel in Channel:
        own = [one for one in lines if one.channel is channel]
        found += _of_channel(channel, own, now.get(channel, Marks()))
    return sorted(found, key=lambda one: (one.at, one.channel))


def _of_channel(channel: Channel, lines: Sequence[Replaced], now: Marks) -> list[Turn]:
    states = [*(one.marks for one in lines), now]
    since = [max(states[0].yes, states[0].no), *(one.until for one in lines)]
    said, found = "silent", list[Turn]()
    for at, marks in zip(since, states, strict=True):
        word = hear(marks)
        if not isinstance(word, Silent) and _says(word) != said:
            found.append(_turn(at, channel, word))
        said = _says(word)
    return found


def _turn(at: Instant, channel: Channel, word: Yes | No) -> Turn:
    stamp = word.since
    late = f", as of {to_text(stamp)}" if stamp != at else ""
    sentence = f"{to_text(at)}: {channel} said {_says(word)}{late}."
    return Turn(at, channel, _says(word), stamp, sentence)


def _says(word: Word) -> str:
    return {Yes: "yes", No: "no", Silent: "silent"}[type(word)]

"""Why, why not, and as of when: a verdict told in sentences. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from models.evidence import Channel, No, Silent, Testimony, Word, Yes
from models.instant import DAY, HOUR, MINUTE, SECOND, Instant, to_text
from models.verdicts import Answer, Verdict
from sync.policy import Grants, Policy
from sync.verdict import is_stale

_CLAIMS = {
    "listed": "listed all the groups it can name",
    "partial": "named some groups and left others out, so what it does not name proves nothing",
    "absent": "had no groups claim, so it is silent about groups",
    "overage": "had more groups than fit into a token, so it is silent about groups",
    "malformed": "had a groups claim that cannot be read, so it is silent about groups",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Covers:
    """When each channel last listed all there was, as far as this fact lies within; 0 is never."""

    push: Instant = 0
    pull: Instant = 0
    login: Instant = 0

    def of(self, channel: Channel) -> Instant:
        return {Channel.PUSH: self.push, Channel.PULL: self.pull, Channel.LOGIN: self.login}[
            channel
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one channel says, with how far it sees."""

    channel: Channel
    word: Word
    age: Instant | None
    coverage: str
    sentence: str


def as_it_was(testimony: Testimony, at: Instant) -> tuple[Testimony, list[Channel]]:
    """The words that stood at an earlier time, and the channels that have spoken anew since.

    What those had said before is not kept: of them nothing is known at that time.
    """
    lost = [one for one in Channel if _since(testimony.of(one)) > at]
    words = {one.value: _clipped(testimony.of(one), at) for one in Channel if one not in lost}
    return Testimony(**words), lost


def _since(word: Word) -> Instant:
    return 0 if isinstance(word, Silent) else word.since


def _clipped(word: Word, at: Instant) -> Word:
    """A word that was confirmed later had been confirmed by then, as far as anybody knows."""
    match word:
        case Yes(as_of, since):
            return Yes(min(as_of, at), since)
        case No(as_of, since, confirmed):
            return No(min(as_of, at), since, confirmed)
        case _:
            return word


def heard(testimony: Testimony, covers: Covers, policy: Policy, *, now: Instant) -> Iterator[Heard]:
    """Every channel, whether the connection has it or not."""
    for channel in Channel:
        word = testimony.of(channel)
        yield Heard(
            channel=channel,
            word=word,
            age=None if isinstance(word, Silent) else max(0, now - word.as_of),
            coverage=_coverage(channel, covers.of(channel)),
            sentence=_sentence(channel, word, policy, now=now),
        )


def headline(what: str, decided: Verdict) -> str:
    """`what` is a sentence without its full stop that is true when the answer is yes."""
    match decided.answer:
        case Answer.YES:
            return f"Yes: {what}. {decided.why}"
        case Answer.NO:
            return f"No: it is not so that {what}. {decided.why}"
        case Answer.HOLD:
            return f"On hold: whether {what} stays as it was. {decided.why}"


def claim(state: str, problem: str | None, as_of: Instant) -> str:
    """What the groups claim of a login was worth."""
    told = _CLAIMS.get(state, f"is {state}")
    more = f" {problem}" if problem else ""
    return f"The newest login, as of {to_text(as_of)}, {told}.{more}"


def lost(channel: Channel) -> str:
    return (
        f"{channel.capitalize()} has spoken anew since then; what it had said before is not kept."
    )


def at_target(target: str, *, ownership: str | None, is_member: bool | None) -> str:
    """`is_member`: None when the question is about no group."""
    if ownership is None:
        return f"{target} does not hold the user."
    if ownership == "foreign":
        return f"{target} holds a user of that name who is not ours, and who is left alone."
    if is_member is None:
        return f"{target} holds the user."
    return f"{target} holds the user{' in' if is_member else ', and not in'} the group."


def _sentence(channel: Channel, word: Word, policy: Policy, *, now: Instant) -> str:
    name = channel.capitalize()
    if not _has(policy, channel):
        return f"This connection has no {channel} channel."
    match word:
        case Silent():
            return f"{name} has said nothing about it."
        case Yes() | No():
            says = "yes" if isinstance(word, Yes) else "no"
            told = f"{name} says {says}, as of {to_text(word.as_of)} ({_ago(now - word.as_of)})"
            return (
                f"{told}, and since {to_text(word.since)}.{_weight(channel, word, policy, now=now)}"
            )


def _weight(channel: Channel, word: Yes | No, policy: Policy, *, now: Instant) -> str:
    """Why a word counts less than it seems to."""
    is_hint = policy.has_directory and policy.login_grants is Grants.HINT
    if channel is Channel.LOGIN and is_hint:
        return " That is a hint: while a directory channel exists, tokens do not decide."
    if is_stale(channel, word, policy, now):
        return " That is older than its time-to-live, so it decides nothing."
    if isinstance(word, No) and not word.is_confirmed:
        return " One complete read did not list it; nothing has confirmed that yet."
    return ""


def _has(policy: Policy, channel: Channel) -> bool:
    return {
        Channel.PUSH: policy.push,
        Channel.PULL: policy.pull,
        Channel.LOGIN: policy.login,
    }[channel]


def _coverage(channel: Channel, at: Instant) -> str:
    if not at:
        return "Only what it named: its silence proves nothing."
    match channel:
        case Channel.PUSH:
            return f"All members of the group, as pushed at {to_text(at)}."
        case Channel.PULL:
            return f"The declared scope, by the complete read that began at {to_text(at)}."
        case Channel.LOGIN:
            return f"All groups of the user that tokens can name, as of {to_text(at)}."


def _ago(span: Instant) -> str:
    if span < 0:
        return "in the future"
    for size, name in ((DAY, "days"), (HOUR, "hours"), (MINUTE, "minutes")):
        if span >= 2 * size:
            return f"{span // size} {name} ago"
    return f"{span // SECOND} seconds ago"

"""Why, why not, and as of when: a verdict told in sentences. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from models.evidence import Channel, No, Silent, Testimony, Word, Yes
from models.instant import DAY, HOUR, MINUTE, SECOND, Instant, to_text
from models.verdicts import Answer, Verdict
from sync.policies.policy import Grants, Policy
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


def reaches(at: Instant, begins: Instant) -> str | None:
    """Whether the log of changes goes back as far as was asked."""
    if at >= begins:
        return None
    return (
        f"The log of changes begins at {to_text(begins)}. What newer words had replaced before "
        "that is not known any more, so this is what stood when the log begins, as far as its "
        "dates are older than what was asked."
    )


def deciding(
    decided: Verdict, event: str, *, as_of: Instant, received: Instant | None
) -> str | None:
    """Which observation decided. `received` is None where that is not known any more."""
    if decided.decided_by is None:
        return None
    when = "" if received in (None, as_of) else f", and we heard of it at {to_text(received or 0)}"
    return f"What decides is the {event} ({decided.decided_by}) as of {to_text(as_of)}{when}."


def nested(claim: str, path: Sequence[str]) -> str:
    """`path` from the group asked about down to the one that the user is in."""
    inner = " in ".join(f"the group {one}" for one in reversed(path[1:]))
    return f"By nesting {claim}: through {inner} in {path[0]}."


def stopped(
    operation: str, hold: str | None, why: str | None, *, state: str, is_refused: bool = False
) -> str:
    """An operation at a target that has not ended well."""
    told = operation.replace("_", " ")
    if hold is not None and state == "held" and is_refused:
        return f"The operation {told} was refused ({hold}): {why}"
    if hold is not None and state == "held":
        return f"The operation {told} is held ({hold}): {why}"
    return {
        "ready": f"The operation {told} is queued.",
        "queued": f"The operation {told} is on its way.",
        "running": f"The operation {told} is under way.",
        "retrying": f"The operation {told} failed and is tried again.",
        "dead": f"The operation {told} failed, and somebody must look at it.",
    }.get(state, f"The operation {told} is {state}.")


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
            return f"All the directory listed, by the complete look that began at {to_text(at)}."
        case Channel.LOGIN:
            return f"All groups of the user that tokens can name, as of {to_text(at)}."


def _ago(span: Instant) -> str:
    if span < 0:
        return "in the future"
    for size, name in ((DAY, "days"), (HOUR, "hours"), (MINUTE, "minutes")):
        if span >= 2 * size:
            return f"{span // size} {name} ago"
    return f"{span // SECOND} seconds ago"

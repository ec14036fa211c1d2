"""What is out of the ordinary: a source that fell silent, a fact that comes and goes. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from models.evidence import Channel
from models.findings import Evidence, Finding, Kind, Severity
from models.instant import DAY, HOUR, Instant, to_text

APART: Instant = HOUR
"""Words closer together than this count as one visit."""
LOOK_BACK: Instant = 28 * DAY
"""Four weekends: a pause over one of them is a habit."""
ACQUAINTED: Instant = 14 * DAY
"""Before that nobody knows what is a habit."""
VISITS = 6
FLIPS = 3
WINDOW: Instant = 14 * DAY


@dataclass(frozen=True, slots=True)
class Silence:
    since: Instant
    longest: Instant
    """The longest pause until then."""


def silence(visits: Sequence[Instant], now: Instant, heard: Instant = 0) -> Silence | None:
    """Whether a source is silent for twice as long as it ever was. `visits`: newest first.

    `heard`: when it last gave another sign of life.
    """
    if len(visits) < VISITS or now - visits[-1] < ACQUAINTED:
        return None
    longest = max(later - earlier for later, earlier in pairwise(visits))
    since = max(visits[0], heard)
    return Silence(since, longest) if now - since > max(2 * longest, DAY) else None


def about_silent_push(connection: int, found: Silence) -> Finding:
    """The push fell silent."""
    hours = -(-found.longest // HOUR)
    pause = f"{hours} hours" if hours < 48 else f"{hours // 24} days"
    return Finding(
        kind=Kind.SOURCE_SILENT,
        severity=Severity.MEDIUM,
        connection=connection,
        detail=Channel.PUSH.value,
        summary=f"Nothing was pushed since {to_text(found.since)}. Until then the longest pause "
        f"was {pause}.",
        suggestion="See in the identity provider whether provisioning is switched off, "
        "quarantined, or uses a token that was revoked.",
        evidence=(
            Evidence(
                channel=Channel.PUSH,
                says="silent",
                as_of=found.since,
                why=f"It used to be heard at least every {pause}.",
            ),
        ),
    )


def about_silent_pull(connection: int, *, ended_at: Instant, slot: Instant) -> Finding:
    """The schedule asked for a read twice, and none was made."""
    last = f"since {to_text(ended_at)}" if ended_at else "at all"
    return Finding(
        kind=Kind.SOURCE_SILENT,
        severity=Severity.HIGH,
        connection=connection,
        detail=Channel.PULL.value,
        summary=f"The directory was not read {last}, though its schedule asked for it more than "
        "once.",
        suggestion="See that the scheduler and the workers are running, then read it now.",
        evidence=(
            Evidence(
                channel=Channel.PULL,
                says="silent",
                as_of=ended_at or None,
                why=f"A read was due at {to_text(slot)}, and another one since.",
            ),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """Access that was given and taken again and again at a target."""

    target: int
    slug: str
    user: int | None
    group: int | None
    what: str
    """What was given and taken, in words, as a sentence begins."""
    given: Evidence
    taken: Evidence


def about_turned(one: Turned, connection: int) -> Finding:
    """Two writers fight over one fact, or one cannot make up its mind."""
    return Finding(
        kind=Kind.FLAPPING,
        severity=Severity.MEDIUM,
        connection=connection,
        target=one.target,
        user=one.user,
        group=one.group,
        summary=f"{one.what} was given and taken again and again at {one.slug} within two weeks: "
        f"given by {one.given.channel}, taken by {one.taken.channel}.",
        suggestion="Two writers disagree, or one keeps changing its mind: let only one of them "
        "manage this in the identity provider.",
        evidence=(one.given, one.taken),
    )


def about_returning(
    connection: int,
    *,
    finding: str,
    summary: str,
    evidence: Sequence[Evidence],
    about: tuple[int | None, int | None, int | None],
) -> Finding:
    """A finding that heals and comes back. `about`: target, user and group."""
    target, user, group = about
    writers = " and ".join(dict.fromkeys(str(one.channel) for one in evidence)) or "nobody"
    return Finding(
        kind=Kind.FLAPPING,
        severity=Severity.MEDIUM,
        connection=connection,
        target=target,
        user=user,
        group=group,
        detail=finding,
        summary=f"This healed and came back {FLIPS} times or more within two weeks, between "
        f"{writers}: {summary}",
        suggestion="Two writers disagree, or one keeps changing its mind: let only one of them "
        "manage this in the identity provider.",
        evidence=tuple(evidence),
    )

"""What a push would do now: it is carried out, looked at, and undone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from models.clock import Clock
from models.instant import Instant
from models.store import cases, queued
from models.store.database import Database, Tx
from models.store.ledger import Touched
from models.verdicts import Answer, Verdict
from sync import connection as connections
from sync import decide, intake
from sync.authority import ATTRIBUTES
from sync.connection import Connection
from sync.policies.changes import Change
from sync.policies.sentences import ATTRIBUTES as WORDS
from sync.pushing.push import Push

T = TypeVar("T")
SHOWN = 100
"""So many changes are told one by one."""


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that is decided: a sentence that is true, or something that has a value."""

    what: str
    value: str | None
    why: str


Standing = dict[str, Told]
"""What is decided, by what it is about."""


@dataclass(slots=True)
class Consequences:
    total: int = 0
    items: list[Change] = field(default_factory=list)
    """The first of the verdicts that would change."""
    operations: dict[str, dict[str, int]] = field(default_factory=dict)
    """By target: how many of each would be queued,"""
    held: dict[str, dict[str, int]] = field(default_factory=dict)
    """or held until somebody approves them."""


def rehearse(
    database: Database, clock: Clock, connection: int, work: Callable[[Push], T]
) -> tuple[T, Consequences]:
    """What `work` answers, and what would follow. Nothing of it is kept.

    Raises what `work` raises.
    """
    found = Consequences()
    with database.trial() as tx:
        link, newest = connections.load(tx, connection), queued.newest(tx)
        push = Push(tx, link, clock)
        answer = work(push)
        tx.finish()
        after = standing(tx, link, push.touched, clock.now())
        for row in queued.after(tx, newest, intake.object_keys(push.touched)):
            totals = found.held if row.state == "held" else found.operations
            by_name = totals.setdefault(row.target, {})
            by_name[row.operation] = by_name.get(row.operation, 0) + int(row.total)
    with database.read() as tx:
        before = standing(tx, link, push.touched, clock.now())
    changes = list(_changes(before, after))
    found.total, found.items = len(changes), changes[:SHOWN]
    return answer, found


def standing(tx: Tx, connection: Connection, touched: Touched, now: Instant) -> Standing:
    """What is decided about these now."""
    told = (_users, _groups, _members)
    return dict(one for tell in told for one in tell(tx, connection, touched, now))


def _users(tx: Tx, link: Connection, touched: Touched, now: Instant) -> Iterator[tuple[str, Told]]:
    for record in cases.users(tx, touched.users):
        decided, who = decide.user(record, link.policy, now), record.user_name or record.public_id
        key = f"u{record.key}"
        yield key, _answer(f"{who} is to be in the application", decided.exists)
        if decided.exists.answer is Answer.NO:
            continue
        yield f"{key} active", _answer(f"{who} is active", decided.active)
        for name in ATTRIBUTES:
            value = getattr(decided.profile, name, None)
            yield f"{key} {name}", Told(f"the {WORDS[name]} of {who}", value, "")


def _groups(tx: Tx, link: Connection, touched: Touched, now: Instant) -> Iterator[tuple[str, Told]]:
    for record in cases.groups(tx, touched.groups):
        decided, key = decide.group(record, link.policy, now), f"g{record.key}"
        yield key, _answer(f"the group {decided.name} is to be there", decided.exists)
        yield f"{key} name", Told("the name of the group", decided.name, "")


def _members(
    tx: Tx, link: Connection, touched: Touched, now: Instant
) -> Iterator[tuple[str, Told]]:
    for record in cases.members(tx, touched.memberships):
        at, who = record.membership.group, record.membership.user
        what = f"{record.user_name} is in {record.group_name}"
        yield f"m{at}:{who}", _answer(what, decide.member(record, link.policy, now))


def _answer(what: str, verdict: Verdict) -> Told:
    return Told(what, verdict.answer.value, verdict.why)


def _changes(before: Standing, after: Standing) -> Iterator[Change]:
    """What is new, otherwise, or not told any more."""
    for key in after | before:
        was, becomes = before.get(key, _NOTHING), after.get(key, _NOTHING)
        if was.value != becomes.value:
            yield Change(
                what=becomes.what or was.what,
                before=was.value,
                after=becomes.value,
                why=becomes.why,
            )


_NOTHING = Told("", None, "")

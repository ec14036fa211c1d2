"""Propose which groups in tokens are one under two identifiers, and join those that are."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row

from models.findings import Kind
from models.identity import GroupKey
from models.instant import DAY, Instant
from models.store import cases, claims, findings, merging, proposals, standing
from models.store.database import Tx, loads
from models.store.ledger import Touched
from sync import connection as connections
from sync import intake
from sync.connection import Connection
from sync.drift import identity as drift_identity
from sync.tokens import twins
from sync.tokens.shapes import shape
from sync.tokens.twins import Heard, Pair

YOUNG = 14 * DAY
"""For how long after it came up a group may turn out to be another one."""
LOGINS = 50_000
"""How many of the newest logins are compared at the most: some seconds, some tens of MB."""


class CannotDecide(Exception):
    """The text says why, to an administrator."""


def compare(tx: Tx, connection: Connection, now: Instant) -> list[Pair]:
    """Which pairs tokens speak for, as long as there are groups that may be others."""
    if connection.policy.has_directory or not connection.policy.login:
        return []
    young = proposals.young_groups(tx, connection.key, now - YOUNG)
    if not young:
        return []
    meant = claims.meanings(tx, connection.key)
    heard = [
        Heard(user, at, frozenset(meant[value] for value in values if value in meant))
        for user, at, values in claims.told(tx, connection.key, now - 2 * YOUNG, LOGINS)
    ]
    forms = {group: shape(value).value for value, group in meant.items()}
    return twins.pairs(heard, {group: forms[group] for group in young if group in forms})


def keep(tx: Tx, connection: Connection, pairs: Iterable[Pair], now: Instant) -> None:
    """Propose these and no others any more, and show them."""
    for pair in pairs:
        both, numbers = (pair.former, pair.later), pair.numbers.as_dict()
        if merging.is_known_by_tokens_only(tx, both) and not merging.has_parts(tx, pair.later):
            proposals.propose(tx, connection.key, both, numbers, now)
    proposals.outdate(tx, connection.key, now)
    shown = [
        drift_identity.proposed(connection.key, row, loads(row.numbers))
        for row in proposals.opened(tx, connection.key)
    ]
    findings.see(tx, shown, now)


def accept(tx: Tx, proposal: int, *, by: str, now: Instant) -> None:
    """The later group is the former: one evidence, all names. Raises CannotDecide."""
    row = proposals.get(tx, proposal)
    former, later = GroupKey(row.former_id), GroupKey(row.later_id)
    merging.lock(tx, row.connection_id)
    if not merging.is_known_by_tokens_only(tx, [former, later]):
        raise CannotDecide("One of the groups is known by more than tokens now.")
    if merging.has_parts(tx, later):
        raise CannotDecide("Other groups are part of the later one. Split those first.")
    moved = merging.merge(tx, row.connection_id, former, later, now)
    if not proposals.decide(
        tx, proposal, before="open", state="accepted", by=by, now=now, moved=moved
    ):
        raise CannotDecide("Somebody has decided about it already.")
    proposals.outdate_rivals(tx, [later], now)
    _settle(tx, row, [former, later], now)


def refuse(tx: Tx, proposal: int, *, by: str, now: Instant) -> None:
    """They are two groups, and are not proposed again. Raises CannotDecide."""
    row = proposals.get(tx, proposal)
    if not proposals.decide(tx, proposal, before="open", state="refused", by=by, now=now):
        raise CannotDecide("Somebody has decided about it already.")
    _settle(tx, row, [], now)


def split(tx: Tx, proposal: int, *, by: str, now: Instant) -> None:
    """They are two again, as if they had never been one. Raises CannotDecide."""
    row = proposals.get(tx, proposal)
    former, later = GroupKey(row.former_id), GroupKey(row.later_id)
    merging.lock(tx, row.connection_id)
    row = proposals.get(tx, proposal)
    if row.state != "accepted":
        raise CannotDecide("Only what was accepted can be split.")
    if merging.is_part(tx, former):
        raise CannotDecide("The former group is part of another by now. Split those first.")
    if not proposals.is_newest_merge(tx, proposal):
        raise CannotDecide("Another group was joined to it later. Split that first.")
    merging.split(tx, former, later, loads(row.moved), now)
    proposals.decide(tx, proposal, before="accepted", state="split", by=by, now=now)
    _settle(tx, row, [former, later], now)


def _settle(tx: Tx, row: Row[Any], groups: list[GroupKey], now: Instant) -> None:
    """What follows for targets, and for the findings that asked for this."""
    touched = Touched(groups=set(groups))
    for group in groups:
        touched.memberships |= {one.membership for one in cases.members_of_group(tx, group)}
    intake.resolve(tx, connections.load(tx, row.connection_id), touched, now)
    kind = Kind.GROUP_IDENTIFIER_CHANGED.value
    standing.resolve(tx, row.connection_id, kind, now, detail=row.public_id)

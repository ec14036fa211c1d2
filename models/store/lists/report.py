"""What a report lists: how each finding stood at that time, and what is new since another."""

from enum import StrEnum
from typing import Any

from sqlalchemy import Select, and_, case, exists, func, literal, select
from sqlalchemy.sql.expression import FromClause

from models.instant import DAY, Instant
from models.store.database import Tx
from models.store.fields import Condition, Expression, Text, named
from models.store.listing import Listing
from models.store.lists.drift import rank
from models.store.lists.parts import (
    CONNECTIONS,
    ORGANIZATIONS,
    TARGETS,
    exact,
    reference,
    table,
    target_named,
)

_S, _F, _U, _G = table("finding_spells"), table("findings"), table("users"), table("groups")
WINDOW = 14 * DAY
OFTEN = 3
"""What came back so often within the window flaps."""


class Change(StrEnum):
    """What became of a finding from one report to another."""

    NEW = "new"
    HEALED = "healed"
    """It stood then and does not now, whoever ended it."""
    STANDING = "standing"
    FLAPPING = "flapping"
    """It stands, new or not, and came back three times within two weeks."""


def of_report(connection: int, at: Instant, against: Instant | None) -> Listing:
    """Findings as they stood at one time or, if healed since, at the other."""
    then = 0 if against is None else against
    change = case(
        (_stands(_S, at), case((_stood(then), Change.STANDING.value), else_=Change.NEW.value)),
        else_=Change.HEALED.value,
    )
    return Listing(
        rows=_rows(change).where(_S.c.connection_id == connection),
        keys=(_S.c.id,),
        organization=CONNECTIONS.c.organization_id,
        named=lambda name: _F.c.public_id == name,
        fields=named(
            {
                "finding": exact(_F.c.public_id),
                "kind": exact(_F.c.kind),
                "severity": exact(_S.c.severity),
                "state": exact(_S.c.state),
                "change": exact(change),
                "user.user_name": Text(_U.c.user_name),
                "group.name": Text(_G.c.name),
                "target": reference(target_named, TARGETS.c.id),
            }
        ),
        sorts={"severity": rank(_S.c.severity), "kind": _F.c.kind},
    )


def _rows(change: Expression) -> Select[Any]:
    """A spell's own words where it has any, else those of its finding."""
    own = ("summary", "suggestion", "evidence")
    return (
        select(
            _F.c.public_id,
            _F.c.kind,
            _S.c.severity,
            _S.c.state,
            *(func.coalesce(_S.c[name], _F.c[name]).label(name) for name in own),
            change.label("change"),
            _U.c.user_name,
            _G.c.name.label("group_name"),
            TARGETS.c.slug.label("target_slug"),
        )
        .select_from(_S)
        .join(_F, _F.c.id == _S.c.finding_id)
        .join(CONNECTIONS, CONNECTIONS.c.id == _S.c.connection_id)
        .join(ORGANIZATIONS, ORGANIZATIONS.c.id == CONNECTIONS.c.organization_id)
        .outerjoin(TARGETS, TARGETS.c.id == _F.c.target_id)
        .outerjoin(_U, _U.c.id == _F.c.user_id)
        .outerjoin(_G, _G.c.id == _F.c.group_id)
    )


def chosen(change: Change | None, at: Instant, against: Instant | None) -> Condition:
    """Of all spells those of one change; else all that stood at the time of the report.

    Without another report to compare with, everything is new.
    """
    then, now = 0 if against is None else against, _stands(_S, at)
    match change:
        case None:
            return now
        case Change.NEW:
            return and_(now, ~_stood(then))
        case Change.STANDING:
            return and_(now, _stood(then))
        case Change.HEALED:
            return and_(_stands(_S, then), ~_stood(at))
        case Change.FLAPPING:
            return and_(now, _returns(at) >= OFTEN)


def total(tx: Tx, connection: int, condition: Condition) -> int:
    rows = select(func.count()).select_from(_S).where(_S.c.connection_id == connection, condition)
    return int(tx.connection.execute(rows).scalar_one())


def _stands(spell: FromClause, at: Instant) -> Condition:
    return and_(spell.c.began_at <= literal(at), spell.c.ended_at > literal(at))


def _stood(at: Instant) -> Condition:
    """Whether the finding of this spell stood at another time."""
    other = _S.alias("other")
    return exists().where(other.c.finding_id == _S.c.finding_id, _stands(other, at))


def _returns(at: Instant) -> Expression:
    """How often the finding of this spell came back, of late."""
    other = _S.alias("returned")
    found: Expression = (
        select(func.count())
        .select_from(other)
        .where(
            other.c.finding_id == _S.c.finding_id,
            other.c.has_returned,
            other.c.began_at <= literal(at),
            other.c.began_at > literal(at - WINDOW),
        )
        .scalar_subquery()
    )
    return found

"""Findings and reports, as lists."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, case, select

from models.findings import RANK
from models.store.database import Tx
from models.store.fields import Expression, Number, Text, Time, named
from models.store.listing import Listing
from models.store.lists.parts import (
    CONNECTIONS,
    ORGANIZATIONS,
    TARGETS,
    connection_columns,
    connection_named,
    exact,
    has_content,
    reference,
    table,
    target_columns,
    target_named,
    times,
)

_F, _R, _U, _G = table("findings"), table("reports"), table("users"), table("groups")
_RUNS = table("runs")


def rank(severity: Expression) -> Expression:
    """So that the worst is the greatest."""
    found: Expression = case({one.value: rank for one, rank in RANK.items()}, value=severity)
    return found


FINDINGS = Listing(
    rows=select(
        _F,
        has_content(CONNECTIONS.c.pull).label("has_pull"),
        *connection_columns(),
        *target_columns(),
        _U.c.public_id.label("user_shown"),
        _U.c.user_name,
        _U.c.email,
        _G.c.public_id.label("group_shown"),
        _G.c.name.label("group_name"),
    )
    .join(CONNECTIONS, CONNECTIONS.c.id == _F.c.connection_id)
    .join(ORGANIZATIONS, ORGANIZATIONS.c.id == CONNECTIONS.c.organization_id)
    .outerjoin(TARGETS, TARGETS.c.id == _F.c.target_id)
    .outerjoin(_U, _U.c.id == _F.c.user_id)
    .outerjoin(_G, _G.c.id == _F.c.group_id),
    keys=(_F.c.id,),
    organization=CONNECTIONS.c.organization_id,
    named=lambda name: _F.c.public_id == name,
    fields=named(
        {
            "id": exact(_F.c.public_id),
            "kind": exact(_F.c.kind),
            "severity": exact(_F.c.severity),
            "state": exact(_F.c.state),
            "summary": Text(_F.c.summary),
            "flips": Number(_F.c.flips),
            "first_seen": Time(_F.c.first_seen),
            "last_seen": Time(_F.c.last_seen),
            "connection": reference(connection_named, CONNECTIONS.c.id),
            "target": reference(target_named, TARGETS.c.id),
            "user.id": exact(_U.c.public_id),
            "user.user_name": Text(_U.c.user_name),
            "user.email": Text(_U.c.email),
            "group.id": exact(_G.c.public_id),
            "group.name": Text(_G.c.name),
        }
    )
    | times(_F),
    sorts={
        "kind": _F.c.kind,
        "severity": rank(_F.c.severity),
        "state": _F.c.state,
        "first_seen": _F.c.first_seen,
        "last_seen": _F.c.last_seen,
        "flips": _F.c.flips,
    },
)

REPORTS = Listing(
    rows=select(
        _R.c.id,
        _R.c.public_id,
        _R.c.counts,
        _R.c.unseen,
        _R.c.connection_id,
        _R.c.created_at,
        _R.c.updated_at,
        _RUNS.c.public_id.label("run_shown"),
        *connection_columns(),
    )
    .join(CONNECTIONS, CONNECTIONS.c.id == _R.c.connection_id)
    .join(ORGANIZATIONS, ORGANIZATIONS.c.id == CONNECTIONS.c.organization_id)
    .join(_RUNS, _RUNS.c.id == _R.c.run_id),
    keys=(_R.c.id,),
    organization=CONNECTIONS.c.organization_id,
    named=lambda name: _R.c.public_id == name,
    fields=named(
        {
            "id": exact(_R.c.public_id),
            "connection": reference(connection_named, CONNECTIONS.c.id),
            "run": exact(_RUNS.c.public_id),
        }
    )
    | times(_R),
    sorts={"created_at": _R.c.created_at},
)


def reports_with(tx: Tx, ids: list[str]) -> Sequence[Row[Any]]:
    """These reports, by public id, oldest first."""
    rows = REPORTS.rows.where(_R.c.public_id.in_(ids)).order_by(_R.c.id)
    return tx.connection.execute(rows).all()

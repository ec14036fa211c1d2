"""Actions, holds and runs, as lists."""

from sqlalchemy import and_, bindparam, case, select

from models.instant import Instant
from models.store.fields import Condition, Flag, Number, Text, Time, named
from models.store.listing import Listing
from models.store.lists.parts import (
    CONNECTIONS,
    ORGANIZATIONS,
    TARGETS,
    connection_columns,
    connection_named,
    exact,
    reference,
    table,
    target_columns,
    target_named,
    times,
)

_A, _H, _RUNS = table("actions"), table("holds"), table("runs")
_U, _G = table("users"), table("groups")
_target = reference(target_named, TARGETS.c.id)

ACTIONS = Listing(
    rows=select(
        _A,
        *target_columns(),
        _U.c.public_id.label("user_shown"),
        _U.c.user_name,
        _G.c.public_id.label("group_shown"),
        _G.c.name.label("group_name"),
    )
    .join(TARGETS, TARGETS.c.id == _A.c.target_id)
    .join(ORGANIZATIONS, ORGANIZATIONS.c.id == TARGETS.c.organization_id)
    .outerjoin(_U, _U.c.id == _A.c.user_id)
    .outerjoin(_G, _G.c.id == _A.c.group_id),
    keys=(_A.c.id,),
    organization=TARGETS.c.organization_id,
    named=lambda name: _A.c.public_id == name,
    fields=named(
        {
            "id": exact(_A.c.public_id),
            "target": _target,
            "operation": exact(_A.c.operation),
            "state": exact(_A.c.state),
            "attempts": Number(_A.c.attempts),
            "fingerprint": exact(_A.c.fingerprint),
            "user.id": exact(_U.c.public_id),
            "user.user_name": Text(_U.c.user_name),
            "group.id": exact(_G.c.public_id),
            "group.name": Text(_G.c.name),
        }
    )
    | times(_A),
    sorts={
        "state": _A.c.state,
        "operation": _A.c.operation,
        "created_at": _A.c.created_at,
        "updated_at": _A.c.updated_at,
    },
)


def in_hold(hold: int, state: str) -> list[Condition]:
    """What an open hold stops; of one that was decided, all that it was about."""
    mine = [_A.c.hold_id == hold]
    return [*mine, _A.c.state == "held"] if state == "open" else mine


def holds(now: Instant) -> Listing:
    """Whether a hold that is open in its row has expired depends on the time."""
    lapsed = and_(_H.c.state == "open", _H.c.expires_at <= bindparam("now", now))
    state = case((lapsed, "expired"), else_=_H.c.state)
    return Listing(
        rows=select(_H, state.label("shown_state"), *target_columns())
        .join(TARGETS, TARGETS.c.id == _H.c.target_id)
        .join(ORGANIZATIONS, ORGANIZATIONS.c.id == TARGETS.c.organization_id),
        keys=(_H.c.id,),
        organization=TARGETS.c.organization_id,
        named=lambda name: _H.c.public_id == name,
        fields=named(
            {
                "id": exact(_H.c.public_id),
                "target": _target,
                "kind": exact(_H.c.kind),
                "state": exact(state),
                "why": Text(_H.c.why),
                "expires_at": Time(_H.c.expires_at),
            }
        )
        | times(_H),
        sorts={"created_at": _H.c.created_at, "expires_at": _H.c.expires_at},
    )


_running = case((_RUNS.c.state.in_(("ready", "queued")), "running"), else_=_RUNS.c.state)
"""Outside, a run that waits for its turn is running: somebody has asked, and it will end."""

RUNS = Listing(
    rows=select(
        _RUNS,
        _running.label("shown_state"),
        _U.c.public_id.label("user_shown"),
        _U.c.user_name,
        *connection_columns(),
    )
    .join(CONNECTIONS, CONNECTIONS.c.id == _RUNS.c.connection_id)
    .join(ORGANIZATIONS, ORGANIZATIONS.c.id == CONNECTIONS.c.organization_id)
    .outerjoin(_U, _U.c.id == _RUNS.c.user_id),
    keys=(_RUNS.c.id,),
    organization=CONNECTIONS.c.organization_id,
    named=lambda name: _RUNS.c.public_id == name,
    fields=named(
        {
            "id": exact(_RUNS.c.public_id),
            "kind": exact(_RUNS.c.kind),
            "state": exact(_running),
            "dry_run": Flag(_RUNS.c.dry_run),
            "connection": reference(connection_named, CONNECTIONS.c.id),
            "started_at": Time(_RUNS.c.started_at),
            "ended_at": Time(_RUNS.c.ended_at),
        }
    )
    | times(_RUNS),
    sorts={"kind": _RUNS.c.kind, "created_at": _RUNS.c.created_at, "ended_at": _RUNS.c.ended_at},
)

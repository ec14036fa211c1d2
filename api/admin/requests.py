"""What identity providers sent to a connection's SCIM door, and what became of it."""

from collections.abc import Iterator
from typing import Any

from anyio import from_thread

from api.admin.call import Answer, AnyRow, Call, find
from api.admin.connections import found
from api.admin.policy_preview import ChangeShown, change_shown
from api.admin.shapes import Kept, ListOf, Shown
from api.context import Context
from api.operation import NoBody, NoQuery, Noun
from api.paging import ListQuery, page
from api.problems import Problem
from api.scim import rehearsal
from api.scim.secrecy import REMOVED
from models.instant import to_text
from models.store.database import Tx, loads
from models.store.lists.requests import REQUESTS, request_of

LONGEST = 65_536
"""Bytes of an answer that are shown."""


class Request(Kept):
    connection: str
    connection_name: str
    part_of: str | None
    """The bulk request that it came in."""
    method: str
    path: str
    conditions: dict[str, str]
    """If-Match and If-None-Match, where they were sent; of a bulk operation its version."""
    resource: str | None
    status: int
    scim_type: str | None
    detail: str | None
    changed: bool
    changes: list[dict[str, Any]]
    tolerances: list[str]
    body_size: int
    took_ms: float


class WholeRequest(Request):
    body: Any
    """Null where there was none, where it was no JSON, and where the day's allowance was used."""


def listed(call: Call[ListQuery, NoBody]) -> Answer:
    """Without the bodies, which may be long."""
    call.context.request_log.flush()
    with call.context.database.read() as tx:
        mine = request_of(found(tx, call).id)
        rows, cursor = page(tx, REQUESTS, call.query, mine, organization=call.organization)
    items = [Request(**fields(row)) for row in rows.rows]
    return Answer(ListOf[Request](items=items, next_cursor=cursor))


def read(call: Call[NoQuery, NoBody]) -> Answer:
    call.context.request_log.flush()
    with call.context.database.read() as tx:
        row = named(tx, call)
    return Answer(WholeRequest(**fields(row), body=loads(row.body)))


def named(tx: Tx, call: Call[Any, Any]) -> AnyRow:
    """The request that the path names. Raises Problem."""
    connection = found(tx, call)
    row = find(tx, call, REQUESTS, name=call.path["request"], noun="request")
    if row.connection_id != connection.id:
        raise Problem(404, "This connection has no such request.")
    return row


def newest(context: Context, connection: int, query: ListQuery) -> list[dict[str, Any]]:
    """As the command line lists them. Raises Problem."""
    with context.database.read() as tx:
        rows, _ = page(tx, REQUESTS, query, request_of(connection), organization=None)
    return [Request(**fields(row)).model_dump(mode="json") for row in rows.rows]


def fields(row: Any) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "created_at": to_text(row.created_at),
        "updated_at": to_text(row.created_at),
        "connection": row.connection_id_shown,
        "connection_name": row.connection_name,
        "part_of": row.part_of,
        "method": row.method,
        "path": row.path,
        "conditions": loads(row.conditions) or {},
        "resource": row.resource,
        "status": row.status,
        "scim_type": row.scim_type,
        "detail": row.detail,
        "changed": bool(row.has_changed),
        "changes": loads(row.changes) or [],
        "tolerances": (row.tolerances or "").split(),
        "body_size": row.body_size,
        "took_ms": row.took / 1000,
    }


class Replay(Shown):
    status: int
    """Of the answer that the request would get now."""
    body: Any
    verdicts_changed: int
    verdicts: list[ChangeShown]
    """The first hundred that would change."""
    operations: dict[str, dict[str, int]]
    """By target: how many of each would be queued,"""
    held: dict[str, dict[str, int]]
    """or held until somebody approves them."""
    notes: list[str]


def replay(call: Call[NoQuery, NoBody]) -> Answer:
    """Nothing is changed, and the trial itself is not kept."""
    call.context.request_log.flush()
    with call.context.database.read() as tx:
        row = named(tx, call)
    _check(row)
    response, found = from_thread.run(rehearsal.again, call.context, row)
    text = bytes(getattr(response, "body", b""))
    told = Replay(
        status=response.status_code,
        body=loads(text) if 0 < len(text) <= LONGEST else None,
        verdicts_changed=found.total,
        verdicts=[change_shown(one) for one in found.items],
        operations=found.operations,
        held=found.held,
        notes=list(_notes(row, len(text))),
    )
    return Answer(told)


def _check(row: AnyRow) -> None:
    """Raises Problem for what cannot be tried again."""
    if row.path.partition("?")[0] == "/Bulk" and row.status < 400:
        raise Problem(
            409, f'A bulk request is tried again by its operations: part_of eq "{row.public_id}".'
        )
    if row.body is None and row.body_size:
        raise Problem(409, "The body of this request was not kept, so it cannot be tried again.")


def _notes(row: AnyRow, size: int) -> Iterator[str]:
    if REMOVED in row.path or REMOVED in (row.body or ""):
        yield "Secrets were left out of what was kept, so the answer may differ for their lack."
    if size > LONGEST:
        yield f"The body of the answer has {size} bytes and is not shown."


_on = Noun("connections", "/connections/{id}/requests")
operations = [
    _on.get(
        "",
        listed,
        "List the SCIM requests of a connection.",
        query=ListQuery,
        gives=ListOf[Request],
        about="The newest first with `sort=-created_at`. Passwords, tokens and secrets are left "
        "out of what is kept. `policy.requests` says for how long it is.",
    ),
    _on.post(
        "/{request}/replay",
        replay,
        "Try a request again, without changing anything.",
        gives=Replay,
        about="What would this request do now? It is carried out against what stands, and undone: "
        "the answer tells what the provider would be answered, which verdicts would change, and "
        "what would be queued or held. If-Match and If-None-Match count as they did.",
    ),
    _on.get("/{request}", read, "Read a SCIM request, with its body.", gives=WholeRequest),
]

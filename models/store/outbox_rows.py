"""Operations as rows of the outbox, of which there may be very many at once."""

from collections.abc import Sequence
from typing import Any

from models.instant import Instant
from models.plans import Planned
from models.store.database import Tx, dumps
from models.store.identities import new_public_ids
from models.store.statements import NUMBER

_COLUMNS = {
    "target_id": NUMBER,
    "object_key": "text",
    "fingerprint": "text",
    "public_id": "text",
    "operation": "text",
    "user_id": NUMBER,
    "group_id": NUMBER,
    "because": "json",
    "takes_along": NUMBER,
    "draws_on": "text",
}
Rows = Sequence[tuple[Any, ...]]
"""In the order of the columns."""


def rows(planned: Sequence[Planned]) -> Rows:
    return [
        (
            one.target,
            one.object_key,
            one.fingerprint,
            public_id,
            one.operation.value,
            one.user,
            one.group,
            dumps(one.because),
            one.takes_along,
            one.draws_on.value if one.draws_on else None,
        )
        for one, public_id in zip(planned, new_public_ids(len(planned)), strict=True)
    ]


def insert(
    tx: Tx,
    rows: Rows,
    now: Instant,
    *,
    state: str,
    hold_id: int | None = None,
    drawn_at: Instant | None = None,
) -> int:
    """Where none waits for the same object. `drawn_at`: when those draw that draw on a budget."""
    return tx.fill(
        "actions",
        _COLUMNS | {"drawn_at": NUMBER},
        [(*row, drawn_at if row[-1] else None) for row in rows],
        {
            "state": state,
            "hold_id": hold_id,
            "attempts": 0,
            "run_at": now,
            "created_at": now,
            "updated_at": now,
        },
    )

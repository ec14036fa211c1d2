"""Operations as rows of the outbox, of which there may be very many at once."""

import secrets
from collections.abc import Sequence
from typing import Any

from models.instant import Instant
from models.plans import Planned
from models.store.database import Tx, dumps
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


def rows(planned: Sequence[Planned], now: Instant) -> Rows:
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
        for one, public_id in zip(planned, _public_ids(len(planned), now), strict=True)
    ]


def _public_ids(count: int, now: Instant) -> list[str]:
    """UUIDs in the order of time (RFC 9562, section 5.7): an index of them grows at its end, where
    one of chance alone is written to on another page for every row.
    """
    milliseconds, chance = f"{now // 1000:012x}", secrets.token_hex(6 * count)
    head = f"{milliseconds[:8]}-{milliseconds[8:]}-7"
    return [
        f"{head}{n >> 12:03x}-a{n & 0xFFF:03x}-{chance[12 * n : 12 * n + 12]}" for n in range(count)
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

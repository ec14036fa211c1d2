"""What each target holds of a user, or of a user and a group, and what is under way there."""

from typing import Any

from sqlalchemy import Row

from api.admin import evidence
from api.admin.explanation_shapes import AtTarget, Pending
from api.admin.question import Question
from models.store import explaining, protecting
from models.store.database import Tx, loads
from sync import explain as telling


def targets(tx: Tx, asked: Question, *, is_past: bool = False) -> list[AtTarget]:
    """As of now, whenever was asked about, and said to be so where that was another time."""
    user, group = asked.user_key, asked.group_key
    keys = [f"u{user}"] + ([] if group is None else [f"g{group}", f"m{group}:{user}"])
    rows = explaining.at_targets(tx, user, group, connection=asked.connection.key)
    found = [_target(tx, asked, row, keys) for row in rows]
    if not is_past:
        return found
    return [one.model_copy(update={"sentence": f"Now: {one.sentence}"}) for one in found]


def _target(tx: Tx, asked: Question, row: Row[Any], keys: list[str]) -> AtTarget:
    pending = [_pending(one) for one in explaining.waiting(tx, row.id, keys)]
    is_protected = _is_protected(tx, asked, row)
    held = telling.at_target(
        row.slug,
        ownership=row.ownership,
        is_member=None if asked.group is None else bool(row.is_member),
    )
    guarded = "It is protected there: nothing is removed without approval." if is_protected else ""
    told = [held, guarded, row.problem or "", *(one.sentence for one in pending)]
    return AtTarget(
        target=row.public_id,
        target_name=row.slug,
        state=row.state,
        sentence=" ".join(one for one in told if one),
        is_protected=is_protected,
        binding=_binding(row, asked),
        pending=pending,
    )


def _is_protected(tx: Tx, asked: Question, row: Row[Any]) -> bool:
    named = (loads(row.guard) or {}).get("protected") or {}
    if asked.group_key is None:
        return asked.user_key in protecting.users(tx, row.id, named.get("users", []))
    return asked.group_key in protecting.groups(tx, row.id, named.get("groups", []))


def _binding(row: Row[Any], asked: Question) -> dict[str, Any] | None:
    """What the target holds, in its own identifiers."""
    if row.ownership is None and row.group_ownership is None:
        return None
    found = {"remote_id": row.remote_id, "ownership": row.ownership, "active": row.active}
    found["active"] = None if row.active is None else bool(row.active)
    if asked.group is None:
        return found
    group = {"group_remote_id": row.group_remote_id, "group_ownership": row.group_ownership}
    return {**found, **group, "member": bool(row.is_member)}


def _pending(row: Row[Any]) -> Pending:
    return Pending(
        id=row.public_id,
        hold=row.hold,
        sentence=telling.stopped(
            row.operation,
            row.hold,
            row.hold_why,
            state=row.state,
            is_refused=row.hold_state == "refused",
        ),
        operation=row.operation,
        state=row.state,
        error=row.error,
        because=evidence.because(loads(row.because)),
    )

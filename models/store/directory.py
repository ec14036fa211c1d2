"""The directory as it was decided: what the API lists and targets are compared with."""

from typing import Any

from sqlalchemy import Row

from models.identity import GroupKey, Profile, UserKey
from models.instant import Instant
from models.store.database import Tx


def save_user(
    tx: Tx, user: UserKey, *, wanted: bool, active: bool, profile: Profile | None, now: Instant
) -> None:
    """Keep the last decision that was not a hold."""
    values: dict[str, Any] = {"wanted": wanted, "active": active, "updated_at": now}
    if profile is not None:
        values |= {
            "user_name": profile.user_name,
            "email": profile.email,
            "first_name": profile.first_name,
            "last_name": profile.last_name,
            "display_name": profile.display_name,
        }
    tx.update("users", user, values)


def save_group(tx: Tx, group: GroupKey, *, wanted: bool, name: str, now: Instant) -> None:
    tx.update("groups", group, {"wanted": wanted, "name": name, "updated_at": now})


def user(tx: Tx, public_id: str) -> Row[Any] | None:
    return tx.row("SELECT * FROM users WHERE public_id = :id", {"id": public_id})


def group(tx: Tx, public_id: str) -> Row[Any] | None:
    return tx.row("SELECT * FROM groups WHERE public_id = :id", {"id": public_id})


def mark_removed(tx: Tx, group: GroupKey, at: Instant, now: Instant) -> None:
    """An administrator removed the group (`at` > 0) or restored it (0)."""
    tx.update("groups", group, {"removed_at": at, "updated_at": now})
